"""A moved run goes on only once no process of its old attempts is left, whatever they did.

The executor and some processes of an attempt are killed. What lives on is found by the lock on the
journal, or by the mark, which the claim holds.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.runtimes import claims, proc
from tests.executor.running import Place, job, until

DAEMON = (
    "env -i setsid sh -c 'exec 9>&-; echo $$ >daemon; exec sleep 3600' </dev/null >/dev/null 2>&1"
)
SCRIPTS = {
    "all of it": "echo $$ >job; exec sleep 3600",
    "the job": "echo $$ >job; exec sleep 3600",
    "a job that closed its descriptors": "exec 9>&-; echo $$ >job; exec sleep 3600",
    "a daemon that cleared everything": f"({DAEMON} &); until [ -s daemon ]; do sleep 0.02; done; "
    "echo $$ >job; exec sleep 3600",
}
"""What lives on, and what the job does."""


def there(place: Place, path: Path) -> Place:
    other = Place(path)
    other.mark, other.environ = place.mark, dict(place.environ)
    return other


def pid_in(file: Path) -> int:
    return int(until(lambda: file.exists() and file.read_text().strip()))


def gone(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: (now := proc.look(pid)) is None or now.dead)


@pytest.mark.parametrize("lives", SCRIPTS)
def test_a_moved_run_waits_for_what_lives(place: Place, lives: str) -> None:
    orig, away = there(place, place.path / "orig"), there(place, place.path / "away")
    orig.path.mkdir()
    executor = orig.start(orig.spec(job("j", SCRIPTS[lives])))
    orig.wait_for(ev.AttemptStarted)
    alive = pid_in(orig.path / "job")
    executor.kill()
    executor.communicate()
    claim = claims.read(orig.rundir.claim("j", 1))
    assert claim is not None
    assert claim.handle is not None
    assert claim.mark not in (None, "-")
    shim = proc.pid_of(claim.handle)
    if lives != "all of it":
        gone(shim)
    if "daemon" in lives:
        gone(alive)
        alive = pid_in(orig.path / "daemon")
    orig.path.rename(away.path)
    said = away.pbt("train_dir/r", "--rehome")
    assert said.code == 5, said.all
    assert "it was moved, and `j` may still be running" in said.err
    assert proc.look(alive) is not None, "nothing was ended"
    assert away.of(ev.RunRehomed) == []

    if lives == "all of it":
        gone(shim)
    gone(alive)
    said = away.pbt("train_dir/r", "--rehome", "--timeout", "1")
    assert len(away.of(ev.RunRehomed)) == 1, said.all
    assert away.jobs()["j"].attempts[0].outcome == "lost"
