"""What a job's processes use, read of real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pbt_tui.observe.process_use import UseReader, boot_id

BUSY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "a = bytearray(60_000_000)\\nwhile True: pass"])
print("up", flush=True)
child.wait()
"""


def test_a_process_is_read_with_its_children() -> None:
    job = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    reader = UseReader()
    try:
        assert job.stdout is not None
        assert job.stdout.readline() == b"up\n"
        begin, first = time.monotonic(), None
        while first is None or first.resident < 60_000_000:
            assert time.monotonic() - begin < 60
            first = reader.read(job.pid, time.monotonic())
            assert first is not None
        time.sleep(0.5)
        second = reader.read(job.pid, time.monotonic())
        assert second is not None
        assert second.processes == 2
        assert second.cores is not None
        assert second.cores > 0, "the child computes"
    finally:
        children = Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()
        job.kill()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        job.wait()
    assert reader.read(job.pid, time.monotonic()) is None


def test_another_process_with_the_same_number_is_none() -> None:
    job = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        fields = Path(f"/proc/{job.pid}/stat").read_text().rpartition(")")[2].split()
        reader = UseReader()
        assert reader.read(job.pid, 1.0, int(fields[19])) is not None
        assert reader.read(job.pid, 2.0, int(fields[19]) + 1) is None
    finally:
        job.kill()
        job.wait()


def test_the_boot_is_known() -> None:
    assert len(boot_id()) == 36
