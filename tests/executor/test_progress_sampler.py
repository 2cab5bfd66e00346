"""The progress of jobs in the files of a run directory: while they run, and after their ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.executor import progress_sampler
from pbt_tui.executor.progress_sampler import ProgressSampler
from pbt_tui.journal import RunDir
from pbt_tui.observe import progress
from pbt_tui.observe.progress import series_file
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.workspaces import Generation
from tests.observe.progress.test_events import event
from tests.observe.test_observe_snapshot import Story


class Clock:
    """The wall clock of the sampler."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Sampled:
    """A run whose jobs print what a test says, and its sampler."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        monkeypatch.setattr(progress_sampler, "time", self.clock)
        self.story = Story(tmp_path / "train_dir")
        self.said: list[tuple[str, str]] = []
        self.sampler = self.new_sampler()
        self.members: dict[str, Generation] = {}

    @property
    def rundir(self) -> RunDir:
        return self.story.rundir

    def new_sampler(self) -> ProgressSampler:
        return ProgressSampler(
            self.story.state,
            self.rundir,
            lambda what, why: self.said.append((what, why)),
            self.clock.time,
        )

    def prints(self, job: str, text: str, attempt: int = 1) -> None:
        with self.rundir.log(job, attempt).open("a") as log:
            log.write(text + "\n")

    def sample(self, seconds: float = 10.0, *, last: bool = False) -> progress.Progresses:
        self.clock.now += seconds
        self.sampler.sample(self.members, last=last)
        found = progress.read(self.rundir.progress)
        assert found is not None
        return found

    def known(self) -> RunProgress:
        known = RunProgress(self.rundir)
        while known.poll():
            pass
        return known


@pytest.fixture
def sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sampled:
    return Sampled(tmp_path, monkeypatch)


def test_active_jobs_have_progress_and_a_series(sampled: Sampled) -> None:
    sampled.story.start("x")
    sampled.story.start("y")
    assert sampled.sample().series == {}
    for step in range(1, 7):
        sampled.prints("x", f"step {step}/10 reward={step * 1.5}")
        found = sampled.sample()
    assert found.jobs["y"] == progress.Progress()
    x = found.jobs["x"]
    assert (x.step, x.total, x.share, x.objective) == (6, 10, 0.6, 9.0)
    assert x.eta == progress.Remaining(40.0, 40.0, 40.0), "0.1 in ten seconds, always"
    assert list(found.series) == ["x"]
    assert found.series["x"].step == (1, 2, 3, 4, 5, 6)
    assert found.series["x"].objective[-1] == 9.0
    assert not sampled.rundir.series.exists()


def test_final_values_stay_after_the_end(sampled: Sampled) -> None:
    sampled.story.start("x")
    sampled.prints("x", "step 1/10 reward=1")
    sampled.sample()
    sampled.prints("x", "step 10/10 reward=7")
    sampled.story.end("x")
    assert sampled.sample().jobs == {}
    sampled.sample()
    lines = sampled.rundir.series.read_bytes().splitlines()
    assert len(lines) == 1, "it is appended once"
    known = sampled.known()
    job = sampled.story.state.by_id["x"]
    final, series = known.of(job), known.series(job)
    assert final is not None
    assert (final.step, final.objective, final.eta) == (10, 7.0, None)
    assert series is not None
    assert series.step == (1, 10)


def test_a_job_that_nobody_saw_running_has_its_values(sampled: Sampled) -> None:
    for job, text in (("x", "step 5/5 loss=0.25"), ("y", "nothing")):
        sampled.story.start(job)
        sampled.prints(job, text)
        sampled.story.end(job)
    sampled.sample(last=True)
    assert list(series_file.read_all(sampled.rundir.series)) == ["x"], "y printed no number"


def test_a_killed_executor_loses_nothing(sampled: Sampled) -> None:
    sampled.story.start("x")
    for step in (1, 2, 3):
        sampled.prints("x", f"step {step}/10")
        sampled.sample()
    sampled.sampler = sampled.new_sampler()
    sampled.prints("x", "step 4/10")
    assert sampled.sample().series["x"].step == (1, 2, 3, 4)
    sampled.story.end("x")
    sampled.sampler = sampled.new_sampler()
    sampled.sample()
    assert series_file.read_all(sampled.rundir.series)["x"].series.step == (1, 2, 3, 4)
    sampled.sampler = sampled.new_sampler()
    sampled.sample(last=True)
    assert len(sampled.rundir.series.read_bytes().splitlines()) == 1


def test_a_new_attempt_goes_on_after_a_break(sampled: Sampled) -> None:
    sampled.story.start("x")
    sampled.prints("x", "step 5/10")
    sampled.sample()
    sampled.story.end("x", 1, cause="lost")
    sampled.story.tell()
    state = sampled.story.state
    sampled.sample()
    state.by_id["x"].phase = "waiting"
    sampled.story.start("x", attempt=2)
    sampled.prints("x", "step 1/10", attempt=2)
    for step in (2, 3):
        sampled.sample()
        sampled.prints("x", f"step {step}/10", attempt=2)
    found = sampled.sample().series["x"]
    assert (found.step, found.breaks) == ((5, 1, 2, 3), (1,))


def test_what_a_log_does_not_tell_comes_from_the_metadata(sampled: Sampled) -> None:
    sampled.story.start("00_ant")
    sampled.prints("00_ant", "no numbers here")
    sampled.members["00_ant"] = Generation(
        member=0, generation=4, experiment_name="e", frame=900, objective=2.5, params={}, at=1.0,
        checkpoint=None,
    )  # fmt: skip
    found = sampled.sample().jobs["00_ant"]
    assert (found.step, found.unit, found.objective, found.generation) == (900, "frames", 2.5, 4)
    sampled.prints("00_ant", "New best objective: 6.8!")
    assert sampled.sample().jobs["00_ant"].objective == 6.8


def test_an_objective_that_only_tensorboard_has(sampled: Sampled) -> None:
    sampled.story.start("x")
    sampled.prints("x", "step 5/10")
    folder = sampled.story.rundir.path.parent.parent / "d" / "x" / "summaries"
    folder.mkdir(parents=True)
    file = folder / "events.out.tfevents.1.host"
    file.write_bytes(event("rewards/step", 5, 2.5))
    found = sampled.sample().jobs["x"]
    assert (found.step, found.objective, found.objective_name) == (5, 2.5, "rewards/step")
    assert found.readers == ("steps", "tensorboard")
    with file.open("ab") as more:
        more.write(event("rewards/step", 10, 3.5))
    sampled.story.end("x")
    sampled.sample()
    assert series_file.read_all(sampled.rundir.series)["x"].progress.objective == 3.5


def test_many_active_jobs_share_the_points(
    sampled: Sampled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_sampler, "ALL_POINTS", 16)
    for job in ("x", "y"):
        sampled.story.start(job)
    for step in range(40):
        for job in ("x", "y"):
            sampled.prints(job, f"step {step}/100")
        found = sampled.sample()
    assert all(len(series.at) <= 8 for series in found.series.values())
    assert found.series["x"].step[-1] == 39


def test_a_file_that_cannot_be_written_is_tried_again(sampled: Sampled) -> None:
    sampled.story.start("x")
    sampled.prints("x", "step 5/5")
    sampled.story.end("x")
    sampled.rundir.series.mkdir()
    sampled.sample()
    assert sampled.said[0][0] == "`series.jsonl` cannot be written"
    sampled.rundir.series.rmdir()
    sampled.sample()
    assert list(series_file.read_all(sampled.rundir.series)) == ["x"]


def test_the_best_objective_outlives_its_job_and_its_executor(sampled: Sampled) -> None:
    """A time without an executor is not part of the time without a better objective."""
    sampled.story.start("x")
    sampled.story.start("y")
    assert sampled.sample().best is None
    sampled.prints("x", "reward: 3.0")
    first = sampled.sample().best
    sampled.prints("x", "reward: 5.0")
    sampled.prints("y", "reward: nan")
    sampled.sample()
    sampled.prints("x", "reward: 1.0")
    best = sampled.sample().best
    assert first is not None
    assert best is not None
    assert (best.job, best.value, best.is_loss) == ("x", 5.0, False)
    assert best.at - best.since == 10.0
    sampled.clock.now += 3600.0
    resumed = sampled.sampler = sampled.new_sampler()
    assert resumed.best is not None
    assert (resumed.best.value, resumed.best.at) == (5.0, best.at + 3600.0)
    assert resumed.best.at - resumed.best.since == 10.0
    sampled.prints("y", "reward: 6.0")
    sampled.story.end("y")
    found = sampled.sample(last=True).best
    assert found is not None
    assert (found.job, found.value) == ("y", 6.0)
    sampled.rundir.progress.unlink()
    again = sampled.new_sampler().best
    assert again is not None, "what has ended is known"
    assert (again.job, again.value) == ("y", 6.0)


def test_a_best_objective_of_no_job_is_ignored(sampled: Sampled) -> None:
    stranger = progress.BestObjective("\x1b[31m", 99.0)
    sampled.rundir.progress.write_bytes(progress.encode(progress.Progresses(1.0, {}, {}, stranger)))
    assert sampled.new_sampler().best is None
