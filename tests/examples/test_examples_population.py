"""Exploit, explore and the command line after a restart are pure functions."""

from dataclasses import replace
from itertools import pairwise
from math import log
from random import Random

import pytest

from examples.swingup.metadata import Metadata
from examples.swingup.population import Verdict, exploit, explore, first_values
from examples.swingup.settings import Settings, replaced

RULES = Settings(size=4, interval=100, initial_delay=200, start_after=100, replace_worst=0.25)


def _known(*objectives: float | None, generation: int = 5) -> dict[int, Metadata]:
    """Members by their objective; None is one without metadata."""
    return {
        index: Metadata("", "", generation * 100, generation, {}, "", objective)
        for index, objective in enumerate(objectives)
        if objective is not None
    }


def _decide(
    known: dict[int, Metadata], me: int, best: float | None = None, started_at: int = 0
) -> Verdict:
    own = known[me].true_objective if best is None else best
    return exploit(known, own, started_at, replace(RULES, index=me), Random(0))


def test_the_worst_takes_from_the_best() -> None:
    verdict = _decide(_known(1.0, 8.0, 7.9, 4.0), 0)
    assert verdict.source in (1, 2)
    assert verdict.said == (
        "Policy 0: PBT best_policies=[1, 2], worst_policies=[0]",
        f"Replacing underperforming policy 0 with {verdict.source}",
    )


@pytest.mark.parametrize("me", [1, 2, 3])
def test_all_others_go_on(me: int) -> None:
    verdict = _decide(_known(1.0, 8.0, 7.9, 4.0), me)
    assert verdict.source is None
    assert "is doing well" in verdict.said[-1]


def test_too_small_a_gap_varies_the_parameters_and_keeps_the_weights() -> None:
    verdict = _decide(_known(7.9, 8.0, 8.0, 7.95), 0)
    assert verdict.source == 0
    assert "is not sufficient to justify replacement" in verdict.said[-1]


def test_a_good_moment_since_the_last_round_counts() -> None:
    verdict = _decide(_known(1.0, 8.0, 7.9, 4.0), 0, best=7.95)
    assert verdict.source is None
    assert "should keep training" in verdict.said[-1]


def test_nothing_is_decided_before_there_is_experience() -> None:
    known = _known(1.0, 8.0, 7.9, 4.0)
    assert "Not enough experience" in _decide(known, 0, started_at=450).said[0]
    early = _known(1.0, 8.0, 7.9, 4.0, generation=1)
    assert "Not enough experience" in _decide(early, 0).said[0]


def test_two_of_four_are_too_few() -> None:
    verdict = _decide(_known(1.0, 8.0, None, None), 0)
    assert verdict.source is None
    assert "Not enough data to start PBT" in verdict.said[0]


def test_an_absent_member_does_not_take_the_lowest_rank() -> None:
    assert _decide(_known(1.0, 8.0, 7.9, None), 0).source in (1, 2)


def test_a_dead_member_does_not_take_the_lowest_rank_but_may_give() -> None:
    known = _known(1.0, 4.0, 4.1, 0.5, generation=20)
    known[3] = replace(known[3], iteration=3)
    assert _decide(known, 0).source in (1, 2)
    known[3] = replace(known[3], true_objective=9.0)
    assert "best_policies=[3, 2]" in _decide(known, 0).said[0]


def test_a_fraction_of_nothing_replaces_nobody() -> None:
    rules = replace(RULES, replace_worst=0.0)
    assert exploit(_known(1.0, 8.0, 7.9, 4.0), 1.0, 0, rules, Random(0)).source is None


def test_explore_multiplies_or_divides_within_the_range() -> None:
    rules = replace(RULES, mutation_rate=1.0, change_min=1.1, change_max=2.0)
    rng = Random(1)
    for _ in range(100):
        new = explore({"a": 1.0, "b": 4.0}, rules, rng)
        assert all(1.1 <= max(r, 1 / r) <= 2.0 for r in (new["a"], new["b"] / 4.0))
    untouched = explore({"a": 1.0}, replace(rules, mutation_rate=0.0), rng)
    assert untouched == {"a": 1.0}


def test_first_values_cover_the_range_with_one_member_in_each_place() -> None:
    values = [
        first_values({"train.step_size": 0.1}, Settings(size=8, index=index))["train.step_size"]
        for index in range(8)
    ]
    assert min(values) == pytest.approx(0.1 / 20)
    assert max(values) == pytest.approx(0.1 * 20)
    steps = sorted(log(value) for value in values)
    assert [b - a for a, b in pairwise(steps)] == pytest.approx([2 * log(20) / 7] * 7)


def test_settings_read_hydra_words() -> None:
    settings = Settings.parse(
        ["pbt.policy_idx=3", "++pbt_restart=True", "hydra.run.dir=/a=b", "train.step_size=1e-2"]
    )
    assert (settings.index, settings.restarted, settings.step_size) == (3, True, 0.01)
    assert str(settings.folder()) == "/a=b"


@pytest.mark.parametrize(
    "word", ["--help", "pbt.policy=3", "seed=x", "pbt_restart=maybe", "train.step_size="]
)
def test_a_wrong_word_is_named(word: str) -> None:
    with pytest.raises(ValueError, match=word.replace(".", r"\.")):
        Settings.parse([word])


def test_replaced_words_are_there_once_however_often() -> None:
    words = ["seed=1", "train.step_size=0.1", "hydra.run.dir=here", "flag"]
    new = {"hydra.run.dir": "/there", "++pbt_restart": True, "train.step_size": 0.2}
    once = replaced(words, new)
    assert once == [
        "seed=1",
        "flag",
        "hydra.run.dir=/there",
        "++pbt_restart=True",
        "train.step_size=0.2",
    ]
    assert replaced(once, new) == once
