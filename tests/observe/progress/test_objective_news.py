"""What is told of the best objective and when, for random objectives and resumed runs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe.progress import BestObjective
from pbt_tui.observe.progress.objective_news import (
    BEST_EVERY,
    FLAT,
    FLAT_SHARE,
    begun,
    best_of,
    is_plateau,
    next_topic,
    seen,
)


class Told:
    """What a person is told of a run, by one executor after the other."""

    def __init__(self) -> None:
        self.now = 0.0
        self.news = begun(resumed=False, now=0.0)
        self.told: list[tuple[str, float, float]] = []
        """Topic, time and objective of each message."""

    def read(self, value: float, *, is_loss: bool = False) -> None:
        found = BestObjective("a", value, is_loss, since=self.now, at=self.now)
        self.news = seen(self.news, found, self.now)
        self.tick()

    def tick(self) -> None:
        while True:
            topic, self.news = next_topic(self.news, self.now)
            if topic is None:
                return
            assert self.news.best is not None
            self.told.append((topic, self.now, self.news.best.value))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tick()

    def kill(self) -> None:
        """The executor is killed, and another one has the best objective from the disk."""
        best = self.news.best
        self.news = begun(resumed=True, now=self.now)
        if best is not None:
            self.news = seen(self.news, best, self.now)
        self.tick()

    def of(self, topic: str) -> list[tuple[float, float]]:
        return [(at, value) for name, at, value in self.told if name == topic]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.floats(-1e6, 1e6)),
        st.tuples(st.just("wait"), st.floats(0.0, 3000.0)),
        st.tuples(st.just("kill")),
    ),
    min_size=5,
    max_size=60,
)


@given(STEPS, st.booleans())
def test_each_best_objective_is_told_once_and_at_most_every_ten_minutes(
    steps: list[tuple[object, ...]], is_loss: bool
) -> None:
    told = Told()
    read: list[float] = []
    kills = 0
    for name, *args in steps:
        if name == "read":
            read += args  # type: ignore[arg-type]
            told.read(args[0], is_loss=is_loss)  # type: ignore[arg-type]
        else:
            getattr(told, str(name))(*args)
        kills += name == "kill"
    sign = -1.0 if is_loss else 1.0
    best = told.of("best")
    assert all(b[0] - a[0] >= BEST_EVERY for a, b in pairwise(best))
    assert all(sign * b[1] > sign * a[1] for a, b in pairwise(best)), "told twice, or worse"
    assert all(sign * value > sign * read[0] for _, value in best), "the first one is no news"
    if not kills and read:
        told.wait(BEST_EVERY)
        most = max(read, key=lambda value: sign * value)
        if sign * most > sign * read[0]:
            assert told.of("best")[-1][1] == most, "the newest was not told"
    flat = told.of("plateau")
    assert len({value for _, value in flat}) == len(flat), "a plateau was told twice"


def test_a_plateau_lasts_half_an_hour_and_a_quarter_of_the_time() -> None:
    best = BestObjective("a", 1.0, since=0.0, at=0.0)
    assert not is_plateau(best, FLAT - 1)
    assert is_plateau(best, FLAT)
    later = BestObjective("a", 1.0, since=0.0, at=9000.0)
    assert not is_plateau(later, 9000.0 + FLAT)
    assert is_plateau(later, 9000.0 + 3000.0)
    assert FLAT_SHARE * 12000.0 == 3000.0


def test_a_loss_is_better_where_it_is_less_and_counts_only_alone() -> None:
    assert BestObjective("a", 1.0, is_loss=True).beats(BestObjective("b", 2.0, is_loss=True))
    assert not BestObjective("a", 1.0).beats(BestObjective("b", 2.0))
    told = Told()
    for value in (3.0, 2.0):
        told.read(value, is_loss=True)
    told.read(-5.0)  # a reward: from now on, losses are left out
    told.read(1.0, is_loss=True)
    assert told.told == [("best", 0.0, 2.0)]
    assert told.news.best is not None
    assert (told.news.best.value, told.news.best.is_loss) == (-5.0, False)


def test_the_time_of_the_first_objective_is_kept() -> None:
    first = best_of(None, BestObjective("a", 1.0, since=5.0, at=5.0))
    better = best_of(first, BestObjective("b", 2.0, since=9.0, at=9.0))
    assert better == BestObjective("b", 2.0, since=5.0, at=9.0)
    assert best_of(better, BestObjective("c", 2.0, since=11.0, at=11.0)) is better
