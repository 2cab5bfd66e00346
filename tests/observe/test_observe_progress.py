"""The progress of a job: from the lines of the three trainers, or the last line of its log."""

from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.progress import Progress, Progresses, encode
from pbt_tui.observe.progress import read as read_progress
from pbt_tui.observe.progress.log_progress import ProgressReader, last_line, progress

RL_GAMES = "fps step: 50231 fps step and policy inference: 49000 fps total: 48123 epoch: 3/9 frames: 1210000\n"  # noqa: E501
SF = "[x] Fps is (10 sec: 819.2, 60 sec: 800.1). Total num frames: 8192. Throughput: 0: 1.0.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RL_GAMES, (1210000, 48123.0, None, None)),
        (SF + "[x] Avg episode reward: [(0, '-21.9'), (1, '3')]\n", (8192, 819.2, -21.9, None)),
        ("Policy 0: Env frames 50, iteration 3, self iteration 2\n", (50, None, None, 2)),
        ("Policy 0: New best objective value 2.5 in iteration 4\n", (None, None, 2.5, None)),
        ("New best objective: 6.8!\nNew pbt iteration 2!\n", (None, None, 6.8, 2)),
        ("Policy 0, frames_left 100, PBT it 7\n", (None, None, None, 7)),
        ("epoch 1 frame=300 objective=1.5 generation=4\n", (300, None, 1.5, 4)),
        ("nothing known\n", (None, None, None, None)),
        ("objective: nan frames: 99999999999999999999999\n", (None, None, None, None)),
    ],
)
def test_known_lines(tmp_path: Path, text: str, expected: tuple[Any, ...]) -> None:
    log = tmp_path / "log"
    log.write_text("old frames: 1\n" * 300 + text)
    found = progress(log)
    frame = found.step if found.step != 1 else None  # the noise above has one
    assert (frame, found.fps, found.objective, found.generation) == expected
    assert found.line == text.splitlines()[-1]


def test_last_line_is_what_a_terminal_shows(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == ""
    assert progress(log) == Progress()
    log.write_bytes(b"one\n\x1b[31mtwo\x1b[0m \x07\r 10%|#\r 20%|##\n\n  \n")
    assert last_line(log) == " 20%|##"
    log.write_bytes(b"x" * 5_000_000 + b"\r99%")
    assert last_line(log) == "99%"


def test_a_log_that_did_not_grow_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, seen = tmp_path / "log", ProgressReader()
    assert seen.of(log) == Progress()
    log.write_text(RL_GAMES)
    first = seen.of(log)
    monkeypatch.setattr("pbt_tui.observe.progress.log_progress.progress", None)
    assert seen.of(log) is first
    monkeypatch.undo()
    log.write_text(RL_GAMES + "noise\n" * 5000)
    assert (seen.of(log).step, seen.of(log).line) == (1210000, "noise")
    log.write_text("new\n")
    assert seen.of(log).step is None
    seen.forget(set())
    assert seen._seen == {}


def test_the_file_is_read_back_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    assert read_progress(path) is None
    value = Progresses(2.0, {"a": Progress(step=3, line="x", at=1.5)})
    path.write_bytes(encode(value))
    assert read_progress(path) == value
    path.write_bytes(b"{")
    assert read_progress(path) is None
