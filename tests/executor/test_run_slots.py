"""Two runs on one machine never share a GPU unasked, whoever is dead; the second one waits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui import machine_slots
from pbt_tui.journal import events as ev
from pbt_tui.machine_slots import HeldSlots, Slot
from pbt_tui.observe import gpu_holders
from tests.executor import other_users
from tests.executor.running import WAITS, Place, cleaned, job, until, write_journal
from tests.walkthroughs import shown

PINNED: dict[str, Any] = {"num_gpus": 2, "experiments_per_gpu": 1}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """Two places, for a run each; the first one is cleaned last."""
    for name in "ab":
        (tmp_path / name).mkdir()
    first = cleaned(tmp_path / "a")
    second = cleaned(tmp_path / "b")
    yield next(first), next(second)
    for one in (second, first):
        assert next(one, None) is None


def hold(gpu: int, shares: int = 1) -> HeldSlots:
    """A slot that this test holds."""
    slot = Slot(f"i{gpu}", shares, "0f3c9a11", "other", "x.1")
    taken = machine_slots.take([[slot]])
    assert isinstance(taken, list)
    return taken[0]


def once(place: Place, *args: str) -> str:
    """What `pbt-tui RUN --once` says on a wide terminal."""
    command = [sys.executable, "-m", "pbt_tui.cli.tui", str(place.rundir.path), "--once", *args]
    environ = {**place.environ, "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    return done.stdout


def listed(place: Place) -> list[tuple[str, ...]]:
    """GPU, slot, attempt and executor of each row of `--list` about the run of a place."""
    lines = (line.split("  ") for line in place.pbt("--list").out.splitlines())
    rows = [[cell.strip() for cell in cells if cell.strip()] for cells in lines]
    run_id = place.state().run_id
    return [(r[0], r[1], r[4], r[6]) for r in rows if len(r) == 7 and r[3] == run_id]


def waits(place: Place, gpus: int = 1) -> dict[str, str]:
    """GPU to who holds it, once the run waits for so many."""

    def held() -> tuple[gpu_holders.HeldGpu, ...] | None:
        read = gpu_holders.read(place.rundir.holders)
        return read.gpus if read is not None and len(read.gpus) == gpus else None

    found = until(held)
    return {one.gpu: gpu_holders.text(one.holders) for one in found}


def test_jobs_whose_executor_is_dead_keep_their_gpus(places: tuple[Place, Place]) -> None:
    a, b = places
    first = a.start(a.spec(job("x", WAITS), job("y", WAITS), run="r", **PINNED))
    a.wait_for(ev.AttemptStarted, 2)
    first.kill()
    first.communicate()
    second = b.start(b.spec(job("z", "true"), run="r", **PINNED))
    assert waits(b, 2) == {
        gpu: f"held by run `r`, attempt `{n}.1`" for gpu, n in (("0", "x"), ("1", "y"))
    }
    assert "GPU 0: held by run `r`, attempt" in once(b), "why the job waits"
    assert json.loads(once(b, "--json"))["gpus"][0]["held"] == "held by run `r`, attempt `x.1`"
    assert b.of(ev.AttemptScheduled) == []
    a.write("go")
    said = b.end(second)
    assert said.code == 0, said.all
    assert "waiting   GPU 0: held by run `r`, attempt `x.1`" in said.out
    assert a.pbt(str(a.rundir.path)).code == 0


def test_the_second_run_says_the_pid_of_the_first(places: tuple[Place, Place]) -> None:
    a, b = places
    first = a.start(a.spec(job("x", WAITS), **PINNED))
    a.wait_for(ev.AttemptStarted)
    second = b.start(b.spec(job("z", "true"), job("w", WAITS), **PINNED))
    b.wait_for(ev.AttemptScheduled, 2)
    assert {e.gpus for e in b.of(ev.AttemptScheduled)} == {("1",)}, "GPU 1 is free"
    b.wait_for(ev.AttemptEnded)
    assert waits(b)["0"] == f"held by run `r`, pid {first.pid}"
    assert listed(a) == [("0", "1/1", "x.1", f"pid {first.pid}")]
    assert listed(b) == [("1", "1/1", "w.1", f"pid {second.pid}")]
    b.write("go")
    a.write("go")
    ended, said = a.end(first), b.end(second)
    assert (ended.code, said.code) == (0, 0)
    assert shown.missing("docs/guide/gpus-and-slots.md", "  waiting", said.out) == []
    assert machine_slots.held() == []


def test_share_gpus_claims_nothing(place: Place) -> None:
    mine = hold(0)
    target = place.spec(job("x", WAITS), num_gpus=1, experiments_per_gpu=1)
    run = place.start(target, "--share_gpus", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    place.wait_for(ev.AttemptStarted)
    assert len(machine_slots.held()) == 1
    assert listed(place) == [("0", "none", "x.1", f"pid {run.pid}")]
    place.write("go")
    said = place.end(run)
    assert "note: this run claims no GPUs (`--share_gpus`)" in said.err
    assert said.code == 0
    mine.close()


def test_without_slots_nothing_is_claimed_and_it_is_said_once(place: Place) -> None:
    mine = hold(0)
    said = place.pbt(
        place.spec(job("x"), job("y")), env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"}
    )
    assert said.err.count("note: this run claims no GPUs (no slots)") == 1
    assert said.code == 0
    mine.close()


def test_a_population_gets_all_its_slots_or_none(place: Place) -> None:
    """Also of members that start later: they are kept for them."""
    mine = hold(1)
    members = [job(f"m{i}", WAITS, population="p", member=i) for i in range(2)]
    run = place.start(place.spec(*members, pause_between=2.0, **PINNED))
    assert waits(place).keys() == {"1"}
    assert place.of(ev.AttemptScheduled) == []
    assert [one.run_id for one in machine_slots.held()] == ["0f3c9a11"], "GPU 0 is free meanwhile"
    mine.close()
    place.wait_for(ev.AttemptScheduled)
    assert len(machine_slots.held()) == 2
    place.wait_for(ev.AttemptStarted, 2)
    place.write("go")
    assert place.end(run).code == 0
    assert machine_slots.held() == []


def test_never_started_and_the_slot_is_gone(place: Place) -> None:
    """The attempt ends interrupted and costs no try; the job starts later."""
    target = place.spec(job("x", "true"), num_gpus=1, experiments_per_gpu=1)
    assert place.pbt(target).code == 0
    kept = [e for e in place.events() if not isinstance(e, ev.RunClosed | ev.AttemptEnded)]
    kept = [e for e in kept if not isinstance(e, ev.AttemptStarted)]
    for path in (place.rundir.journal, place.rundir.claim("x", 1)):
        path.unlink()
    write_journal(place.rundir, kept)
    mine = hold(0)
    run = place.start(str(place.rundir.path))
    (end,) = place.wait_for(ev.AttemptEnded)
    assert (end.outcome, end.detail) == (
        "interrupted",
        "its executor ended before it started, and its GPU is held now",
    )
    assert waits(place)
    mine.close()
    assert place.end(run).code == 0
    assert place.jobs()["x"].tries == 0


def test_never_started_and_the_slot_is_free(place: Place) -> None:
    target = place.spec(job("x", "true"), num_gpus=1, experiments_per_gpu=1)
    assert place.pbt(target).code == 0
    kept = [e for e in place.events() if not isinstance(e, ev.RunClosed | ev.AttemptEnded)]
    kept = [e for e in kept if not isinstance(e, ev.AttemptStarted)]
    for path in (place.rundir.journal, place.rundir.claim("x", 1)):
        path.unlink()
    write_journal(place.rundir, kept)
    assert place.pbt(str(place.rundir.path)).code == 0
    assert [e.attempt for e in place.of(ev.AttemptEnded)] == [1]


def test_an_attempt_without_slots_is_adopted(place: Place) -> None:
    target = place.spec(job("x", WAITS), num_gpus=1, experiments_per_gpu=1)
    first = place.start(target, "--share_gpus")
    place.wait_for(ev.AttemptStarted)
    first.kill()
    first.communicate()
    assert machine_slots.held() == []
    second = place.start(str(place.rundir.path))
    until(machine_slots.held)
    place.write("go")
    assert place.end(second).code == 0
    assert machine_slots.held() == []


def test_a_daemon_keeps_the_slot_of_its_job(place: Place) -> None:
    """It left its session and its parent, and was started by an executor that is dead."""
    waits_on = "setsid sh -c 'until [ -e stop ]; do sleep 0.02; done' >/dev/null 2>&1 &"
    target = place.spec(job("x", f"{waits_on} {WAITS}"), num_gpus=1, experiments_per_gpu=1)
    first = place.start(target, "--keep_descendants", "false")
    place.wait_for(ev.AttemptStarted)
    (shim,) = [e.handle.partition(".")[0] for e in place.of(ev.AttemptStarted)]
    first.kill()
    first.communicate()
    os.kill(int(shim), 9)
    place.write("go")
    assert len(machine_slots.held()) == 1
    place.write("stop")
    until(lambda: not machine_slots.held())


# -- who else is on this machine -------------------------------------------------------------------


@other_users.as_root
def test_another_user(place: Place) -> None:
    first = place.start(place.spec(job("x", WAITS), num_gpus=1, experiments_per_gpu=1))
    place.wait_for(ev.AttemptStarted)
    with (
        other_users.group() as group,
        other_users.user(group) as user,
        tempfile.TemporaryDirectory(prefix="pbt-slots.") as folder,  # which the user may enter
    ):
        other = Place(Path(folder))
        other.spec(job("z", "true"), num_gpus=1, experiments_per_gpu=1)
        user.gets(other.path)
        words = [*user.become, sys.executable, "-m", "pbt_tui.cli.run", "specs"]
        second = subprocess.Popen(
            words, cwd=other.path, env=other.environ, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert waits(other) == {"0": f"held by run `r`, pid {first.pid}"}
        assert other.of(ev.AttemptScheduled) == []
        place.write("go")
        out, _ = second.communicate(timeout=60)
        assert second.returncode == 0, out
        assert place.end(first).code == 0
        assert other.clean() == {}


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="only root makes a pid namespace"
)
def test_another_pid_namespace(places: tuple[Place, Place]) -> None:
    a, b = places
    first = a.start(a.spec(job("x", WAITS), num_gpus=1, experiments_per_gpu=1))
    a.wait_for(ev.AttemptStarted)
    b.spec(job("z", "true"), num_gpus=1, experiments_per_gpu=1)
    words = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", sys.executable]
    second = subprocess.Popen(
        [*words, "-m", "pbt_tui.cli.run", "specs"], cwd=b.path, env=b.environ,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert waits(b) == {"0": "held by run `r`, attempt `x.1`"}, "its pid means nothing there"
    assert b.of(ev.AttemptScheduled) == []
    a.write("go")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 0, out
    assert a.end(first).code == 0
