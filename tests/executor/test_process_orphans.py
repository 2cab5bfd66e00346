"""The look at orphans finds those of every thread of an ancestor, and sees that one is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pbt_tui.runtimes.process import marks
from pbt_tui.runtimes.process.orphans import Orphans, _above
from tests.executor.running import until


def sure(orphans: Orphans) -> None:
    """Waits for a look during which no child of an ancestor ends: other tests start processes."""
    until(lambda: orphans.marks() is not None)


def test_an_ancestor_that_is_gone_is_asked_for_again() -> None:
    """Its list is open, and is empty once it has ended."""
    orphans = Orphans()
    pipe = subprocess.PIPE
    parent = ["sh", "-c", "sleep 600 >/dev/null & echo $!; read line"]
    with subprocess.Popen(parent, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        below = int(child.stdout.readline())
        sure(orphans)
        gone = _above(below, child.pid)
        orphans._ancestors.insert(0, gone)
        sure(orphans)
        child.stdin.close()
    os.kill(below, signal.SIGKILL)
    assert orphans.marks() is None, "what was its child may be missing"
    sure(orphans)
    assert gone not in orphans._ancestors
    orphans.close()


# Adopts orphans, and has the process of the look as the child of a thread that is not its first.
ADOPTER = """
import ctypes, subprocess, sys, threading
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
def start():
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
thread = threading.Thread(target=start)
thread.start()
thread.join()
"""
LOOK = """
import os, signal, subprocess
from pathlib import Path
from pbt_tui.runtimes.process import marks
from pbt_tui.runtimes.process.orphans import Orphans
mark, orphans = marks.new(), Orphans()
before = orphans.marks()
with marks.inherited(mark):
    subprocess.run(["sh", "-c", "sleep 600 >/dev/null & echo $! >pid"])
after = orphans.marks()
os.kill(int(Path("pid").read_text()), signal.SIGKILL)
print(mark in before, mark in after, len(orphans._ancestors[0].lists))
"""


def test_an_orphan_is_found_beside_the_children_of_other_threads(tmp_path: Path) -> None:
    """The kernel gives it to the oldest thread; this process is a child of a younger one."""
    argv = [sys.executable, "-c", ADOPTER, LOOK]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout == "False True 2\n", done


def test_a_mark_is_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later, the process id may be another process's. This process is a child of an ancestor."""
    looks: list[int] = []
    monkeypatch.setattr(marks, "of", looks.append)
    orphans = Orphans()
    orphans.marks()
    assert looks.count(os.getpid()) == 1
    orphans._looked = time.monotonic() + 1.0
    orphans.marks()
    assert looks.count(os.getpid()) == 1
    orphans._looked = time.monotonic() - 1.0
    orphans.marks()
    assert looks.count(os.getpid()) == 2


def test_a_child_that_ends_before_its_mark_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have left another orphan, which was not on the list yet: there is no sure answer."""

    def gone(pid: int) -> int | None:
        raise ProcessLookupError(pid)

    orphans = Orphans()
    with monkeypatch.context() as patched:
        patched.setattr(marks, "of", gone)
        assert orphans.marks() is None
    sure(orphans)
    orphans.close()
