"""What the pictures of a population are computed from: lives, founders, axes, gaps, colours."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.theme import Theme

from pbt_tui.observe.snapshot_types import EventRow, GenerationRow, MemberRow, PopulationRow
from pbt_tui.tui import text, themes
from pbt_tui.tui.render.axes import SCALES, axis, steps
from pbt_tui.tui.render.curve_cells import pieces
from pbt_tui.tui.render.curves import CurveChoices, Curves
from pbt_tui.tui.render.drift import Drift
from pbt_tui.tui.render.founders import UNKNOWN, Lineages
from pbt_tui.tui.render.generations import Generations
from pbt_tui.tui.render.hues import HUES, hues
from pbt_tui.tui.render.lineage_picture import lineage
from pbt_tui.tui.render.population_page import arranged
from pbt_tui.tui.render.population_view import Choices, PopulationView
from tests.tui import simulated_populations as populations

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def member(index: int, *steps: tuple[int, float | None], at: float = 0.0) -> MemberRow:
    """A member with these generations: number and objective."""
    rows = tuple(
        GenerationRow(n, n * 10, o, {"lr": 0.1 * n}, at + i) for i, (n, o) in enumerate(steps)
    )
    number, objective = steps[-1] if steps else (None, None)
    return MemberRow(index, "running", number, None, objective, {}, 0, rows, None)


def of(*members: MemberRow, events: tuple[EventRow, ...] = ()) -> Generations:
    return Generations(
        PopulationRow("p", "isaacgymenvs", len(members), "/w", tuple(members), events, None, ())
    )


def points(found: Generations, index: int = 0) -> list[list[int]]:
    """The numbers of the generations of each piece of a curve."""
    lives = found.of(index)
    assert lives is not None
    return [piece.xs for piece in pieces(lives, "generation")]


def test_a_curve_is_cut_where_an_objective_is_missing_or_no_number() -> None:
    steps_: list[tuple[int, float | None]] = [(n, 1.0 * n) for n in range(1, 9)]
    steps_[2], steps_[5] = (3, None), (6, math.nan)
    assert points(of(member(0, *steps_))) == [[1, 2], [4, 5], [7, 8]]
    steps_[2] = (3, math.inf)
    assert points(of(member(0, *steps_))) == [[1, 2], [4, 5], [7, 8]]


def test_a_curve_is_cut_where_generations_are_missing() -> None:
    regular = [*range(1, 12), *range(14, 25)]
    assert points(of(member(0, *((n, 1.0) for n in regular)))) == [regular[:11], regular[11:]]
    irregular = [0, 0, 1, 3, 4, 8, 9, 9, 14]  # as Sample-Factory counts
    assert points(of(member(0, *((n, 1.0) for n in irregular)))) == [irregular]


def test_a_member_that_begins_again_has_another_curve() -> None:
    found = of(member(0, (1, 1.0), (2, 2.0), (3, 3.0), (1, 0.5), (2, 0.7)))
    assert points(found) == [[1, 2, 3], [1, 2]]
    again = EventRow("relaunch", 0, None, 1, "metadata", 0.9, applied=True)
    assert points(of(member(0, (1, 1.0), (1, 0.5), (2, 0.7)), events=(again,))) == [[1], [1, 2]]


def test_a_curve_over_frames_is_cut_where_they_fall() -> None:
    """A member that copied goes on with the frames of its donor, or with its own."""
    whole = member(0, *((n, 1.0) for n in range(1, 6)))
    steps_ = tuple(
        replace(step, frame=frame)
        for step, frame in zip(whole.generations, (10, 20, 15, 25, None), strict=True)
    )
    lives = of(replace(whole, generations=steps_)).of(0)
    assert lives is not None
    assert [piece.xs for piece in pieces(lives, "frames")] == [[10, 20], [15, 25]]


def test_as_of_a_generation_a_later_life_is_not_there_yet() -> None:
    ahead = member(1, *((n, 1.0) for n in range(1, 11)))
    steps_ = [*((n, 1.0) for n in range(1, 6)), (1, 0.1), (2, 0.2)]
    found = of(member(0, *steps_), ahead)
    assert [m.position for m in found.as_of(3)] == [2, 2]
    assert [m.position for m in found.as_of(7)] == [6, 6], "by then it had begun again"
    assert [m.position for m in found.as_of(None)] == [6, 9]


def copy(who: int, donor: int | None, number: int, given: int | None) -> EventRow:
    return EventRow("exploit", who, donor, number, "log", 1.0, given, applied=True)


def test_founders_copies_that_paid_and_crosses() -> None:
    members = [member(m, *((n, float(n + m)) for n in range(1, 7)), at=m / 10) for m in range(3)]
    events = (
        copy(0, 2, 2, 2),
        copy(1, 0, 4, 4),
        EventRow("exploit", 2, 0, 5, "log", 1.0, 5, applied=False),
    )
    found = of(*members, events=events)
    lines = Lineages(found)
    assert lines.alive == ((2, 0),)
    assert lines.began == 3
    assert (lines.paid, lines.judged) == (2, 2)
    assert lines.ends == {(0, 1), (1, 3)}
    drawn = [text.plain(row) for row in lineage(found, lines, {}, None, None, 60, 9)]
    assert drawn == [
        " lineage  1   2   3   4   5   6  founder",
        "  0       ●───╳  ╭●───●──┬●───●  2",
        "  1       ●───●──│●───╳  ╰●───●  2",
        "  2       ●───●──┴●───●───●───●  2",
    ]


def test_a_copy_of_nobody_known_is_unknown() -> None:
    members = [member(m, (1, 1.0), (2, 2.0), (3, 3.0)) for m in range(2)]
    for event in (copy(0, None, 1, None), copy(0, 7, 1, 1)):
        lines = Lineages(of(*members, events=(event,)))
        assert lines.founder(0, 2) == UNKNOWN
        assert lines.alive == ((1, 0),)


def test_a_circle_of_copies_ends() -> None:
    """Times of a foreign disk may say that each copied what the other wrote later."""
    members = [member(m, (1, 1.0), (2, 2.0), (3, 3.0), at=10.0 * m) for m in range(2)]
    lines = Lineages(of(*members, events=(copy(0, 1, 1, 3), copy(1, 0, 1, 3))))
    assert lines.founder(0, 2) == lines.founder(1, 2)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_changes_nothing(seed: int) -> None:
    """A view that grew, generation by generation, shows what a fresh one shows."""
    whole = populations.simulated(6, 18, seed=seed)
    view: PopulationView | None = None
    for number in range(1, 19):
        members = tuple(
            replace(m, generation=number, generations=m.generations[:number], objective=None)
            for m in whole.members
        )
        events = tuple(e for e in whole.events if (e.generation or 0) <= number)
        row = replace(whole, members=members, events=events)
        view = PopulationView(row, view)
        fresh = PopulationView(row)
        choices = Choices(at=number // 2 or None, scale=SCALES[number % 3])
        pages = [
            arranged(v, v.ranked(choices.at), choices, number % 6, 0.0, 160, 40)
            for v in (view, fresh)
        ]
        assert pages[0] == pages[1]
        assert view.facts(None) == fresh.facts(None)
        assert view.lineages.ends == fresh.lineages.ends


def test_what_becomes_known_late_counts() -> None:
    """A log that is read late, and a generation that is: who descends from whom is found anew."""
    whole = populations.simulated(4, 12, seed=3)
    late = next(event for event in whole.events if event.kind == "exploit")
    early = replace(whole, events=tuple(e for e in whole.events if e != late))
    donor = whole.members[late.donor or 0]
    kept = tuple(g for g in donor.generations if g.generation != late.donor_generation)
    without = tuple(
        replace(m, generations=kept) if m.index == donor.index else m for m in whole.members
    )
    view = PopulationView(replace(early, members=without))
    another = next(m for m in range(4) if m not in (late.member, late.donor))
    told = replace(late, donor=another)
    corrected = replace(whole, events=tuple(told if e == late else e for e in whole.events))
    for row in (early, whole, corrected, replace(whole, members=without), whole):
        view = PopulationView(row, view)
        fresh = PopulationView(row)
        for m in row.members:
            for place in range(len(m.generations)):
                found = view.lineages.founder(m.index, place)
                assert found == fresh.lineages.founder(m.index, place), (m.index, place)
        assert view.facts(None) == fresh.facts(None)


def test_many_points_in_a_column_lose_no_spike() -> None:
    steps_ = [(n, 1.0) for n in range(1, 2001)]
    steps_[777] = (778, 9.0)
    lines = Curves().lines(of(member(0, *steps_)), {0: "hue0"}, [0], CurveChoices(), 80, 12)
    spikes = [line for line in map(text.plain, lines[1:9]) if any("⠀" < c <= "⣿" for c in line)]
    assert len(spikes) == 8


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.none() | st.floats(), max_size=12), min_size=1, max_size=12),
    st.integers(1, 210),
    st.integers(0, 60),
    st.sampled_from([None, *SCALES]),
    st.booleans(),
)
def test_no_picture_is_larger_than_its_place(
    objectives: list[list[float | None]], width: int, height: int, scale: str, plain: bool
) -> None:
    members = [member(m, *enumerate(values)) for m, values in enumerate(objectives)]
    view = PopulationView(of(*members).row)
    for choices in (Choices(scale=scale, plain=plain), Choices("drift", at=1), Choices("lineage")):  # type: ignore[arg-type]
        found = arranged(view, view.ranked(choices.at), choices, 0, 0.0, width, height)
        assert len(found.lines) <= height
        assert all(text.length(line) <= width for line in found.lines), found.shown


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(FINITE, min_size=1), min_size=1), st.sampled_from([None, *SCALES]))
def test_every_axis_is_finite_and_rises(values: list[list[float]], name: str | None) -> None:
    found = axis(values, name)  # type: ignore[arg-type]
    assert found is not None
    assert -math.inf < found.low < found.high < math.inf
    places = [place for place, _ in found.ticks(6)]
    assert len(places) <= 6 + 1
    assert all(math.isfinite(place) for place in places)
    some = sorted(v for series in values for v in series)
    assert [found.place(v) for v in some] == sorted(found.place(v) for v in some)


def test_one_diverged_member_does_not_flatten_the_others() -> None:
    good = [[1.0 * i for i in range(50)] for _ in range(7)]
    found = axis([*good, [1e30] * 50], None)
    assert found is not None
    assert (found.name, found.high) == ("clipped", 49.0)
    assert axis(good, None) == axis(good, "linear")


def test_ticks_are_round() -> None:
    assert steps(0.0, 47.0, 5) == [0.0, 10.0, 20.0, 30.0, 40.0]
    log = axis([[1.0, 1e6]], "log")
    assert log is not None
    assert [label for _, label in log.ticks(4)] == ["1", "100", "10k", "1M"]


def test_eight_members_have_eight_hues_and_of_more_the_best() -> None:
    assert hues(list(range(8))) == {i: f"hue{i}" for i in range(8)}
    order = [9, 17, 1, 40, 3, 5, 6, 7, 8, 2]
    found = hues(order)
    assert list(found) == order[:8]
    assert sorted(found.values()) == sorted(HUES)
    assert 2 in hues(order, [2])
    assert len(hues(order, [2])) == 8


def test_the_drift_of_what_is_no_number() -> None:
    row = populations.simulated(3, 6)
    members = [
        replace(
            m,
            generations=tuple(
                replace(g, params={"opt\x1b": "adam" if g.generation < 4 else f"sgd{m.index}"})
                for g in m.generations
            ),
        )
        for m in row.members
    ]
    lines = Drift().lines(of(*members), None, 80, 5, plain=False)
    shown = [text.plain(line) for line in lines]
    assert "1 values, then 3" in shown[1]
    assert "\\x1b" in shown[1]


# -- colours ---------------------------------------------------------------------------------------

SEEN = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
"""What people without one kind of cones see of linear red, green and blue (Machado and others)."""


def linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(colour: list[float]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, part)) for part in colour)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=["dark", "light"])
def test_any_colour_vision_tells_the_hues_apart(theme: Theme) -> None:
    colours = [theme.variables[name] for name in HUES]
    ground = linear(theme.background or "")
    for colour in colours:
        light, dark = sorted((lab(linear(colour))[0], lab(ground)[0]), reverse=True)
        assert light - dark > 35, f"{colour} is hardly seen on {theme.background}"
    for seen, matrix in SEEN.items():
        found = [
            lab([sum(row[i] * linear(colour)[i] for i in range(3)) for row in matrix])
            for colour in colours
        ]
        for one, other in combinations(range(8), 2):
            assert math.dist(found[one], found[other]) > 15, (seen, colours[one], colours[other])
