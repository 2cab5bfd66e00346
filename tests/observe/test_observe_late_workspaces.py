"""A workspace below a folder that only the trainer's configuration names is found on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.executor.preflight import preflight
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe.snapshot import Populations
from pbt_tui.observe.workspaces.late import look_up
from pbt_tui.populations import STYLES
from pbt_tui.spec import Job, Policy, Population, Processes

LAB = STYLES.get("isaaclab")


def argv(member: int, *more: str) -> tuple[str, ...]:
    return (
        *("python", "t.py", f"agent.pbt.policy_idx={member}", "agent.pbt.num_policies=4"),
        *("agent.pbt.workspace=ws", *more),
    )


def run_of(*more: str, members: tuple[int, ...] = (0, 1, 2, 3), folder: str = "") -> Processes:
    jobs = tuple(
        Job(
            id=f"m{i}", experiment="e", name=f"m{i}", argv=argv(i, *more), env={}, dir="run/e_",
            params={}, population="pop", member=i,
        )
        for i in members
    )  # fmt: skip
    recorded = f"../logs/rl_games{folder}"
    population = Population("pop", "isaaclab", 4, recorded, tuple(job.id for job in jobs))
    return Processes(
        format="pbt-processes/1", run="run", module="m", train_dir="./train", policy=Policy(),
        container=None, populations=(population,), jobs=jobs,
    )  # fmt: skip


def written(at: Path, *places: str) -> None:
    for place in places:
        path = at / "logs/rl_games" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "iteration: 1\ntrue_objective: 7.0\nframe: 10\nexperiment_name: x\nparams: {}\n"
        )


def refused(spec: Processes, at: Path) -> list[str]:
    found = preflight(spec, None, Policy(), (), cwd=at, train_dir=at / "train")
    return [f"{d.code}: {d.message}\n{d.hint}" for d in found if d.level == "error"]


def test_old_generations_below_any_configuration(tmp_path: Path) -> None:
    assert refused(run_of(), tmp_path) == []
    written(tmp_path, "cartpole_direct/other/000/000001.yaml", "cartpole_direct/2026/nn/x")
    assert refused(run_of(), tmp_path) == []
    written(tmp_path, "cartpole_direct/ws/001/000001.yaml")
    (message,) = refused(run_of(), tmp_path)
    assert message.startswith("PBT450")
    assert "`001/000001.yaml`" in message
    assert "give it another `agent.pbt.workspace`" in message


def test_folders_of_members_elsewhere_are_not_looked_into(tmp_path: Path) -> None:
    written(tmp_path, "ant/ws/001/000001.yaml")
    assert refused(run_of(members=(0, 2, 3)), tmp_path) == []
    assert len(refused(run_of(members=(1,)), tmp_path)) == 1


def test_two_configurations_are_refused_and_named_and_the_hint_helps(tmp_path: Path) -> None:
    written(tmp_path, "ant/ws/notes", "ball/ws/notes")
    (message,) = refused(run_of(), tmp_path)
    assert message.startswith("PBT424: 2 configurations below `")
    assert "have a workspace `ws`: `ant`, `ball`" in message
    assert message.endswith("add `agent.params.config.name=ant` to the command")
    cured = run_of("agent.params.config.name=ant", folder="/ant/ws")
    assert refused(cured, tmp_path) == []


def monitor(spec: Processes, at: Path) -> Populations:
    return Populations(RunState(spec), RunDir(at / "train/run/_pbt"))


def test_the_monitor_finds_it_once_it_is_there(tmp_path: Path) -> None:
    watched = monitor(run_of(), tmp_path)
    watched.poll()
    (row,) = watched.rows(0.0, live=True)
    assert row.workspace.endswith("logs/rl_games")
    written(tmp_path, "ant/ws/001/000001.yaml")
    assert watched.poll()
    (row,) = watched.rows(0.0, live=True)
    assert row.workspace.endswith("logs/rl_games/ant/ws")
    assert [len(m.generations) for m in row.members] == [0, 1, 0, 0]
    written(tmp_path, "ball/ws/001/000001.yaml")  # another population's, begun later
    watched.poll()
    assert watched.rows(0.0, live=True)[0].workspace.endswith("logs/rl_games/ant/ws")


@pytest.mark.parametrize(
    ("places", "problem"),
    [
        ((), "workspace `ws` not found below `"),
        (("ant/other/x",), "workspace `ws` not found below `"),
        (("a/ws/x", "b/ws/x"), "2 configurations below `"),
    ],
)
def test_why_there_is_no_workspace(tmp_path: Path, places: tuple[str, ...], problem: str) -> None:
    written(tmp_path, *places)
    found = look_up(LAB, tmp_path / "logs/rl_games", argv(0))
    assert found.path is None
    assert (found.problem or "").startswith(problem)


def test_a_recorded_folder_with_members_is_the_workspace(tmp_path: Path) -> None:
    written(tmp_path, "000/000001.yaml")
    assert look_up(LAB, tmp_path / "logs/rl_games", argv(0)).path == tmp_path / "logs/rl_games"
