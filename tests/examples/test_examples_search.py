"""Augmented random search learns and is repeatable, and a checkpoint needs only its state."""

from dataclasses import replace
from math import isclose
from random import Random
from statistics import fmean

from examples.swingup import policy
from examples.swingup.environment import State
from examples.swingup.search import Hyperparameters, Search, evaluate

GOOD = Hyperparameters(step_size=0.2, noise_std=0.3, directions=4, top_directions=2)


def _trained(frames: int, hyper: Hyperparameters = GOOD, seed: int = 1) -> Search:
    search, rng = Search(), Random(seed)
    while search.frame < frames:
        search.iterate(hyper, rng)
    return search


def _objective(search: Search) -> float:
    return fmean(episode.score for episode in evaluate(search.controller()))


def test_the_policy_is_mirror_symmetric() -> None:
    rng = Random(3)
    act = policy.controller([rng.gauss(0, 1) for _ in range(policy.SIZE)], [1.0] * policy.SIGNALS)
    for _ in range(20):
        state = State(*(rng.gauss(0, 1) for _ in range(4)))
        assert isclose(act(state), -act(State(*(-number for number in state))), abs_tol=1e-12)


def test_a_short_search_improves() -> None:
    assert _objective(Search()) < 0.1
    assert _objective(_trained(60_000)) > 2.0


def test_hyperparameters_matter() -> None:
    timid = Hyperparameters(step_size=0.002, noise_std=0.005, directions=4, top_directions=2)
    assert _objective(_trained(60_000, timid)) < _objective(_trained(60_000)) - 1.0


def test_a_search_is_repeatable_and_does_not_share_its_lists() -> None:
    first, second = _trained(20_000), _trained(20_000)
    assert first == second
    assert Search().weights == [0.0] * policy.SIZE
    assert replace(first).frame == first.frame


def test_scales_are_one_before_anything_was_seen_and_measured_afterwards() -> None:
    assert Search().scales() == [1.0] * policy.SIGNALS
    search = Search(samples=4, squares=[4.0, 16.0, 0.0, 36.0])
    assert search.scales() == [1.0, 2.0, 0.1, 3.0]


def test_members_are_examined_from_the_same_starts() -> None:
    assert evaluate(Search().controller()) == evaluate(Search().controller())
