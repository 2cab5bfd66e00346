"""Windows line endings in spec files: git writes them if `core.autocrlf` is set (PBT812).

The text of such a file is right, so nobody is shown a diff of it.
"""

from __future__ import annotations

from pathlib import Path

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Level, Where, printable


def unix(data: bytes) -> bytes:
    """`data` with the line endings that `pbt-compile` writes."""
    return data.replace(b"\r\n", b"\n")


def only(old: bytes | None, new: bytes | None) -> bool:
    """Whether the two files differ in their line endings, and in nothing else."""
    return old is not None and new is not None and old != new and unix(old) == new


def found(file: str, out: Path, command: str, level: Level | None = None) -> Diagnostic:
    """PBT812 for a file below `out`; `command` is what would write it anew."""
    name, beside = printable(out.absolute().name), printable(str(out.parent / ".gitattributes"))
    pattern = f'"{name}/**"' if " " in name else f"{name}/**"  # as git reads the file
    hint = f"put the line `{pattern} text eol=lf` into `{beside}`, then run `{printable(command)}`"
    return finding("PBT812", "has Windows line endings", where=Where(file), hint=hint, level=level)
