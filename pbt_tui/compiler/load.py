"""Loads a run module: imports it in child processes and returns its description as data.

Must not import the module into this process, nor interpret its names and commands: `expand` does.

Two children import the module at the same time. If their answers differ, the description is not
repeatable (D12). The end of their output is kept. When `load` returns, their process groups have
been killed.
"""

from __future__ import annotations

import marshal
import re
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.children import GRACE, TOO_LATE, Child, listen
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.packed_rows import unpack
from pbt_tui.compiler.traceback_origin import theirs
from pbt_tui.errors import (
    BadParam,
    BrokenKind,
    CannotLoad,
    DescriptionError,
    NotARun,
    PbtError,
    Where,
    printable,
)
from pbt_tui.settings.run_settings import LOAD_MEMORY, LOAD_TIMEOUT

if TYPE_CHECKING:
    from pbt_tui.compiler.repeatability import Way

EVERYTHING = ("clock", "host", "user", "revision")
"""The sources that have other values in the second load; the others differ by themselves."""
_KINDS: dict[str, tuple[type[DescriptionError], str]] = {
    "cannot_load": (CannotLoad, "PBT101"),
    "not_a_run": (NotARun, "PBT102"),
    "bad_param": (BadParam, "PBT103"),
}


def load(
    target: str,
    *,
    timeout: float = LOAD_TIMEOUT,
    memory: int | None = None,
    seed: int | None = None,
    twice: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> Loaded:
    """Imports `target` (dotted name or path of a file) and returns its description.

    `timeout` in seconds; `memory` in bytes, None: what `resource_limits.usual` says. `twice`: a
    second load, with another order of sets and in other `surroundings`, tells whether the
    description is repeatable; `Loaded.variations` names what is not and why, and the caller
    decides what follows. `seed` seeds `random`, and NumPy where it is, before the import, and
    makes the order of sets the same. `meanwhile` is called while the children work.

    Raises `CannotLoad`, `NotARun`, `BadParam`, and `BrokenKind` for a style that the module names.
    """
    _check(target)
    most = resource_limits.usual(LOAD_MEMORY) if memory is None else memory

    def run(ways: Sequence[Way], meanwhile: Callable[[], None] = lambda: None) -> list[Child]:
        children: list[Child] = []
        try:
            for hash_seed, around in ways:
                hashed = hash_seed if seed is None else seed % 2**32
                children.append(Child(target, timeout, most, seed, hashed, around))
            meanwhile()
            listen(children, time.monotonic() + timeout + GRACE)
        finally:
            for child in children:
                child.end()
        return children

    def read(child: Child) -> Loaded | None:
        try:
            return _loaded(target, _read(child, target, timeout), "")
        except DescriptionError:
            return None

    first, *others = run([(0, None), (1, (EVERYTHING, ()))][: 1 + twice], meanwhile)
    loaded = _loaded(target, _read(first, target, timeout), first.text())
    loaded = replace(
        loaded,
        leaves_processes=any(child.left_some for child in (first, *others)),
        seed=seed,
    )
    if not others:
        return loaded

    from pbt_tui.compiler import repeatability

    assert first.answer is not None
    asked, differs = repeatability.asked(first, others[0])
    again = run([(1, None)])[0] if loaded.writes else first  # it may read what it wrote
    if differs or again.answer != first.answer:
        variations = repeatability.explain(
            loaded,
            read(others[0]),
            asked,
            lambda ways: [read(child) for child in run(ways)],
            again=loaded if again is first else read(again),
        )
    else:
        variations = ()
    known = {v.what for v in variations}
    local = repeatability.local_texts(loaded, first.answer, asked)
    variations += tuple(v for v in local if v.what not in known)
    shown = (replace(v, file=v.file and _shown(v.file, target)) for v in variations)
    return replace(loaded, variations=tuple(shown))


def of_object(run: Any, module: str) -> Loaded:
    """A `RunDescription` of this process as data; `module` is its name in messages and in the spec.

    Raises `NotARun`, `BadParam`.
    """
    from pbt_tui.compiler.describe import described
    from pbt_tui.description import asked_styles

    try:
        read = {
            "run": described(run, None),
            "file": None,
            "written": (),
            "writes": False,
            "styles": asked_styles,
        }
        return _loaded(module, read, "")
    except DescriptionError as e:
        e.where = e.where.within(Where(file=module))
        e.code = e.code or next(code for kind, code in _KINDS.values() if isinstance(e, kind))
        raise


def _check(target: str) -> None:
    """Rejects what is neither a file nor a valid module name, before a process is started."""
    where = Where(file=target or None)
    if "\0" in target or not target:
        raise CannotLoad("no run module was given", where=where, code="PBT101")
    try:
        target.encode()
    except UnicodeEncodeError:
        hint = "a spec holds the name of its module, and is UTF-8"
        message = "its name is not UTF-8"
        raise CannotLoad(message, where=where, hint=hint, code="PBT101") from None
    with suppress(OSError):  # longer than a path can be
        if Path(target).is_file() and Path(target).suffix not in ("", ".py"):
            hint = "a run module is a Python file that sets `RUN_DESCRIPTION`"
            raise CannotLoad("is not a Python file", where=where, hint=hint, code="PBT101")
        if Path(target).is_file() or Path(f"{target}.py").is_file():
            return
        if Path(target).is_dir():
            package = (Path(target) / "__init__.py").is_file()
            if package and target.isidentifier():
                return
            name = target.strip("./").replace("/", ".")
            hint = f"a package is named with dots: `{printable(name)}`"
            hint = hint if package else "give the file of a run module in it"
            raise CannotLoad("is a directory", where=where, hint=hint, code="PBT101")
    if not all(part.isidentifier() for part in target.removesuffix(".py").split(".")):
        hint = "a run module is a path, or a dotted name: `runs/ant.py`, `runs.ant`"
        raise CannotLoad("no such file", where=where, hint=hint, code="PBT101")


def _read(child: Child, target: str, timeout: float) -> dict[str, Any]:
    """The description from the pipe; raises the error that the child sent or died of."""
    answer = child.answer
    if answer is not None:
        with suppress(ValueError, EOFError, TypeError):
            read = marshal.loads(answer)
            if isinstance(read, dict) and "error" in read:
                raise _error(read["error"], target, child.text())
            if isinstance(read, dict) and "run" in read:
                for experiment in read["run"]["experiments"]:
                    unpack(experiment)
                return read
    where, hint = Where(file=target), _last_line(child.text())
    code = child.process.returncode
    if child.data.startswith(TOO_LATE) or not (child.ended or child.closed or child.garbled):
        where = _hanging(bytes(child.data), target)
        what = f"the import did not end within {timeout:g} s"
        hint = hint or "pass a longer `--load_timeout`, and keep work out of the run module"
    elif child.garbled:
        what = "the import wrote into the pipe of its result"
        hint = "a run module must write only to descriptors that it has opened"
    elif not child.ended:
        what = "the import closed the pipe of its result"
    elif code < 0:
        what = f"the import was killed: {_signal(-code)}"
    else:
        what = f"the process ended without an answer while it imported the module: exit code {code}"
    raise CannotLoad(what, where=where, hint=hint, code="PBT101")


def _error(error: dict[str, Any], target: str, output: str) -> PbtError:
    if error["kind"] == "broken_kind":
        return BrokenKind(*error["broken"])
    kind, code = _KINDS[error["kind"]]
    line = error.get("line")
    if line is None and code != "PBT101" and error.get("file") is not None:
        from pbt_tui.compiler.source_lines import of_name

        line = of_name(error["file"], "RUN_DESCRIPTION")
    where = Where(
        _shown(error.get("file"), target),
        line,
        error.get("experiment"),
        error.get("param"),
    )
    what = printable(error["what"][:1000])
    hint = error.get("hint") or (_last_line(output) if kind is CannotLoad else None)
    return kind(what, hint=hint and printable(hint), where=where, code=code)


def _last_line(output: str) -> str | None:
    lines = [line for line in output.splitlines() if line.strip()]
    return f"its last line of output: {printable(lines[-1].strip()[:200])}" if lines else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _hanging(dump: bytes, target: str) -> Where:
    """The innermost place in the user's own files, from the stacks that the watchdog wrote."""
    text = dump.decode(errors="replace")
    for file, line in re.findall(r'File "(.+)", line (\d+) in', text):
        if theirs(file):
            return Where(file=_shown(file, target), line=int(line))
    return Where(file=target)


def _shown(file: str | None, target: str) -> str:
    """`file` as the user wrote it, else relative to the current folder, if it is below that."""
    given = Path(target if target.endswith(".py") else f"{target}.py")
    try:
        if file is None or not (path := Path(file).resolve()).is_file():
            return target
        if given.is_file() and given.resolve() == path:
            return str(given)
    except (OSError, ValueError):  # `__file__` is set by the module, and may be no path
        return target
    with suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _loaded(target: str, read: dict[str, Any], output: str) -> Loaded:
    run = read["run"]
    run_name, experiment_arg, dir_arg, prefix = run["run"]
    return Loaded(
        module=target,
        file=_shown(read["file"], target),
        run_name=run_name,
        suffix=run["suffix"],
        experiment_arg=experiment_arg,
        dir_arg=dir_arg,
        customize_names=run["customize"],
        param_prefix=prefix,
        argument_style=run["style"],
        placeholders=run["placeholders"],
        experiments=tuple(
            LoadedExperiment(
                name=e["name"],
                cmd=e["cmd"],
                params=tuple(e["rows"]),
                env_vars=e["env"],
                resources=e["resources"],
                line=e["line"],
                problems=tuple((kind, param, detail) for kind, param, detail in e["problems"]),
                texts={int(index): texts for index, texts in e["texts"].items()},
                argument_style=e["style"] or run["style"],
                shuffled=e["shuffled"],
                placeholders=run["placeholders"]
                if e["placeholders"] is None
                else e["placeholders"],
            )
            for e in run["experiments"]
        ),
        output=output,
        styles=tuple(read["styles"]),
        written=tuple((path, _shown(by, target), line) for path, by, line in read["written"]),
        writes=read["writes"],
        named_files=tuple(
            name
            for name in (read["file"], *(n for path, by, _ in read["written"] for n in (path, by)))
            if name
        ),
    )
