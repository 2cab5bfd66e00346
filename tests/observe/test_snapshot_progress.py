"""The progress of jobs in the snapshot."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.observe.progress import Finished, Progress, Progresses, Remaining, Series, series_file
from pbt_tui.observe.progress import encode as encode_progress
from tests.observe.test_observe_snapshot import Story, document


def test_progress_of_active_and_of_ended_jobs(tmp_path: Path) -> None:
    story = Story(tmp_path)
    for job in ("x", "y", "00_ant"):
        story.start(job)
    story.end("x")
    eta = Remaining(60.0, 50.0, 90.0)
    series = Series((1.0, 2.0), (5, 10), ("nan", 0.5), (0.5, 1.0), (1,))
    active = {
        "y": Progress(step=3, total=9, share=1 / 3, eta=eta, line="step 3/9"),
        "x": Progress(step=9, eta=eta),
    }
    story.rundir.progress.write_bytes(encode_progress(Progresses(5.0, active, {"y": series})))
    ended = Progress(step=10, total=10, share=1.0, objective="inf", objective_name="loss")
    series_file.append(story.rundir.series, [Finished("x", 1, 4.0, ended, series)])
    found = document(story, now=100.0)
    jobs = {job["id"]: job for job in found["jobs"]}
    assert jobs["x"]["progress"]["step"] == 10
    assert jobs["x"]["progress"]["objective"] == "inf"
    assert jobs["x"]["series"]["objective"] == ["nan", 0.5]
    assert jobs["y"]["progress"]["eta"] == {"seconds": 60.0, "low": 50.0, "high": 90.0}
    assert jobs["y"]["series"]["breaks"] == [1]
    assert jobs["00_ant"]["progress"] is jobs["00_ant"]["series"] is None
    assert found["eta"]["seconds"] >= 60.0
    gone = document(story, live=False)
    assert (gone["eta"], gone["jobs"][5]["progress"]["eta"]) == (None, None)
    assert gone["jobs"][5]["progress"]["step"] == 3
