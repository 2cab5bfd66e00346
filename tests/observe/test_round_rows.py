"""The rounds of recorded trainings: how a member compared itself with the others, and how many."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.round_rows import KEPT, rounds
from pbt_tui.observe.snapshot_types import PopulationRow, RoundRow
from tests.observe.test_observe_trainings import Training

ROUND = (
    b"Policy 2: New pbt iteration %d!\nCurrent Policy 2: PBT best_policies=[0, 1], "
    b"worst_policies=[2]\n"
)


def last_row(name: str, root: Path) -> PopulationRow:
    training = Training(name, root)
    for _ in training.play():
        pass
    monitor = PopulationMonitor("p", training.record["style"], training.workspace)
    monitor.poll(training.logs(ended=True))
    row = monitor.row({}, 0.0)
    assert monitor.row({}, 0.0).rounds is row.rounds, "computed again without anything new"
    return row


def of(row: PopulationRow, member: int, generation: int) -> list[RoundRow]:
    return [r for r in row.rounds if (r.member, r.generation) == (member, generation)]


def test_rounds_of_isaacgymenvs(tmp_path: Path) -> None:
    row = last_row("isaacgymenvs", tmp_path)
    (first,) = of(row, 0, 1)
    assert first.waits == "Not enough experience collected to replace weights"
    (own,) = of(row, 1, 3)
    assert (own.best, own.worst) == ((0, 2), (1,))
    assert own.difference == 1.46875
    assert own.needed == 1.6375000000000002


def test_rounds_of_rl_games_have_the_objective_and_the_cuts(tmp_path: Path) -> None:
    row = last_row("rl_games", tmp_path)
    found = [(r.objective, r.mean, r.lower, r.best, r.worst) for r in of(row, 0, 3)]
    assert (24.58, 23.14, 23.0145, (0, 3), (1, 2)) in found


def test_the_newest_rounds_are_kept() -> None:
    log = MemberLog(2)
    for number in range(KEPT + 50):
        log.feed(ROUND % number)
    found = rounds([(log.rounds, log.states)], {})
    assert len(found) == KEPT
    assert [found[0].generation, found[-1].generation] == [50, KEPT + 49]
    assert found[0].worst is found[-1].worst, "equal members are one object"
