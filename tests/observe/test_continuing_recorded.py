"""Real trainings: whenever a member dies, it goes on from what its trainer wrote last."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.observe.continuing import answer
from pbt_tui.observe.continuing.question import PATIENCE
from tests.observe.recorded_members import NAMES, Replay


@pytest.mark.parametrize("name", NAMES)
def test_at_every_write_of_a_real_training(name: str, tmp_path: Path) -> None:
    replay = Replay(name, tmp_path)
    fallen = 0
    before: dict[str, int | None] = {}
    for member in replay.run():
        found = answer(replay.question(member, waited=PATIENCE + 1))
        expected = replay.newest(member)
        assert (found.source.generation if found.source else None) == expected
        assert found.refused is None
        if found.source is not None:
            assert found.source.checkpoint is not None
            assert Path(found.source.checkpoint).parent == replay.workspace / member
            assert len(found.args) > 5
        fallen += (before.get(member) or 0) > (expected or 0)
        before[member] = expected
    # Two copies of a donor that had fewer frames, and a command that was started again by hand.
    assert fallen == {"rl_games_4_killed_relaunched": 3, "isaacgymenvs_4_exploits": 0}[name]
