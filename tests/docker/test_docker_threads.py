"""Answers of an engine are read in many threads: the first ones, too, at the same time."""

from __future__ import annotations

import subprocess
import sys

import pytest

FIRST = """
import sys, threading
from pbt_tui.runtimes.docker import answers
sys.setswitchinterval(1e-6)
found = {"Id": "x", "State": {"Status": "running", "ExitCode": 0}, "HostConfig": {}, "Config": {}}
start = threading.Barrier(8)

def read():
    start.wait()
    answers.checked(found, answers.InspectedContainer)

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("time", range(20))
def test_the_first_answers_are_read_in_several_threads(time: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
