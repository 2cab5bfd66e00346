"""A process list and settings in, the files of all wanted backends out; who was left out, and why.

Must not know what the files look like (`backends` does) nor what is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

import msgspec

from pbt_tui.backends import NAMES, Backend
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Processes

_MODULES = {
    "processes": "pbt_tui.backends.processes.render",
    "slurm": "pbt_tui.backends.slurm.render",
    "ngc": "pbt_tui.backends.ngc.render",
}
_RULES = {"slurm": "pbt_tui.backends.slurm.rules", "ngc": "pbt_tui.backends.ngc.run_rules"}
"""Where the rules are that a backend has of its own: `check(spec, settings)`."""

Check = Callable[[Processes, Any], Sequence[Diagnostic]]


@dataclass(slots=True)
class Rendered:
    """The files, relative to the folder of the run, and what was found."""

    files: dict[str, bytes] = field(default_factory=dict)
    owned: list[str] = field(default_factory=list)
    """Patterns of what else would be theirs."""
    found: list[Diagnostic] = field(default_factory=list)


def available() -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in _MODULES)


def backend(name: str) -> Backend:
    """Raises `KeyError`."""
    return cast(Backend, import_module(_MODULES[name]))


def render(
    spec: Processes,
    wanted: Sequence[str] | None,
    given: Mapping[str, Mapping[str, Any]],
    *,
    asked: bool = True,
    sound: bool = True,
) -> Rendered:
    """What each backend makes of `spec`.

    `given` holds the settings of each, by field. Of backends that were asked for by name a missing
    setting is an error; where nobody said (`wanted` is None) all are made that can be, and one note
    names the others (DESIGN 6.1). The process list is always made: from it, and from what each
    backend keeps of its settings, all other files can be made again. Backends that were not `asked`
    for by name, and of which nothing is set, keep their notes to themselves. Of a spec that is not
    `sound` no file is made, only findings: it may hold what no file can.
    """
    if wanted is not None:
        wanted = [name for name in NAMES if name in (*wanted, NAMES[0])]
    made, left_out = Rendered(), []
    for name in wanted if wanted is not None else available():
        one = backend(name)
        settings, lack = _settings(one, given.get(name, {}), spec)
        found = list(_rules(name)(spec, settings)) if lack is None else []
        if not (asked or given.get(name) or name == NAMES[0]):
            found = [d for d in found if d.level != "note"]
        wrong = [d for d in found if d.level == "error"]
        if wanted is None and lack:
            left_out.append(f"`{name}`: {lack}")
            continue
        if lack is not None:
            made.found.append(Diagnostic("error", f"backend `{name}`: {lack}"))
            continue
        made.found += found
        made.owned += one.OWNED
        if sound and not wrong:
            made.files |= one.render(spec, settings)
    if left_out and sound:
        made.found.append(Diagnostic("note", f"left out: {'; '.join(left_out)}"))
    return made


def _settings(
    backend: Backend, values: Mapping[str, Any], spec: Processes
) -> tuple[Any, str | None]:
    """The settings, and what they lack."""
    if backend.SETTINGS is None:
        return None, None
    lack = backend.lacks(values, spec)
    return (None, lack) if lack else (msgspec.convert(dict(values), backend.SETTINGS), None)


def _rules(name: str) -> Check:
    if name not in _RULES:
        return lambda spec, settings: ()
    return cast(Check, import_module(_RULES[name]).check)
