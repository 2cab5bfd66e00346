"""Starts of members, from the folders that each start leaves beside the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces import LoadedCheckpoint, reader, size, starts
from pbt_tui.observe.workspaces.isaacgymenvs import IsaacGymEnvs
from pbt_tui.observe.workspaces.isaaclab import IsaacLab

AGENT = """\
params:
  config:
    full_experiment_name: {name}
    train_dir: /workspace/logs/rl_games/shadow
  load_checkpoint: {loads}
  load_path: {path}
pbt:
  directory: .
  num_policies: 8
  policy_idx: {member}
  workspace: ws
"""
"""The keys of Isaac Lab's `params/agent.yaml` that are read, among others."""

CONFIG = """\
task:
  name: Cartpole
train:
  params:
    load_path: ${{...checkpoint}}
    config:
      full_experiment_name: ${{.name}}
pbt:
  policy_idx: {member}
  num_policies: 4
  workspace: workspace_ant
experiment: 0{member}_ant
checkpoint: {path}
pbt_restart: true
"""
"""The keys of IsaacGymEnvs' `config.yaml` that are read, among others."""


def put(path: Path, text: str, at: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))


def agent(root: Path, name: str, member: int, path: str, at: float) -> None:
    text = AGENT.format(name=name, member=member, path=path or "''", loads=str(bool(path)).lower())
    put(root / name / "params" / "agent.yaml", text, at)


def test_a_start_of_isaac_lab_names_the_file_that_it_loaded(tmp_path: Path) -> None:
    root = tmp_path / "logs" / "rl_games" / "shadow"
    workspace = IsaacLab(root / "ws")
    assert (starts(workspace), size(workspace)) == ([], None)
    agent(root, "2026-11-21_08-20-20", 0, "", 100.0)
    agent(root, "2026-11-21_08-20-22", 1, "", 102.0)
    donor = "/workspace/logs/rl_games/shadow/ws/003/000017.pth"
    agent(root, "2026-11-21_08-24-39", 1, donor, 300.0)
    put(root / "2026-11-21_08-24-39" / "params" / "env.yaml", "policy_idx: 5\n", 300.0)
    found = starts(workspace)
    assert [(s.member, s.at, s.name, s.size) for s in found] == [
        (0, 100.0, "2026-11-21_08-20-20", 8),
        (1, 102.0, "2026-11-21_08-20-22", 8),
        (1, 300.0, "2026-11-21_08-24-39", 8),
    ]
    assert [s.loaded for s in found] == [None, None, LoadedCheckpoint(donor, 3, 17)]
    assert [s.scratch for s in found] == [True, True, False]
    assert size(workspace) == 8, "two of eight members have started"
    assert workspace.restarts() == [(0, 100.0), (1, 102.0), (1, 300.0)]


def test_a_constant_name_shows_each_start_that_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "shadow"
    workspace = IsaacLab(root / "ws")
    agent(root, "always", 2, "", 100.0)
    assert [s.at for s in starts(workspace)] == [100.0]
    agent(root, "always", 2, "/w/ws/002/000004.pth", 200.0)
    assert [(s.at, s.loaded and s.loaded[1:]) for s in starts(workspace)] == [
        (100.0, None),
        (200.0, (2, 4)),
    ]


def generation(root: Path, member: int, number: int, frame: int, at: float) -> None:
    text = (
        f"experiment_name: always\nframe: {frame}\niteration: {number}\nparams:\n  lr: 0.1\n"
        f"true_objective: {number}.5\n"
    )
    put(root / f"ws/{member:03d}/{number:06d}.yaml", text, at)


@pytest.mark.parametrize("path", ["", "/w/ws/001/000002.pth"])
def test_a_constant_name_hides_no_relaunch(tmp_path: Path, path: str) -> None:
    """The first generation is number 2 where an epoch has more frames than an interval."""
    root = tmp_path / "shadow"
    for number in (2, 3, 4, 5):
        for member in (0, 1):
            generation(root, member, number, 131072 * number, 100.0 + number)
    agent(root, "always", 0, "", 100.0)
    monitor = PopulationMonitor("p", "isaaclab", root / "ws")
    monitor.poll()
    agent(root, "always", 0, path, 200.0)
    fallen = 2 if not path else 3  # a copy writes what comes after the donor's
    generation(root, 0, fallen, 131072 * fallen, 201.0)
    later = PopulationMonitor("p", "isaaclab", root / "ws")
    for each in (monitor, later):
        each.poll()
        (event,) = each.events
        found = (event.kind, event.donor, event.donor_generation)
        assert found == (("exploit", 1, 2) if path else ("relaunch", None, None))
        alarms = {alarm.code for alarm in each.row({}, 300.0).alarms}
        assert ("relaunched" in alarms) == (not path)


@pytest.mark.parametrize(
    ("path", "loaded"),
    [
        ("''", None),
        ("/tmp/user/00_ant_pbt_00_21-08-24-58_p1/000003.pth", (None, 3)),
        ("/elsewhere/runs/workspace_ant/002/000012.pth", (2, 12)),
        ("'/with space/workspace_ant/002/000012.pth'", (2, 12)),
        ("/elsewhere/runs/another_workspace/002/000012.pth", (None, None)),
        ("/models/ant.pth", (None, None)),
        ("/models/7.pth", (None, None)),
        ("ant.pth", (None, None)),
        (f"/runs/workspace_ant/002/{'9' * 30}.pth", (None, None)),
    ],
)
def test_a_start_of_isaacgymenvs_says_which_generation_it_loaded(
    tmp_path: Path, path: str, loaded: tuple[int | None, int | None] | None
) -> None:
    runs = tmp_path / "runs"
    text = CONFIG.format(member=1, path=path)
    put(runs / "01_ant_21-08-27-03" / "config.yaml", text, 100.0)
    workspace = IsaacGymEnvs(runs / "workspace_ant")
    (found,) = starts(workspace)
    assert (found.member, found.name, found.size) == (1, "", 4), "`${.name}` names nothing"
    assert (None if found.loaded is None else found.loaded[1:]) == loaded
    named = text + "full_experiment_name: 01_ant_pbt_01_21-08-24-58\n"
    put(runs / "01_ant_21-08-29-03" / "config.yaml", named, 200.0)
    assert [s.name for s in starts(workspace)] == ["", "01_ant_pbt_01_21-08-24-58"]


def test_a_configuration_that_comes_after_its_folder_is_found(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "01_ant_21-08-27-03").mkdir(parents=True)
    (runs / "01_ant_pbt_01_21-08-24-58" / "nn").mkdir(parents=True)
    (runs / "02_ant_21-08-27-04").symlink_to("02_ant_21-08-27-04")
    workspace = IsaacGymEnvs(runs / "workspace_ant")
    for _ in range(20):
        assert starts(workspace) == []
    put(runs / "01_ant_21-08-27-03" / "config.yaml", CONFIG.format(member=1, path="''"), 100.0)
    assert [s.member for s in starts(workspace)] == [1]


def test_a_reader_without_starts_has_those_of_its_restarts(tmp_path: Path) -> None:
    class Toy:
        def restarts(self) -> list[tuple[int, float]]:
            return [(3, 5.0)]

    found = starts(Toy())  # type: ignore[arg-type]
    assert [(s.member, s.at, s.loaded) for s in found] == [(3, 5.0, None)]
    assert size(reader("sample_factory", tmp_path)) is None
