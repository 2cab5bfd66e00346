"""The child process that imports a run module and says what it describes, or why it cannot.

Must not know jobs. `load` starts it; it answers over a pipe of its own, so that nothing the module
prints can be mistaken for an answer. Heavy imports stay out: it starts twice a compilation.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import marshal
import os
import sys
from contextlib import suppress
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any

from pbt_tui.compiler.stand_ins import LEAVES, PACKAGES, Finder

HEADER = 16
"""An answer begins with its length, in so many hexadecimal digits."""


def main() -> None:
    options = json.loads(sys.argv[1])
    pipe: int = options["pipe"]
    os.set_inheritable(pipe, False)
    gc.disable()  # nothing lives long enough here to be worth the passes
    faulthandler.dump_traceback_later(options["timeout"], file=pipe)
    answer = _packed(_answer(options))
    faulthandler.cancel_dump_traceback_later()
    with open(pipe, "wb") as out:
        out.write(b"%0*x" % (HEADER, len(answer)) + answer)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # theirs to break
            stream.flush()
    os._exit(0)  # threads and exit handlers of the module have no say any more


def _packed(answer: dict[str, Any]) -> bytes:
    """By `marshal`, a tenth of the cost of JSON; version 2 gives equal bytes for equal values."""
    try:
        return marshal.dumps(answer, 2)
    except ValueError:  # text of a derived type somewhere
        return marshal.dumps(json.loads(json.dumps(answer)), 2)


def _answer(options: dict[str, Any]) -> dict[str, Any]:
    name, file, root = _target(options["target"])
    if options["seed"] is not None:
        _seed(options["seed"])
    parents = [name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1)]
    finder = Finder(soft=parents)
    sys.meta_path.insert(0, finder)
    sys.argv[:] = [options["target"]]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib costs 5 ms to import
    if root is not None:
        # a script called like a module of the library must not take its place
        shadows = name in sys.stdlib_module_names
        sys.path.insert(len(sys.path) if shadows else 0, root)
    try:
        module = _import(name, file)
        file = getattr(module, "__file__", None) or file
        return _described(module, file)
    except BaseException as e:
        return {"error": _failure(e, name, file, finder)}


def _target(target: str) -> tuple[str, str | None, str | None]:
    """Module name, file and folder for `sys.path`, of a dotted name or a path."""
    path = next((p for p in (target, f"{target}.py") if os.path.isfile(p)), None)  # noqa: PTH113
    if path is None or not (path.endswith(".py") or os.sep in target):
        return target.removesuffix(".py"), None, None
    file = os.path.abspath(path)  # noqa: PTH100
    folder, name = os.path.split(file.removesuffix(".py"))
    while os.path.isfile(os.path.join(folder, "__init__.py")):  # noqa: PTH113, PTH118
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    return name, file, folder


def _import(name: str, file: str | None) -> ModuleType:
    if file is None:
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            sys.path.append(os.path.dirname(spec.origin))  # noqa: PTH120 - its siblings
        return import_module(name)
    if "." in name and all(part.isidentifier() for part in name.split(".")):
        sys.path.append(os.path.dirname(file))  # noqa: PTH120
        return import_module(name)
    return _import_file(name, file)


def _import_file(name: str, file: str) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    if not name.isidentifier() or name in sys.stdlib_module_names or name in sys.modules:
        name = "_run_module"
    from importlib.machinery import SourceFileLoader

    spec = spec_from_file_location(name, file, loader=SourceFileLoader(name, file))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _seed(seed: int) -> None:
    import random

    random.seed(seed)
    try:
        numpy = import_module("numpy")
    except ImportError:
        return
    numpy.random.seed(seed % 2**32)


def _described(module: ModuleType, file: str | None) -> dict[str, Any]:
    from pbt_tui.compiler.describe import described

    if not hasattr(module, "RUN_DESCRIPTION"):
        found = [n for n, v in vars(module).items() if hasattr(v, "generate_experiments")]
        found = [n for n in found if hasattr(getattr(module, n), "run_name")]
        hint = f"`{found[0]}` looks like one: call it `RUN_DESCRIPTION`" if found else None
        error = {"kind": "not_a_run", "what": "no `RUN_DESCRIPTION`", "hint": hint, "file": file}
        return {"error": error}
    return {"run": described(module.RUN_DESCRIPTION, file), "file": file}


def _failure(e: BaseException, name: str, file: str | None, finder: Finder) -> dict[str, Any]:
    """What went wrong, and the last place of it that is neither ours nor the library's."""
    from pbt_tui.errors import DescriptionError

    where, line = _place(e.__traceback__)
    if isinstance(e, DescriptionError):
        kind = "bad_param" if type(e).__name__ == "BadParam" else "not_a_run"
        place = {"experiment": e.where.experiment, "param": e.where.param}
        line = e.where.line or line
        return {
            "kind": kind, "what": e.what, "hint": e.hint, "file": where or file, "line": line,
        } | place  # fmt: skip
    what, hint = f"{type(e).__name__}: {e}", None
    if isinstance(e, SyntaxError):
        where, line = e.filename or where, e.lineno or line
        what = f"{type(e).__name__}: {e.msg}"
        if (marker := _merge_marker(where)) is not None:
            what, line = "holds a merge marker", marker
    elif isinstance(e, SystemExit):
        what = f"it exits while it is imported: code {e.code}"
    elif isinstance(e, ModuleNotFoundError) and e.name:
        missing = e.name.partition(".")[0]
        if (name == e.name or name.startswith(e.name + ".")) and where is None:
            what = f"no module `{e.name}` here"
            hint = "call from the folder that holds it, or give the path of the file"
        elif missing in PACKAGES or e.name in LEAVES:
            hint = f"`{missing}` is not installed; only its launcher's classes are stood in for"
        elif missing not in sys.stdlib_module_names:
            hint = f"install `{missing}` where `pbt-compile` runs, or keep it out of the run module"
    elif isinstance(e, ImportError) and e.name in finder.stood_in:
        hint = f"`{e.name}` is not installed here; its stand-in has no more than launchers need"
    elif isinstance(e, TypeError) and "unexpected keyword argument" in str(e):
        hint = "Sample-Factory 1 took other keywords; they are options of `pbt-run` now"
    return {"kind": "cannot_load", "what": what, "hint": hint, "file": where or file, "line": line}


def _merge_marker(file: str | None) -> int | None:
    if file is None or not os.path.isfile(file):  # noqa: PTH113
        return None
    with open(file, "rb") as source:  # noqa: PTH123
        return next((n for n, row in enumerate(source, 1) if row.startswith(b"<<<<<<< ")), None)


def _place(trace: TracebackType | None) -> tuple[str | None, int | None]:
    place: tuple[str | None, int | None] = (None, None)
    while trace is not None:
        if theirs(trace.tb_frame.f_code.co_filename):
            place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return place


def theirs(file: str) -> bool:
    """Whether `file` is the user's: neither generated, nor ours, the library's or installed."""
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    folders = (own, library)
    if file.startswith("<") or "site-packages" in file or "dist-packages" in file:
        return False
    return not file.startswith(tuple(folder + os.sep for folder in folders))
