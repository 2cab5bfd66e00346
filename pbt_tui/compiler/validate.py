"""Spec files alone: is this a process list, and does it mean something.

Must not know run modules. msgspec says yes quickly; where it says no, `wording` says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.compiler import credentials, populations, references, rules
from pbt_tui.compiler.codes import finding
from pbt_tui.errors import Diagnostic, UsageError, Where
from pbt_tui.spec import Processes, encode
from pbt_tui.spec.types import FORMAT

_decoder = msgspec.json.Decoder(Processes)
_BOM = b"\xef\xbb\xbf"


def spec_files(paths: Iterable[str]) -> list[Path]:
    """The process lists that `paths` name: files as they are, folders searched all the way down.

    Raises `UsageError` (2) for what is not there and for folders without any.
    """
    from pbt_tui.backends.processes import FILE

    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        inside = sorted(path.rglob(FILE)) if path.is_dir() else [path]
        if not path.exists():
            raise UsageError(f"no such file or folder: `{name}`")
        if not inside:
            raise UsageError(f"no `{FILE}` in `{name}`")
        found.update(dict.fromkeys(inside))
    return list(found)


def validate_file(path: Path) -> tuple[Processes | None, list[Diagnostic]]:
    """The process list in `path` and all that is wrong with it; None where it is not one.

    Raises `UsageError` (2) if the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read `{path}`: {(e.strerror or '').lower()}") from None
    return validate(data, str(path))


def validate(data: bytes, file: str) -> tuple[Processes | None, list[Diagnostic]]:
    """The same for bytes that came from `file`."""
    outer = Where(file=file)
    try:
        spec = _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        found = _why_not(data)
        return None, [replace(d, where=d.where.within(outer)) for d in found]
    found = [*_layout(data, spec), *references.check(spec), *rules.check(spec)]
    found = credentials.veiled([*found, *populations.check(spec)], spec)
    return spec, [replace(d, where=_pointed(d.where, file)) for d in found]


def _pointed(where: Where, file: str) -> Where:
    """In a file the pointer says it all."""
    return Where(file, where.line, pointer=where.pointer)


def _layout(data: bytes, spec: Processes) -> list[Diagnostic]:
    """What is not as we write it: keys given twice, which msgspec passes over, or mere layout.

    The canonical bytes hold each key once, so only other bytes have to be searched.
    """
    if encode(spec) == data:
        return []
    from pbt_tui.compiler.document import read

    _, found = read(data)
    if not found:
        said = "not laid out as `pbt-compile` writes it, so its diffs cannot be read by line"
        hint = "write it again with `pbt-compile`"
        found = [finding("PBT805", said, hint=hint)]
    return found


def _why_not(data: bytes) -> list[Diagnostic]:
    from pbt_tui.compiler.document import read

    document, found = read(data)
    if found and document is None:
        return found
    if isinstance(document, dict):
        version = document.get("format")
        if isinstance(version, str) and version != FORMAT:
            at = Where(pointer="/format")
            said = f"format is `{version}`, this is `{FORMAT}`"
            hint = "write it again with `pbt-compile`"
            if version.startswith("pbt-processes/"):
                hint += ", or use the version that wrote it"
            return [*found, finding("PBT802", said, where=at, hint=hint)]
    return found + _faults(document)


def _faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.compiler.wording import faults

    found = faults(document)
    if not found:  # msgspec is stricter than the schema: integers beyond 64 bits and the like
        try:
            msgspec.convert(document, Processes)
        except msgspec.ValidationError as e:
            said, _, path = str(e).partition(" - at `")
            pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
            at = Where(pointer=pointer.replace(".", "/") or None)
            return [finding("PBT803", said[:1].lower() + said[1:], where=at)]
        return [finding("PBT803", "holds a number or text that JSON readers do not agree on")]
    return found
