"""Every diagnostic code: level, title, explanation, an example that fails, and its cure.

The rules of each hundred are in one module (`HUNDREDS`), which is imported on first use; those of a
backend are in the backend's package. Codes of installed packages have a prefix of their own.
`pbt-compile --explain CODE` and `docs/reference/rules/` are generated from here. A rule is text: it
must not know how a finding is detected.

Within each hundred, x01-x19 are found while a module is imported and expanded, x20 and up in the
whole run, and x50 and up by `pbt-run`, on the machine that executes the run.

Examples are fragments that can be run. Lines that begin with a command are executed; other lines
are one of these:

- Python: the run module `runs/ant.py`, in which the names of `pbt_tui` are imported. A bare
  `Experiment` stands for a run of that experiment.
- JSON: a part of a process list, which is validated. `...` stands for the rest of the list.
- Text that begins with `#!`: the template `old.sh` for SLURM.

An example without commands is compiled. An example without a module uses one of these:
`runs.ant` is a run of two jobs, `runs.ant_pbt` a population of 8, and `runs.doom_a` and
`runs.doom_b` are two modules with one run name.

Examples of 7xx are compiled for NGC, with a settings file that holds what NGC needs. There, JSON is
a part of a job request, and a line that begins with `ngc` is a template.
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
    "9": ("OSMO", "pbt_tui.backends.osmo.codes"),
}
"""First digit of a code → subject, and the module of its rules, which is imported on first use."""
OURS = "PBT"
GROUP = "pbt_tui.diagnostics"
"""Entry points of installed packages: the prefix of their codes, and a module with their `RULES`.
"""
REGISTER = "docs/upstream-defects.md"
"""Defects of the upstream launchers and trainers. Explanations cite them by number, such as D1."""
_LONGEST = 800
"""Maximum length of a message in characters, because names and values can be of any length."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One code. `example` causes the finding, and `cure` is the corrected example."""

    code: str
    level: Level
    title: str
    explanation: str
    example: str
    cure: str


IGNORABLE = frozenset(("PBT535",))
"""Errors that `--ignore` accepts: the user takes a risk that nothing else depends on."""


def finding(
    code: str,
    message: str,
    *,
    where: Where | None = None,
    hint: str | None = None,
    level: Level | None = None,
) -> Diagnostic:
    """A diagnostic of the rule `code`, with the rule's level unless `level` is given.

    The message and the hint are shortened and escaped: each is one line, safe for a terminal.
    """
    return Diagnostic(
        level or rule(code).level,
        _line(message),
        code,
        where or Where(),
        _line(hint) if hint else None,
    )


def _line(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def rule(code: str) -> Rule:
    """The rule of `code`. Raises `KeyError`, or `BrokenKind` if the table cannot be loaded."""
    prefix = _prefix(code)
    return (_table(code[3:4]) if prefix == OURS else _installed(prefix))[code]


def rules(*codes: str) -> dict[str, Rule]:
    """All built-in rules, and those of the installed packages to which `codes` belong, sorted.

    Raises `BrokenKind` if a table cannot be loaded.
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
    """The rules of the installed package with this prefix; empty if there is none."""
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
    """The rule as Markdown that also reads well in a terminal.

    Links to upstream defects are relative to the root of the repository.
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
