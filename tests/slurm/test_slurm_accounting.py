"""A cluster with accounting: `sacct` where the controller has forgotten, limits and QOS in words.

Skipped where its database cannot be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
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
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield lines
    take_down(folder)


class Counted(Queued):
    """Its jobs are those of an ordinary user: no limit binds root."""

    def start(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        return super().start(*args, umask=0, **popen)

    def as_nobody(self) -> None:
        self.watch_calls()
        program = self.path / "bin" / "sbatch"
        who = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
        program.write_text(program.read_text().replace("exec ", f"exec {who} "))


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


def test_a_limit_on_submitted_jobs(counted: Counted) -> None:
    """Refused where nothing of ours is queued: waiting would not help."""
    counted.as_nobody()
    change = ("sacctmgr", "-i", "modify", "user", "nobody", "set")
    ask(*change, "MaxSubmitJobs=2")
    try:
        said = counted.small(counted.spec(*(job(f"j{i}", "true") for i in range(4))))
    finally:
        ask(*change, "MaxSubmitJobs=-1")
    assert said.code == 4, said.all
    assert "AssocMaxSubmitJobLimit" in (counted.ends()["j0"].detail or "")


def test_a_limit_on_running_jobs_is_a_reason(counted: Counted) -> None:
    counted.as_nobody()
    change = ("sacctmgr", "-i", "modify", "user", "nobody", "set")
    ask(*change, "MaxJobs=1")
    try:
        process = counted.on_slurm(counted.spec(job("a", GATE), job("b", GATE)), *SMALL)
        until(lambda: any("AssocMaxJobsLimit" in r for r in counted.reasons("b")))
    finally:
        ask(*change, "MaxJobs=-1")
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
