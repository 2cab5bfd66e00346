"""Six failures with different causes in one real run, reported alike by all commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from pbt_tui.journal.state import JobState
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import failures
from pbt_tui.tui.text import Frame, plain
from pbt_tui.tui.text_report import page
from tests.executor.running import Place, Said, job

CUDA = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
JOBS = (
    job("code", "echo no such task >&2; exit 3"),
    job("gone", "no-such-program", "--x"),
    job("killed", "kill -KILL $$"),
    job("late", "exec sleep 1000", env={"LATE": "1"}),
    job("memory", f"echo '{CUDA}' >&2; exit 1"),
    job("raises", sys.executable, "-IS", "-c", "raise ValueError('no such task: Antt')"),
)
WHY = {
    "code": "exit 3: no such task",
    "gone": "exit 127, command not found: `no-such-program`",
    "killed": "SIGKILL",
    "late": "SIGTERM, over the time limit",
    "memory": f"exit 1, CUDA out of memory: {CUDA}",
    "raises": "exit 1: ValueError: no such task: Antt",
}
"""As `pbt-run` tells it, when it happens and in the summary."""
OUTCOMES = {
    "code": "failed: exit 3",
    "gone": "refused: exit 127, command not found",
    "killed": "failed: SIGKILL",
    "late": "stopped: SIGTERM, over the time limit",
    "memory": "failed: exit 1, CUDA out of memory",
    "raises": "failed: exit 1, Python exception",
}
"""As the monitor's page of failures says it, above what the log says."""
SIGNATURES = {
    "code": "exit 3: no such task",
    "gone": "command not found: `no-such-program`",
    "killed": "killed by SIGKILL",
    "late": "over the time limit",
    "memory": "CUDA out of memory",
    "raises": "ValueError: no such task: Antt",
}
"""As the groups of the monitor, of `--once` and of `--once --json` say it."""


def monitor(place: Place, *args: str) -> str:
    command = [sys.executable, "-m", "pbt_tui.cli.tui", *args, str(place.rundir.path)]
    done = subprocess.run(command, env=place.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    return done.stdout


@pytest.fixture
def said(place: Place) -> Said:
    return place.pbt(place.spec(*JOBS, timeout=4.0, max_parallel=6))


def test_six_causes_are_told_alike_everywhere(place: Place, said: Said) -> None:
    assert said.code == 4, said.all
    live, summary = said.out.split("run `r` closed with failures", 1)
    for name, why in WHY.items():
        assert re.search(rf"^✗ \w+ +{name}: .*: {re.escape(why)}$", live, re.M), live
        assert f"\n✗ {name}: {why}\n  log: {place.rundir.log(name, 1)}" in summary
    assert "6 jobs: 6 failed\n" in summary

    follower = JournalFollower(place.rundir)
    follower.read_all()
    model = Model(follower)
    for name, outcome in OUTCOMES.items():
        assert outcome in _page_of_failure(follower.state.by_id[name], model)
    assert {group.jobs[0]: group.signature for group in model.groups} == SIGNATURES
    wide = page(follower, follower.state.at, width=200)
    rows = _table(wide)
    once, document = monitor(place, "--once"), json.loads(monitor(place, "--once", "--json"))
    assert {row["jobs"][0]: row["signature"] for row in document["failures"]} == SIGNATURES
    for name, signature in SIGNATURES.items():
        assert f"  1× {signature}\n" in once
        assert OUTCOMES[name].partition(": ")[2].partition(",")[0] in rows[name]
    assert document["counts"]["failed"] == 6
    assert "✗ 6 failed" in once


def _page_of_failure(one: JobState, model: Model) -> str:
    frame = Frame(120, 30, model.state.at)
    lines = failures.detail(one, model.state, frame, place=(1, 6), log=())
    return "\n".join(map(plain, lines))


def _table(text: str) -> dict[str, str]:
    """The line of each job in the table."""
    rows = (line for line in text.splitlines() if "✗ failed" in line)
    return {line.split()[0]: line for line in rows}
