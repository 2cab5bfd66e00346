"""Validates spec files without a run module: process lists, and the documents of backends.

Must not know any backend: each reads its own documents. msgspec accepts valid files quickly; for
the others, `document_faults` finds what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends import BACKENDS, Backend, visible
from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler import cross_references, population_detection, spec_rules
from pbt_tui.diagnostics import credentials, finding
from pbt_tui.diagnostics.document_faults import Kind, why_not
from pbt_tui.errors import Diagnostic, UsageError, Where, printable
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.spec import FORMAT, Processes, is_encoded

_decoder = msgspec.json.Decoder(Processes)


# -- which files to validate -----------------------------------------------------------------------


def spec_files(paths: Iterable[str]) -> list[Path]:
    """The spec files in `paths`; folders are searched recursively.

    A file that an index describes is replaced by that index: a script for SLURM by the index of the
    scripts. Raises `UsageError` (2) for a missing path and for a folder without spec files.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        inside = sorted(_inside(path)) if path.is_dir() else [_told_of(path)]
        if not path.exists() and not inside[0].exists():
            raise UsageError(f"no such file or folder: `{name}`")
        if not inside:
            raise UsageError(f"no `{FILE}` in `{name}`")
        found.update(dict.fromkeys(inside))
    return list(found)


def _inside(folder: Path) -> Iterator[Path]:
    """Process lists, and the documents of each backend beside its index."""
    from pbt_tui.compiler import existing

    lists = list(folder.rglob(FILE))
    yield from lists
    runs = {path.parent.absolute() for path in lists} | {folder.absolute().parent}
    installed = dict.fromkeys(
        name for run in sorted(runs) if (run / FILE).exists() for name in existing.installed(run)
    )
    for backend in map(BACKENDS.get, (*BACKENDS.built_in, *installed)):
        # another folder may have the name of a backend, too
        for index in folder.rglob(Path(backend.index).name) if backend.documents else ():
            if index.absolute().match(backend.index):
                yield from _documents(backend, index)


def _documents(backend: Backend, index: Path) -> Iterator[Path]:
    for pattern in backend.documents:
        for path in visible(index.parent, Path(pattern).name):
            if not any(path.absolute().match(record) for record in backend.records):
                yield path


def _told_of(path: Path) -> Path:
    """The index that describes this file, if the index is a document; else the file itself."""
    backend = _owner(path)
    if backend is None or backend.index not in backend.documents:
        return path
    return path.parent / Path(backend.index).name


def _owner(path: Path) -> Backend | None:
    """The backend whose patterns match this path; None for the process list and for other files."""
    whole = path.absolute()
    if whole.name == FILE:
        return None
    names = [*BACKENDS.built_in]
    if whole.parent.name not in names and whole.parent.name in BACKENDS:
        names.append(whole.parent.name)
    for backend in map(BACKENDS.get, names):
        if any(whole.match(pattern) for pattern in (*backend.owned, *backend.documents)):
            return backend
    return None


# -- their content ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Validated:
    """A file with its findings; `document` is None if the file could not be read as a document."""

    path: Path
    document: Any
    found: list[Diagnostic]
    backend: Backend | None = None
    """The backend of the document; None for a process list."""


def validate_document(path: Path) -> Validated:
    """Reads `path` and checks it, and the files that it describes.

    Raises `UsageError` (2) if the file cannot be read.
    """
    from pbt_tui.compiler import remake

    data = _bytes(path)
    backend = _reader(path, data)
    if backend is None:
        spec, found = validate(data, str(path))
        more = [] if spec is None else remake.beside(path.parent, spec)
        return Validated(path, spec, [*found, *more])
    document, found = backend.read_document(data)
    if document is not None and path.absolute().match(backend.index):
        found = [*found, *_of_index(path, data, backend, document)]
    outer = Where(file=str(path))
    told = [replace(d, where=replace(d.where, experiment=None).within(outer)) for d in found]
    return Validated(path, document, told, backend)


