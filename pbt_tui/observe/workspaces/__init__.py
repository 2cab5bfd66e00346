"""Readers of workspaces: one per trainer format, all with the same result.

Must not write into a workspace. A style names its reader, which is imported for the first
population of that style.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import cast

from pbt_tui.errors import BrokenKind
from pbt_tui.observe.workspaces.find import find
from pbt_tui.observe.workspaces.generation import (
    BestFile,
    Change,
    Generation,
    Latest,
    LoadedCheckpoint,
    Reader,
    Start,
    UnreadableGeneration,
    changes,
    kept,
    latest,
    size,
    starts,
    weights,
)
from pbt_tui.populations import STYLES

__all__ = [
    "BestFile", "Change", "Generation", "Latest", "LoadedCheckpoint", "Reader", "Start",
    "UnreadableGeneration", "changes", "find", "kept", "latest", "reader", "size", "starts",
    "weights",
]  # fmt: skip


def reader(style: str, path: Path, argv: Sequence[str] = ()) -> Reader:
    """Creates the reader for a workspace; `path` need not exist yet.

    Args:
        style: Name of the population style.
        path: Folder of the workspace, as the spec records it.
        argv: The command of a member. Some styles name in it a workspace that lies deeper.

    Raises:
        BrokenKind: if the reader of an installed style cannot be imported.
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
        factory = getattr(import_module(module), name)
    except Exception as e:  # code of another package may raise anything
        if style in STYLES.built_in:
            raise
        message = f"cannot be loaded: {type(e).__name__}: {e}"
        raise BrokenKind("reader of style", style, place, f"{message:.300}") from e
    return cast(Reader, factory(path))
