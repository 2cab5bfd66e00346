"""Renders the files of the wanted backends, and reports the backends that are left out.

Must not know what the files contain, nor which files exist already.
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
from pbt_tui.spec import Processes, without_prefix


@dataclass(slots=True)
class Rendered:
    """The files, with paths relative to the folder of the run, and the findings."""

    files: dict[str, bytes] = field(default_factory=dict)
    backends: list[str] = field(default_factory=list)
    """The backends that have files among `files`."""
    owned: list[str] = field(default_factory=list)
    """Patterns of all files that these backends own."""
    records: list[str] = field(default_factory=list)
    """Paths that match `owned` and are always kept."""
    found: list[Diagnostic] = field(default_factory=list)


def render(
    spec: Processes,
    wanted: Sequence[str] | None,
    given: Mapping[str, Mapping[str, Any]],
    *,
    asked: bool = True,
    sound: bool = True,
) -> Rendered:
    """Renders `spec` for each wanted backend.

    `given` holds the settings of each backend, by field. If `wanted` names backends, a missing
    setting is an error. If it is None, every built-in backend whose required settings are given is
    rendered, and every installed one that has settings; a note names each backend that lacks some.
    The process list is always rendered, because the other files can be made again from it and the
    settings that each backend keeps. A backend without settings gives notes only if `asked`: then
    the user named it. If `spec` is not `sound`, nothing is rendered and only the findings are
    returned, because a spec with errors may contain values that no file can.
    """
    first = BACKENDS.built_in[0]
    made = Rendered()
    for name in _in_order((first, *wanted) if wanted is not None else (*BACKENDS.built_in, *given)):
        one = BACKENDS.get(name)
        settings, lack = _settings(one, given.get(name, {}), spec)
        found = list(one.check(seen_by(one, spec), settings)) if lack is None else []
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
    """Each name once: the built-in backends in their order, then the others."""
    built_in = [name for name in BACKENDS.built_in if name in names]
    return [*built_in, *dict.fromkeys(name for name in names if name not in built_in)]


def _settings(
    backend: Backend, values: Mapping[str, Any], spec: Processes
) -> tuple[Any, str | None]:
    """The settings, or None and the reason why they are incomplete."""
    lack = backend.lacks(values, spec)
    return (None, lack) if lack else (settings_of(backend, values), None)


def settings_of(backend: Backend, values: Mapping[str, Any]) -> Any:
    """The settings as the backend's struct; raises `msgspec.ValidationError`."""
    return None if backend.struct is None else msgspec.convert(dict(values), backend.struct)


def seen_by(backend: Backend, spec: Processes) -> Processes:
    """`spec`, without the command prefix where the backend starts commands in its own way."""
    return spec if backend.takes_prefix else without_prefix(spec)


def rendered(backend: Backend, spec: Processes, settings: Any) -> dict[str, bytes]:
    """All files of one backend. An installed backend may write only to the folder of its name."""
    files = backend.render(seen_by(backend, spec), settings)
    if backend.name in BACKENDS.built_in:
        return files
    for path in files:
        owned = any(fnmatchcase(path, pattern) for pattern in backend.owned)
        if not (owned and path.startswith(f"{backend.name}/") and ".." not in path.split("/")):
            why = f"makes `{path}`, which is not one of the files `{backend.name}/…` that it owns"
            raise BrokenKind("backend", backend.name, type(backend).__module__, why)
    return files
