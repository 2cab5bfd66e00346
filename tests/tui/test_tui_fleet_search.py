"""The search for runs ends, whatever the folders look like, and tells which runs there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbt_tui.tui import targets
from pbt_tui.tui.fleet import run_search
from pbt_tui.tui.fleet.run_search import RunSearch, label
from tests.observe.conftest import Recorded
from tests.tui.journals import typical


def found(root: Path, **more: int) -> list[str]:
    return [str(run.path.relative_to(root)) for run in RunSearch(root, **more)]


def test_runs_with_suffixes_and_older_ones(tmp_path: Path) -> None:
    for name in ("_pbt", "_pbt_night", "_pbt.1", "_pbt_night.2"):
        typical(tmp_path / "ants" / name)
    (tmp_path / "ants" / "_pbt_empty").mkdir()
    typical(tmp_path / "ants" / "backup_pbt")
    runs = {str(run.path.name): run.is_older for run in RunSearch(tmp_path)}
    assert runs == {"_pbt": False, "_pbt_night": False, "_pbt.1": True, "_pbt_night.2": True}
    names = [label(tmp_path / "ants" / name, tmp_path) for name in runs]
    assert sorted(names) == ["ants", "ants.1", "ants_night", "ants_night.2"]
    assert label(tmp_path / "ants" / "_pbt", tmp_path / "ants") == "ants"


def test_what_trainers_wrote_is_not_searched(tmp_path: Path) -> None:
    typical(tmp_path / "ants" / "_pbt")
    typical(tmp_path / "ants" / "ants_" / "00" / "_pbt")
    assert found(tmp_path) == ["ants/_pbt"]


def test_links_that_lead_back_and_links_to_runs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    typical(root / "ants" / "_pbt")
    elsewhere = typical(tmp_path / "disk" / "bees" / "_pbt").rundir.path
    (root / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)
    (root / "bees").symlink_to(elsewhere.parent)
    (root / "twice").symlink_to(elsewhere.parent)
    (root / "nowhere").symlink_to(tmp_path / "missing")
    (root / "_pbt").symlink_to(root / "_pbt")
    assert found(root) == ["ants/_pbt", "bees/_pbt"]


def test_a_deep_tree(tmp_path: Path) -> None:
    """Deeper than a path may be long; a run in it is found down to a certain depth."""
    name = "d" * 200
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(40):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    deep = tmp_path.joinpath(*[name] * run_search.DEPTH)
    typical(deep / "_pbt")
    typical(deep / name / "_pbt")
    assert found(tmp_path) == [str(deep.relative_to(tmp_path) / "_pbt")]
    assert found(tmp_path, depth=100) == [str(deep.relative_to(tmp_path) / "_pbt")]


def test_many_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(30):
        (tmp_path / f"{i:02d}").mkdir()
    typical(tmp_path / "29" / "_pbt")
    search = RunSearch(tmp_path, folders=10)
    assert list(search) == []
    assert search.cut == "only the first 10 folders were searched"
    monkeypatch.setattr(run_search, "ENTRIES", 5)
    search = RunSearch(tmp_path)
    list(search)
    assert search.cut == "a folder has more than 5 entries"


def test_what_a_target_is(here: Path) -> None:
    one = typical(Path("lab/one/train_dir/ants/_pbt")).rundir.path
    assert targets.resolve("lab") == one, "a single run is opened, however deep"
    assert targets.resolve("lab/one/train_dir") == one
    two = typical(Path("lab/two/train_dir/ants/_pbt")).rundir.path
    several = targets.resolve("lab")
    assert isinstance(several, targets.SeveralRuns)
    assert {run.path for run in several.runs} == {one, two}
    assert targets.resolve(str(two)) == two
    typical(Path("lab/two/train_dir/ants/_pbt.1"))
    assert targets.resolve("lab/two/train_dir") == two, "an older run is no other run"


def test_the_runs_of_projects_come_before_a_workspace_below_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for project in ("one", "two"):
        typical(tmp_path / "lab" / project / "train_dir" / "ants" / "_pbt")
    workspace = Recorded("isaacgymenvs", tmp_path / "lab" / "old").all()
    several = targets.resolve("lab")
    assert isinstance(several, targets.SeveralRuns)
    assert len(several.runs) == 2
    alone = targets.resolve(str(workspace))
    assert isinstance(alone, targets.Workspace)
