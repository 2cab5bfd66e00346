"""How a toy trainer evolves a population: what pbt_tui has to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pbt_tui.populations import FoundFolder, IndexKey, Member, Style, StyleFinding


def _parameters(size: int, workspace: str | None, index_arg: str | None) -> list[dict[str, Any]]:
    return [{"evo.member": member, "evo.size": size} for member in range(size)]


def _workspace(member: Member) -> str:
    return f"{member.job.dir}/{member.setting('workspace', 'evolution')}"


def _rules(members: Sequence[Member]) -> Iterator[StyleFinding]:
    if members[0].setting("keep") == "0":
        yield StyleFinding(
            "`evo.keep` is 0: nobody is left to be copied",
            "EVO001",
            param="evo.keep",
            hint="leave it out, or keep at least 1",
        )


def _is_workspace(found: FoundFolder) -> bool:
    return found.has_generations


STYLE = Style(
    name="toystyle",
    title="the toy trainer",
    parameters=_parameters,
    workspace=_workspace,
    reader="pbt_toy_style.reader:Evolution",
    generation_files=(r"member-[0-9]+", r"[0-9]+\.json"),
    index_keys=(IndexKey(key="evo.member", stem="evo."),),
    size_name="size",
    smallest=3,
    switch_name=None,
    rules=_rules,
    is_workspace=_is_workspace,
)
