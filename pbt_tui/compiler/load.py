"""A run module in, its description out: imported in a child process, never in ours.

Must not know jobs, names or commands: what the description means is `expand`'s business.

The module is imported by two children at once; where their answers differ, it is not repeatable
(D12). Their output is kept to its end, their process groups are gone when `load` returns.
"""

from __future__ import annotations

import marshal
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.children import GRACE, TOO_LATE, Child, listen
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

_KINDS: dict[str, tuple[type[DescriptionError], str]] = {
    "cannot_load": (CannotLoad, "PBT101"),
    "not_a_run": (NotARun, "PBT102"),
    "bad_param": (BadParam, "PBT103"),
}


@dataclass(frozen=True, slots=True)
class LoadedExperiment:
    """One `Experiment` as data.

    `params` holds a dictionary per job, JSON values only (non-finite floats and foreign objects as
    text). `texts` holds what Python's `str` makes of a value where the JSON value does not tell:
    job index -> name -> text. `problems` is what the description classes noticed on the way:
    (kind, parameter or None, detail); the kinds are in `pbt_tui.description`.
    """

    name: str
    cmd: str
    params: tuple[dict[str, Any], ...]
    env_vars: dict[str, str] | None = None
    resources: dict[str, Any] | None = None
    line: int | None = None
    problems: tuple[tuple[str, str | None, str], ...] = ()
    texts: dict[int, dict[str, str]] = field(default_factory=dict)
    argument_style: str | None = None
    placeholders: bool | None = None
    """Both as those of the run, where it has none of its own."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One `RunDescription` as data, and what its module printed (the last of it)."""

    module: str
    file: str | None
    run_name: str
    suffix: str
    experiment_arg: str | None
    dir_arg: str | None
    customize_names: bool
    param_prefix: str
    experiments: tuple[LoadedExperiment, ...]
    output: str = ""
    unrepeatable: tuple[str, ...] = ()
    seeded: bool = False
    """`--seed` was given, and what differs does so all the same."""
    written: tuple[tuple[str, str | None, int | None], ...] = ()
    """Paths below the current folder that the import writes to: path, file, line."""
    styles: tuple[str, ...] = ()
    """The population styles that the module asked `population` for."""
    argument_style: str | None = None
    placeholders: bool | None = None
    leaves_processes: bool = False
    """Whether processes that the import started had to be ended."""


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
    second load, with another order of sets, tells whether the description is repeatable; what
    differs is named in `Loaded.unrepeatable`, and the caller decides what that is. `seed` seeds
    `random`, and NumPy where it is, before the import, and makes the order of sets the same.
    `meanwhile` is called while the children work.

    Raises `CannotLoad`, `NotARun`, `BadParam`, and `BrokenKind` for a style that it asks for.
    """
    _check(target)
    most = resource_limits.usual(LOAD_MEMORY) if memory is None else memory
    hashes = (0, 1) if seed is None else (seed % 2**32,) * 2
    children = []
    try:
        for number in range(1 + twice):
            children.append(Child(target, timeout, most, seed, hashes[number]))
        meanwhile()
        listen(children, time.monotonic() + timeout + GRACE)
    finally:
        for child in children:
            child.end()
    first, *others = children
    loaded = _loaded(target, _read(first, target, timeout), first.text())
    if any(child.left_some for child in children):
        loaded = replace(loaded, leaves_processes=True)
    if all(other.answer == first.answer for other in others):
        return loaded
    try:
        second = _loaded(target, _read(others[0], target, timeout), "")
        if (differing := _differing(loaded, second)) is None:
            return loaded
    except DescriptionError:
        differing = ("the import itself",)
    return replace(loaded, unrepeatable=differing, seeded=seed is not None)


def of_object(run: Any, module: str) -> Loaded:
    """A `RunDescription` that lives in this process, as data; `module` is what it is called.

    Raises `NotARun`, `BadParam`.
    """
    from pbt_tui.compiler.describe import described
    from pbt_tui.description import asked_styles

    try:
        read = {"run": described(run, None), "file": None, "written": (), "styles": asked_styles}
        return _loaded(module, read, "")
    except DescriptionError as e:
        e.where = e.where.within(Where(file=module))
        e.code = e.code or next(code for kind, code in _KINDS.values() if isinstance(e, kind))
        raise


def _check(target: str) -> None:
    """Refuses what is neither a file nor could be a module, without starting anything."""
    where = Where(file=target or None)
    if "\0" in target or not target:
        raise CannotLoad("no run module is named", where=where, code="PBT101")
    try:
        target.encode()
    except UnicodeEncodeError:
        hint = "a spec names its module, and is UTF-8"
        message = "its name is not UTF-8"
        raise CannotLoad(message, where=where, hint=hint, code="PBT101") from None
    with suppress(OSError):  # longer than a path can be
        if Path(target).is_file() or Path(f"{target}.py").is_file():
            return
        if Path(target).is_dir():
            hint = "give the file of a run module in it"
            raise CannotLoad("is a directory", where=where, hint=hint, code="PBT101")
    if not all(part.isidentifier() for part in target.removesuffix(".py").split(".")):
        hint = "a run module is a path, or a dotted name: `runs/ant.py`, `runs.ant`"
        raise CannotLoad("no such file", where=where, hint=hint, code="PBT101")


def _read(child: Child, target: str, timeout: float) -> dict[str, Any]:
    """The description as it came over the pipe; raises what the child had to say instead."""
    answer = child.answer
    if answer is not None:
        with suppress(ValueError, EOFError, TypeError):
            read = marshal.loads(answer)
            if isinstance(read, dict) and "error" in read:
                raise _error(read["error"], target, child.text())
            if isinstance(read, dict) and "run" in read:
                return read
    where, hint = Where(file=target), _last_words(child.text())
    code = child.process.returncode
    if child.data.startswith(TOO_LATE) or not (child.ended or child.closed or child.garbled):
        where = _hanging(bytes(child.data), target)
        what = f"the import did not end within {timeout:g} s"
        hint = hint or "pass a longer `--load_timeout`, and keep work out of the run module"
    elif child.garbled:
        what = "the import wrote into the pipe that its result is read from"
        hint = "a run module writes to no descriptor that it has not opened"
    elif not child.ended:
        what = "the import closed the pipe that its result is read from"
    elif code < 0:
        what = f"the import was killed: {_signal(-code)}"
    else:
        what = f"the process ended without an answer while it imported the module: exit code {code}"
    raise CannotLoad(what, where=where, hint=hint, code="PBT101")


def _error(error: dict[str, Any], target: str, output: str) -> PbtError:
    if error["kind"] == "broken_kind":
        return BrokenKind(*error["broken"])
    kind, code = _KINDS[error["kind"]]
    where = Where(
        _shown(error.get("file"), target),
        error.get("line"),
        error.get("experiment"),
        error.get("param"),
    )
    what = printable(error["what"][:1000])
    hint = error.get("hint") or (_last_words(output) if kind is CannotLoad else None)
    return kind(what, hint=hint and printable(hint), where=where, code=code)


def _last_words(output: str) -> str | None:
    lines = [line for line in output.splitlines() if line.strip()]
    return f"its last line of output: {printable(lines[-1].strip()[:200])}" if lines else None


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _hanging(dump: bytes, target: str) -> Where:
    """The innermost place in the user's own files, of the stacks that the watchdog left."""
    text = dump.decode(errors="replace")
    for file, line in re.findall(r'File "(.+)", line (\d+) in', text):
        if theirs(file):
            return Where(file=_shown(file, target), line=int(line))
    return Where(file=target)


