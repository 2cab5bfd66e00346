"""Reports what a compilation would change: a summary of each file, then a unified diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler import line_endings, output
from pbt_tui.compiler.spec_diff import SpecChange, changes, headline, lines
from pbt_tui.errors import PbtError, printable
from pbt_tui.spec import Processes, decode


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that differs from the compiled one; `inside` if both are process lists."""

    file: str
    how: Literal["added", "removed", "changed"]
    words: str
    inside: list[SpecChange] = field(default_factory=list)


def changed(
    out: Path, files: Mapping[str, bytes], old: Mapping[str, bytes | None], spec: Processes
) -> list[Changed]:
    """The changes to the files that differ (`old`, from `output.stale`)."""
    report = []
    for path, data in old.items():
        name = str(out / path)
        if path not in files:
            report.append(Changed(name, "removed", "is no longer generated"))
        elif data is None:
            report.append(Changed(name, "added", "is missing"))
        elif line_endings.only(data, files[path]):
            report.append(Changed(name, "changed", "has Windows line endings"))
        elif not path.endswith(f"/{FILE}"):
            report.append(Changed(name, "changed", "changed"))
        else:
            report.append(_process_list(name, data, spec))
    return report


def _process_list(name: str, data: bytes, spec: Processes) -> Changed:
    try:
        inside = changes(decode(data), spec)
    except PbtError:
        return Changed(name, "changed", "the file on disk is not a process list")
    return Changed(name, "changed", headline(inside), inside)


def text(
    out: Path,
    files: Mapping[str, bytes],
    old: Mapping[str, bytes | None],
    found: list[Changed],
    *,
    only_changed: bool = False,
) -> Iterator[str]:
    """The changes for people, then the unified diff of the texts, whatever their line endings.

    With `only_changed` a file that is not there, or is there without text, is one line.
    """
    for one in found:
        yield f"{printable(one.file)}: {one.words}\n"
        yield from (f"  {line}\n" for line in lines(one.inside))
    yield from output.diff(out, files, dict(_compared(files, old, only_changed=only_changed)))


def _compared(
    files: Mapping[str, bytes], old: Mapping[str, bytes | None], *, only_changed: bool
) -> Iterator[tuple[str, bytes | None]]:
    for path, data in old.items():
        if line_endings.only(data, files.get(path)):
            continue
        if only_changed and (not data or path not in files):
            continue
        yield path, None if data is None else line_endings.unix(data)
