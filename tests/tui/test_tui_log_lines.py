"""What a log's page counts, keeps, folds, and finds: against plain definitions of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.tui.logs import line_census, log_file, log_times, number_series
from pbt_tui.tui.logs.folded_lines import FoldedLines
from pbt_tui.tui.logs.kept_lines import KeptLines
from pbt_tui.tui.logs.line_census import LineCensus
from pbt_tui.tui.logs.log_file import LogFile
from pbt_tui.tui.logs.needle import ERROR, needle_of

WORDS = st.sampled_from(
    ["loss 3", "an Error:", "ERROR", "killed", "an_error", "KeyError", "Out of memory", "x", ""]
)
TEXTS = st.lists(st.lists(WORDS, max_size=3).map(" ".join), max_size=40)
TERMS = ["error", "Error", "o[ru]", "out of m.m", "(?:loss|x)", "[q"]


def written(folder: Path, lines: list[str], *, whole: bool = True) -> LogFile:
    path = folder / "x.log"
    path.write_text("\n".join(lines) + ("\n" if whole and lines else ""))
    return LogFile(path)


def means(term: str, line: str) -> bool:
    """Whether a line matches, as people mean it."""
    fold = term == term.lower()
    try:
        return bool(re.search(term, line, re.IGNORECASE if fold else 0))
    except re.error:
        return term.lower() in line.lower()


@settings(max_examples=150, deadline=None)
@given(
    lines=TEXTS,
    whole=st.booleans(),
    term=st.sampled_from([*TERMS, None]),
    chunk=st.sampled_from([7, 40, 4096]),
    places=st.sampled_from([0, 3, 1000]),
)
def test_matching_lines_are_counted_ranked_and_kept(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    lines: list[str],
    whole: bool,
    term: str | None,
    chunk: int,
    places: int,
) -> None:
    chunk = max(chunk, 48)  # at least one line
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_file, "CHUNK", chunk)
        patch.setattr(line_census, "PIECE", chunk)
        patch.setattr(line_census, "_PLACES", places)
        file = written(tmp_path_factory.mktemp("log"), lines, whole=whole)
        needle = ERROR if term is None else needle_of(term)
        census = LineCensus(file, needle)
        while census.step():
            pass
        rows = file.forward(0, 100)
        if term is None:
            hits = [r.start for r in rows if ERROR.spans(r.text)]
            assert hits == [
                r.start
                for r in rows
                if re.search(r"\b(?:error|keyerror|killed|out of memory)\b", r.text, re.IGNORECASE)
            ]
        else:
            hits = [r.start for r in rows if means(term, r.text)]
        assert census.complete
        assert census.total == len(hits)
        assert list(census.forward(0)) == hits
        for rank, hit in enumerate(hits, 1):
            assert census.rank(hit) == rank
        kept = KeptLines(file, census)
        assert [row.start for row in kept.forward(0, 100)] == hits
        assert kept.last_page(3) == (hits[-3:][0] if hits else file.size + 1)
        for number, hit in enumerate(hits):
            assert kept.back(hit, 2) == (hits[max(0, number - 2)] if number else hit)
        assert census.marks(5) <= set(range(5))
        assert bool(census.marks(5)) == bool(hits)
        file.close()


def test_a_census_goes_on_where_a_log_grows(tmp_path: Path) -> None:
    file = written(tmp_path, ["an error", "well", "error: hal"], whole=False)
    census = LineCensus(file, ERROR)
    census.step()
    assert (census.total, census.complete) == (2, True)
    with file.path.open("a") as log:
        log.write("f of a line\nerror again\n")
    file.check()
    assert not census.complete
    while census.step():
        pass
    assert (census.total, census.complete) == (3, True)


TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    main()",
    "ValueError: lr is negative",
]


def test_each_traceback_is_one_line(tmp_path: Path) -> None:
    worker = [f"(Worker pid=7) {line}" for line in TRACEBACK]
    file = written(tmp_path, ["begin", *TRACEBACK, "between", *worker, "end", TRACEBACK[0]])
    opened: set[int] = set()
    folded = FoldedLines(file, opened)
    rows = folded.forward(0, 100)
    assert [row.text for row in rows] == [
        "begin",
        "ValueError: lr is negative · traceback of 4 lines",
        "between",
        "(Worker pid=7) ValueError: lr is negative · traceback of 4 lines",
        "end",
        TRACEBACK[0],
    ]
    assert [row.lines for row in rows] == [1, 4, 1, 4, 1, 1]
    assert folded.back(rows[4].start, 3) == rows[1].start
    assert folded.back(rows[1].start, 9) == 0
    assert folded.last_page(3) == rows[3].start
    assert folded.last_page(1) == rows[5].start, "a terminal may have room for one line"
    opened.add(rows[1].start)
    assert [row.text for row in folded.forward(0, 5)] == ["begin", *TRACEBACK]


def night(day: str = "") -> list[str]:
    """A log from 22:00 to 9:00, a line a minute, some without a time."""
    lines = []
    for minute in range(22 * 60, 33 * 60):
        date = f"{day[:-2]}{int(day[-2:]) + minute // 1440:02d} " if day else ""
        lines.append(f"[{date}{minute // 60 % 24:02d}:{minute % 60:02d}:05,123] epoch {minute}")
        lines.append("    no time here, but 100%|██████| 3/3 [00:41<00:00]")
    return lines


@pytest.mark.parametrize("chunk", [4096, 1 << 18])
@pytest.mark.parametrize(
    ("day", "text", "epoch"),
    [
        ("", "3:00", 27 * 60),
        ("", "22:00", 22 * 60),
        ("", "23:59:06", 24 * 60),
        ("2026-05-01", "03:00", 27 * 60),
        ("2026-05-01", "2026-05-01 23:30", 23 * 60 + 30),
        ("2026-05-01", "2026-05-02 00:10:05", 24 * 60 + 10),
    ],
)
def test_a_time_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: str, text: str, epoch: int, chunk: int
) -> None:
    monkeypatch.setattr(log_times, "CHUNK", chunk)
    file = written(tmp_path, night(day))
    moment = log_times.parse(text)
    assert moment is not None
    found, trouble = log_times.find(file, moment)
    assert trouble == ""
    assert found is not None
    assert file.forward(found, 1)[0].text.endswith(f"epoch {epoch}")


def test_a_time_that_is_not_there(tmp_path: Path) -> None:
    file = written(tmp_path, night())
    assert log_times.find(file, log_times.Moment(None, 9 * 3600)) == (
        None,
        "the last time in this log is 08:59:05",
    )
    day = log_times.parse("2026-05-01 03:00")
    assert day is not None
    assert "no dates" in log_times.find(file, day)[1]
    assert log_times.parse("2026-02-31 03:00") is None
    assert log_times.parse("25:00") is None
    file = written(tmp_path, ["epoch 1", "[00:41<00:10]"])
    assert log_times.find(file, log_times.Moment(None, 60))[1] == (
        "no line of this log tells a time of day"
    )


def test_the_values_of_a_number_come_from_the_lines_with_the_same_words(tmp_path: Path) -> None:
    lines = []
    for i in range(50):
        lines += [f"fps total: {1000 + i}  loss: {1 / (i + 1):.3e} epoch: {i}/50", f"other {i}"]
    lines.append("fps total: nan  loss: inf epoch: 50/50")
    file = written(tmp_path, lines)
    found = number_series.series(file, lines[0], 0)
    assert found is not None
    assert (found.label, found.of, found.whole) == ("fps total", 4, True)
    assert [value for _, value in found.points[:50]] == [1000.0 + i for i in range(50)]
    assert found.points[50][1] != found.points[50][1], "nan is told as it is"
    loss = number_series.series(file, lines[0], 1)
    assert loss is not None
    assert (loss.label, loss.points[1]) == ("loss", (2.0, 0.5))
    around = number_series.series(file, lines[0], 4)
    assert around is not None
    assert around.which == 0, "after the last number comes the first one"
    assert number_series.series(file, "no number here, not even v2x", 0) is None
