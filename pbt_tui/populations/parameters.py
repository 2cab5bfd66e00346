"""What `population()` gives for styles whose members are jobs: one dictionary each.

Must not know any style.
"""

from __future__ import annotations

from typing import Any


def one_per_member(
    size: int, index: str, workspace: str | None = None, *, switch: bool = False
) -> list[dict[str, Any]]:
    """The index, and beside an index called `…policy_idx` its neighbours of the same stem.

    `switch`: the trainer is told that population-based training is on.
    """
    shared: dict[str, Any] = {}
    if index.endswith("policy_idx"):
        stem = index.removesuffix("policy_idx")
        shared[f"{stem}num_policies"] = size
        if workspace is not None:
            shared[f"{stem}workspace"] = workspace
        if switch:
            shared[f"{stem}enabled"] = True
    return [{index: member, **shared} for member in range(size)]
