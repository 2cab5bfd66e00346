"""The child process that imports a run module and sends its description, or an error, to `load`.

It answers through a pipe of its own, so that `load` cannot take output of the module for an answer.
Must not import `typing`, `re`, `json` or `contextlib` at its top: each compilation starts two
children, and these imports would double their start-up time.
"""

from __future__ import annotations

import builtins
import faulthandler
import gc
import marshal
import os
import sys
from importlib import import_module

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.import_audit import ImportAudit
from pbt_tui.compiler.import_failure import failure
from pbt_tui.compiler.packed_rows import pack
from pbt_tui.compiler.stub_modules import Finder
from pbt_tui.compiler.suppress import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from pbt_tui.compiler.surroundings import Surroundings

HEADER = 17
"""Length of the header of an answer: the answer's length in hexadecimal digits, then a flag."""
STARTED = b"+"
"""The flag of an import that started processes; else it is `-`."""
_OUT_OF_SIGHT = 1023
"""The highest descriptor below the usual limit of 1024: a module that closes descriptors in bulk
usually starts at the lowest and stops before this one."""
_BUILTINS = vars(builtins)
_pid, _write, _exit = (
    os.getpid,
    os.write,
    os._exit,
)  # saved before the run module can replace them


def main() -> None:
    options = marshal.loads(bytes.fromhex(sys.argv[1]))
    pipe, pid = _aside(options["pipe"]), os.getpid()
    gc.disable()  # the process ends before collecting would pay off
    os.environ.pop("PYTHONHASHSEED", None)
    if options["hash_seed"] is not None:  # the module sees the caller's environment
        os.environ["PYTHONHASHSEED"] = options["hash_seed"]
    resource_limits.limit(options["memory"])
    watch = ImportAudit()
    # this also ends the child: the process that started it may be dead by then
    faulthandler.dump_traceback_later(options["timeout"], exit=True, file=pipe)
    try:
        answer = _answer(options, watch)
        if _pid() != pid:  # a fork that the module made: it must not answer
            _exit(0)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the module may have replaced or closed it
                stream.flush()
        faulthandler.cancel_dump_traceback_later()
        head = b"%0*x" % (HEADER - 1, len(answer)) + (STARTED if watch.started else b"-")
        left = memoryview(head + answer)
        while left:
            left = left[_write(pipe, left) :]
    except BaseException as e:
        with suppress(OSError):
            _write(2, ascii(f"{type(e).__name__}: {e}").encode() + b"\n")
        _exit(1)
    _exit(0)  # runs no exit handlers of the module, and waits for no threads


def _aside(pipe: int) -> int:
    """Moves the pipe to a descriptor that the module is unlikely to close; returns it."""
    with suppress(OSError):
        aside = os.dup2(pipe, _OUT_OF_SIGHT, inheritable=False)
        os.close(pipe)
        return aside
    os.set_inheritable(pipe, False)
    return pipe


def _answer(options: dict[str, Any], watch: ImportAudit) -> bytes:
    name, file, root = _target(options["target"])
    parents = [name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1)]
    finder = Finder(soft=parents)
    own = dict(_BUILTINS)
    around = None
    try:
        if options["seed"] is not None:
            _seed(options["seed"])
        if options["surroundings"] is not None:
            from pbt_tui.compiler.surroundings import Surroundings

            around = Surroundings(*options["surroundings"])
            around.install()
            finder.hooks = around.hooks
        sys.meta_path.insert(0, finder)
        sys.argv[:] = [options["target"]]
        sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib costs 5 ms to import
        if root is not None:
            # a script named like a module of the standard library must not replace that module
            shadows = name in sys.stdlib_module_names
            sys.path.insert(len(sys.path) if shadows else 0, root)
        module = _import(name, file)
        _BUILTINS.update(own)
        return _packed(_described(module, file), watch) + _asked(around)
    except BaseException as e:
        _BUILTINS.update(own)
        resource_limits.lift()
        return _packed({"error": failure(e, name, file, finder)}, watch) + _asked(around)


def _asked(around: Surroundings | None) -> bytes:
    """The second part of an answer: the sources that the import asked. Empty if it asked none."""
    asked = around.report() if around is not None else {}
    return marshal.dumps(asked, 2) if asked else b""


def _packed(answer: dict[str, Any], watch: ImportAudit) -> bytes:
    """The answer as bytes. `marshal` takes a tenth of the time of JSON; version 2 gives equal bytes
    for equal values."""
    watch.stop()
    answer["written"] = [(path, *place) for path, place in watch.written.items()]
    answer["writes"] = watch.writes
    try:
        return marshal.dumps(answer, 2)
    except ValueError:  # a value of a subclass of `str`, which `marshal` refuses
        import json

        return marshal.dumps(json.loads(json.dumps(answer)), 2)


def _target(target: str) -> tuple[str, str | None, str | None]:
    """Module name, file and `sys.path` folder for a dotted name or a path."""
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
            sys.path.append(os.path.dirname(spec.origin))  # noqa: PTH120 - for its sibling modules
        return import_module(name)
    if "." in name and all(part.isidentifier() for part in name.split(".")):
        sys.path.append(os.path.dirname(file))  # noqa: PTH120
        return import_module(name)
    return _import_file(name, file)


def _import_file(name: str, file: str) -> ModuleType:
    # what `importlib.util` is made of, without the four modules that it imports beside them
    from importlib import _bootstrap, _bootstrap_external

    if not name.isidentifier() or name in sys.stdlib_module_names or name in sys.modules:
        name = "_run_module"
    from importlib.machinery import SourceFileLoader

    loader = SourceFileLoader(name, file)
    spec = _bootstrap_external.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    module = _bootstrap.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _seed(seed: int) -> None:
    import random

    random.seed(seed)
    try:
        numpy = import_module("numpy")
        numpy.random.seed(seed % 2**32)
    except (ImportError, AttributeError):  # not installed, or only a folder of that name
        return


def _described(module: ModuleType, file: str | None) -> dict[str, Any]:
    from pbt_tui.compiler.describe import described
    from pbt_tui.description import asked_styles

    given = getattr(module, "__file__", None)
    file = file or (given if isinstance(given, str) else None)
    if not hasattr(module, "RUN_DESCRIPTION"):
        found = [n for n, v in vars(module).items() if hasattr(v, "generate_experiments")]
        found = [n for n in found if hasattr(getattr(module, n), "run_name")]
        hint = f"`{found[0]}` looks like one: call it `RUN_DESCRIPTION`" if found else None
        error = {"kind": "not_a_run", "what": "no `RUN_DESCRIPTION`", "hint": hint, "file": file}
        return {"error": error}
    run = described(module.RUN_DESCRIPTION, file)
    for experiment in run["experiments"]:
        pack(experiment)
    return {"run": run, "file": file, "styles": list(asked_styles)}
