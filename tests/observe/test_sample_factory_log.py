"""The log of Sample-Factory: parameters of each policy, and who changed them when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.health import alarms
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces.sample_factory import SampleFactory
from pbt_tui.observe.workspaces.sample_factory_log import SavedCheckpoint, TrainerLog

RECORD = Path(__file__).parent.parent / "data" / "trainings" / "sample_factory.json"
BASE = {"learning_rate": 0.0005, "ppo_clip_ratio": 0.1, "value_loss_coeff": 0.5}


def recorded() -> tuple[list[str], dict[str, Any]]:
    """The lines of a real training, and its configuration files when it was stopped."""
    record = json.loads(RECORD.read_text("utf-8"))
    files = {Path(path).name: json.loads(text) for path, _, text in record["files"]}
    return record["logs"]["sf_log"], files


def at(second: int, text: str) -> str:
    return f"[2026-11-21 08:00:{second:02d},000][15349] {text}"


def best(worst: int | None = None, second: int = 1) -> list[str]:
    """The first lines of a round; a policy in the middle is not named."""
    lines = [at(second, "PBT best policies: [0, 3], worst policies [2, 1]")]
    if worst is not None:
        lines.append(at(second, f"Current policy {worst} is among the worst policies [2, 1]"))
    return lines


def param(name: str, before: float, after: float) -> str:
    return at(1, f"Param {name} changed from {before:.6f} to {after:.6f}")


def saved(policy: int, second: int = 2) -> str:
    return at(second, f"Saving policy-specific configuration {policy} to file ./x.json")


def fed(*lines: str) -> TrainerLog:
    log = TrainerLog(BASE)
    for line in lines:
        log.line(line.encode() + b"\n")
    return log


def named(log: TrainerLog) -> list[tuple[int, dict[str, tuple[float, float]], int | None, bool]]:
    return [(c.member, dict(c.params), c.donor, c.first) for c in log.changes]


def test_the_parameters_of_a_real_training_are_those_of_its_files() -> None:
    lines, files = recorded()
    config = files["config.json"]
    log = TrainerLog({key: config[key] for key in files["policy_00_cfg.json"]})
    checkpoints: list[SavedCheckpoint] = []
    for line in lines:
        if (found := log.line(line.encode())) is not None:
            checkpoints.append(found)
    for policy in range(4):
        assert log.params(policy) == files[f"policy_{policy:02d}_cfg.json"]
    assert len(log.changes) == 40
    assert [c.member for c in log.changes if c.first] == [1, 3]
    assert sum(c.donor is not None for c in log.changes) == 28
    # each checkpoint has the parameters of its time, and the objective that was logged last
    newest = {c.policy: c for c in checkpoints}
    assert {p: c.params for p, c in newest.items()} == {p: log.params(p) for p in range(4)}
    first = next(c for c in checkpoints if c.policy == 3)
    assert first.params["ppo_clip_value"] == 1.473268
    assert log.objectives[3][0] == 168.375
    assert newest[3].objective != 168.375


def test_rounds_that_come_between_each_other_are_told_apart() -> None:
    """Recorded: policy 1 decides after policy 3, and before the parameters of 3 are saved."""
    lines, files = recorded()
    begin = next(i for i, line in enumerate(lines) if "08:11:03,814" in line)
    log = TrainerLog({key: files["config.json"][key] for key in files["policy_00_cfg.json"]})
    for line in lines[: begin + 20]:
        log.line(line.encode())
    three, one = log.changes[-2:]
    assert (three.member, list(three.params)) == (3, ["exploration_loss_coeff"])
    assert (one.member, list(one.params)) == (1, ["value_loss_coeff"])


def test_a_policy_in_the_middle_is_known_by_what_it_saves() -> None:
    log = fed(
        *best(), param("learning_rate", 0.0005, 0.0006),
        *best(2), param("ppo_clip_ratio", 0.1, 0.12),
        saved(2), saved(3),
    )  # fmt: skip
    assert named(log) == [
        (2, {"ppo_clip_ratio": (0.1, 0.12)}, None, False),
        (3, {"learning_rate": (0.0005, 0.0006)}, None, False),
    ]


def test_a_copy_has_the_parameters_of_its_donor_and_what_changed_with_it() -> None:
    log = fed(
        *best(), param("value_loss_coeff", 0.5, 0.6), saved(3),
        *best(1), param("ppo_clip_ratio", 0.1, 0.2),
        at(3, "Asking learner 1 to load model from 3"), saved(1, 3),
        *best(2), at(4, "Asking learner 2 to load model from 3"), saved(2, 4),
    )  # fmt: skip
    assert named(log)[1:] == [
        (1, {"ppo_clip_ratio": (0.1, 0.2)}, 3, False),
        (2, {}, 3, False),
    ]
    assert log.params(1) == BASE | {"value_loss_coeff": 0.6, "ppo_clip_ratio": 0.2}
    assert log.params(2) == BASE | {"value_loss_coeff": 0.6}
    assert log.params(0) == BASE


def test_the_whole_number_of_a_learner_replaces_the_rounded_one() -> None:
    whole = 0.00063219
    log = fed(
        *best(2), param("learning_rate", 0.0005, whole), saved(2),
        at(5, f"Learner 2 replacing cfg parameter 'learning_rate' with new value {whole}"),
    )  # fmt: skip
    assert named(log) == [(2, {"learning_rate": (0.0005, whole)}, None, False)]
    assert log.params(2)["learning_rate"] == whole


def test_a_default_value_is_a_change_too() -> None:
    log = fed(
        *best(2), param("learning_rate", 0.0005, 0.0007), saved(2),
        *best(2), at(3, "learning_rate changed to default value 0.0005"), saved(2, 3),
    )  # fmt: skip
    assert named(log)[1] == (2, {"learning_rate": (0.0007, 0.0005)}, None, False)
    assert log.params(2) == BASE


def test_what_a_killed_trainer_did_not_save_is_not_a_change() -> None:
    log = fed(
        *best(1), param("learning_rate", 0.0005, 0.0007),
        at(3, "Asking learner 1 to load model from 3"),
        at(9, "Saving configuration to ./config.json..."), saved(0, 9), saved(1, 9),
    )  # fmt: skip
    assert log.changes == []
    assert log.params(1) == BASE


@pytest.mark.parametrize(
    "text",
    [
        "Param learning_rate changed from nan to nan",
        "Param x changed from 1 to",
        "changed to default value 3",
        "Current policy 99999 is among the worst policies",
        "Current policy 1 is among the worst policies []",
        "Learner 2 replacing cfg parameter 'x' with new value nan",
        "Saving policy-specific configuration 12345 to file",
    ],
)
def test_strange_lines_change_nothing(text: str) -> None:
    log = fed(at(1, text), saved(1))
    assert log.changes == []


def test_rounds_without_an_end_are_bounded() -> None:
    log = fed(*(line for _ in range(5000) for line in best()))
    assert len(log._rounds) == 4096


def test_a_beginning_and_a_copy_are_no_mutation() -> None:
    log = MemberLog()
    lines = [
        at(0, "Initial cfg mutation for policy 1"), param("learning_rate", 0.0005, 0.0006),
        at(0, "Initial rewards mutation for policy 1"), saved(0, 0), saved(1, 0),
        *best(1), param("ppo_clip_ratio", 0.1, 0.2),
        at(3, "Asking learner 1 to load model from 3"), saved(1, 3),
        *best(2, 5), param("ppo_clip_ratio", 0.1, 0.3), saved(2, 6),
        *best(2, 7), saved(2, 8),
    ]  # fmt: skip
    log.feed("".join(line + "\n" for line in lines).encode())
    found = [(d.event.kind, d.event.member, d.event.applied) for d in log.said]
    assert found == [("exploit", 1, None), ("mutate", 2, True)]


def workspace(root: Path, *lines: str) -> Path:
    lines_of = [*lines, at(30, "Avg episode reward: [(0, '108.950'), (1, '90.000')]")]
    root.mkdir(parents=True)
    (root / "config.json").write_text(json.dumps({"num_policies": 2, "pbt_period_env_steps": 10}))
    (root / "sf_log.txt").write_text("".join(line + "\n" for line in lines_of))
    (root / "checkpoint_p0").mkdir()
    for step in (1, 2, 3):
        name = f"checkpoint_{step:09d}_{10 * step}.pth"
        (root / "checkpoint_p0" / name).write_bytes(b"w")
    return root


def test_a_policy_without_a_checkpoint_of_which_the_log_speaks_has_started(tmp_path: Path) -> None:
    monitor = PopulationMonitor("p", "sample_factory", workspace(tmp_path / "ws"))
    monitor.poll()
    row = monitor.row({}, monitor.newest() or 0.0)
    assert [(m.generation, m.objective) for m in row.members] == [(3, 108.95), (None, 90.0)]
    assert "never_started" not in [a.code for a in row.alarms]
    silent = PopulationMonitor("p", "sample_factory", tmp_path / "ws")
    (tmp_path / "ws" / "sf_log.txt").write_text("")
    silent.poll()
    assert "never_started" in [a.code for a in alarms(silent.status({}, 0.0))]


def test_the_newest_objective_is_that_of_the_log(tmp_path: Path) -> None:
    """It is newer than that of the last checkpoint."""
    reader = SampleFactory(
        workspace(tmp_path / "ws", at(1, "Avg episode reward: [(0, '104.550')]"))
    )
    reader.poll()
    assert reader.latest()[0].objective == 108.95
    assert reader.changes() == []
