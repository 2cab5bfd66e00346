"""Finds the innermost place in the user's code, as opposed to ours and that of installed packages.

Used in the child process and by `load`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType

Place = tuple[str | None, int | None]
"""File and line; None if unknown."""

_FOLDERS = tuple(
    folder + os.sep
    for folder in (
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))),  # noqa: PTH100, PTH120
        os.path.dirname(os.__file__),  # noqa: PTH120
    )
)


def theirs(file: str) -> bool:
    """Whether `file` is the user's: not generated, ours, installed, or of the standard library."""
    if file.startswith("<") or "site-packages" in file or "dist-packages" in file:
        return False
    return not file.startswith(_FOLDERS)


def of_traceback(trace: TracebackType | None) -> Place:
    """The innermost place in the user's files."""
    place: Place = (None, None)
    while trace is not None:
        if theirs(trace.tb_frame.f_code.co_filename):
            place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return place


def of_caller(frame: FrameType | None) -> Place:
    """The innermost place in the user's files from this frame outward."""
    while frame is not None and not theirs(frame.f_code.co_filename):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else (None, None)
