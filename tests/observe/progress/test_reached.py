"""What jobs are compared by: held in memory, so that an order of 100,000 jobs reads no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.observe.progress import Finished, Number, Progress, Series, series_file
from pbt_tui.observe.progress.series_file import FinishedReader, Reached, reached


def ended(
    job: str, objective: Number | None, name: str = "reward", share: float | None = 1.0
) -> Finished:
    progress = Progress(objective=objective, objective_name=name, share=share)
    return Finished(job, 1, 10.0, progress, Series((1.0,), (1,), (objective,), (share,)))


def test_the_newest_line_counts_and_no_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    reader = FinishedReader(path)
    series_file.append(path, [ended("a", 1.5), ended("b", 0.25, "val/loss", 0.5)])
    series_file.append(path, [ended("c", "nan", share=None), ended("a", 2.5)])
    while reader.poll():
        pass
    path.unlink()
    assert reader.reached("a") == Reached(2.5, False, 1.0)
    assert reader.reached("b") == Reached(0.25, True, 0.5)
    assert reader.reached("c") == Reached(None, False, None)
    assert reader.reached("d") is None


def test_the_best_is_the_greatest_reward_or_the_least_loss(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    reader = FinishedReader(path)
    assert reader.best(is_loss=False) is None
    values: list[Number] = ["nan", 3.0, 7.0, "inf", -2.0]
    series_file.append(path, [ended(f"r{k}", value) for k, value in enumerate(values)])
    series_file.append(path, [ended("l0", 0.5, "loss"), ended("l1", 0.125, "loss")])
    while reader.poll():
        pass
    assert reader.best(is_loss=False) == ("r2", 7.0)
    assert reader.best(is_loss=True) == ("l1", 0.125)
    series_file.append(path, [ended("r2", 1.0)])  # a retry was worse
    reader.poll()
    assert reader.best(is_loss=False) == ("r1", 3.0)


@pytest.mark.parametrize(
    "line",
    [
        b'{"job":"a","attempt":9e99,"at":1,"progress":{},"series":{}}',
        b'{"job":"a","attempt":-1,"at":1,"progress":{},"series":{}}',
        b'{"job":"a","attempt":99999999999999999999,"at":1,"progress":{},"series":{}}',
        b'{"job":"a","attempt":1,"at":1,"progress":{"objective":"huge"},"series":{}}',
        b'{"job":"a","attempt":1,"at":1,"progress":{"share":[]},"series":{}}',
    ],
)
def test_a_line_that_does_not_parse_is_skipped(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "series.jsonl"
    path.write_bytes(line + b"\n")
    reader = FinishedReader(path)
    reader.poll()
    assert len(reader) == 0
    series_file.append(path, [ended("a", 1.0)])
    reader.poll()
    assert reader.reached("a") == Reached(1.0, False, 1.0)


def test_an_active_job_is_compared_by_the_same_rule() -> None:
    assert reached(Progress(objective="inf")) == Reached(None, False, None)
    found = reached(Progress(objective=0.5, objective_name="eval_loss", share=0.1))
    assert found == Reached(0.5, True, 0.1)
