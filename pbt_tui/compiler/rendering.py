"""A process list and settings in, the files of all wanted backends out; who was left out, and why.

Must not know what the files look like (`backends` does) nor what is there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from pbt_tui.backends import BACKENDS, Backend
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BrokenKind, Diagnostic
from pbt_tui.spec import Processes


@dataclass(slots=True)
class Rendered:
    """The files, relative to the folder of the run, and what was found."""

    files: dict[str, bytes] = field(default_factory=dict)
    backends: list[str] = field(default_factory=list)
    """Of which there are files."""
    owned: list[str] = field(default_factory=list)
    """Patterns of what else would be theirs."""
    records: list[str] = field(default_factory=list)
    """What these patterns find and is kept all the same."""
    found: list[Diagnostic] = field(default_factory=list)


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
    setting is an error. Where nobody asked (`wanted` is None), all are made that can be, installed
    ones only if something is set for them, and a note names each that is half set. The process
    list is always made: from it, and from what each backend keeps of its settings, all other files
    can be made again. Backends that were not `asked` for by name, and of which nothing is set, give
    no notes. Of a spec that is not `sound` no file is made, only findings: it may hold what no file
    can.
    """
    first = BACKENDS.built_in[0]
    made = Rendered()
    for name in _in_order((first, *wanted) if wanted is not None else (*BACKENDS.built_in, *given)):
        one = BACKENDS.get(name)
        settings, lack = _settings(one, given.get(name, {}), spec)
        found = list(one.check(spec, settings)) if lack is None else []
        if not (asked or given.get(name) or name == first):
            found = [d for d in found if d.level != "note"]
        wrong = [d for d in found if d.level == "error"]
        if wanted is None and lack:
            if sound and given.get(name):
                made.found.append(finding("PBT817", f"no files for backend `{name}`: {lack}"))
            continue
        if lack is not None:
            made.found.append(Diagnostic("error", f"backend `{name}`: {lack}"))
            continue
        made.found += found
        made.owned += one.owned
        made.records += one.records
        if sound and not wrong:
            made.files |= rendered(one, spec, settings)
            made.backends.append(name)
    return made


def _in_order(names: Sequence[str]) -> list[str]:
    """Each once, the built-in ones first and in their order."""
    built_in = [name for name in BACKENDS.built_in if name in names]
    return [*built_in, *dict.fromkeys(name for name in names if name not in built_in)]


def _settings(
    backend: Backend, values: Mapping[str, Any], spec: Processes
) -> tuple[Any, str | None]:
    """The settings, and what they lack."""
    lack = backend.lacks(values, spec)
    return (None, lack) if lack else (settings_of(backend, values), None)


def settings_of(backend: Backend, values: Mapping[str, Any]) -> Any:
    """The settings as the backend's struct; raises `msgspec.ValidationError`."""
    return None if backend.struct is None else msgspec.convert(dict(values), backend.struct)


def rendered(backend: Backend, spec: Processes, settings: Any) -> dict[str, bytes]:
    """All files of one backend. An installed one may write into a folder of its name alone."""
    files = backend.render(spec, settings)
    if backend.name in BACKENDS.built_in:
        return files
    for path in files:
        owned = any(fnmatchcase(path, pattern) for pattern in backend.owned)
        if not (owned and path.startswith(f"{backend.name}/") and ".." not in path.split("/")):
            why = f"makes `{path}`, which is not one of the files `{backend.name}/…` that it owns"
            raise BrokenKind("backend", backend.name, type(backend).__module__, why)
    return files
