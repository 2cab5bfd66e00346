"""The files with the progress of a run, and the logs that are read again and again."""

from pathlib import Path

import pytest

from pbt_tui.observe.progress import Finished, Progress, Progresses, Series, encode, series_file
from pbt_tui.observe.progress import read as read_progress
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.log_window import LogWindow
from pbt_tui.observe.progress.readers import READERS
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

KNOWN = [READERS.get(name) for name in READERS.built_in]
RL_GAMES = "fps step: 50231 fps step and policy inference: 49000 fps total: 48123 epoch: 3/9 frames: 1210000\n"  # noqa: E501


def test_the_last_line_is_what_a_terminal_shows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert LogWatcher(KNOWN).of(log) == Progress()
    log.write_bytes(b"one\n\x1b[31mtwo\x1b[0m \x07\r 10%|#\r 20%|##\n\n  \n")
    assert LogWatcher(KNOWN).of(log).line == " 20%|##"
    log.write_bytes(b"x" * 5_000_000 + b"\r99%")
    assert LogWatcher(KNOWN).of(log).line == "99%"


def test_a_log_that_did_not_grow_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, seen = tmp_path / "log", LogWatcher(KNOWN)
    assert seen.of(log) == Progress()
    log.write_text(RL_GAMES)
    first = seen.of(log)
    monkeypatch.setattr("pbt_tui.observe.progress.log_watcher.open_regular", None)
    assert seen.of(log) is first
    monkeypatch.undo()
    log.write_text(RL_GAMES + "noise\n" * 5000)
    assert (seen.of(log).step, seen.of(log).line) == (1210000, "noise")
    log.write_text("new\n")
    assert seen.of(log).step is None, "another program writes it now"
    seen.forget(set())
    log.unlink()
    assert seen.of(log) == Progress()


def test_an_objective_does_not_change_its_meaning(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", LogWatcher(KNOWN)
    log.write_text("step 1/9 reward=5\n")
    assert seen.of(log).objective == 5.0
    log.write_text("step 1/9 reward=5\n" + "\n" * 20_000 + "step 2/9 loss=0.1\n")
    assert (seen.of(log).objective, seen.of(log).step) == (5.0, 2)
    with log.open("a") as file:
        file.write("step 3/9 reward=6\n")
    assert seen.of(log).objective == 6.0


def test_a_reader_that_raises_is_left_out_and_named(tmp_path: Path) -> None:
    def fails(window: LogWindow) -> ProgressReading | None:
        raise RuntimeError("\x1b[2Jbroken")

    log, seen = tmp_path / "log", LogWatcher([ProgressReader("mine", fails), *KNOWN])
    log.write_text(RL_GAMES)
    assert seen.of(log).step == 1210000
    assert seen.problems == ["progress reader `mine`: RuntimeError: \\x1b[2Jbroken"]
    log.write_text(RL_GAMES * 2)
    assert seen.of(log).step == 1210000
    assert len(seen.problems) == 1


def test_the_file_is_read_back_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    assert read_progress(path) is None
    series = Series(at=(1.0,), step=(3,), objective=("nan",), share=(None,))
    value = Progresses(2.0, {"a": Progress(step=3, line="x", at=1.5)}, {"a": series})
    path.write_bytes(encode(value))
    assert read_progress(path) == value
    assert float(series.objective[0] or 0) != float(series.objective[0] or 0)
    path.write_bytes(b"{")
    assert read_progress(path) is None


def ended(job: str, attempt: int, step: int) -> Finished:
    return Finished(
        job, attempt, 1.0, Progress(step=step), Series((1.0,), (step,), (None,), (0.5,))
    )


def test_ends_are_appended_and_found(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    reader = series_file.FinishedReader(path)
    assert not reader.poll()
    assert series_file.append(path, []) is None
    assert not path.exists()
    assert series_file.append(path, [ended("a", 1, 10), ended("b", 1, 20)]) is None
    assert reader.poll()
    assert series_file.append(path, [ended("a", 2, 30), ended("a", 2, 30)]) is None
    assert reader.poll()
    assert not reader.poll()
    assert (len(reader), reader.attempt("a"), reader.attempt("c")) == (2, 2, None)
    assert reader.of("a") == ended("a", 2, 30)
    assert reader.of("c") is None
    assert series_file.read_all(path) == {"a": ended("a", 2, 30), "b": ended("b", 1, 20)}
    path.unlink()
    assert reader.of("a") is None


@pytest.mark.parametrize("cut", [1, 40, 100])
def test_a_torn_last_line_is_dropped_and_mended(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "series.jsonl"
    series_file.append(path, [ended("a", 1, 10), ended("b", 1, 20)])
    path.write_bytes(path.read_bytes()[:-cut])
    assert list(series_file.read_all(path)) == ["a"]
    assert series_file.append(path, [ended("c", 1, 30)]) is None
    found = series_file.read_all(path)
    assert found["c"] == ended("c", 1, 30)
    assert ("b" in found) == (cut == 1), "only its newline was missing"


def test_lines_that_are_no_ends_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "series.jsonl"
    path.write_bytes(b"x" * 100_000 + b"\n[]\n{\xff}\n" + b"[" * 9_000 + b"\n")
    series_file.append(path, [ended("a", 1, 10)])
    reader = series_file.FinishedReader(path)
    while reader.poll(4096):
        pass
    assert reader.of("a") == ended("a", 1, 10)
    assert list(series_file.read_all(path)) == ["a"]
