"""A run module in, its description out: imported in a child process, never in ours.

Must not know jobs, names or commands: what the description means is `expand`'s business.

The module is imported by two children at once; where their answers differ, it is not repeatable
(D12). Their output is kept to its end, their process groups are gone when `load` returns.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from select import POLLIN, poll
from typing import Any

from pbt_tui.compiler.child import HEADER, theirs
from pbt_tui.errors import (
    BadParam,
    CannotLoad,
    DescriptionError,
    NotARun,
    Where,
    printable,
)

OUTPUT_KEPT = 64 * 1024
_GRACE = 5.0
"""Seconds that a child may take to begin; its own watchdog keeps the time of the import."""
_TOO_LATE = b"Timeout"
"""How the watchdog begins to say where the import hangs."""
_REST = 0.2
"""Seconds for the rest of that."""
_BOOT = """
import sys, types
sys.path.insert(0, sys.argv.pop(1))
import pbt_tui
sys.path.pop(0)
package = types.ModuleType("pbt_tui.compiler")
package.__path__ = [pbt_tui.__path__[0] + "/compiler"]
sys.modules["pbt_tui.compiler"] = package
from pbt_tui.compiler.child import main
main()
"""
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


@dataclass(frozen=True, slots=True)
class Loaded:
    """One `RunDescription` as data, and what its module printed (the last of it)."""

    module: str
    file: str | None
    run_name: str
    suffix: str
    experiment_arg: str
    dir_arg: str
    customize_names: bool
    param_prefix: str
    experiments: tuple[LoadedExperiment, ...]
    output: str = ""
    unrepeatable: tuple[str, ...] = ()


def load(
    target: str, *, timeout: float = 30.0, seed: int | None = None, twice: bool = True
) -> Loaded:
    """Imports `target` (dotted name or path of a file) and returns its description.

    `timeout` in seconds. `twice`: a second load tells whether the description is repeatable; what
    differs is named in `Loaded.unrepeatable`, and the caller decides what that is. `seed` seeds
    `random`, and NumPy where it is, before the import.

    Raises `CannotLoad`, `NotARun`, `BadParam`.
    """
    _check(target)
    first, *others = children = [_Child(target, timeout, seed) for _ in range(1 + twice)]
    try:
        _listen(children, time.monotonic() + timeout + _GRACE)
    finally:
        for child in children:
            child.end()
    loaded = _loaded(target, _read(first, target, timeout), first.text())
    if all(other.answer == first.answer for other in others):
        return loaded
    try:
        second = _loaded(target, _read(others[0], target, timeout), "")
        differing = _differing(loaded, second)
    except DescriptionError:
        differing = ("the import itself",)
    return replace(loaded, unrepeatable=differing)


class _Child:
    """One child: its process, its answer as far as it came, the end of its output."""

    def __init__(self, target: str, timeout: float, seed: int | None) -> None:
        self.pipe, answer_end = os.pipe()
        self.data = bytearray()
        self.output = b""
        self.closed = self.ended = False
        options = {"target": target, "timeout": timeout, "seed": seed, "pipe": answer_end}
        env = dict(os.environ)
        if seed is not None:
            env["PYTHONHASHSEED"] = str(seed % 2**32)
        root = str(Path(__file__).resolve().parents[2])
        # -B: compiling writes nothing; -P: what is on the path is decided in the child
        command = [sys.executable, "-B", "-P", "-c", _BOOT, root, json.dumps(options)]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(answer_end,),
                start_new_session=True,
                env=env,
            )
        except BaseException:
            os.close(self.pipe)
            raise
        finally:
            os.close(answer_end)
        assert self.process.stdout is not None
        self.stdout = self.process.stdout.fileno()
        self.alive = os.pidfd_open(self.process.pid)
        for pipe in (self.pipe, self.stdout):
            os.set_blocking(pipe, False)

    @property
    def complete(self) -> bool:
        try:
            return len(self.data) == HEADER + int(self.data[:HEADER], 16)
        except ValueError:
            return False

    @property
    def answer(self) -> bytes | None:
        """The whole answer, once it is there."""
        return bytes(self.data[HEADER:]) if self.complete else None

    def text(self) -> str:
        return self.output.decode(errors="replace")

    def take(self, pipe: int) -> bool:
        """Reads what there is; false if that was nothing."""
        try:
            chunk = os.read(pipe, 1 << 20)
        except BlockingIOError:
            return False
        if pipe == self.pipe:
            self.data += chunk
            self.closed = not chunk
        else:
            self.output = (self.output + chunk)[-OUTPUT_KEPT:]
        return bool(chunk)

    def end(self) -> None:
        """Takes down the whole group, and what it still had to say."""
        if self.closed and not self.data:  # without a word: the code of its end is worth a moment
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
        # unreaped until here, so that the number of the group is still ours
        self.ended = self.process.returncode is not None or bool(_ready(self.alive))
        while self.ended and self.take(self.pipe):
            pass
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.take(self.stdout)
        os.close(self.pipe)
        os.close(self.alive)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _ready(descriptor: int) -> list[tuple[int, int]]:
    poller = poll()
    poller.register(descriptor, POLLIN)
    return poller.poll(0)


def _listen(children: Sequence[_Child], deadline: float) -> None:
    """Until every child has answered, ended or run out of time."""
    poller = poll()
    owners = {d: child for child in children for d in (child.pipe, child.stdout, child.alive)}
    for descriptor in owners:
        poller.register(descriptor, POLLIN)
    waiting = set(children)
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poller.poll(left * 1000):
            child = owners[descriptor]
            if descriptor == child.alive or not child.take(descriptor):
                poller.unregister(descriptor)
                if descriptor != child.stdout:  # who closed its output may still answer
                    waiting.discard(child)
            elif child.complete:  # its own children may hold the pipe open
                waiting.discard(child)
        if any(child.data.startswith(_TOO_LATE) for child in children):
            deadline = min(deadline, time.monotonic() + _REST)


def _check(target: str) -> None:
    """Refuses what is neither a file nor could be a module, without starting anything."""
    where = Where(file=target or None)
    if "\0" in target or not target:
        raise CannotLoad("no run module is named", where=where, code="PBT101")
    if Path(target).is_file() or Path(f"{target}.py").is_file():
        return
    if Path(target).is_dir():
        hint = "give the file of a run module in it"
        raise CannotLoad("is a directory", where=where, hint=hint, code="PBT101")
    if not all(part.isidentifier() for part in target.removesuffix(".py").split(".")):
        hint = "a run module is a path, or a dotted name: `runs/ant.py`, `runs.ant`"
        raise CannotLoad("no such file", where=where, hint=hint, code="PBT101")


def _read(child: _Child, target: str, timeout: float) -> dict[str, Any]:
    """The description as it came over the pipe; raises what the child had to say instead."""
    answer = child.answer
    if answer is not None:
        with suppress(ValueError):
            read = json.loads(answer)
            if isinstance(read, dict) and "error" in read:
                raise _error(read["error"], target, child.text())
            if isinstance(read, dict) and "run" in read:
                return read
    where, hint = Where(file=target), _last_words(child.text())
    code = child.process.returncode
    if child.closed and not child.ended:
        what = "the import closed the pipe that its result is read from"
    elif child.data.startswith(_TOO_LATE) or not child.ended:
        where = _hanging(bytes(child.data), target)
        what = f"the import did not end within {timeout:g} s"
        hint = hint or "pass a longer `--load_timeout`, and keep work out of the run module"
    elif code < 0:
        what = f"the import was killed: {_signal(-code)}"
    else:
        what = f"the process ended while it imported the module: exit code {code}"
    raise CannotLoad(what, where=where, hint=hint, code="PBT101")


def _error(error: dict[str, Any], target: str, output: str) -> DescriptionError:
    kind, code = _KINDS[error["kind"]]
    where = Where(
        _shown(error.get("file"), target),
        error.get("line"),
        error.get("experiment"),
        error.get("param"),
    )
    what = printable(error["what"][:1000])
    hint = error.get("hint") or (_last_words(output) if kind is CannotLoad else None)
    return kind(what, hint=hint, where=where, code=code)


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
    if file is None:
        return target
    path = Path(file).resolve()
    given = Path(target if target.endswith(".py") else f"{target}.py")
    if given.is_file() and given.resolve() == path:
        return str(given)
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
            )
            for e in run["experiments"]
        ),
        output=output,
    )


def _differing(one: Loaded, other: Loaded) -> tuple[str, ...]:
    """What differs, by the names that its author gave: parameters before anything else."""
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
        for word in ("name", "cmd", "env_vars", "resources"):
            if getattr(a, word) != getattr(b, word):
                names[word] = None
    if len(one.experiments) != len(other.experiments):
        names["the number of experiments"] = None
    for word in ("run_name", "suffix", "experiment_arg", "dir_arg", "param_prefix"):
        if getattr(one, word) != getattr(other, word):
            names[word] = None
    return tuple(names) or ("the order of parameters",)
