"""A host may get another name, and another host may never answer again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import WAITS, Place, job, until
from tests.shelf.scrub import unsealed


def killed(place: Place, **policy: Any) -> str:
    target = place.spec(job("j", f"{WAITS}; echo x >>ran"), **policy)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    os.kill(executor.pid, signal.SIGKILL)
    executor.communicate()
    return target


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may name a host")
def test_the_same_machine_with_another_name(place: Place) -> None:
    target = killed(place)
    place.write("go")
    done = subprocess.run(
        ["unshare", "--uts", "sh", "-c", 'hostname renamed && exec "$@"', "sh",
         sys.executable, "-m", "pbt_tui.cli.run", target],
        cwd=place.path, env=place.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in done.stderr:
        pytest.skip("no namespaces here")
    assert done.returncode == 0, done.stderr
    assert place.of(ev.ExecutorStarted)[-1].host == "renamed"
    assert len(place.jobs()["j"].attempts) == 1
    assert (place.path / "ran").read_text() == "x\n"


def test_a_host_that_can_no_longer_be_asked(place: Place) -> None:
    target = killed(place, retries=1, retry_on=("lost",), retry_delay=0.0)
    place.write("go")
    said = place.pbt(target, "--forget_host", "elsewhere")
    assert said.code == 2
    assert "host `elsewhere` has left no attempts active" in said.err
    # The journal as that of another machine, whose job has ended with it.
    began = place.of(ev.ExecutorStarted)[0]
    other = "11111111-2222-3333-4444-555555555555"
    claim = place.rundir.claim("j", 1)
    until(lambda: "exit" in claim.read_text())
    claim.write_text(claim.read_text().split("exit")[0].replace(began.boot_id, other))
    data = unsealed(place.rundir.journal.read_bytes())
    data = data.replace(began.boot_id.encode(), other.encode())
    place.rundir.journal.write_bytes(
        data.replace(f'"host":"{began.host}"'.encode(), b'"host":"elsewhere"')
    )
    before = place.rundir.journal.read_bytes()
    said = place.pbt(target)
    assert said.code == 5
    assert "elsewhere" in said.err
    assert place.rundir.journal.read_bytes() == before
    assert place.pbt(target, "--forget_host", "other").code == 2
    assert place.pbt(target, "--forget_host", "elsewhere").code == 0
    assert [a.outcome for a in place.jobs()["j"].attempts] == ["lost", "succeeded"]
