"""The short form of `python -m tests.stress.slots`."""

from __future__ import annotations

from pathlib import Path

from tests.stress.slots import Machine


def test_five_runs_on_four_gpus_with_kills(tmp_path: Path) -> None:
    assert Machine(tmp_path, seed=7).live(kills=8) == []
