"""The parameters that `population()` returns: one dictionary for each member that is a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbt_tui.errors import BadParam
    from pbt_tui.populations.contract import Style

MOST_MEMBERS = 1_000_000
"""More jobs than a run can have; without a bound a typing error takes all memory."""


def parameters_of(
    style: Style, size: int, workspace: str | None, index_arg: str | None
) -> list[dict[str, Any]]:
    """The result of `population()`.

    Raises `BadParam` for a size that is no number of members, and for an argument that has no
    effect in this style.
    """
    if not isinstance(size, int):
        raise _bad(f"the size of a population is a whole number: {size!r:.80}")
    if size < 1:
        raise _bad(f"a population has at least one member: {size}")
    if size > MOST_MEMBERS:
        raise _bad(f"a population has at most {MOST_MEMBERS:,} members")
    if index_arg is not None:
        keys = [key.key for key in style.index_keys]
        if not keys:
            raise _bad(f"style `{style.name}` takes no `index_arg`", "leave `index_arg` out")
        if index_arg.lstrip("+-~") not in keys:
            message = f"style `{style.name}` knows no index `{index_arg:.80}`"
            raise _bad(message, f"leave `index_arg` out: the index is `{keys[0]}`")
    made = style.parameters(size, workspace, index_arg)
    if workspace is not None and made and workspace not in made[0].values():
        message = f"style `{style.name}` takes no `workspace`: the trainer chooses its folder"
        raise _bad(message, "leave `workspace` out")
    return made


def _bad(what: str, hint: str | None = None) -> BadParam:
    from pbt_tui.errors import BadParam

    return BadParam(what, hint=hint, code="PBT103")


def one_per_member(
    size: int, index: str, workspace: str | None = None, *, switch: bool = False
) -> list[dict[str, Any]]:
    """One dictionary for each member: its index, and the settings that all members share.

    An index named `…policy_idx` shows the stem of the other settings. With any other index the
    dictionaries contain the index alone. `switch` adds the setting that switches population-based
    training on.
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
