"""A run goes on in another pid namespace or under another host name: nothing runs twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.byte_locks import hold, is_held
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.process.liveness import Liveness
from tests.executor.running import Place, job, until

IN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]
ELSEWHERE = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]
WAITS = "echo $$ >>ran; until [ -e go ]; do sleep 0.02; done"

if subprocess.run([*IN_PID_NAMESPACE, "true"], capture_output=True, check=False).returncode:
    pytest.skip("no right to make namespaces", allow_module_level=True)


def killed(place: Place, command: str) -> str:
    """Starts the job `a`, and kills its executor; returns the spec."""
    spec = place.spec(job("a", command), grace=600.0)
    first = place.start(spec)
    place.wait_for(ev.AttemptStarted)
    until((place.path / "ran").exists)
    first.kill()
    first.communicate()
    return spec


def start_in(place: Place, prefix: list[str], *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "pbt_tui.cli.run", *args],
        cwd=place.path,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("prefix", [IN_PID_NAMESPACE, ELSEWHERE], ids=["pid", "uts"])
def test_a_live_job_is_adopted_there(place: Place, prefix: list[str]) -> None:
    spec = killed(place, f"{WAITS}; exit 3")
    second = start_in(place, prefix, spec)
    place.wait_for(ev.ExecutorStarted, 2)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    assert len((place.path / "ran").read_text().split()) == 1
    (place.path / "go").touch()
    said = place.end(second)
    assert said.code == 4, said
    assert ("runs in another pid namespace" in said.all) == (prefix is IN_PID_NAMESPACE)
    assert len(place.of(ev.AttemptScheduled)) == 1
    assert place.of(ev.AttemptEnded)[0].exit_code == 3


@pytest.mark.parametrize("prefix", [IN_PID_NAMESPACE, ELSEWHERE], ids=["pid", "uts"])
def test_a_job_that_was_killed_meanwhile_is_lost_there(place: Place, prefix: list[str]) -> None:
    spec = killed(place, WAITS)
    claim = claims.read(place.rundir.claim("a", 1))
    assert claim is not None
    assert claim.handle is not None
    os.killpg(proc.pid_of(claim.handle), signal.SIGKILL)
    seq = place.jobs()["a"].attempts[0].seq
    until(lambda: is_held(place.rundir.journal, seq) is False)
    assert place.end(start_in(place, prefix, spec)).code == 4
    assert place.of(ev.AttemptEnded)[0].outcome == "lost"


def test_a_stop_from_there_is_marked(place: Place) -> None:
    """No signal reaches it, but its end comes after the stop."""
    spec = killed(place, WAITS)
    second = start_in(place, IN_PID_NAMESPACE, spec)
    place.wait_for(ev.ExecutorStarted, 2)
    assert place.pbt(str(place.rundir.path), "--cancel", "a").code == 0
    until(lambda: place.rundir.stop_mark("a", 1).exists())
    (place.path / "go").touch()
    assert place.end(second).code == 4
    assert place.phases() == {"a": "cancelled"}


def test_a_journal_that_was_replaced_tells_nothing_there(place: Place) -> None:
    spec = killed(place, WAITS)
    copy = place.rundir.path / "copy"
    copy.write_bytes(place.rundir.journal.read_bytes())
    copy.rename(place.rundir.journal)
    said = place.end(start_in(place, IN_PID_NAMESPACE, spec))
    assert said.code == 5
    assert "another pid namespace" in said.err
    assert len((place.path / "ran").read_text().split()) == 1
    (place.path / "go").touch()


def test_the_job_holds_the_lock_after_its_shim(place: Place) -> None:
    spec = killed(place, f"{WAITS}; exit 3")
    claim = claims.read(place.rundir.claim("a", 1))
    assert claim is not None
    assert claim.handle is not None
    seq = place.jobs()["a"].attempts[0].seq
    assert claim.journal == f"{place.rundir.journal.stat().st_ino}:{seq}"
    os.kill(proc.pid_of(claim.handle), signal.SIGKILL)
    until(lambda: not proc.alive(claim.handle or ""))
    assert is_held(place.rundir.journal, seq)
    second = start_in(place, IN_PID_NAMESPACE, spec)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    (place.path / "go").touch()
    assert place.end(second).code == 4
    assert place.of(ev.AttemptEnded)[0].outcome == "lost"


@pytest.mark.parametrize(
    ("boot", "namespace", "held", "host", "found"),
    [
        ("this", "this", False, None, "here"),
        ("this", "this", False, "other", "here"),
        ("this", None, None, None, "here"),
        ("this", None, None, "other", "unknown"),
        ("this", "9", True, None, "alive"),
        ("this", "9", True, "other", "alive"),
        ("this", "9", False, None, "dead"),
        ("this", "9", False, "other", "dead"),
        ("this", "9", None, None, "unknown"),
        ("other", "this", True, "other", "alive"),
        ("other", "this", False, "other", "unknown"),
        ("other", "this", False, None, "dead"),
        ("other", None, None, None, "dead"),
        ("other", None, None, "other", "unknown"),
    ],
)
def test_what_is_told_of_a_claim(
    tmp_path: Path,
    boot: str,
    namespace: str | None,
    held: bool | None,
    host: str | None,
    found: str,
) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    where = Liveness(journal, host)
    fd = hold(journal, 7) if held else None
    claim = Claim(
        0.0,
        "7.7",
        proc.boot_id() if boot == "this" else "0f0e0d0c",
        mark="-",
        namespace=proc.namespace() if namespace == "this" else namespace,
        journal=None if held is None else f"{journal.stat().st_ino}:7",
    )
    if where.is_here(claim):
        told = "here"
    elif where.is_alive(claim):
        told = "alive"
    else:
        told = "unknown" if where.unknown(claim) else "dead"
    if fd is not None:
        os.close(fd)
    assert told == found


@pytest.mark.parametrize("text", ["", "-", "x:1", "1", "1:", "9" * 400 + ":1", "1:" + "9" * 400])
def test_a_hostile_field_tells_nothing(tmp_path: Path, text: str) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    text = text.replace("1:", f"{journal.stat().st_ino}:")
    assert Liveness(journal, None).is_alive(Claim(0.0, "7.7", "boot", journal=text)) is None
