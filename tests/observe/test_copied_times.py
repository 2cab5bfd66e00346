"""A copy of a workspace whose files have other times shows the same population."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from pbt_tui.observe.copied_times import keeps_time, true_times
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces import Generation
from tests.observe.conftest import Recorded

NOW = 2_000_000_000.0


def _shown(style: str, workspace: Path) -> list[tuple[object, ...]]:
    """What the screen tells of each member, but no times."""
    monitor = PopulationMonitor("p", style, workspace)
    monitor.poll()
    row = monitor.row({}, NOW)
    return [
        (
            m.index,
            m.generation,
            m.frame,
            m.objective,
            [(g.generation, g.frame, g.objective) for g in m.generations],
        )
        for m in row.members
    ]


def _copy(workspace: Path, to: Path, seed: int, every: float) -> Path:
    """A copy in which each file has the time at which it was copied, in a random order."""
    shutil.copytree(workspace, to)
    files = [path for path in to.rglob("*") if path.is_file()]
    random.Random(seed).shuffle(files)
    for i, path in enumerate(files):
        os.utime(path, (NOW + i * every, NOW + i * every))
    return to


@pytest.mark.parametrize("every", [0.0, 0.0001, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_copy_without_times_shows_the_same_members(
    isaaclab: Recorded, tmp_path: Path, seed: int, every: float
) -> None:
    workspace = isaaclab.all()
    copied = _copy(workspace, tmp_path / "copy", seed, every)
    assert _shown("isaaclab", copied) == _shown("isaaclab", workspace)


def _step(number: int, at: float, member: int = 0, frame: int | None = None) -> Generation:
    return Generation(
        member=member,
        generation=number,
        experiment_name="a",
        frame=number * 10 if frame is None else frame,
        objective=1.0,
        params={},
        at=at,
        checkpoint=None,
    )


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4, 5, 6],
        [4, 5, 6, 1, 2, 3],
        [6, 7, 3, 4, 5, 1, 2],
        [3, 5, 1, 2],
    ],
)
def test_the_times_of_starts_that_began_anew_are_believed(numbers: list[int]) -> None:
    written = [_step(n, 10.0 * i, frame=n * 10 + i) for i, n in enumerate(numbers)]
    assert true_times(written, {}) is written


@pytest.mark.parametrize("numbers", [[1, 3, 2], [2, 1, 3], [4, 5, 1, 2, 6], [3, 1, 2, 4]])
def test_times_that_no_trainer_leaves_are_those_of_a_copy(numbers: list[int]) -> None:
    copied = [_step(n, 10.0 * i) for i, n in enumerate(numbers)]
    found = true_times(copied, {})
    assert [g.generation for g in sorted(found, key=lambda g: g.at)] == sorted(numbers)
    assert all(0.0 <= g.at < 1.0 for g in found)


def test_a_copy_of_a_best_generation_is_not_a_copy_of_the_workspace() -> None:
    written = [_step(1, 10.0), _step(2, 20.0), _step(1, 25.0), _step(3, 30.0)]
    assert true_times(written, {}) is written


@pytest.mark.parametrize("found", [12.345678, 12.3456781, 12.345, 12.346, 12.34, 12.0])
def test_a_copy_keeps_times_that_it_cuts(found: float) -> None:
    assert keeps_time(NOW + found, NOW + 12.345678)


@pytest.mark.parametrize("found", [12.345779, 12.401, 12.445678, 13.345678, 14.0, 11.0])
def test_another_time_within_a_second_is_that_of_a_copy(found: float) -> None:
    assert not keeps_time(NOW + found, NOW + 12.345678)
