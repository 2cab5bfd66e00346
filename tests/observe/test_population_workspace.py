"""A copied run directory whose workspace is the one of the original says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from pbt_tui.journal import RunDir, RunState
from pbt_tui.observe.snapshot import Populations, encode, snapshot
from pbt_tui.tui.render import population as render_population
from pbt_tui.tui.text import plain
from tests.journal.lives import OPENED, Story, job, spec
from tests.observe.member_files import Member


def of(train_dir: Path, workspace: str) -> tuple[RunState, RunDir]:
    """The run that was opened in `train_dir`, with one population, and one generation."""
    plan = spec(*(job(f"p{i}", population="p") for i in (0, 1)))
    own = tuple(msgspec.structs.replace(p, workspace=workspace) for p in plan.populations)
    told = Story(msgspec.structs.replace(plan, populations=own))
    told.tell(msgspec.structs.replace(OPENED, train_dir=str(train_dir)))
    rundir = RunDir.of(train_dir, "r")
    rundir.path.mkdir(parents=True)
    return told.state, rundir


def generation(workspace: Path) -> None:
    member = Member(workspace.parent, 0, "isaacgymenvs")
    member.workspace, member.folder = workspace, workspace / "000"
    member.write(1)


def shown(state: RunState, rundir: RunDir) -> tuple[str, str | None]:
    """The workspace and the original, as `--once --json` has them."""
    (row,) = json.loads(encode(snapshot(state, rundir, live=False)))["populations"]
    assert [m["generation"] for m in row["members"]] == [1, None]
    return row["workspace"], row["original"]


def test_a_workspace_of_its_own(tmp_path: Path) -> None:
    state, rundir = of(tmp_path / "a", "ws")
    generation(tmp_path / "a/ws")
    assert shown(state, rundir) == (str(tmp_path / "a/ws"), None)
    state, rundir = of(tmp_path / "b", str(tmp_path / "scratch/ws"))
    generation(tmp_path / "scratch/ws")
    assert shown(state, rundir) == (str(tmp_path / "scratch/ws"), None)
    (tmp_path / "link").symlink_to("b")
    linked = RunDir.of(tmp_path / "link", "r")
    assert shown(state, linked)[1] is None, "another name of the same directory"
    rundir.path.parent.parent.rename(tmp_path / "moved")
    assert shown(state, RunDir.of(tmp_path / "moved", "r"))[1] is None, "nobody else has it"


@pytest.mark.parametrize("absolute", [False, True])
def test_a_copy_without_its_workspace_shows_that_of_the_original(
    tmp_path: Path, absolute: bool
) -> None:
    state, rundir = of(tmp_path / "a", str(tmp_path / "a/ws") if absolute else "ws")
    generation(tmp_path / "a/ws")
    copy = RunDir.of(tmp_path / "b", "r")
    shutil.copytree(rundir.path, copy.path)
    assert shown(state, copy) == (str(tmp_path / "a/ws"), str(rundir.path))
    populations = Populations(state, copy)
    populations.poll()
    (row,) = populations.rows(0.0, live=False)
    text = "\n".join(plain(line) for line in render_population.title(row, (1, 1), 300))
    assert f" ! a copy without its workspace: shown is that of `{rundir.path}`" in text
    assert str(tmp_path / "a/ws/000/000001.pth") in text


@pytest.mark.parametrize("absolute", [False, True])
def test_a_copy_with_its_workspace_shows_its_own(tmp_path: Path, absolute: bool) -> None:
    state, _ = of(tmp_path / "a", str(tmp_path / "a/ws") if absolute else "ws")
    generation(tmp_path / "a/ws")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert shown(state, RunDir.of(tmp_path / "b", "r")) == (str(tmp_path / "b/ws"), None)
