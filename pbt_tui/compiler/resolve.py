"""Completes the policy and the container of a run.

A given setting comes first, then that of the earlier compilation, then the default. Some defaults
depend on the run: `max_parallel` on its populations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pbt_tui.compiler.existing import PreviousCompilation
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where
from pbt_tui.populations import STYLES
from pbt_tui.spec import SHM, Container, Policy, Population


def resolve_policy(
    given: Mapping[str, Any],
    populations: Sequence[Population],
    before: PreviousCompilation | None,
    named: Sequence[str] = (),
) -> tuple[Policy, list[Diagnostic]]:
    """The policy.

    If `max_parallel` is not given, it is at least the size of the largest population (P2). The
    default of `num_gpus` is the length of the list `gpus`.
    """
    gangs = [p for p in populations if STYLES.get(p.style).members_are_jobs]
    largest = max(gangs, key=lambda p: len(p.members), default=None)
    need = len(largest.members) if largest else 0
    values = dict(given)
    if before is not None:
        old = msgspec.structs.asdict(before.policy)
        if old["max_parallel"] < need:
            del old["max_parallel"]
        values = old | values
    elif values.get("gpus") is not None:
        values.setdefault("num_gpus", len(values["gpus"]))
    if "max_parallel" in values or need <= Policy().max_parallel or largest is None:
        return Policy(**values), []
    policy = Policy(**values, max_parallel=need)
    if largest.style in named:  # its author wrote `population(…)`: nothing was guessed
        return policy, []
    message = (
        f"`max_parallel` is {need}, not {Policy().max_parallel}: "
        f"all members of population `{largest.id}` have to run at once"
    )
    note = finding("PBT421", message, where=Where(pointer="/policy/max_parallel"))
    return policy, [note]


def resolve_container(
    given: Mapping[str, Any], before: PreviousCompilation | None
) -> tuple[Container | None, list[Diagnostic]]:
    """The container; None without an image."""
    old = before.container if before else None
    values = {**(msgspec.structs.asdict(old) if old else {}), **given}
    if "image" in values:
        return Container(**{"shm_size": SHM, **values}), []
    if not values:
        return None, []
    names = ", ".join(f"`{name}`" for name in values)
    message = f"no image is set, so these settings of the container have no effect: {names}"
    return None, [finding("PBT530", message, hint="pass `--image NAME`")]
