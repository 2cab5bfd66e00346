"""The rules that only Isaac Lab and rl_games need: whether members can read the objective.

Must not know how members were found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbt_tui.populations.member import Member, StyleFinding

_TENSORS = ("episode.consecutive_successes",)
"""Objectives that are known to be tensors (P3)."""


def check(members: Sequence[Member]) -> Iterator[StyleFinding]:
    """The objective, of the first member: the others have the same."""
    first = members[0]
    name = f"{first.stem}objective"
    given = first.set.get(name)
    if given in _TENSORS:
        yield StyleFinding(
            f"`{given}` is a tensor in Isaac Lab's environments: no member can read it",
            "PBT411",
            param=name,
            hint="put a plain number into the infos, `float(…)`, and name that",
        )
    elif given is None:
        yield StyleFinding(
            f"`{name}` is not in the command: rl_games has no default, and Isaac Lab's is "
            "`Episode_Reward/success`, which a task need not have",
            "PBT411",
            "note",
            hint=f"add `{name}=…`, and see that it is a plain number",
        )
