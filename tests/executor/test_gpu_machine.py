"""The script for a machine with GPUs, with a stand-in of the driver: its checks are not stale."""

from __future__ import annotations

import subprocess
import sys

from tests.executor.running import ROOT


def test_with_a_stand_in_of_the_driver() -> None:
    words = [sys.executable, "-m", "tests.gpu_machine", "--stand_in"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [line.split(":")[0].split() for line in done.stdout.splitlines()]
    names = ("devices", "mig", "energy", "pinned", "foreign_at_start", "foreign_meanwhile")
    assert [name for _, name in found] == [*names, "drained", "waits"]
    lines = [line for line in done.stdout.splitlines() if "of another pid namespace" not in line]
    assert [line.split()[0] for line in lines if not line.startswith("ok ")] == ["skipped"]
