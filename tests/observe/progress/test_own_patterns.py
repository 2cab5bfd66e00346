"""The user's own patterns: what they find, what is refused and where, and that none takes long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.errors import Findings
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.log_window import LogWindow
from pbt_tui.observe.progress.own_patterns import LOOK, OwnPatterns, reader_of
from pbt_tui.observe.progress.progress_types import Remaining
from pbt_tui.observe.progress.reading import ProgressReading
from pbt_tui.settings import settings_file
from pbt_tui.settings.progress_patterns import LINE, read_patterns

MINE = r"it (?P<step>[0-9,]+) of (?P<total>[0-9]+): value (?P<objective>\S+)"


def reading(pattern: str, text: str) -> ProgressReading | None:
    found, wrong = read_patterns({"mine": pattern}, "pbt.toml", "progress.")
    assert wrong == []
    return reader_of(found[0]).read(LogWindow(text.encode()))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (
            MINE,
            "it 1,200 of 5000: value -2.5\nother\n",
            ProgressReading(1200, 5000, "steps", objective=-2.5, objective_name="objective"),
        ),
        (r"E(?P<epoch>\d+)", "E3\nE4\n", ProgressReading(4, unit="epochs")),
        (r"F=(?P<frame>\S+)", "F=1.5M", ProgressReading(1_500_000, unit="frames")),
        (r"done (?P<percent>[0-9.]+)%", "done 12.5%", ProgressReading(share=0.125)),
        (
            r"left (?P<eta>[0-9:]+) at (?P<fps>\S+) g(?P<generation>\d+)",
            "left 1:00:01 at 12k g7",
            ProgressReading(fps=12000.0, eta=3601.0, generation=7),
        ),
        (r"left (?P<eta>\d+)s", "left 90s", ProgressReading(eta=90.0)),
        (r"R (?P<objective>\S+)", "R nonsense", ProgressReading()),
        (r"(?P<step>\d+)? x", "no match", None),
    ],
)
def test_values_of_groups(pattern: str, text: str, expected: ProgressReading | None) -> None:
    assert reading(pattern, text) == expected


def test_nan_is_told_as_what_it_is() -> None:
    found = reading(r"R (?P<objective>\S+)", "R nan")
    assert found is not None
    assert found.objective is not None
    assert found.objective != found.objective


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (5, "expected a regular expression as text"),
        ("(", "not a regular expression: missing ), unterminated subpattern at position 0"),
        (r"(?P<stp>1)", "there is no group `stp`"),
        ("step", "the pattern has no named group"),
        (r"(?P<total>\d+)", "the pattern has no named group"),
        ("x" * 501 + "(?P<step>1)", "the pattern has more than 500 characters"),
        (r"(?P<step>(a+)+)b", "the pattern could take long: there is a repeat within a repeat"),
        (r"(?P<step>(a|aa)+)b", "the pattern could take long: there is a repeat within a repeat"),
        (r"(?P<step>a)(b+|c)", "the pattern could take long: there is a repeat within a choice"),
        (r".*.*.*(?P<step>1)", "the pattern could take long: 3 repeats may each end at several"),
        (r"(?P<step>\d)(?=x)", "the pattern could take long: it has a part that is not allowed"),
        (r"(?P<step>\d)\1", "the pattern could take long: it has a part that is not allowed"),
    ],
)
@pytest.mark.parametrize("file", ["pbt.toml", "pyproject.toml"])
def test_what_is_refused_and_where(
    tmp_path: Path, pattern: object, message: str, file: str
) -> None:
    table = "progress" if file == "pbt.toml" else "tool.pbt.progress"
    value = f"'''{pattern}'''" if isinstance(pattern, str) else pattern
    (tmp_path / file).write_text(f"[{table}]\nmine = {value}\n")
    with pytest.raises(Findings) as raised:
        settings_file.find(tmp_path, BACKENDS)
    found = raised.value.diagnostics[0]
    assert found.message.startswith(message)
    assert found.where is not None
    assert (found.where.file, found.where.pointer) == (file, f"{table}.mine")
    with pytest.raises(Findings):
        settings_file.find_patterns(tmp_path)


def test_a_table_is_expected(tmp_path: Path) -> None:
    (tmp_path / "pbt.toml").write_text("progress = 3\n")
    with pytest.raises(Findings) as raised:
        settings_file.find(tmp_path, BACKENDS)
    assert raised.value.diagnostics[0].message == "expected a table of patterns by name"


def test_patterns_are_no_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.pbt]\nmax_parallel = 3\n[tool.pbt.progress]\nmine = '''{MINE}'''\n"
    )
    assert settings_file.find(tmp_path, BACKENDS).policy == {"max_parallel": 3}
    assert [one.name for one in settings_file.find_patterns(tmp_path / "below")] == ["mine"]
    assert settings_file.find_patterns(tmp_path.parent) == []


PARTS = st.sampled_from(
    [
        "a",
        ".",
        ".*",
        "a+",
        "[0-9]+",
        r"\d*",
        r"\S+",
        "(a|b)",
        "(ab)?",
        "(a)*",
        " ",
        r"\s*",
        "(.*a)?",
    ]
)
LINES = st.text("a1 b", max_size=LINE)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, max_size=6), st.lists(LINES, min_size=1, max_size=3))
def test_what_is_accepted_takes_little_time(parts: list[str], lines: list[str]) -> None:
    """A pattern that tries more than some million steps would not come to an end here."""
    found, _ = read_patterns({"p": "".join(parts) + "(?P<step>x)"}, "f", "")
    for one in found:
        for line in (*lines, "a" * LINE, "1" * LINE, " " * LINE, "a1" * 200):
            one.pattern.search(line)


def test_a_slow_pattern_is_left_out(tmp_path: Path) -> None:
    found, _ = read_patterns({"mine": MINE}, "pbt.toml", "progress.")
    ticks = iter(range(1000))
    watcher = LogWatcher([reader_of(found[0], lambda: float(next(ticks)))])
    log = tmp_path / "log"
    log.write_text("one\ntwo\n")
    watcher.of(log)
    assert watcher.problems == [
        "progress reader `mine`: SlowPattern: took more than 0.1 s for one log"
    ]


def test_a_pattern_that_is_mended_counts(tmp_path: Path) -> None:
    own = OwnPatterns(tmp_path)
    assert own.changed(0.0) is None
    file = tmp_path / "pbt.toml"
    file.write_text("[progress]\nmine = '('\n")
    assert own.changed(1.0) is None, "it looks every half a minute"
    assert own.changed(LOOK) is None
    assert own.problem is not None
    assert "pbt.toml" in own.problem
    file.write_text(f"[progress]\nmine = '''{MINE}'''\n")
    readers = own.changed(2 * LOOK)
    assert readers is not None
    assert [reader.name for reader in readers] == ["mine"]
    assert not own.problem
    assert own.changed(3 * LOOK) is None


def test_own_patterns_come_first(tmp_path: Path) -> None:
    from pbt_tui.observe.progress.readers import READERS

    found, _ = read_patterns({"mine": r"left (?P<eta>\d+)s of (?P<step>\d+)"}, "f", "")
    watcher = LogWatcher([reader_of(found[0]), *map(READERS.get, READERS.built_in)])
    log = tmp_path / "log"
    log.write_text("step 3/9 left 5s of 77 reward=2\n")
    progress = watcher.of(log)
    assert (progress.step, progress.total, progress.objective) == (77, None, 2.0)
    assert progress.eta == Remaining(5.0, 5.0, 5.0)
    assert progress.readers == ("mine", "steps")
