"""Every diagnostic code: level, title, why, an example that fails and its cure.

Must not know how anything is found out; it holds words. One file per hundred, loaded when asked
for, a backend's from its folder; codes of installed packages have a prefix of their own. The pages
in `docs/reference/rules/` and `--explain` are made from here.

    1xx description · 2xx names and directories · 3xx commands · 4xx populations
    5xx resources and containers · 6xx SLURM · 7xx NGC · 8xx spec files

Of each hundred x01–x19 are found while a module is read and expanded, x20 and up in the whole run,
x50 and up on the machine that runs it, by `pbt-run`.

Examples are fragments, and can be run: what is no command line is the run module `runs/ant.py`, in
which the words of `pbt_tui` are known, and a bare `Experiment` stands for a run of it. Without
commands it is compiled; without a module `runs.ant` is a run of two jobs, `runs.ant_pbt` one of a
population of 8, and `runs.doom_a` and `runs.doom_b` are two with one run name. What looks like JSON
is a piece of a process list, `...` is the rest of it, and it is validated. What begins with `#!` is
the template `old.sh` for SLURM.

Those of 7xx stand where a settings file has what NGC needs, and are compiled for it; JSON is a
piece of a job request, and a line of `ngc` is a template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from pbt_tui.errors import BrokenKind, Diagnostic, Level, Where, printable

HUNDREDS = {
    "1": ("descriptions", "pbt_tui.diagnostics.description_codes"),
    "2": ("names and directories", "pbt_tui.diagnostics.name_codes"),
    "3": ("commands", "pbt_tui.diagnostics.command_codes"),
    "4": ("populations", "pbt_tui.diagnostics.population_codes"),
    "5": ("resources and containers", "pbt_tui.diagnostics.resource_codes"),
    "6": ("SLURM", "pbt_tui.backends.slurm.codes"),
    "7": ("NGC", "pbt_tui.backends.ngc.codes"),
    "8": ("spec files", "pbt_tui.diagnostics.spec_codes"),
}
"""First digit of a code → subject, and the module of its rules, which is imported on first use."""
OURS = "PBT"
GROUP = "pbt_tui.diagnostics"
"""Entry points of installed packages: the prefix of their codes, and a module with their `RULES`.
"""
REGISTER = "docs/upstream-defects.md"
"""Defects of the original launchers and trainers; explanations cite them by number, such as D1."""
_LONGEST = 800
"""Characters of a message; names and values can be of any length."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One code. `example` fails, `cure` is the same made right; both are shown as they stand."""

    code: str
    level: Level
    title: str
    explanation: str
    example: str
    cure: str


def finding(
    code: str,
    message: str,
    *,
    where: Where | None = None,
    hint: str | None = None,
    level: Level | None = None,
) -> Diagnostic:
    """A diagnostic with the level of its rule, unless the caller knows better.

    Whatever foreign text the message holds, it is one line that a terminal can be shown.
    """
    told = _line(message), code, where or Where(), _line(hint) if hint else None
    return Diagnostic(level or rule(code).level, *told)


def _line(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def rule(code: str) -> Rule:
    """The rule of `code`; raises `KeyError`, or `BrokenKind` for a table that cannot be read."""
    prefix = _prefix(code)
    return (_table(code[3:4]) if prefix == OURS else _installed(prefix))[code]


def rules(*codes: str) -> dict[str, Rule]:
    """All of our own and those of the packages that these codes are of, in their order.

    Raises `BrokenKind` for a table that cannot be read.
    """
    found = dict(sorted(pair for hundred in HUNDREDS for pair in _table(hundred).items()))
    for prefix in dict.fromkeys(map(_prefix, codes)):
        if prefix != OURS:
            found.update(sorted(_installed(prefix).items()))
    return found


def _prefix(code: str) -> str:
    return code.rstrip("0123456789")


def _table(hundred: str) -> dict[str, Rule]:
    return _by_code(import_module(HUNDREDS[hundred][1]).RULES)


@cache
def _installed(prefix: str) -> dict[str, Rule]:
    """The table of an installed package; empty if none has codes that begin so."""
    from importlib.metadata import entry_points

    for place in {point.value for point in entry_points(group=GROUP, name=prefix)}:
        try:
            table = _by_code(import_module(place.partition(":")[0]).RULES)
        except Exception as e:  # another package's code may do anything
            message = f"cannot be loaded: {type(e).__name__}: {e}"
            raise BrokenKind("table of codes", prefix, place, f"{message:.300}") from e
        if strange := [code for code in table if _prefix(code) != prefix]:
            raise BrokenKind("table of codes", prefix, place, f"has `{strange[0]}`")
        return table
    return {}


def _by_code(table: tuple[Rule, ...]) -> dict[str, Rule]:
    return {r.code: r for r in table}


def page(rule: Rule) -> str:
    """The rule as a page of Markdown that also reads well in a terminal.

    Links to upstream defects lead from the root of the repository.
    """
    return (
        f"# {rule.code}: {rule.title}\n\nLevel: {rule.level}\n\n{rule.explanation}\n\n"
        f"{_upstream(rule)}"
        f"## Fails\n\n```\n{rule.example}\n```\n\n## Cure\n\n```\n{rule.cure}\n```\n"
    )


def _upstream(rule: Rule) -> str:
    numbers = re.findall(r"\b[DPR][1-9]\d?\b", rule.explanation)
    if not numbers or _prefix(rule.code) != OURS:
        return ""
    links = ", ".join(f"[{n}]({REGISTER}#{n.lower()})" for n in numbers)
    return f"Upstream: {links}\n\n"
