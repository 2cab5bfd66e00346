"""Gives inputs to one reader in a process of its own, and tells what went wrong, with its input.

An exception is a finding, and so are the death of the process by a signal, an input that costs more
than `CPU` seconds of processor time, and one that waits.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutate import made

CPU = 5.0
"""Most seconds of processor time for one input."""
WAITS = 120.0
"""Seconds after which a process that makes no progress is ended."""
CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """A reader, as a function that gets an input and an empty folder."""

    name: str
    read: Callable[[bytes, Path], None]
    """Raises if the reader does, or if what it returns breaks a promise."""
    corpus: Sequence[bytes]


@dataclass(frozen=True)
class Finding:
    number: int
    """The number of the input."""
    what: str
    data: bytes


def corpus(name: str) -> list[bytes]:
    """The files of one folder of the corpus."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def fuzz(
    target: Target,
    seed: int,
    *,
    seconds: float = 1e9,
    count: int = 1 << 60,
    first: int = 0,
    cpu: float = CPU,
    waits: float = WAITS,
) -> tuple[int, Finding | None]:
    """Gives inputs until one of the limits, or until the first finding.

    Returns the number of inputs, and the finding.
    """
    shared = mmap.mmap(-1, 16)
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        pid = os.fork()
        if pid == 0:
            _child(target, Path(folder), seed, (first, count, seconds, cpu), shared, writing)
        os.close(writing)
        status = _wait(pid, shared, waits)
        with os.fdopen(reading, errors="replace") as pipe:
            said = pipe.read()
    number = _progress(shared)
    if status == 0:
        return number - first, None
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    if killed == signal.SIGVTALRM:
        said = f"took more than {cpu:g} s of processor time"
    elif killed == signal.SIGKILL:
        said = f"made no progress for {waits:g} s"
    elif killed is not None:
        said = f"the process died: {signal.Signals(killed).name}\n{said}"
    return number - first, Finding(number, said, made(target.corpus, seed, number))


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _progress(shared: mmap.mmap) -> int:
    number: int = struct.unpack_from("q", shared)[0]
    return number


def _wait(pid: int, shared: mmap.mmap, waits: float) -> int:
    last, since = -1, time.monotonic()
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        now = time.monotonic()
        if (number := _progress(shared)) != last:
            last, since = number, now
        elif now - since > waits:
            os.kill(pid, signal.SIGKILL)
            return os.waitpid(pid, 0)[1]
        time.sleep(0.01)


def _child(
    target: Target,
    folder: Path,
    seed: int,
    limits: tuple[int, int, float, float],
    shared: mmap.mmap,
    writing: int,
) -> None:
    first, count, seconds, cpu = limits
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.enable(writing)
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        end = time.monotonic() + seconds
        for number in range(first, first + count):
            struct.pack_into("q", shared, 0, number)
            if time.monotonic() > end:
                break
            data = made(target.corpus, seed, number)
            signal.setitimer(signal.ITIMER_VIRTUAL, cpu)
            target.read(data, folder)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        else:
            struct.pack_into("q", shared, 0, first + count)
        code = 0
    except BaseException:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        os.write(writing, traceback.format_exc().encode(errors="replace")[-60_000:])
    finally:
        sys.stdout.flush()
        os._exit(code)
