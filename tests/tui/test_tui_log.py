"""The log page: any bytes, any size, truncated and replaced while it is open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.observe.log_reader import clean
from pbt_tui.tui.logs import log_file
from pbt_tui.tui.logs.log_file import LogFile
from pbt_tui.tui.logs.needle import needle_of
from tests.tui.conftest import Shown
from tests.tui.journals import typical
from tests.tui.log_page import opened
from tests.tui.shown import text_of

LINES = st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(lines=LINES, ends=st.booleans(), page=st.integers(1, 7), chunk=st.sampled_from([5, 16, 64]))
def test_pages_are_the_lines_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ends: bool, page: int, chunk: int
) -> None:
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    path = tmp_path_factory.mktemp("log") / "x.log"
    path.write_bytes(data)
    before, log_file.CHUNK = log_file.CHUNK, chunk
    try:
        file = LogFile(path)
        expected = data.split(b"\n")
        if expected[-1] == b"":
            expected.pop()
        assert [r.text for r in file.forward(0, 1000)] == [clean(line) for line in expected]
        starts = [r.start for r in file.forward(0, 1000)]
        while file.index(1):
            pass
        for number, start in enumerate(starts, 1):
            assert file.number(start) == number
            assert file.back(start, 1) == (starts[number - 2] if number > 1 else 0)
        assert file.last_page(page) == (starts[-page:] or [0])[0]
        file.close()
    finally:
        log_file.CHUNK = before


@settings(max_examples=60, deadline=None)
@given(
    lines=LINES,
    piece=st.sampled_from([8, 50, 4096]),
    query=st.sampled_from(["needle", "need.e", "Needle|needle", "[needle"]),
)
def test_searching_finds_every_line_once_forwards_and_backwards(
    tmp_path_factory: pytest.TempPathFactory, *, lines: list[bytes], piece: int, query: str
) -> None:
    lines = [
        line[:20]
        + ((b"[needle" if query == "[needle" else b"needle") if len(line) % 3 == 0 else b"")
        for line in lines
    ]
    path = tmp_path_factory.mktemp("log") / "x.log"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    before, log_file.PIECE = log_file.PIECE, max(piece, 40)
    try:
        file = LogFile(path)
        starts = [r.start for r in file.forward(0, 1000)]
        hits = [s for s, line in zip(starts, lines, strict=True) if b"needle" in line]
        pattern = needle_of(query)

        def walk(at: int, back: bool) -> list[int]:
            found: list[int] = []
            while True:
                hit = [h for h in file.search(pattern, at, back) if h is not None]
                if not hit:
                    return found
                found += hit
                at = hit[0] if back else file.after(hit[0])

        assert walk(file.size, True) == hits[::-1]
        first = starts[0] if starts else 0
        assert walk(first, False) == [h for h in hits if h >= first]
        file.close()
    finally:
        log_file.PIECE = before


def test_a_line_of_megabytes_shows_what_a_terminal_would(tmp_path: Path) -> None:
    bar = b"".join(b"\r\x1b[32m%3d %%\x1b[0m|\xff\x00" % (i % 100) for i in range(400_000))
    path = tmp_path / "x.log"
    path.write_bytes(b"before\n" + bar + b"\nafter\n" + b"z" * 5_000_000)
    file = LogFile(path)
    rows = file.forward(0, 10)
    assert [r.text[:8] for r in rows] == ["before", " 99 %|�", "after", "zzzzzzzz"]
    assert len(rows[3].text) <= 2000
    assert file.last_page(2) == rows[2].start
    file.close()


def test_growing_cut_replaced_and_missing(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    file = LogFile(path)
    assert file.trouble == "not there yet"
    assert file.check() == "same"
    path.write_bytes(b"one\n")
    assert file.check() == "grown"
    assert file.trouble is None
    with path.open("ab") as f:
        f.write(b"two\n")
    assert file.check() == "grown"
    assert file.check() == "same"
    os.truncate(path, 3)
    assert file.check() == "replaced"
    assert [r.text for r in file.forward(0, 9)] == ["one"]
    path.rename(tmp_path / "y.log")
    path.write_bytes(b"another, and longer than before\n")
    assert file.check() == "replaced"
    assert file.forward(0, 1)[0].text.startswith("another")
    path.unlink()
    file.check()
    assert file.trouble == "not there yet"
    file.close()


@pytest.mark.timeout(60)
def test_a_log_that_is_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    os.mkfifo(path)
    file = LogFile(path)
    file.check()
    assert file.trouble == "not a regular file"
    assert file.forward(0, 9) == []
    path.unlink()
    path.write_bytes(b"one\n")
    file.check()
    assert file.trouble is None
    assert [r.text for r in file.forward(0, 9)] == ["one"]
    file.close()


async def test_following_pausing_and_coming_back(tmp_path: Path, shown: Shown) -> None:
    story = typical(tmp_path / "_pbt")
    story.log("08_ant_pbt", "".join(f"line {i}\n" for i in range(1000)))
    path = story.rundir.log("08_ant_pbt", 1)
    async with shown(story.rundir.path) as (app, pilot):
        page = await opened(app, pilot)
        assert "line 999" in text_of(app)
        assert "1000 " in text_of(app), "lines are numbered"
        with path.open("a") as file:
            file.write("news\n")
        page._poll()
        await pilot.pause()
        assert "news" in text_of(app)
        await pilot.press("k")
        await pilot.pause()
        with path.open("a") as file:
            file.write("more news\n")
        page._poll()
        await pilot.pause()
        assert "more news" not in text_of(app), "moving up stops following"
        assert "more below: G" in text_of(app)
        await pilot.press("g")
        await pilot.pause()
        assert "line 0" in text_of(app)
        await pilot.press("G")
        await pilot.pause()
        assert "more news" in text_of(app)


async def test_a_log_cut_while_it_is_open(tmp_path: Path, shown: Shown) -> None:
    story = typical(tmp_path / "_pbt")
    story.log("08_ant_pbt", "x" * 80 + "\n" + "old line\n" * 100_000)
    path = story.rundir.log("08_ant_pbt", 1)
    async with shown(story.rundir.path) as (app, pilot):
        page = await opened(app, pilot)
        await pilot.press("g")
        os.truncate(path, 0)
        with path.open("a") as file:
            file.write("begun anew\n")
        for _ in range(3):
            page._poll()
            await pilot.press("j", "k", "pagedown")
        await pilot.pause()
        assert "begun anew" in text_of(app)
        assert "the log was cut or replaced" in text_of(app)


async def test_searching(tmp_path: Path, shown: Shown) -> None:
    story = typical(tmp_path / "_pbt")
    story.log("08_ant_pbt", "".join(f"line {i} {'HIT' * (i % 300 == 7)}\n" for i in range(2000)))
    async with shown(story.rundir.path) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("n")
        await pilot.pause()
        assert "no search yet: press / to search" in text_of(app)
        await pilot.press("g", "slash", *"hit", "enter")
        await pilot.pause()
        assert "▸ line 7 HIT" in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "▸ line 307 HIT" in text_of(app)
        await pilot.press("N")
        await pilot.pause()
        assert "▸ line 7 HIT" in text_of(app)
        await pilot.press("N")
        await pilot.pause()
        assert "no more matches" in text_of(app)
        await pilot.press("G", "slash", *"line 1200 ", "enter")
        await pilot.pause()
        assert "▸ line 1200" in text_of(app), "from the end it is found above"


async def test_errors_are_found_and_an_earlier_attempt_is_shown(
    tmp_path: Path, shown: Shown
) -> None:
    story = typical(tmp_path / "_pbt")
    name = "03_ant_pbt"
    story.write(ev.RequestAccepted, 1.0, id="5-5", action="retry", jobs=(name,))
    story.start(name).log(name, "all well so far\n").flush()
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press("slash", *name, "enter")
        await opened(app, pilot)
        assert "attempt 2 of 2" in text_of(app)
        await pilot.press("a", "g", "e")
        await pilot.pause()
        assert "attempt 1 of 2" in text_of(app)
        assert "▸ Traceback" in text_of(app)


async def test_what_is_not_there_yet_and_what_was_never_started(
    tmp_path: Path, shown: Shown
) -> None:
    story = typical(tmp_path / "_pbt")
    story.rundir.log("08_ant_pbt", 1).unlink()
    async with shown(story.rundir.path) as (app, pilot):
        await opened(app, pilot)
        assert "not there yet" in text_of(app)
        await pilot.press("1", "slash", *"16_", "enter", "l")
        await pilot.pause()
        assert "has no log yet: it has not started" in text_of(app)
