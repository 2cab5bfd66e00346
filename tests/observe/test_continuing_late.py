"""A workspace on a disk that is mounted late: nothing is begun anew before it is there."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.observe.continuing import Continuation, Tried, answer
from pbt_tui.observe.continuing.question import AGAIN, PATIENCE
from tests.observe.member_files import Member


def test_a_disk_that_is_mounted_late_is_waited_for_without_a_history(tmp_path: Path) -> None:
    """The executor died before it saw a generation, and the machine started again."""
    member = Member(tmp_path)
    place = tmp_path / "disk"
    member.recorded = place / "logs/rl_games"
    member.workspace = member.recorded / "cartpole/ws"
    member.folder = member.workspace / "003"
    place.mkdir()
    lost = {"tried": [Tried(outcome="lost")]}
    early = answer(member.question(**lost))
    assert (early.again_after, early.refused) == (AGAIN, None)
    assert answer(member.question(**lost, waited=PATIENCE)) == Continuation()
    never = [Tried(outcome="interrupted", started=False)]
    assert answer(member.question(tried=never)) == Continuation()
    # below the `train_dir` of the run directory, nothing is mounted later
    kept = place / "r/_pbt/kept"
    assert answer(member.question(**lost, kept=kept)) == Continuation()
    (place / "lost+found").mkdir()  # a folder that has something is no place of a mount
    assert answer(member.question(**lost)) == Continuation()
    member.write(4)
    found = answer(member.question(**lost)).source
    assert found is not None
    assert found.generation == 4
