"""How much of a log had been written at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.spec import Job
from pbt_tui.tui.logs.log_file import LogFile
from pbt_tui.tui.time_travel.past_log import PastLog
from tests.tui.journals import START, spec

BEGAN = START + 13 * 3600.0
"""21:53:20."""


def attempt(ended: float | None = None) -> Attempt:
    found = Attempt(1, (), BEGAN, started_at=BEGAN)
    if ended is not None:
        found.outcome, found.ended_at = "failed", ended
    return found


def line(seconds: float, dated: bool) -> str:
    """A line of the log, a minute each."""
    minutes = 21 * 60 + 54 + int(seconds // 60)
    day = f"2025-10-{9 + minutes // 1440:02d} " if dated else ""
    return f"{day}{minutes // 60 % 24:02d}:{minutes % 60:02d}:00 step\n  more of it\n"


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("minutes", [-5, 0, 1, 100, 126, 127, 299, 400, 2000])
def test_the_lines_up_to_a_time(minutes: int, dated: bool, tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = [line(60.0 * k, dated) for k in range(300)]
    path.write_text("".join(lines))
    size, note = PastLog().end(path, attempt(), BEGAN + 40 + 60.0 * minutes)
    assert size == len("".join(lines[: max(0, minutes + 1)]))
    assert note == "up to this time"


def test_the_log_of_an_attempt_that_has_ended_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(line(0, True))
    assert PastLog().end(path, attempt(BEGAN + 1), BEGAN + 2) == (None, "")
    assert PastLog().end(path, None, BEGAN) == (0, "this attempt had not begun")


def test_the_last_lines_for_the_page_of_a_job(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(line(60.0 * k, True) for k in range(300)))
    plan: Job = spec(1).jobs[0]
    job = JobState(0, plan, "running", (attempt(),))
    lines = PastLog().lines(path, job, BEGAN + 40 + 60.0 * 7)
    assert lines[-2:] == ["2025-10-09 22:01:00 step", "  more of it"]
    assert len(lines) == 16
    path.write_text("no time\n")
    assert PastLog().lines(path, job, BEGAN) == ["(no times in it: as it is now)", "no time"]
    path.unlink()
    assert PastLog().lines(path, job, BEGAN) == []


def test_a_limited_log_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthree\n")
    log = LogFile(path)
    log.limit = 8
    assert log.check() == "grown"
    assert [row.text for row in log.forward(0, 9)] == ["one", "two"]
    assert log.read(4, 100) == b"two\n"
    with path.open("ab") as file:
        file.write(b"four\n")
    assert log.check() == "same"
    log.limit = None
    assert log.check() == "grown"
    assert [row.text for row in log.forward(0, 9)] == ["one", "two", "three", "four"]
    path.write_bytes(b"x\n")
    assert log.check() == "replaced"
    log.close()
