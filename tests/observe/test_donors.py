"""The index of donors answers as a comparison of each copy with every member does."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import nan

from pbt_tui.observe.donors import Donors
from pbt_tui.observe.inference import between
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import Generation
from pbt_tui.populations import STYLES, Style

STYLES_OF_COPIES = [
    STYLES.get("isaacgymenvs"),
    STYLES.get("isaaclab"),
    STYLES.get("rl_games"),
    replace(STYLES.get("isaacgymenvs"), restart_is_copy=True),
    replace(STYLES.get("isaaclab"), restart_is_copy=False),
]
"""The styles in which copies are inferred, and what a style of another package may be."""
VALUES: tuple[object, ...] = (
    *(0, 0.0, -0.0, False, None, "", "0"),
    *(1, 1.0, True, "1", 0.1, 0.1000000000000000055, 0.30000000000000004, 0.3, "0.1", 1e-1),
    *(2**63, float(2**63), "nan", "inf", nan, [], [1], [1.0], [[True]], ["nan"], {}, {"a": 1}),
    {"a": 1.0},
)
"""Parameters that look alike and differ, or look different and are equal."""

Members = Mapping[int, MemberSteps]


# -- the definition: each copy is compared with every member -------------------------------------


def by_pairs(
    members: Members, trainer: Style, before: Generation, after: Generation
) -> tuple[Generation | None, float]:
    """The donor whose parameters agree best, and the confidence in it."""
    own = agreement(before, after)
    best: Generation | None = None
    rank: tuple[int, float, int] = (-1, 0.0, 0)
    alike = 0
    for other, steps in members.items():
        if other == after.member:
            continue
        seen = seen_by_pairs(steps, trainer, before, after)
        if seen is None:
            continue
        now = (agreement(seen, after), seen.objective or 0.0, -other)
        alike = alike + 1 if now[0] == rank[0] else 1 if now[0] > rank[0] else alike
        if best is None or now > rank:
            best, rank = seen, now
    if best is None:
        return None, 0.5
    if rank[0] > own:
        return best, 0.6 if alike > 1 else 0.9 if trainer.restart_is_copy else 0.8
    return (best, 0.6) if trainer.restart_is_copy else (None, 0.5)


def seen_by_pairs(
    steps: MemberSteps, trainer: Style, before: Generation, after: Generation
) -> Generation | None:
    if not trainer.frames_follow_donor:
        return steps.newest_at_most(before.generation, before.at)
    number = min(before.generation, after.generation - 1)
    for donor in reversed(steps.versions(number)):
        if donor.at >= after.at:
            continue
        if donor.objective is not None and before.objective is not None:
            if donor.objective <= before.objective:
                continue
        return donor
    return None


def agreement(left: Generation, right: Generation) -> int:
    return sum(left.params.get(key, ...) == value for key, value in right.params.items())


def only_by_pairs(
    members: Members, number: int, before: Generation, after: Generation
) -> Generation | None:
    """The only member whose newest generation at a decision had this number; None: not just one."""
    found = [
        seen
        for other, steps in members.items()
        if other != before.member
        and (seen := steps.newest_at_most(before.generation, before.at)) is not None
        and seen.generation == number
    ]
    best = max((agreement(g, after) for g in found), default=0)
    found = [g for g in found if agreement(g, after) == best]
    return found[0] if len(found) == 1 else None


# -- random populations ----------------------------------------------------------------------------


def population(rng: random.Random) -> dict[int, MemberSteps]:
    """Members that copy, fall, begin anew, stand still, run ahead and write at one time."""
    size = rng.choice((1, 2, 3, 5, 8, 40, 120))
    keys = [f"p{i}" for i in range(rng.choice((0, 1, 3, 6)))]
    values = rng.sample(VALUES, rng.randint(1, 6))
    falls = rng.choice((0.0, 0.1, 0.4))
    moments = rng.choice(((1.0,), (0.0, 1.0), (0.0, 0.3, 7.0)))
    known = {m: MemberSteps() for m in rng.sample(range(size * 2), size)}
    for member, steps in known.items():
        clock, number, count = rng.choice((0.0, 0.0, 3.0)), 0, rng.choice((1, 3, 9, 20))
        params = {key: rng.choice(values) for key in keys}
        for _ in range(min(count, 400 // size + 2)):
            number = number + 1 if rng.random() >= falls else rng.randint(0, number + 2)
            clock += rng.choice(moments)
            if rng.random() < 0.4:
                params = {k: rng.choice(values) for k in keys if rng.random() < 0.9}
            steps.add(
                Generation(
                    member=member, generation=number, experiment_name="e", frame=None,
                    objective=rng.choice((None, 0.0, -0.0, -1.0, 2.5, rng.random())),
                    params=dict(params), at=clock, checkpoint=None,
                )
            )  # fmt: skip
    return dict(sorted(known.items()))


def gaps(rng: random.Random, members: Members) -> list[tuple[Generation, Generation]]:
    """The gaps in the order in which the lineage judges them, or in any other."""
    found = [gap for steps in members.values() for gap in pairwise(steps.steps)]
    if rng.random() < 0.5:
        found.sort(key=lambda gap: (gap[0].generation, gap[0].at, gap[0].member))
    else:
        rng.shuffle(found)
    return found


def test_the_index_answers_as_a_comparison_of_all_pairs() -> None:
    copies = guesses = 0
    for seed in range(60):
        rng = random.Random(seed)
        members = population(rng)
        for trainer in STYLES_OF_COPIES:
            donors = Donors(members, trainer)
            for before, after in gaps(rng, members):
                donor, confidence = by_pairs(members, trainer, before, after)
                found = between(donors, before, after)
                if before.params == after.params:
                    assert found == []
                else:
                    assert [(e.donor, e.donor_generation, e.confidence) for e in found] == [
                        (donor and donor.member, donor and donor.generation, confidence)
                    ], (seed, trainer.name)
                    copies += donor is not None
                likest = donors.likest(before, after)
                if donor is not None:
                    assert likest is not None
                    assert likest.donor is donor, (seed, trainer.name)
                number = rng.randint(0, before.generation)
                one = only_by_pairs(members, number, before, after)
                assert donors.only(number, before, after) is one, (seed, trainer.name)
                guesses += one is not None
    assert copies > 2_000
    assert guesses > 20


def with_value(member: int, value: object) -> Generation:
    return Generation(
        member=member, generation=1, experiment_name="e", frame=None, objective=None,
        params={"p": value}, at=float(member), checkpoint=None,
    )  # fmt: skip


def alike(*values: object) -> list[tuple[int, int]]:
    """For a copy with each of the values, which members 0, 1, … have: the donor, and whether its
    value is equal."""
    members = {m: MemberSteps() for m in range(len(values))}
    for m, value in enumerate(values):
        members[m].add(with_value(m, value))
    donors = Donors(members, STYLES.get("isaacgymenvs"))
    last = len(values)
    found = [donors.likest(with_value(last, value), with_value(last, value)) for value in values]
    return [(one.donor.member, one.equal) for one in found if one is not None]


def test_values_are_equal_where_python_says_so() -> None:
    assert alike(nan, 0, False, 0.0) == [(0, 0), (1, 1), (1, 1), (1, 1)]
    assert alike(0.3, 0.1 + 0.2, "0.3", 0.3) == [(0, 1), (1, 1), (2, 1), (0, 1)]
    assert alike([1], (1,), [True], {"a": [1]}, {"a": [1.0]}, "x", None) == [
        (0, 1), (1, 1), (0, 1), (3, 1), (3, 1), (5, 1), (6, 1),
    ]  # fmt: skip
