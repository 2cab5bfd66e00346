"""What populations leave on disk, whatever the trainer, read as one.

Must not know jobs, logs of jobs or the journal; never writes into a workspace. A reader is named by
its style, and loaded only for a population of that style.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from pbt_tui.errors import BrokenKind
from pbt_tui.observe.workspaces.find import find
from pbt_tui.observe.workspaces.generation import BestFile, Generation, Reader, UnreadableGeneration
from pbt_tui.populations import STYLES

__all__ = ["BestFile", "Generation", "Reader", "UnreadableGeneration", "find", "reader"]


def reader(style: str, path: Path, argv: Sequence[str] = ()) -> Reader:
    """The reader of a workspace of that style; `path` need not exist yet.

    `argv`: the command of a member, where a spec records the workspace; some styles name in it a
    workspace that lies deeper than `path`.

    Raises `BrokenKind` where the reader of an installed style cannot be loaded.
    """
    if argv and (late := _late(style, path, argv)) is not None:
        return late
    return _reader(style, path)


def _late(style: str, path: Path, argv: Sequence[str]) -> Reader | None:
    from pbt_tui.observe.workspaces.late import LateReader
    from pbt_tui.settings.argv import settings

    kind = STYLES.get(style)
    if kind.name_below(settings(tuple(argv))) is None:
        return None
    return LateReader(kind, path, argv, partial(_reader, style))


def _reader(style: str, path: Path) -> Reader:
    place = STYLES.get(style).reader
    module, _, name = place.partition(":")
    try:
        made = getattr(import_module(module), name)
    except Exception as e:  # another package's code may do anything
        if style in STYLES.built_in:
            raise
        message = f"cannot be loaded: {type(e).__name__}: {e}"
        raise BrokenKind("reader of style", style, place, f"{message:.300}") from e
    return cast(Reader, made(path))