def validate_file(path: Path) -> tuple[Any, list[Diagnostic]]:
    """Reads and checks `path` alone. The index of a backend is an error here: no process list.

    Raises `UsageError` (2) if the file cannot be read.
    """
    data = _bytes(path)
    backend = _reader(path, data)
    if backend is None or backend.index in backend.documents:
        return validate(data, str(path))
    document, found = backend.read_document(data)
    return document, [replace(d, where=d.where.within(Where(file=str(path)))) for d in found]


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, SPEC_BYTES)
    except OSError as e:
        raise UsageError(f"cannot read `{path}`: {reason(e)}") from None


def _reader(path: Path, data: bytes) -> Backend | None:
    """The backend that reads this file, by its path or the keys in it; None for a process list."""
    whole = path.absolute()
    owner = _owner(path)
    if whole.name == FILE:
        return None
    if owner is not None and any(whole.match(pattern) for pattern in owner.documents):
        return owner
    try:
        keys = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    known = map(BACKENDS.get, BACKENDS.built_in)
    return next((backend for backend in known if backend.recognises(keys)), None)


def _of_index(path: Path, data: bytes, backend: Backend, document: Any) -> Iterator[Diagnostic]:
    """Findings about an index that contradicts its process list, and about changed files."""
    from pbt_tui.compiler import remake
    from pbt_tui.compiler.rendering import seen_by, settings_of

    folder = path.parent
    for _ in Path(backend.index).parent.parts:
        folder = remake.above(folder)
    listed = folder / FILE
    try:
        spec = _decoder.decode(read_regular(listed, SPEC_BYTES))
    except OSError:
        message = f"there is no `{printable(str(listed))}`"
        yield finding(_OTHER_LIST, message, hint="write both again with `pbt-compile`")
        return
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        message = f"`{printable(str(listed))}` is not a process list"
        yield finding(_OTHER_LIST, message, hint="validate that file first")
        return
    strange = list(backend.judge(spec, document))
    yield from strange
    if any(d.code == _OTHER_LIST for d in strange):
        return
    settings = settings_of(backend, backend.known({backend.index: data}))
    wrong = backend.check(seen_by(backend, spec), settings)
    yield from wrong
    if not strange and not any(d.level == "error" for d in wrong):
        yield from remake.changed(folder, spec, backend, settings)


_OTHER_LIST = "PBT809"


# -- process lists ---------------------------------------------------------------------------------


def validate(data: bytes, file: str) -> tuple[Processes | None, list[Diagnostic]]:
    """Decodes and checks a process list; `file` is its name in findings."""
    outer = Where(file=file)
    try:
        spec = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = why_not(data, Kind(FORMAT, Processes, _process_list_faults))
        return None, [replace(d, where=d.where.within(outer)) for d in found]
    found = [*_layout(data, spec, file), *cross_references.check(spec), *spec_rules.check(spec)]
    found = credentials.veiled([*found, *population_detection.check(spec)], spec)
    return spec, [replace(d, where=_pointed(d.where, file)) for d in found]


def _process_list_faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.diagnostics.schema_errors import faults

    return faults(document)


def _pointed(where: Where, file: str) -> Where:
    """The place by file, line and pointer: these need no experiment or job."""
    return Where(file, where.line, pointer=where.pointer)


def _layout(data: bytes, spec: Processes, file: str) -> list[Diagnostic]:
    """Findings about duplicate keys, which msgspec ignores, or else about another layout.

    Bytes that equal the encoded spec have neither and need no search.
    """
    if is_encoded(spec, data):
        return []
    from pbt_tui.compiler import line_endings, remake

    if is_encoded(spec, line_endings.unix(data)):  # jobs read it as well as the other
        out = remake.above(Path(file).parent)
        return [line_endings.found(file, out, remake.compile_command(spec, out), "warning")]
    from pbt_tui.diagnostics.json_document import read

    _, found = read(data)
    if not found:
        message = "has another layout than `pbt-compile` writes, so line diffs are hard to read"
        hint = "write it again with `pbt-compile`"
        found = [finding("PBT805", message, hint=hint)]
    return found
