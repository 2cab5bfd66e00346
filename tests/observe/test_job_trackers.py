"""Finds what W&B, TensorBoard and MLflow hold of a job, in its log and in folders of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.job_trackers import job_trackers
from pbt_tui.spec import FORMAT, Job, Policy, Processes

URL = "https://wandb.ai/ada/ant/runs/5eed1e55-1-00_ant"
FOLDER = "wandb/run-20260102_030405-5eed1e55-1-00_ant"
LOG = f"""\
wandb: Tracking run with wandb version 0.25.0
wandb: Run data is saved locally in {{cwd}}/{FOLDER}
wandb: 🚀 View run at {URL}
step 1
wandb: 🚀 View run 00_ant at: {URL}
wandb: Find logs at: ./{FOLDER}/logs
"""
MLFLOW = "0123456789abcdef0123456789abcdef"
UI = f"http://127.0.0.1:5000/#/experiments/0/runs/{MLFLOW}"


class Run:
    def __init__(self, path: Path, env: dict[str, str] | None = None) -> None:
        self.path = path
        self.rundir = RunDir(path / "train_dir" / "r" / "_pbt")
        self.rundir.logs.mkdir(parents=True)
        jobs = tuple(
            Job(name, "e", name, ("true",), env or {}, "e", {}) for name in ("00_ant", "00_antler")
        )
        self.state = RunState(
            Processes(format=FORMAT, run="r", module="m", train_dir="train_dir", container=None,
                      policy=Policy(), populations=(), jobs=jobs)
        )  # fmt: skip
        self._tell(
            ev.RunOpened(
                format=ev.FORMAT, run_id="5eed1e55", run="r", cwd=str(path),
                train_dir=str(path / "train_dir"), digest="0" * 64,
            )
        )  # fmt: skip

    def _tell(self, event: ev.AnyEvent) -> None:
        apply(self.state, event)

    def start(self, log: str | bytes = "", env: dict[str, str] | None = None) -> Run:
        number = len(self.job.attempts) + 1
        self._tell(ev.AttemptScheduled(job="00_ant", attempt=number, gpus=(), env=env or {}))
        data = log if isinstance(log, bytes) else log.encode()
        self.rundir.log("00_ant", number).write_bytes(data)
        return self

    def interrupt(self) -> Run:
        self._tell(
            ev.AttemptEnded(
                job="00_ant", attempt=1, outcome="interrupted", exit_code=None, ended_at=0.0
            )
        )
        return self

    @property
    def job(self) -> JobState:
        return self.state.jobs[0]

    def found(self) -> dict[str, tuple[str, ...]]:
        return dict(job_trackers(self.job, self.state, self.rundir))


def test_before_the_first_attempt_nothing_is_known(tmp_path: Path) -> None:
    assert Run(tmp_path).found() == {}
    assert Run(tmp_path / "b").start("step 1\nstep 2\n").found() == {}


def test_wandb_is_what_the_log_says(tmp_path: Path) -> None:
    run = Run(tmp_path).start(LOG.format(cwd=tmp_path))
    assert run.found() == {"W&B": (f"wandb leet {tmp_path}/{FOLDER}", URL)}


def test_wandb_is_found_in_the_middle_of_nothing(tmp_path: Path) -> None:
    """Its first lines are at the begin, its last ones at the end of a long log."""
    text = f"wandb: Run data is saved locally in ./{FOLDER}\n" + "step\n" * 60_000
    run = Run(tmp_path).start(f"{text}wandb: View run at: {URL}\n")
    assert run.found()["W&B"] == (f"wandb leet {tmp_path}/{FOLDER}", URL)


def test_offline_a_folder_with_the_id_of_the_job_is_its_run(tmp_path: Path) -> None:
    for name in (
        "run-20260101_000000-mine", "offline-run-20260102_000000-mine", "run-20260109_000000-other",
        "latest-run", "run-20260108_000000-not-mine-x",
    ):  # fmt: skip
        (tmp_path / "wandb" / name).mkdir(parents=True)
    run = Run(tmp_path).start("step\n", env={"WANDB_RUN_ID": "mine"})
    newest = tmp_path / "wandb" / "offline-run-20260102_000000-mine"
    assert run.found() == {"W&B": (f"wandb leet {newest}",)}
    assert Run(tmp_path / "b", env={"WANDB_RUN_ID": "../x"}).start("").found() == {}


def test_tensorboard_has_the_folder_of_the_job_alone(tmp_path: Path) -> None:
    run = Run(tmp_path).start("")
    base = tmp_path / "train_dir" / "e"
    for place in ("00_ant/summaries", "00_ant/summaries/p1", "00_antler/summaries"):
        (base / place).mkdir(parents=True)
        (base / place / "events.out.tfevents.1.host").touch()
    assert run.found() == {"TensorBoard": (f"tensorboard --logdir {base}/00_ant/summaries",)}


def test_a_copy_of_a_run_has_its_own_folders(tmp_path: Path) -> None:
    run = Run(tmp_path).start("")
    run.state.train_dir = "/gone/train_dir"
    place = tmp_path / "train_dir" / "e" / "00_ant" / "a b"
    place.mkdir(parents=True)
    (place / "events.out.tfevents.1.host").touch()
    assert run.found() == {"TensorBoard": (f"tensorboard --logdir '{place}'",)}


def test_mlflow_is_what_the_attempt_left_or_the_log_says(tmp_path: Path) -> None:
    run = Run(tmp_path).start(f"View run sly-cat at: {UI}\n")
    assert run.found() == {"MLflow": (f"run {MLFLOW}", UI)}
    folder = run.rundir.trackers / "00_ant.1"
    folder.mkdir(parents=True)
    (folder / "mlflow_run_id").write_text("feed\n")
    assert run.found() == {"MLflow": ("run feed",)}
    run.interrupt().start("", env={"MLFLOW_RUN_ID": "feed"})
    assert run.found() == {"MLflow": ("run feed",)}
    (run.rundir.trackers / "00_ant.2").mkdir()
    os.mkfifo(run.rundir.trackers / "00_ant.2" / "mlflow_run_id")
    assert run.found() == {"MLflow": ("run feed",)}


@pytest.mark.parametrize(
    "log",
    [
        b"wandb: Run data is saved locally in " + b"x" * 5000,
        b"wandb: View run at http://" + b"y" * 5000,
        b"View run a at: http://h/runs/" + b"z" * 65,
        b"wandb: saved locally in",
    ],
)
def test_what_is_too_long_or_cut_is_left_out(tmp_path: Path, log: bytes) -> None:
    assert Run(tmp_path).start(log).found() == {}


def test_foreign_text_is_quoted_and_has_no_control_characters(tmp_path: Path) -> None:
    log = b"wandb: Run data is saved locally in /a/$(id);b \xff\x1b[2J\x07\xc2\x9b2J\n"
    (text,) = Run(tmp_path).start(log).found()["W&B"]
    assert text.startswith("wandb leet '/a/$(id);b ")
    assert text.isprintable()
