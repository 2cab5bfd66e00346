"""Keeps the garbage collector from walking over objects that stay, and freed memory from staying.

While many objects are made, each collection would walk over all of them and free nothing: that
takes a third of the time. Later, it would walk over the modules and the state of the run again and
again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def without_collections() -> Iterator[None]:
    """Makes no collection in the block, also where blocks are nested.

    Example:
        >>> with without_collections():
        ...     gc.isenabled()
        False
    """
    pause = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


@contextmanager
def leaving_out_old() -> Iterator[None]:
    """Leaves the objects that exist now out of all collections in the block.

    Example:
        >>> before = gc.get_freeze_count()
        >>> with leaving_out_old():
        ...     gc.get_freeze_count() > before
        True
        >>> gc.get_freeze_count()
        0
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def give_back_freed() -> None:
    """Returns freed memory to the system: after a large file was read, the C library keeps some.

    Does nothing where the C library has no such call.

    Example:
        >>> give_back_freed()
    """
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
