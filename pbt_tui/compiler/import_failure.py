"""Turns the exception of a failed import into a message, a place and a hint.

Runs in the child process.
"""

from __future__ import annotations

import os
import sys

from pbt_tui.compiler.stub_modules import LEAVES, PACKAGES, Finder
from pbt_tui.compiler.traceback_origin import Place, of_traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def failure(e: BaseException, name: str, file: str | None, finder: Finder) -> dict[str, Any]:
    """The message, the hint and the innermost place in the user's code.

    Never raises, even if `str()` of the exception does.
    """
    from pbt_tui.errors import BrokenKind, DescriptionError

    if isinstance(e, BrokenKind):
        return {"kind": "broken_kind", "broken": (e.sort, e.name, e.place, e.why)}
    where, line = of_traceback(e.__traceback__)
    if isinstance(e, DescriptionError):
        kind = "bad_param" if type(e).__name__ == "BadParam" else "not_a_run"
        place = {"experiment": e.where.experiment, "param": e.where.param}
        line = e.where.line or line
        return {
            "kind": kind, "what": e.what, "hint": e.hint, "file": where or file, "line": line,
        } | place  # fmt: skip
    try:
        what, hint, (where, line) = _message(e, name, where, line, finder)
    except Exception:  # `str()` of the exception raises
        what, hint = type(e).__name__, None
    line = line if type(line) is int else None
    return {"kind": "cannot_load", "what": what, "hint": hint, "file": where or file, "line": line}


def _message(
    e: BaseException, name: str, where: str | None, line: int | None, finder: Finder
) -> tuple[str, str | None, Place]:
    what, hint = f"{type(e).__name__}: {e}".removesuffix(": "), None
    if isinstance(e, SyntaxError):
        if isinstance(e.filename, str) and os.path.isfile(e.filename):  # noqa: PTH113
            where, line = e.filename, e.lineno or line
        what = f"{type(e).__name__}: {e.msg}"
        if (marker := _merge_marker(where)) is not None:
            what, line = "holds a merge marker", marker
    elif isinstance(e, SystemExit):
        what = f"it exits while it is imported: code {e.code}"
    elif isinstance(e, MemoryError):
        what = "the import needs more memory than its limit"
        hint = "keep work out of the run module, or pass a larger `--load_memory`"
        if where is None:
            what = "it is nested too deeply or too large for the Python parser"
    elif isinstance(e, ModuleNotFoundError) and e.name:
        missing = e.name.partition(".")[0]
        if (name == e.name or name.startswith(e.name + ".")) and where is None:
            what = f"no module `{e.name}` here"
            hint = "call from the folder that holds it, or give the path of the file"
        elif missing in PACKAGES or e.name in LEAVES:
            hint = f"`{missing}` is not installed; only its launcher classes have stand-ins"
        elif missing not in sys.stdlib_module_names:
            hint = f"install `{missing}` where `pbt-compile` runs, or keep it out of the run module"
    elif isinstance(e, ImportError) and e.name in finder.stood_in:
        hint = f"`{e.name}` is not installed here; its stand-in has no more than launchers need"
    elif isinstance(e, TypeError) and "unexpected keyword argument" in str(e):
        hint = "Sample-Factory 1 took other keywords; they are options of `pbt-run` now"
    return what, hint, (where, line)


def _merge_marker(file: str | None) -> int | None:
    if file is None or not os.path.isfile(file):  # noqa: PTH113
        return None
    with open(file, "rb") as source:  # noqa: PTH123
        return next((n for n, row in enumerate(source, 1) if row.startswith(b"<<<<<<< ")), None)
