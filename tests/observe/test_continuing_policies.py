"""One job that trains all members: Sample-Factory, which resumes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import json, structs

from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import Continuation, Question, Tried, answer
from pbt_tui.observe.continuing.aside import make_ready
from pbt_tui.observe.continuing.question import PATIENCE
from pbt_tui.observe.workspaces import Generation
from pbt_tui.spec import Job
from tests.observe.member_files import archive, failed, put

ARGV = ("python", "-m", "train", "--with_pbt=True", "--num_policies=2")


class Policies:
    """The folder of an experiment with two policies."""

    def __init__(self, path: Path) -> None:
        self.path = path / "00_cartpole"

    def write(self, policy: int, step: int, at: float, data: bytes | None = None) -> Path:
        folder = self.path / f"checkpoint_p{policy}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"checkpoint_{step:09d}_{step * 40}.pth"
        put(path, archive() if data is None else data, at)
        return path

    def question(self, *more: str, **fields: Any) -> Question:
        argv = (*ARGV, *more)
        job = Job(id="a", experiment="e", name="a", argv=argv, env={}, dir="d", params={})
        return Question(job, "sample_factory", "cartpole", self.path, **fields)

    def history(self, policy: int) -> Generation:
        return Generation(
            member=policy, generation=1, experiment_name="a", frame=1, objective=None, params={},
            at=1.0, checkpoint=None, step=1,
        )  # fmt: skip


@pytest.fixture
def job(tmp_path: Path) -> Policies:
    return Policies(tmp_path)


def test_the_newest_checkpoint_of_all_policies_is_the_source(job: Policies) -> None:
    job.write(0, 10, 1)
    job.write(0, 20, 3)
    job.write(1, 15, 2)
    found = answer(job.question())
    assert found.source is not None
    assert (found.source.member, found.source.generation, found.source.frame) == (0, 20, 800)
    assert (found.args, found.refused) == ((), None)
    assert found.why == "goes on from the newest checkpoint of each policy"
    assert answer(job.question("--restart_behavior=overwrite")).args == (
        "--restart_behavior=resume",
    )


def test_from_scratch_the_trainer_moves_its_folder(job: Policies, tmp_path: Path) -> None:
    path = job.write(0, 10, 1)
    question = job.question(anew=True)
    assert answer(question).args == ("--restart_behavior=restart",)
    assert make_ready(question, 2) == []
    assert path.exists()


def test_nothing_was_written(job: Policies) -> None:
    assert answer(job.question()) == Continuation()
    (job.path / "checkpoint_p0").mkdir(parents=True)
    assert answer(job.question()) == Continuation()


def test_a_policy_that_would_begin_anew_is_refused(job: Policies) -> None:
    job.write(0, 20, 3)
    job.write(1, 15, 2, archive()[:-9])
    early = answer(job.question())
    assert early.again_after is not None
    found = answer(job.question(waited=PATIENCE + 1))
    assert found.refused == (
        "`checkpoint_p1/checkpoint_000000015_600.pth`: its weights are cut: the archive has no "
        "end, so that its policy would begin anew"
    )


def test_a_policy_whose_checkpoints_are_gone_is_refused(job: Policies) -> None:
    job.write(0, 20, 3)
    assert answer(job.question()).source is not None  # policy 1 has not saved yet
    history = [job.history(0), job.history(1)]
    found = answer(job.question(history=history, waited=PATIENCE + 1))
    assert found.refused == "policy 1 had a checkpoint, and has none any more"


def test_everything_is_gone(job: Policies) -> None:
    tried = [Tried(Source(0, 20), "lost")]
    found = answer(job.question(tried=tried, waited=PATIENCE + 1))
    assert found.refused is not None
    assert answer(job.question(tried=tried)).again_after is not None


def test_checkpoints_that_may_be_corrupt_are_refused(job: Policies) -> None:
    job.write(0, 20, 3)
    job.write(1, 15, 2)
    source = answer(job.question()).source
    assert "may be corrupt" in str(answer(job.question(tried=[failed(source)] * 2)).refused)
    assert answer(job.question(tried=[failed(source)])).source == source


def test_a_checkpoint_that_was_being_written_is_put_aside(job: Policies) -> None:
    """The trainer would load it first: its name sorts after all others."""
    path = job.write(0, 20, 3)
    temporary = path.with_name("checkpoint_temp")
    temporary.write_bytes(archive()[:-5])
    aside = temporary.with_name("before-2.checkpoint_temp")
    assert make_ready(job.question(), 2) == [aside]
    assert make_ready(job.question(), 2) == []
    assert answer(job.question()).source is not None
    assert sorted(path.parent.glob("checkpoint_*")) == [path], "what the trainer looks for"
    temporary.write_bytes(archive())  # complete: the trainer was killed before it renamed it
    assert make_ready(job.question(), 3) == []


@pytest.mark.parametrize("cut", [b"", b'{"learning_rate": 0.0'])
def test_r13_parameters_that_were_being_written_are_written_again(
    job: Policies, tmp_path: Path, cut: bytes
) -> None:
    """The trainer writes them in place, and a cut file ends each later start."""
    job.write(0, 20, 3)
    params = {"learning_rate": 0.00025, "max_grad_norm": 4, "rew_delta": 0.5}
    known = [{"learning_rate": 0.1, "max_grad_norm": 3.0}, params, {"learning_rate": 0.1}]
    history = tmp_path / "populations.jsonl"
    for step, some in enumerate(known):
        each = structs.replace(job.history(1), step=step, params=some)
        line = {"population": "cartpole", "generation": each}
        with history.open("ab") as file:
            file.write(json.encode(line) + b"\n")
    whole = {
        "policy_00_cfg.json": b"{}\n", "policy_01_reward_shaping.json": b"null", "other.json": b"",
    }  # fmt: skip
    names = ["config.json", "policy_01_cfg.json", "policy_02_cfg.json"]
    names += ["policy_02_reward_shaping.json"]
    for name, data in (dict.fromkeys(names, cut) | whole).items():
        (job.path / name).write_bytes(data)
    moved = make_ready(job.question(), 2, history)
    assert [path.name for path in moved] == [f"before-2.{name}" for name in names]
    assert make_ready(job.question(), 2, history) == []
    found = {path.name: path.read_bytes() for path in job.path.glob("*.json")}
    again = found.pop("policy_01_cfg.json")
    assert json.decode(again) == {"learning_rate": 0.00025, "max_grad_norm": 4}
    assert found == whole | {f"before-2.{name}": cut for name in names}


def test_links_and_foreign_names_are_passed_over(job: Policies, tmp_path: Path) -> None:
    path = job.write(0, 20, 3)
    (job.path / "checkpoint_p1").symlink_to(path.parent)
    (path.parent / "checkpoint_000000030_1.pth").mkdir()
    found = answer(job.question(waited=PATIENCE + 1))
    assert "cannot be read" in str(found.refused)
    (path.parent / "checkpoint_000000030_1.pth").rmdir()
    source = answer(job.question()).source
    assert source is not None
    assert source.member == 0
