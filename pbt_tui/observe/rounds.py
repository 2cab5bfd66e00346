"""What a member's log says of one round of population-based training, in the member's own numbers.

Pure: types, and the sentences about them.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class MemberLogState(Struct):
    """The newest state in the log of one member; None: the log does not say."""

    waits: str | None = None
    """`Not enough …`: why it does not compare itself with the others yet."""
    frames: int | None = None
    """Frames trained."""
    initial_delay: int | None = None
    """Frames before the first exchange, as the trainer logs it."""
    well: bool = False
    """Whether it is not among the worst, or nobody underperforms, by its last message."""
    aborted: int = 0
    """Number of exchanges that failed because the donor's weights could not be loaded (R2)."""
    blind: int = 0
    """Number of rounds in which it could read no objective (P3, R11)."""
    generation: int | None = None
    """Its generation."""
    skipped: int = 0
    """Number of rounds in a row that ended in an exception before members were compared."""
    exception: str | None = None
    """The exception of the last round that was skipped."""
    round: Round | None = None
    """Its last comparison with the others."""


class Round(Struct):
    """One comparison of a member with the others, as the member logged it; None: not logged."""

    generation: int | None = None
    """The member's generation then."""
    objectives: dict[int, float] = field(default_factory=dict)
    """Objectives that it compared, by member, as far as the log states them."""
    mean: float | None = None
    """Mean of the objectives (Isaac Lab, rl_games)."""
    lower: float | None = None
    """A member below it underperforms (Isaac Lab, rl_games)."""
    upper: float | None = None
    """A member above it is a leader (Isaac Lab, rl_games)."""
    best: tuple[int, ...] = ()
    """Members that may be copied."""
    worst: tuple[int, ...] = ()
    """Members that may be replaced."""
    difference: float | None = None
    """Objective of the donor less that of the member (IsaacGymEnvs, Sample-Factory)."""
    at: float | None = None
    """The time of its lines in Unix seconds, where they have no generation (Sample-Factory)."""
    needed: float | None = None
    """The difference beyond which the member would have copied the donor (IsaacGymEnvs)."""


def newest(states: Mapping[int, MemberLogState]) -> tuple[int, Round] | None:
    """The member that compared itself at the highest generation, and its round; None without one.

    Example:
        >>> newest({0: MemberLogState(round=Round(generation=3)), 1: MemberLogState()})[0]
        0
    """
    rounds = [(m, state.round) for m, state in sorted(states.items()) if state.round is not None]
    return max(rounds, key=lambda r: r[1].generation or 0, default=None)


def sentence(member: int, found: Round) -> str:
    """What a round found, and which threshold was missed by how much.

    Args:
        member: the member that compared itself.
        found: its round.

    Example:
        >>> sentence(2, Round(generation=9, best=(0, 2), worst=(1,)))
        'member 2 at generation 9: best: 0, 2, worst: 1'
    """
    where = f"member {member}" + (
        f" at generation {found.generation}" if found.generation is not None else ""
    )
    parts = []
    if found.mean is not None:
        parts.append(f"mean {_number(found.mean)}")
    above = f" above {_number(found.upper)}" if found.upper is not None else ""
    below = f" below {_number(found.lower)}" if found.lower is not None else ""
    best, worst = ("leaders", "underperformers") if found.mean is not None else ("best", "worst")
    parts.append(f"{best}{above}: {_members(found.best)}")
    parts.append(f"{worst}{below}: {_members(found.worst)}")
    if missed := _missed(found):
        parts.append(missed)
    return f"{where}: {', '.join(parts)}"


def _missed(found: Round) -> str | None:
    if found.difference is not None and found.needed is not None:
        return (
            f"the best of them was better by {_number(found.difference)}, "
            f"{_number(found.needed)} is needed"
        )
    if found.difference is not None:
        return f"the difference of {_number(found.difference)} was not enough"
    if found.lower is None or found.worst or not found.objectives:
        return None
    lowest = min(found.objectives, key=lambda m: found.objectives[m])
    return f"member {lowest} missed it by {_number(found.objectives[lowest] - found.lower)}"


def _members(members: tuple[int, ...]) -> str:
    return ", ".join(map(str, members)) or "none"


def _number(value: float) -> str:
    return f"{value:.4g}"
