"""What population-based training decides: who is replaced by whom, and with which parameters.

It must not know files, processes or the task: metadata and a random generator in, a verdict out.

M. Jaderberg et al., "Population based training of neural networks", 2017, with the rules of
IsaacGymEnvs (A. Petrenko et al., "DexPBT: scaling up dexterous manipulation for hand-arm systems
with population based training", RSS 2023): every member decides for itself, asynchronously. Two
rules differ: the lowest ranks are looked for among the members that have metadata and are less than
`stale_after` generations behind. There, a member that is dead or was never started takes a lowest
rank for ever and so keeps everybody else from being replaced. As donors all are welcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from random import Random
from statistics import pstdev

from examples.swingup.metadata import Metadata
from examples.swingup.settings import Settings


@dataclass(frozen=True)
class Verdict:
    """`source` is whose weights come next: a donor, the member itself, or nobody's (go on).

    `said` are the reasons, in the words in which the upstream trainer gives them.
    """

    source: int | None
    said: tuple[str, ...]


def exploit(
    known: Mapping[int, Metadata],
    best_this_round: float,
    started_at: int,
    rules: Settings,
    rng: Random,
) -> Verdict:
    """Decide for member `rules.index`, which is in `known`.

    `known` is the newest generation of each member not newer than that of the deciding one,
    `started_at` the frame at its last restart, `best_this_round` its best since the last round.
    """
    me = rules.index
    own = known[me]
    waited = own.frame - started_at
    if waited < rules.start_after or own.frame < rules.initial_delay:
        return _go_on(
            f"Policy {me}: Not enough experience collected to replace weights. Giving this policy "
            f"more time to adjust to the latest parameters... env_frames={own.frame} "
            f"started_at={started_at} restart_delay={rules.start_after} "
            f"initial_delay={rules.initial_delay}"
        )
    objective = {index: found.true_objective for index, found in known.items()}
    if len(objective) <= max(2, rules.size // 2):
        return _go_on(f"Policy {me}: Not enough data to start PBT, {list(objective.values())}")
    ranking = sorted(objective, key=lambda index: objective[index], reverse=True)
    alive = [i for i in ranking if own.iteration - known[i].iteration < rules.stale_after]
    best = ranking[: ceil(rules.replace_best * rules.size)]
    worst = alive[max(0, len(alive) - ceil(rules.replace_worst * rules.size)) :]
    said = [f"Policy {me}: PBT best_policies={best}, worst_policies={worst}"]
    if me not in worst:
        return _go_on(
            *said, f"Current policy {me} is doing well, not among the worst_policies={worst}"
        )
    if best_this_round >= min(objective[index] for index in best):
        return _go_on(
            *said,
            f"Policy {me}: best_objective={best_this_round} is better than some of the top "
            f"policies. This policy should keep training for now, it is doing okay.",
        )
    donor = rng.choice(best)
    ahead = objective[donor] - objective[me]
    # The lowest fifth is left out: one member that broke down must not widen the threshold.
    middle = [objective[index] for index in ranking[: len(ranking) - len(ranking) // 5]]
    by_spread = rules.threshold_std * pstdev(middle)
    by_size = rules.threshold_absolute * abs(objective[donor])
    if ahead > by_spread and ahead > by_size:
        said.append(f"Replacing underperforming policy {me} with {donor}")
        return Verdict(donor, tuple(said))
    said.append(
        f"Policy {me}: Difference in objective value ({objective[donor]} vs {objective[me]}) is "
        f"not sufficient to justify replacement, {ahead}, {by_spread}, {by_size}"
    )
    return Verdict(me, tuple(said))


def explore(params: Mapping[str, float], rules: Settings, rng: Random) -> dict[str, float]:
    """Each parameter with probability `mutation_rate` times or over a factor in the range."""
    new = dict(params)
    for key, value in params.items():
        if rng.random() < rules.mutation_rate:
            factor = rng.uniform(rules.change_min, rules.change_max)
            new[key] = value * factor if rng.random() < 0.5 else value / factor
    return new


def first_values(params: Mapping[str, float], rules: Settings) -> dict[str, float]:
    """Where a member begins: spread evenly, on a logarithmic scale, around the values given.

    A Latin hypercube: for each parameter the members take `size` different places, in an order
    drawn from the seed of the run, from the value over `spread` to the value times `spread`.
    """
    new = {}
    for key, value in params.items():
        places = list(range(rules.size))
        Random(f"{rules.seed} {key}").shuffle(places)
        place = 2 * places[rules.index % rules.size] / max(1, rules.size - 1) - 1
        new[key] = value * rules.spread**place
    return new


def _go_on(*said: str) -> Verdict:
    return Verdict(None, said)
