"""The processes that import run modules: started together, listened to, taken down as groups.

Must not know what they answer.
"""

from __future__ import annotations

import marshal
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from select import POLLIN, poll

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.child import HEADER, STARTED

OUTPUT_KEPT = 64 * 1024
GRACE = 5.0
"""Seconds that a child may take to begin; its own watchdog keeps the time of the import."""
TOO_LATE = b"Timeout"
"""How the watchdog begins to say where the import hangs."""
LONGEST = 1 << 32
"""Bytes of an answer; ten million jobs are shorter."""
_DIGITS = re.compile(rb"[0-9a-f]+").fullmatch
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


class Child:
    """One child: its process, its answer as far as it came, the end of its output."""

    def __init__(
        self,
        target: str,
        timeout: float,
        memory: int,
        seed: int | None,
        hash_seed: int,
        surroundings: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    ) -> None:
        self.pipe, answer_end = os.pipe()
        self.data = bytearray()
        self.output = b""
        self.closed = self.ended = self.left_some = False
        self.memory = memory
        options = {
            "target": target,
            "timeout": timeout,
            "memory": memory,
            "seed": seed,
            "hash_seed": os.environ.get("PYTHONHASHSEED"),
            "pipe": answer_end,
            "surroundings": surroundings,
        }
        env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        root = str(Path(__file__).resolve().parents[2])
        # -B: compiling writes nothing; -P: what is on the path is decided in the child;
        # utf8: files are read alike wherever it runs
        python = [sys.executable, "-B", "-P", "-X", "utf8"]
        command = [*python, "-c", _BOOT, root, marshal.dumps(options).hex()]
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
    def length(self) -> int | None:
        """Of the whole answer; None as long as that is not known, and where it is garbled."""
        head = bytes(self.data[: HEADER - 1])
        return int(head, 16) if len(self.data) >= HEADER and _DIGITS(head) else None

    @property
    def complete(self) -> bool:
        return self.length is not None and len(self.data) == HEADER + self.length

    @property
    def garbled(self) -> bool:
        """Whether somebody else has written into the pipe."""
        if len(self.data) < HEADER or self.data.startswith(TOO_LATE):
            return len(self.data) > LONGEST
        return self.length is None or len(self.data) > HEADER + min(self.length, LONGEST)

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
        """Takes down all that it started, and takes in what it still had to say."""
        if self.closed and not self.data:  # without a word: the code of its end is worth a moment
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
        # unreaped until here, so that the number of the group is still ours
        pid, marked = self.process.pid, resource_limits.mark(self.memory, self.process.pid)
        self.ended = self.process.returncode is not None or bool(_ready(self.alive))
        while self.ended and not self.garbled and self.take(self.pipe):
            pass
        if self.answer is None or self.data[HEADER - 1 : HEADER] == STARTED:
            self.left_some = resource_limits.end_all(marked, but=pid)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self.process.wait()
        if self.answer is None:  # it may have gone on until now
            resource_limits.end_all(marked)
        self.take(self.stdout)
        os.close(self.pipe)
        os.close(self.alive)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _ready(descriptor: int) -> list[tuple[int, int]]:
    poller = poll()
    poller.register(descriptor, POLLIN)
    return poller.poll(0)


def listen(children: Sequence[Child], deadline: float) -> None:
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
            elif child.complete or child.garbled:  # its own children may hold the pipe open
                waiting.discard(child)
        if any(child.data.startswith(TOO_LATE) for child in children):
            deadline = min(deadline, time.monotonic() + _REST)
