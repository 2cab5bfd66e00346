"""What came first, the end or the stop; and what a job leaves on its node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.runtimes.slurm import task_files
from pbt_tui.runtimes.slurm.exit_status import ended
from pbt_tui.runtimes.slurm.squeue import SqueueRow
from tests.executor.running import job, until
from tests.slurm.queued import SMALL, Queued
from tests.slurm.test_slurm_tasks import Cluster

BEGUN = "slurm 7_0\nstart 0 n0 100 4711\n"
SAVES = "trap 'sleep 0.5; echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done"
CANCELLED = "slurmstepd: error: *** JOB 7 ON n0 CANCELLED AT 2026-11-26T04:28:18 ***\n"


def test_the_word_of_the_task_and_the_silence_of_an_earlier_script() -> None:
    assert task_files.parse(BEGUN + "exit 0 200 stop\n", 1.0).order == "after"
    assert task_files.parse(BEGUN + "exit 0 200\n", 1.0).order == "before"
    assert task_files.parse("slurm 7_0\nstart 0 n0 100\nexit 0 200\n", 1.0).order is None
    again = task_files.parse(BEGUN + "exit 0 200 stop\nstart 1 n0 300 12\n", 1.0)
    assert (again.code, again.order, again.number) == (None, None, "12")


@pytest.mark.parametrize(
    ("text", "wanted", "stopped", "order"),
    [
        ("exit 0 200\n", True, None, "before"),
        ("exit 0 200 stop\n", True, "cancel", "after"),
        ("exit 0 200\n", False, "cancel", "before"),
    ],
)
def test_our_own_cancel_after_the_end_says_nothing(
    text: str, wanted: bool, stopped: str | None, order: str
) -> None:
    file = task_files.parse(BEGUN + text, 1.0)
    for said, line in ((CANCELLED, None), ("", SqueueRow("CANCELLED", 15))):
        end = ended(("j", 1), "7_0", 9.0, file=file, said=said, line=line, wanted=wanted)
        assert (end.exit_code, end.stopped, end.order) == (0, stopped, order)


def test_a_stop_that_could_not_be_marked_proves_nothing() -> None:
    file = task_files.parse(BEGUN + "exit 0 200\n", 1.0)
    end = ended(("j", 1), "7_0", 9.0, file=file, wanted=True, unmarked=True)
    assert (end.exit_code, end.order) == (0, None)


@pytest.fixture
def one(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_an_end_waits_for_what_the_job_has_left(one: Cluster) -> None:
    one.writes(BEGUN + "left 2\nexit 3 200\n")
    one.scan()
    assert one.scan(later=99.0) == [], "a retry would run beside it"
    one.look(SqueueRow("RUNNING"))
    assert one.scan(later=99.0) == []
    one.writes("gone\n")
    (end,) = one.scan(later=99.0)
    assert isinstance(end, Ended)
    assert (end.exit_code, end.detail) == (3, "ended 2 processes that it had left")


# -- on a cluster ----------------------------------------------------------------------------------


def test_stopped_and_saved_or_over_before(queued: Queued) -> None:
    run = queued.on_slurm(queued.spec(job("saves", SAVES), job("over", "exit 0")), *SMALL)
    queued.wait_for(ev.AttemptEnded)
    until(lambda: queued.rundir.log("saves", 1).exists() and "up" in queued.log("saves"))
    run.terminate()
    assert queued.end(run).code == 130
    ends = {name: (e.outcome, e.exit_code) for name, e in queued.ends().items()}
    assert ends == {"saves": ("interrupted", 0), "over": ("succeeded", 0)}
    assert queued.rundir.claim("saves", 1).read_text().endswith(" stop\n")
    assert not queued.rundir.claim("over", 1).read_text().endswith(" stop\n")


def _alive(name: str) -> bool:
    found = subprocess.run(["pgrep", "-f", name], capture_output=True, check=False)
    return found.returncode == 0


def test_a_daemon_with_an_empty_environment_ends_with_its_job(queued: Queued) -> None:
    """It has left its session, and closed what it could: the tracking of this cluster loses it."""
    daemon = "(setsid env -i /bin/sleep 98761 </dev/null >/dev/null 2>&1 &); sleep 0.3; exit 0"
    said = queued.small(queued.spec(job("a", daemon), job("b", "exit 0")))
    assert said.code == 0, said.all
    assert not _alive("sleep 98761")
    ends = queued.ends()
    assert (ends["a"].outcome, ends["a"].detail) == (
        "succeeded",
        "ended 1 process that it had left",
    )
    assert ends["b"].detail is None
    text = queued.rundir.claim("a", 1).read_text()
    assert [line.split()[0] for line in text.splitlines()] == [
        *("slurm", "port", "start", "left", "exit", "gone")
    ]


@pytest.mark.slow
def test_a_daemon_that_ignores_term_is_killed(queued: Queued) -> None:
    script = "trap '' TERM; while :; do sleep 0.1; done"
    daemon = f'(setsid sh -c "{script}" stubborn-98762 >/dev/null 2>&1 &); sleep 0.3; exit 4'
    said = queued.small(queued.spec(job("a", daemon)))
    assert said.code == 4, said.all
    assert not _alive("stubborn-98762")
