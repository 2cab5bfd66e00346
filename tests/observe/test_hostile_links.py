"""Workspaces with links that lead to themselves, and with control characters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.snapshot import encode, workspace_snapshot
from tests.foreign_text import assert_plain
from tests.observe.test_member_folders import write

LOOPS = {
    "isaacgymenvs": ("best1", "004", "01_ant_21-08-27-04"),
    "isaaclab": ("004", "2026-11-21_08-20-20"),
    "sample_factory": ("checkpoint_p1", "checkpoint_p0/milestones", "policy_00_cfg.json"),
}


@pytest.mark.parametrize(("style", "name"), [(s, n) for s, names in LOOPS.items() for n in names])
def test_a_link_that_leads_to_itself_hides_nothing_else(
    tmp_path: Path, style: str, name: str
) -> None:
    root = tmp_path / "runs" / "ws"
    if style == "sample_factory":
        (root / "checkpoint_p0").mkdir(parents=True)
        (root / "config.json").write_text("{}")
        (root / "checkpoint_p0" / "checkpoint_000000007_768.pth").write_bytes(b"w")
    else:
        write(root, 0, 1)
    where = root.parent if "-" in name else root
    (where / name).symlink_to(Path(name).name)
    monitor = PopulationMonitor("p", style, root)
    monitor.poll()
    row = monitor.row({}, 0.0)
    assert [m.index for m in row.members if m.generation is not None] == [0]
    assert row.best is None or row.best.checkpoint is not None
    monitor.poll()
    assert monitor.generations.keys() == {0}


@pytest.mark.parametrize("text", ["\x9b31m", "\x85", "\u202e", "\ud800"])
def test_no_control_character_of_a_workspace_reaches_the_json(tmp_path: Path, text: str) -> None:
    hostile = text.encode("utf-8", "surrogatepass")
    path = write(tmp_path / "ws", 0, 1, name="NAME")
    path.write_bytes(path.read_bytes().replace(b"NAME", b'"a' + hostile + b'"'))
    path = write(tmp_path / "ws", 0, 2)
    path.write_bytes(path.read_bytes().replace(b"params:", b'params:\n  "k' + hostile + b'": 1'))
    write(tmp_path / "ws", 0, 3)
    data = encode(workspace_snapshot(tmp_path / "ws"))
    assert hostile not in data
    assert_plain(data.decode())
    assert json.loads(data)["populations"][0]["members"]
