"""Children of a test have default signal handlers, also under `nohup make test &`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNDER_NOHUP = """
import signal, subprocess
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
from tests import conftest
conftest.pytest_configure()
subprocess.run(["grep", "SigIgn", "/proc/self/status"], check=True)
signal.raise_signal(signal.SIGHUP)
print("goes on", flush=True)
"""


def test_what_nohup_ignores_children_do_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNDER_NOHUP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ignored, end = done.stdout.splitlines()
    assert int(ignored.split()[1], 16) & 0b111 == 0
    assert end == "goes on", "the tests themselves are not ended by it"
