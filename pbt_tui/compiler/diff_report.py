"""What a compilation would change, for those who review it: each file in words, then in lines.

Must not know who asks, nor write anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler import output
from pbt_tui.compiler.spec_diff import SpecChange, changes, headline, lines
from pbt_tui.errors import PbtError, printable
from pbt_tui.spec import Processes, decode


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that is not what it should be; `inside` where both are process lists."""

    file: str
    how: Literal["added", "removed", "changed"]
    words: str
    inside: list[SpecChange] = field(default_factory=list)


def changed(
    out: Path, files: Mapping[str, bytes], old: Mapping[str, bytes | None], spec: Processes
) -> list[Changed]:
    """What is to be said of the files that differ (`old`, from `output.stale`)."""
    found = []
    for path, data in old.items():
        name = str(out / path)
        if path not in files:
            found.append(Changed(name, "removed", "is not made any more"))
        elif data is None:
            found.append(Changed(name, "added", "is not there"))
        elif not path.endswith(f"/{FILE}"):
            found.append(Changed(name, "changed", "changed"))
        else:
            found.append(_process_list(name, data, spec))
    return found


def _process_list(name: str, data: bytes, spec: Processes) -> Changed:
    try:
        inside = changes(decode(data), spec)
    except PbtError:
        return Changed(name, "changed", "what is there is not a process list")
    return Changed(name, "changed", headline(inside), inside)


def text(
    out: Path,
    files: Mapping[str, bytes],
    old: Mapping[str, bytes | None],
    found: list[Changed],
    *,
    only_changed: bool = False,
) -> Iterator[str]:
    """The changes for people, then the unified diff; with `only_changed` of no whole file."""
    for one in found:
        yield f"{printable(one.file)}: {one.words}\n"
        yield from (f"  {line}\n" for line in lines(one.inside))
    if only_changed:
        old = {path: data for path, data in old.items() if data is not None and path in files}
    yield from output.diff(out, files, old)
