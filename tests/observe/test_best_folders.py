"""Best folders: which of them lack a better file, and whose weights their files are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pbt_tui.observe.best_folders import BestFolders
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces import BestFile, Generation
from pbt_tui.observe.workspaces.isaacgymenvs import IsaacGymEnvs
from tests.observe.conftest import BEGIN, Recorded
from tests.observe.test_member_folders import write

Objectives = dict[int, dict[int, float]]
"""Member to number to objective."""


def members(objectives: Objectives) -> dict[int, MemberSteps]:
    """Members that write a generation every ten seconds, one second apart."""
    found: dict[int, MemberSteps] = {}
    for member, values in objectives.items():
        found[member] = MemberSteps()
        for number, objective in values.items():
            found[member].add(
                Generation(
                    member=member, generation=number, experiment_name="a", frame=100 * number,
                    objective=objective, params={}, at=10.0 * number + member, checkpoint=None,
                )
            )  # fmt: skip
    return found


def kept(folder: int, *objectives: float) -> list[BestFile]:
    return [BestFile(folder, value, 1, 0, 0.0) for value in objectives]


RISING = {n: -50.0 + 10 * n for n in range(1, 5)}


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        (kept(1, -40.0, -39.0), [1]),  # -30 and -20 came later, and are gone
        (kept(1, -20.0, -30.0), []),  # of the newest, -10, nobody knows yet whether it is copied
        (kept(1, -20.000004), []),  # names have five decimals
        (kept(0, 20.0), []),  # text order is right for others
        (kept(0, -40.0) + kept(1, -20.0) + kept(2, -40.0), [0, 2]),
        (kept(9, -40.0), []),  # a folder of nobody
    ],
)
def test_a_folder_lacks_a_better_file(files: list[BestFile], wrong: list[int]) -> None:
    known = members(dict.fromkeys(range(4), RISING))
    assert BestFolders().wrong(files, known) == wrong


def test_what_came_after_the_last_round_of_a_member_is_not_missed() -> None:
    """It died at generation 2; what the others reached since it never saw."""
    known = members({0: {1: -40.0, 2: -30.0}, 1: {n: -50.0 + 5 * n for n in range(1, 9)}})
    assert BestFolders().wrong(kept(0, -40.0) + kept(1, -15.0), known) == []
    # a member compares itself with no higher number than its own
    ahead = members({0: {1: -40.0, 2: -41.0, 3: -42.0}, 1: {5: -5.0}})
    assert BestFolders().wrong(kept(0, -40.0), ahead) == []


def test_a_verdict_follows_files_and_rounds() -> None:
    known = members({0: {1: -30.0, 2: -40.0}, 1: {1: -35.0}})
    folders = BestFolders()
    assert folders.wrong(kept(0, -30.0), known) == []
    for number, objective in ((3, -20.0), (4, -45.0)):
        known[0].add(
            Generation(
                member=0, generation=number, experiment_name="a", frame=None, objective=objective,
                params={}, at=10.0 * number, checkpoint=None,
            )
        )  # fmt: skip
    assert folders.wrong(kept(0, -30.0), known) == [0]
    assert folders.wrong(kept(0, -30.0), known) == [0]
    assert folders.wrong(kept(0, -20.0), known) == []
    assert folders.wrong([], known) == []


def test_each_copy_of_a_recorded_workspace_is_found(isaacgymenvs: Recorded) -> None:
    """The number and the frame in a file's name are those of the member that copied it."""
    root = isaacgymenvs.all()
    reader = IsaacGymEnvs(root)
    known = {(g.member, round(g.objective or 0.0, 5)): g for g in reader.poll()}
    files = [root / f"best{m}" for m in range(4)]
    names = [file for folder in files for file in folder.glob("*.yaml")]
    assert len(names) == 12
    for file in names:
        file.with_suffix(".pth").write_bytes(b"w")
    for member in range(4):
        shutil.rmtree(root / f"{member:03d}")
    reader.poll()
    claimed = {b: known[b.member, b.objective] for b in reader.best() if b.checkpoint}
    assert any((b.generation, b.frame) != (g.generation, g.frame) for b, g in claimed.items())
    found = {reader.weights(g) for g in claimed.values()}
    assert len(found) == len({g.key for g in claimed.values()}) == 4
    assert found <= {str(file.with_suffix(".pth")) for file in names}


def test_best_is_the_generation_that_the_metadata_of_a_copy_names(tmp_path: Path) -> None:
    root = tmp_path / "runs" / "ws"
    write(root, 2, 6, 91.125, at=BEGIN)
    write(root, 2, 8, 80.0, at=BEGIN + 1)
    there = root / "best0" / "A_best_obj_000000091.12500_iter_0008_policy002_frame48128.pth"
    there.parent.mkdir()
    for suffix in (".yaml", ".pth"):
        shutil.copy2((root / "002" / "000006.pth").with_suffix(suffix), there.with_suffix(suffix))
    monitor = PopulationMonitor("p", "isaacgymenvs", root)
    monitor.poll()
    for suffix in (".yaml", ".pth"):
        (root / "002" / "000006.pth").with_suffix(suffix).unlink()
    for one in (monitor, PopulationMonitor("p", "isaacgymenvs", root)):
        one.poll()
        best = one.best()
        assert best is not None
        assert (best.member, best.generation, best.objective) == (2, 6, 91.125)
        assert (best.checkpoint, best.lost) == (str(there), None)
    # of another generation with the same number in the name nothing is claimed
    os.truncate(there.with_suffix(".yaml"), 10)
    cut = PopulationMonitor("p", "isaacgymenvs", root)
    cut.poll()
    best = cut.best()
    assert best is not None
    assert (best.generation, best.objective) == (8, 80.0)
