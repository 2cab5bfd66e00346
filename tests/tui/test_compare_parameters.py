"""Which parameters differ: what a table of a comparison shows, hides and tells as left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe.progress import Number
from pbt_tui.tui.render.comparison import Comparison, ComparisonChoices
from pbt_tui.tui.render.comparison_curves import ComparisonCurves
from pbt_tui.tui.render.comparison_parameters import (
    LONGEST,
    NONE,
    differences,
    distinct,
    value_key,
)
from pbt_tui.tui.render.comparison_series import Contender, Track
from pbt_tui.tui.render.comparison_table import ComparisonTable, cell, summary, tsv
from pbt_tui.tui.text import cells, length, plain

_NAMES = st.sampled_from(
    ["lr", "train.lr", "seed", "a.b", "\x1b[2J", "Größe", "x" * 40, "y" * 60, "experiment"]
)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.sampled_from(["3e-4", "0.0003", "True", "", " ", "—", "-", "\x9b\n", "1e999", "٣"])
    | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=4,
)
_PARAMS = st.lists(st.dictionaries(_NAMES, _VALUES, max_size=5), min_size=1, max_size=9)


def contenders(params: Sequence[Mapping[str, object]]) -> list[Contender]:
    return [
        Contender(k, f"job_{k}", given, ("● running", "run"), Track(), f"job_{k}")
        for k, given in enumerate(params)
    ]


@given(_PARAMS)
def test_a_column_has_different_values_and_shows_them(params: list[dict[str, Any]]) -> None:
    found = differences(params)
    for column in found.columns:
        assert len(set(column.texts)) > 1, "a column whose values are all equal"
        assert max(map(cells, column.texts)) <= LONGEST
        assert all(text.isprintable() for text in column.texts)
    names = [column.name for column in found.columns]
    assert len(names) == len(set(names))
    flat = {name for one in params for name, value in one.items() if not isinstance(value, dict)}
    assert len(found.same) + len(names) >= len(flat)


@given(_VALUES, _VALUES)
def test_different_values_have_different_texts(a: object, b: object) -> None:
    found = differences([{"x": [a]}, {"x": [b]}])
    same = value_key([a]) == value_key([b])
    assert bool(found.same) == same
    assert same or len(set(found.columns[0].texts)) == 2
    assert same or len(set(found.columns[0].whole)) == 2


@given(_PARAMS, st.integers(20, 220), st.integers(0, 12))
def test_each_parameter_that_differs_is_shown_or_told(
    params: list[dict[str, Any]], width: int, first: int
) -> None:
    found = Comparison(contenders(params), ComparisonChoices(first=first), 0.0)
    table = ComparisonTable(found, width)
    shown = [one.column for one in table.shown]
    assert len(shown) + len(table.cut) == len(table.columns)
    for column in found.differences.columns:
        if column in shown:
            assert len({cell(found, column, one)[0] for one in found.contenders}) > 1
        else:
            assert column.title in table.cut
    assert bool(table.below()) == bool(table.cut)
    lines = [table.head(), *map(table.line, found.rows), *table.below(), *summary(found, width)]
    assert all(length(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (3e-4, "3e-4", True),
        (3e-4, "0.0003", True),
        (1, 1.0, True),
        ("1", 1, True),
        (True, "True", True),
        (True, 1, False),
        (None, "None", True),
        (2**60, 2**60 + 1, False),
        (0.1, 0.1 + 1e-11, False),
        (0.1 * 3, 0.3, True),
        ([1, "2"], [1.0, 2], True),
        ("1e999", "1e998", False),
        ("٣", 3, False),
    ],
)
def test_which_values_are_the_same(a: object, b: object, same: bool) -> None:
    assert (value_key(a) == value_key(b)) == same
    assert bool(differences([{"x": a}, {"x": b}]).same) == same


def test_what_is_missing_is_told_and_mappings_are_looked_into() -> None:
    found = differences(
        [{"env": {"name": "Ant", "n": 1}, "lr": 1}, {"env": {"name": "Ant", "n": 2}}]
    )
    assert found.same == (("name", "Ant"),)
    assert [(c.name, c.title, c.texts) for c in found.columns] == [
        ("env.n", "n", ("1", "2")),
        ("lr", "lr", ("1", NONE)),
    ]


def test_two_of_one_short_name_have_their_whole_names() -> None:
    found = differences([{"actor.lr": 1, "critic.lr": 1}, {"actor.lr": 2, "critic.lr": 3}])
    assert [column.title for column in found.columns] == ["actor.lr", "critic.lr"]


def test_what_only_counts_the_jobs_comes_last() -> None:
    found = differences([{"idx": k, "lr": 1e-4 * 3**k} for k in (2, 0, 1)])
    assert [column.name for column in found.columns] == ["lr", "idx"]


def test_values_too_deep_are_no_traceback() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert differences([{"x": deep}, {"x": 1}]).columns[0].texts[1] == "1"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.integers(6, 30))
def test_texts_that_are_cut_stay_different(texts: list[str], width: int) -> None:
    found = distinct(texts, width)
    assert len(set(found)) == len(set(texts))
    assert all(cells(text) <= width for text in found)


def test_the_copy_has_whole_values_and_nothing_that_breaks_a_row() -> None:
    params = [{"path": "/data/" + "x" * 50 + "\t1", "seed": 1}, {"path": "a\nb", "seed": 1}]
    lines = tsv(Comparison(contenders(params), ComparisonChoices(), 0.0)).split("\n")
    assert lines[0].split("\t") == ["name", "state", "path", "objective"], "nothing else is known"
    assert lines[1].split("\t")[2] == "/data/" + "x" * 50 + "\\t1"
    assert lines[2].split("\t")[2] == "a\\nb"
    assert lines[3] == "same\tseed=1"


_NUMBERS: st.SearchStrategy[Number | None] = (
    st.none() | st.floats() | st.sampled_from(["nan", "inf", "-inf"])
)
_POINT = st.tuples(
    st.floats(0, 2e9), st.none() | st.integers(-5, 2**53), _NUMBERS, st.none() | st.floats(0, 1)
)


@given(
    st.lists(st.tuples(st.lists(_POINT, max_size=20), st.sets(st.integers(1, 19))), max_size=10),
    st.integers(0, 160),
    st.integers(0, 30),
    st.sampled_from(["objective", "progress", "rate"]),
    st.sampled_from(["steps", "time"]),
    st.sampled_from([None, "linear", "log", "clipped"]),
    st.booleans(),
)
def test_any_series_are_drawn_in_their_place(
    series: list[tuple[list[Any], set[int]]],
    width: int,
    height: int,
    measure: Any,
    x: Any,
    scale: Any,
    plain_: bool,
) -> None:
    made: list[Contender] = []
    for k, (points, breaks) in enumerate(series):
        points.sort(key=lambda point: point[0])
        at, steps, objectives, shares = list(zip(*points, strict=True)) or [()] * 4
        track = Track(at, steps, objectives, shares, breaks=frozenset(breaks))
        made.append(Contender(k, f"j{k}", {}, ("x", ""), track, is_loss=k % 3 == 0))
    choices = ComparisonChoices(measure, x, scale, chosen=0, plain=plain_)
    found = Comparison(made, choices, 0.0)
    lines = ComparisonCurves().lines(found, width, height)
    assert len(lines) in (0, 1, height)
    assert all(length(line) <= max(width, 40) for line in lines)
    assert sorted(one.number for one in found.rows) == list(range(len(made)))
    assert all(plain(ComparisonTable(found, 80).line(one)) for one in found.rows)
