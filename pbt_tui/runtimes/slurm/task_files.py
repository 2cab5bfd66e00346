"""The attempt file of a SLURM task: who holds the name, its lives, and how the last one ended.

Must not know SLURM's states, nor judge an end. What the script on the node writes, a line each:

    slurm <id>                       which task took the name, once
    start <n> <node> <seconds>       a life begins; n rises with each requeue
    port <number>                    that the command was given, where it asks for one
    refused <125, 126 or 127>        the command, or its directory, never began
    requeue <n> <seconds>            it has asked to be queued again
    exit <code> <seconds>            as a shell says it: 128 + n for signal n

or, by us, `given up` and `refused <words>`, as for plain processes (`claims`). What came before the
last `start` is of an earlier life. A line without its newline has not been written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pbt_tui.runtimes.claims import GIVEN_UP, Claim


@dataclass(frozen=True, slots=True)
class TaskFile:
    """An attempt file that exists. `written` is its mtime, Unix seconds, by the disk's clock."""

    written: float
    holder: str | None = None
    """SLURM's id of the task, `67_3`."""
    restart: int | None = None
    """Of the last life, from 0; None before the first."""
    node: str | None = None
    code: int | None = None
    refused: str | None = None
    asked: bool = False
    """It wants to be queued again."""
    given_up: bool = False

    @property
    def over(self) -> bool:
        return self.code is not None or self.refused is not None

    @property
    def claim(self) -> Claim:
        return Claim(self.written, self.holder, refused=self.refused, code=self.code)


def read(path: Path) -> TaskFile | None:
    """The file, or None where nobody took the name. Raises `OSError` if that cannot be told."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        os.stat(path.parent)  # noqa: PTH116 - a folder that is away says nothing of the attempt
        return None
    with os.fdopen(fd, "rb") as file:
        return parse(file.read().decode("utf-8", "replace"), os.fstat(fd).st_mtime)


def parse(text: str, written: float) -> TaskFile:
    found = TaskFile(written)
    for line in text.split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        match word, rest.split():
            case "slurm", [holder] if found.holder is None:
                found = replace(found, holder=holder)
            case "start", [n, node, *_] if n.isdecimal():
                found = TaskFile(written, found.holder, int(n), node)
            case "exit", [code, *_] if code.isdecimal():
                found = replace(found, code=int(code))
            case "requeue", [_, *_]:
                found = replace(found, asked=True)
            case "refused", [_, *_]:
                # Another number is that of a signal which met the shell before the command began.
                if not rest.isdecimal() or rest in ("125", "126", "127"):
                    found = replace(found, refused=rest)
            case _ if line == GIVEN_UP:
                return TaskFile(written, given_up=True)
            case _:
                pass
    return found
