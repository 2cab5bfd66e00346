"""The mark of a process: what inherits it, what keeps it, and where it cannot be used."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks
from tests.executor.driver import ProcessDriver
from tests.executor.running import until

DAEMON = """
import os, sys
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
os.closerange(0, 1024)
os.chdir("/")
os.execve("/bin/sleep", ["sleep", "600"], {})
"""


def test_a_daemon_that_cleared_everything_has_the_mark(tmp_path: Path) -> None:
    mark = marks.new()
    where = tmp_path / "pid"
    before = resource.getrlimit(marks.LIMIT)
    with marks.inherited(mark):
        subprocess.run([sys.executable, "-S", "-E", "-c", DAEMON, str(where)], check=True)
    assert resource.getrlimit(marks.LIMIT) == before
    until(where.exists)
    pid = int(where.read_text())
    try:
        until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        assert marks.of(pid) == mark
        alive = [proc.look(found) for found in marks.everyone()[0][mark]]
        assert [p.pid for p in alive if p is not None and not p.dead] == [pid]
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_process_without_a_mark_has_none() -> None:
    assert marks.of(os.getpid()) is None
    with pytest.raises(ProcessLookupError):
        marks.of(2**22 + 1)
    soft, hard = resource.getrlimit(marks.LIMIT)
    resource.setrlimit(marks.LIMIT, (4096, hard))
    try:
        assert marks.of(os.getpid()) is None, "a limit that a person sets is no mark"
    finally:
        resource.setrlimit(marks.LIMIT, (soft, hard))


def test_marks_differ() -> None:
    found = {marks.new() for _ in range(100)}
    assert len(found) == 100
    assert all(marks.parse(str(mark)) == mark for mark in found)


@pytest.mark.parametrize("text", [None, "", "-", "x", "12", "-1", "9" * 19, "9" * 400, "²", "1e18"])
def test_what_is_no_mark_in_a_claim_is_none(text: str | None) -> None:
    assert marks.parse(text) is None


def test_a_hard_limit_below_every_mark_is_told() -> None:
    """As another program may have set it, also for root."""
    program = (
        "import resource\n"
        "from pbt_tui.runtimes.process import marks\n"
        "resource.setrlimit(marks.LIMIT, (5, 5))\n"
        "before = marks.supported\n"
        "real = resource.setrlimit\n"
        "def refused(limit, pair):\n"
        "    if pair[0] > pair[1]: raise ValueError('current limit exceeds maximum limit')\n"
        "    real(limit, pair)\n"
        "resource.setrlimit = refused\n"
        "print(marks.supported(), resource.getrlimit(marks.LIMIT))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False (5, 5)\n"


def test_the_claim_holds_the_mark_before_the_job_begins(driver: ProcessDriver) -> None:
    program = (
        "import resource, sys; print(resource.getrlimit(10)[0]); print(open(sys.argv[1]).read())"
    )
    driver.run(sys.executable, "-S", "-E", "-c", program, str(driver.rundir.claim("job", 1)))
    limit, claim, *_ = driver.log().splitlines()
    assert claim.split()[2:] == [limit, proc.namespace(), "-"]
    assert marks.parse(limit) is not None
    assert marks.of(os.getpid()) is None


def test_where_marks_do_not_work_the_session_is_the_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "supported", lambda: False)
    driver = ProcessDriver(tmp_path, grace=5.0)
    driver.start("sh", "-c", "sleep 600 & setsid -f sleep 601; exit 3")
    end = driver.end()
    assert (end.exit_code, end.left) == (3, "1 process that it left was ended")
    assert driver.rundir.claim("job", 1).read_text().split()[2] == marks.NONE
    driver.runtime.close()
    left = [p for p in proc.everyone() if proc.command_line(p.pid) == b"sleep\x00601\x00"]
    assert len(left) == 1, "it left the session: without marks nothing finds it"
    os.kill(left[0].pid, signal.SIGKILL)