def _shown(file: str | None, target: str) -> str:
    """`file` as the user knows it: as given, or from the current folder where it is below."""
    given = Path(target if target.endswith(".py") else f"{target}.py")
    try:
        if file is None or not (path := Path(file).resolve()).is_file():
            return target
        if given.is_file() and given.resolve() == path:
            return str(given)
    except (OSError, ValueError):  # what a module says of itself may be no path at all
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
                placeholders=run["placeholders"]
                if e["placeholders"] is None
                else e["placeholders"],
            )
            for e in run["experiments"]
        ),
        output=output,
        styles=tuple(read["styles"]),
        written=tuple((path, _shown(by, target), line) for path, by, line in read["written"]),
    )


def _differing(one: Loaded, other: Loaded) -> tuple[str, ...] | None:
    """What differs, by the names that its author gave: parameters before anything else.

    None if nothing does: equal descriptions may come as other bytes, if rarely.
    """
    if repr(one.experiments) == repr(other.experiments) and _head(one) == _head(other):
        return None
    names: dict[str, None] = {}
    for a, b in zip(one.experiments, other.experiments, strict=False):
        rows = zip(a.params, b.params, strict=False)
        for index, (x, y) in enumerate(rows):
            if x != y or a.texts.get(index) != b.texts.get(index):
                xs, ys = x | a.texts.get(index, {}), y | b.texts.get(index, {})
                changed = (n for n in xs | ys if n not in xs or n not in ys or xs[n] != ys[n])
                names.update(dict.fromkeys(changed))
        if len(a.params) != len(b.params):
            names["the number of jobs"] = None
        for word in ("name", "cmd", "env_vars", "resources", "argument_style", "placeholders"):
            if getattr(a, word) != getattr(b, word):
                names[word] = None
    if len(one.experiments) != len(other.experiments):
        names["the number of experiments"] = None
    for word, value in _head(one).items():
        if value != _head(other)[word]:
            names[word] = None
    return tuple(map(printable, names)) or ("the order of parameters",)


def _head(loaded: Loaded) -> dict[str, Any]:
    words = ("run_name", "suffix", "experiment_arg", "dir_arg", "customize_names", "param_prefix")
    return {word: getattr(loaded, word) for word in words}
