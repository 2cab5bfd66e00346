"""The findings on a description that is not the same at each load, or in each place.

Must not know how a difference was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbt_tui.compiler.source_lines import of_name
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where

if TYPE_CHECKING:
    from pbt_tui.compiler.loaded import Loaded, Variation

_NOUNS = {
    "clock": "the time of the import",
    "random": "a random number",
    "entropy": "random bytes of the system",
    "pid": "the process id of the import",
    "tempfile": "the name of a temporary file",
    "order": "the order of a set",
    "address": "the memory address of an object",
    "file": "what the import reads from a file that it writes",
    "host": "the host name",
    "user": "the name or number of the user",
    "revision": "the git revision",
    "home": "the path of the home folder",
    "checkout": "the path of this checkout",
}
"""What a part of a description holds."""
_CURES = {
    "clock": "write a fixed value in its place",
    "random": "fix the seed in the module, or pass `--seed 0`",
    "entropy": "`--seed` does not reach it: write a fixed value, or draw from `random` and pass "
    "`--seed 0`",
    "pid": "write a fixed value in its place",
    "tempfile": "write a fixed path in its place",
    "order": "sort the set: `sorted(…)`",
    "address": "a function, or an object without a text of its own, is no value: write its name",
    "file": "keep the value in the run module",
}
_PLACES = {
    "host": "on another host",
    "user": "for another user",
    "revision": "after another commit",
    "home": "for another user",
    "checkout": "in another checkout",
}
_ELSEWHERE_CURES = {
    "host": "let the trainer ask for the host name where the job runs",
    "user": "let the trainer ask for the user where the job runs",
    "revision": "let the trainer ask git where the job runs",
    "home": "write a path that is the same for every user, or relative to where the run starts",
    "checkout": "write a path relative to the folder where the run starts",
}
_NAMES = {"run_name": "run name", "suffix": "experiment suffix"}
"""The parts of a description that name the directory of a run."""


def check(loaded: Loaded, freeze: bool) -> list[Diagnostic]:
    """PBT224 for the run name, PBT120 and PBT225 for everything else.

    With `freeze` the first description is run here and at once: what would be another one in
    another place does not matter, and what differs between two loads is a warning.
    """
    found = []
    for v in loaded.variations:
        if v.what in _NAMES:
            found.append(_run_name(v, loaded))
        elif not v.elsewhere:
            found.append(_differs(v, loaded, freeze))
        elif not freeze:
            found.append(_differs_elsewhere(v))
    return found


def _run_name(v: Variation, loaded: Loaded) -> Diagnostic:
    why = f"holds {_NOUNS[v.source]}" if v.source else "differs between two loads"
    when = _PLACES.get(v.source or "")
    what = "every compile and every `pbt-run`" if when is None else f"every `pbt-run` {when}"
    where = _place(v)
    if where.line is None and loaded.file is not None:
        where = Where(loaded.file, of_name(loaded.file, "RUN_DESCRIPTION"))
    hint = "give it a fixed name, and tell trials apart with `--experiment_suffix`"
    message = f"the {_NAMES[v.what]} {why}: {what} is a new run"
    return finding("PBT224", message, where=where, hint=hint)


def _differs(v: Variation, loaded: Loaded, freeze: bool) -> Diagnostic:
    message = f"{_called(v)} differs between two loads"
    if v.source is not None:
        message += f": it holds {_NOUNS[v.source]}{_by(v)}"
    kept = "the values of the first load are used"
    if freeze and v.source in (None, "random"):
        hint = f"{kept}; to repeat the run, pass `--seed 0`"
    elif freeze:
        hint = f"{kept}; {_CURES[v.source or 'random']}"
    elif v.source is not None:
        hint = _CURES[v.source]
    elif loaded.seed is not None:
        hint = "`--seed` seeds `random` and NumPy: find what else changes, and fix it in the module"
    else:
        hint = _CURES["random"]
    return finding(
        "PBT120", message, where=_place(v), hint=hint, level="warning" if freeze else "error"
    )


def _differs_elsewhere(v: Variation) -> Diagnostic:
    assert v.source is not None
    message = (
        f"{_called(v)} holds {_NOUNS[v.source]}{_by(v)}: "
        f"{_PLACES[v.source]} the compiled files have other bytes, and `--check` fails"
    )
    return finding("PBT225", message, where=_place(v), hint=_ELSEWHERE_CURES[v.source])


def _called(v: Variation) -> str:
    return v.what if v.what.startswith("the ") else f"`{v.what}`"


def _by(v: Variation) -> str:
    return f" (`{v.function}`)" if v.function else ""


def _place(v: Variation) -> Where:
    return Where(v.file, v.line) if v.file is not None else Where()
