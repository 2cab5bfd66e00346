"""The outcome of an attempt: each rule of the function that derives it."""

from __future__ import annotations

import pytest

from pbt_tui.journal import Attempt
from pbt_tui.journal.events import Why
from pbt_tui.journal.outcome import Order, outcome

BY_WHY = [
    ("cancel", ("stopped", "cancelled")),
    ("timeout", ("stopped", "timeout")),
    ("interrupt", ("interrupted", None)),
    ("fail_fast", ("interrupted", None)),
]


def attempt(why: Why | None = None, at: float = 100.0) -> Attempt:
    return Attempt(1, (), 0.0, stop_why=why, stop_at=at if why else None)


@pytest.mark.parametrize(
    ("code", "expected"),
    [(0, "succeeded"), (1, "failed"), (137, "failed"), (None, "failed"), (-9, "failed")],
)
def test_without_a_stop_the_code_says_it(code: int | None, expected: str) -> None:
    assert outcome(attempt(), exit_code=code) == (expected, None)


def test_refused_and_lost() -> None:
    assert outcome(attempt(), exit_code=127, refused=True) == ("refused", None)
    assert outcome(attempt(), exit_code=None, lost=True) == ("lost", "lost")


@pytest.mark.parametrize(("why", "expected"), BY_WHY)
@pytest.mark.parametrize("code", [0, 1, 143, None])
def test_after_a_stop_its_reason_says_it(
    why: Why, expected: tuple[str, str | None], code: int | None
) -> None:
    """A trainer that checkpoints on TERM and exits 0 has not succeeded."""
    orders: tuple[Order | None, ...] = ("after", None)
    for order in orders:
        assert outcome(attempt(why), exit_code=code, order=order) == expected
    for lost in (True, False):
        told = outcome(attempt(why), exit_code=code, order="before", lost=lost, refused=not lost)
        assert told == expected


@pytest.mark.parametrize("why", [why for why, _ in BY_WHY])
def test_before_the_stop_the_code_says_it(why: Why) -> None:
    assert outcome(attempt(why), exit_code=0, order="before") == ("succeeded", None)
    assert outcome(attempt(why), exit_code=3, order="before") == ("failed", None)
