"""Spec files alone: is this a process list, or a job request, and does it mean something.

Must not know run modules. msgspec says yes quickly; where it says no, `wording` says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends.ngc.request import JobRequest
from pbt_tui.compiler import cross_references, population_detection, spec_rules
from pbt_tui.diagnostics import credentials, finding
from pbt_tui.errors import Diagnostic, UsageError, Where
from pbt_tui.spec import Processes, encode
from pbt_tui.spec.types import FORMAT

Sound = Processes | JobRequest
_decoder = msgspec.json.Decoder(Processes)


def spec_files(paths: Iterable[str]) -> list[Path]:
    """The spec files that `paths` name: files as they are, folders searched all the way down.

    What is told of by an index is named by it: the scripts for SLURM stand for their index.
    Raises `UsageError` (2) for what is not there and for folders without any.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        inside = sorted(_inside(path)) if path.is_dir() else [_told_of(path)]
        if not path.exists() and not inside[0].exists():
            raise UsageError(f"no such file or folder: `{name}`")
        if not inside:
            raise UsageError(f"no `{next(iter(_KINDS))}` in `{name}`")
        found.update(dict.fromkeys(inside))
    return list(found)


def _inside(folder: Path) -> Iterator[Path]:
    from pbt_tui.backends import RECORDS
    from pbt_tui.backends.ngc import render as ngc
    from pbt_tui.backends.processes import render as processes
    from pbt_tui.backends.slurm import render as slurm

    yield from folder.rglob(processes.FILE)
    index = Path(slurm.FILE)
    yield from (p for p in folder.rglob(index.name) if is_index(p.absolute()))
    for script in folder.rglob(Path(ngc.SUBMIT).name):  # other folders may be called `ngc`, too
        if script.absolute().match(ngc.SUBMIT):
            files = script.parent.glob("*.json")
            yield from (p for p in files if not p.absolute().as_posix().endswith(RECORDS))


def _told_of(path: Path) -> Path:
    from pbt_tui.backends.slurm import render as slurm

    whole = path.absolute()
    if any(whole.match(pattern) for pattern in slurm.OWNED):
        return path.parent / Path(slurm.FILE).name
    return path


def is_index(path: Path) -> bool:
    """Whether this is the index of files for SLURM, by its name."""
    from pbt_tui.backends.slurm import render as slurm

    return path.absolute().match(slurm.FILE)


def validate_file(path: Path) -> tuple[Sound | None, list[Diagnostic]]:
    """What `path` holds and all that is wrong with it; None where it is not what it should be.

    Raises `UsageError` (2) if the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read `{path}`: {(e.strerror or '').lower()}") from None
    return _reader(path, data)(data, str(path))


def validate(data: bytes, file: str) -> tuple[Processes | None, list[Diagnostic]]:
    """The process list in bytes that came from `file`."""
    outer = Where(file=file)
    try:
        spec = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = why_not(data, _PROCESSES)
        return None, [replace(d, where=d.where.within(outer)) for d in found]
    found = [*_layout(data, spec), *cross_references.check(spec), *spec_rules.check(spec)]
    found = credentials.veiled([*found, *population_detection.check(spec)], spec)
    return spec, [replace(d, where=_pointed(d.where, file)) for d in found]


def _process_list_faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.diagnostics.schema_errors import faults

    return faults(document)


def _request(data: bytes, file: str) -> tuple[JobRequest | None, list[Diagnostic]]:
    from pbt_tui.backends.ngc.rules import validate as validate_request

    made, found = validate_request(data)
    return made, [replace(d, where=d.where.within(Where(file=file))) for d in found]


_KINDS: dict[str, Callable[[bytes, str], tuple[Any, list[Diagnostic]]]] = {
    "processes.json": validate,
    "ngc/*.json": _request,
}
"""Names of spec files, and what reads them."""


def _reader(path: Path, data: bytes) -> Callable[[bytes, str], tuple[Any, list[Diagnostic]]]:
    """By its place; a file of another name by what it holds."""
    for pattern, reader in _KINDS.items():
        if path.absolute().match(pattern):
            return reader
    try:
        keys = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return validate
    of_requests = {"jobDefinition", *JobRequest.__struct_fields__}
    return validate if "format" in keys or not keys & of_requests else _request


def _pointed(where: Where, file: str) -> Where:
    """In a file the pointer says it all."""
    return Where(file, where.line, pointer=where.pointer)


def _layout(data: bytes, spec: Processes) -> list[Diagnostic]:
    """What is not as we write it: keys given twice, which msgspec passes over, or mere layout.

    The canonical bytes hold each key once, so only other bytes have to be searched.
    """
    if encode(spec) == data:
        return []
    from pbt_tui.diagnostics.json_document import read

    _, found = read(data)
    if not found:
        said = "not laid out as `pbt-compile` writes it, so its diffs cannot be read by line"
        hint = "write it again with `pbt-compile`"
        found = [finding("PBT805", said, hint=hint)]
    return found


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file should be, and how its faults are found once it is not."""

    format: str
    type: Any
    faults: Callable[[Any], list[Diagnostic]]


def why_not(data: bytes, kind: Kind) -> list[Diagnostic]:
    """Why `data` is no document of this kind; at least one finding, without the file."""
    from pbt_tui.diagnostics.json_document import read

    document, found = read(data)
    if found and document is None:
        return found
    if isinstance(document, dict):
        version = document.get("format")
        if isinstance(version, str) and version != kind.format:
            at = Where(pointer="/format")
            said = f"format is `{version}`, this is `{kind.format}`"
            hint = "write it again with `pbt-compile`"
            if version.partition("/")[0] == kind.format.partition("/")[0]:
                hint += ", or use the version that wrote it"
            return [*found, finding("PBT802", said, where=at, hint=hint)]
    return found + _faults(document, kind)


def _faults(document: Any, kind: Kind) -> list[Diagnostic]:
    found = kind.faults(document)
    if not found:  # msgspec is stricter than the schema: integers beyond 64 bits and the like
        try:
            msgspec.convert(document, kind.type)
        except msgspec.ValidationError as e:
            said, _, path = str(e).partition(" - at `")
            pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
            at = Where(pointer=pointer.replace(".", "/") or None)
            return [finding("PBT803", said[:1].lower() + said[1:], where=at)]
        return [finding("PBT803", "holds a number or text that JSON readers do not agree on")]
    return found


_PROCESSES = Kind(FORMAT, Processes, _process_list_faults)
