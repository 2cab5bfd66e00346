"""The example's run module with a smaller population and budget: it trains for seconds."""

from __future__ import annotations

from pathlib import Path

MODULE = Path(__file__).resolve().parents[1] / "examples/swingup_pbt.py"
WORDS = {
    "pbt.interval_steps=120000": "pbt.interval_steps=2000",
    "pbt.initial_delay=240000": "pbt.initial_delay=4000",
    "pbt.start_after=120000": "pbt.start_after=2000",
}


def small(generations: int = 3, members: int = 3) -> str:
    """The source of the module, with smaller values for all settings that cost time."""
    source = MODULE.read_text()
    words = {
        **WORDS,
        "train.generations=20": f"train.generations={generations}",
        "population(8, ": f"population({members}, ",
    }
    for old, new in words.items():
        assert old in source, f"`{old}` is not in {MODULE.name} any more"
        source = source.replace(old, new)
    return source
