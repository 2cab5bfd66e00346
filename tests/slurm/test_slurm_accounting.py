"""A cluster with accounting: `sacct` where the controller has forgotten, limits and QOS in words.

Skipped where its database cannot be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.slurm import client
from pbt_tui.runtimes.slurm.array_lookup import ArrayLookup
from tests.executor.running import job, until
from tests.slurm.clusters import ask, bring_up, take_down
from tests.slurm.queued import GATE, SMALL, Queued, placed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def accounting(cluster: Path) -> Iterator[dict[str, str]]:
    folder = tempfile.mkdtemp(prefix="pbt-slurm-acct.")
    sizes = ["--nodes", "1", "--gpus", "2", "--acct", "--set", "MinJobAge=2"]
    sizes += ["--set", "AccountingStorageEnforce=associations,limits,qos"]
    try:
        lines = bring_up(*sizes, "--dir", folder)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        take_down(folder)
        pytest.skip(f"no accounting, so it was not tried: {error}")
    before = os.environ.copy()
    os.environ.update(lines)
    try:
        ask("sacctmgr", "-i", "add", "account", "people")
        ask("sacctmgr", "-i", "add", "user", "nobody", "account=people")
        ask("sacctmgr", "-i", "add", "user", "daemon", "account=people")
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield lines
    take_down(folder)


class Counted(Queued):
    """Its jobs are those of an ordinary user: no limit binds root."""

    def start(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        for folder in self.rundir.folders:  # the executor is root, and lets nobody else write
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)
        return super().start(*args, umask=0, **popen)

    def as_nobody(self) -> None:
        self.watch_calls()
        for name in ("sbatch", "squeue"):
            program = self.path / "bin" / name
            program.write_text(program.read_text().replace("exec ", f"exec {_as('nobody')} "))

    def by_hand(self, user: str) -> str:
        """A task of a user that is not of this run; its id."""
        wrapped = ("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 300")
        return ask(*_as(user).split(), *wrapped, cwd=Path("/"))


def _as(user: str) -> str:
    return f"setpriv --reuid={user} --regid=nogroup --clear-groups"


@contextmanager
def limited(*what: str) -> Iterator[None]:
    """Limits of accounting, such as `user nobody` and `MaxSubmitJobs=2`, while the block runs."""
    *entity, limit = what
    change = ("sacctmgr", "-i", "modify", *entity, "set")
    ask(*change, limit)
    try:
        yield
    finally:
        ask(*change, f"{limit.partition('=')[0]}=-1")


@pytest.fixture
def counted(accounting: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    for name, value in accounting.items():
        monkeypatch.setenv(name, value)
    folder = Path(tempfile.mkdtemp(prefix="pbt-slurm-acct."))
    folder.chmod(0o777)  # pytest's own lets nobody else in
    yield from placed(Counted(folder))
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("option", "words", "advice"),
    [
        ("--slurm_account=nobody", "Invalid account or account/partition", "sacctmgr"),
        ("--slurm_qos=nothing", "Invalid qos specification", "sacctmgr show qos"),
    ],
)
def test_words_of_accounting(counted: Counted, option: str, words: str, advice: str) -> None:
    counted.as_nobody()
    said = counted.small(counted.spec(job("a", "true")), option)
    assert said.code == 4, said.all
    assert words in (counted.ends()["a"].detail or "")
    assert advice in (counted.ends()["a"].detail or "")


def test_a_limit_below_the_size_of_the_run_makes_smaller_arrays(counted: Counted) -> None:
    counted.as_nobody()
    jobs = [job(f"j{i}", f"echo life >>lives.{i}; chmod a+w lives.{i}") for i in range(7)]
    with limited("user", "nobody", "MaxSubmitJobs=2"):
        said = counted.small(counted.spec(*jobs))
    assert said.code == 0, said.all
    assert {len(record.tasks) for record in counted.records()} <= {1, 2}
    lives = {path.name: path.read_text() for path in counted.path.glob("lives.*")}
    assert lives == {f"lives.{i}": "life\n" for i in range(7)}
    assert len(counted.submissions()) <= len(counted.records())


@pytest.mark.parametrize(
    ("entity", "limit", "user", "name"),
    [
        (("user", "nobody"), "MaxSubmitJobs=2", "nobody", "AssocMaxSubmitJobLimit"),
        (("account", "people"), "GrpSubmitJobs=2", "daemon", "AssocGrpSubmitJobsLimit"),
        (("qos", "normal"), "GrpSubmitJobs=2", "daemon", "QOSGrpSubmitJobsLimit"),
        (("qos", "normal"), "MaxSubmitJobsPerUser=2", "nobody", "QOSMaxSubmitJobPerUserLimit"),
    ],
)
def test_a_limit_that_others_fill_is_waited_for(
    counted: Counted, entity: tuple[str, ...], limit: str, user: str, name: str
) -> None:
    """Tasks of another run of this user, or of another user of the account or QOS."""
    counted.as_nobody()
    with limited(*entity, limit):
        others = [counted.by_hand(user), counted.by_hand(user)]
        try:
            process = counted.on_slurm(
                counted.spec(*(job(f"j{i}", "true") for i in range(3))), *SMALL
            )
            until(lambda: all(any(name in r for r in counted.reasons(f"j{i}")) for i in range(3)))
            assert counted.records(), "a record is on the disk while it waits"
        finally:
            ask("scancel", *others)
        said = counted.end(process)
    assert said.code == 0, said.all
    assert "SLURM takes no more jobs now" in said.out


@pytest.mark.parametrize(
    ("entity", "limit"),
    [(("user", "nobody"), "MaxSubmitJobs=0"), (("account", "people"), "GrpSubmitJobs=0")],
)
def test_a_limit_that_nothing_fills_is_a_refusal(
    counted: Counted, entity: tuple[str, ...], limit: str
) -> None:
    """Nothing is queued that could end: waiting would not help."""
    counted.as_nobody()
    until(lambda: not ask("squeue", "-h"))
    with limited(*entity, limit):
        said = counted.small(counted.spec(*(job(f"j{i}", "true") for i in range(4))))
    assert said.code == 4, said.all
    ends = counted.ends()
    assert {end.outcome for end in ends.values()} == {"refused"}
    assert "SubmitJob" in (ends["j3"].detail or "")
    assert "`--slurm_max_array`" in (ends["j3"].detail or "")
    assert counted.records() == []
    assert counted.submissions() == []


def test_a_limit_on_running_jobs_is_a_reason(counted: Counted) -> None:
    counted.as_nobody()
    with limited("user", "nobody", "MaxJobs=1"):
        process = counted.on_slurm(counted.spec(job("a", GATE), job("b", GATE)), *SMALL)
        until(lambda: any("AssocMaxJobsLimit" in r for r in counted.reasons("b")))
    counted.write("go")
    assert counted.end(process).code == 0


def test_accounting_remembers_what_the_controller_forgot(counted: Counted) -> None:
    """They ended without a word, and long ago."""
    process = counted.on_slurm(counted.spec(job("a", "true"), job("b", "true")), *SMALL)
    counted.wait_for(ev.AttemptScheduled, 2)
    record = until(lambda: next((r for r in counted.records() if r.id), None))
    process.kill()
    process.communicate()
    until(lambda: not ask("squeue", "-h", "-j", str(record.id)))
    for path in counted.rundir.attempts.iterdir():
        path.write_text(path.read_text().split("exit")[0])
    counted.watch_calls()
    until(
        lambda: (
            subprocess.run(
                ["squeue", "-h", "-t", "all", "-j", str(record.id)],
                capture_output=True,
                check=False,
            ).returncode
        )
    )
    said = counted.end(counted.start(str(counted.rundir.path)))
    assert said.code == 4, said.all
    assert "SLURM says COMPLETED" in (counted.ends()["a"].detail or "")
    assert counted.called("sacct") >= 1


def test_accounting_knows_the_key_of_an_array_that_the_controller_forgot(counted: Counted) -> None:
    """The executor died before it had the id, and its cluster keeps ended jobs for two seconds."""
    named = ("-o", "/dev/null", "-J", "run.5c0ffee5", "--array=0-1", "--wrap", "true")
    array = ask("sbatch", "--parsable", *named, cwd=Path("/"))
    until(lambda: not ask("squeue", "-h", "-t", "all", "-n", "run.5c0ffee5"))
    lookup = ArrayLookup(client.for_us(counted.environ))
    assert lookup.confirmed("run.5c0ffee5", (array, None)) == (array, None)
    assert lookup.confirmed("run.0ther000", (array, None)) is None
    assert lookup.confirmed("run.5c0ffee5", ("2026", "Welcome")) is None
