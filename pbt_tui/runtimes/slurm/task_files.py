"""The attempt file of a SLURM task: its claim, its starts, and how the last one ended.

The script on the node writes these lines:

    slurm <id>                       the task that claimed the attempt; written once
    start <n> <node> <seconds> <number>   the task starts; n increases with each requeue
    port <number>                    the port that the task found for its processes
    source <member> <generation> <frame> <mtime ns> <size> <mtime ns> <size> <name> <path>
                                     what a requeued task goes on from: times and sizes of metadata
                                     and weights, name of the run, path of the weights; `-`: none
    refused <125, 126 or 127>        the task could not start the command or use its directory
    refused away                     the directory was away, and so was this file
    requeue <n> <seconds>            the task asked SLURM to requeue it
    left <n>                         the command has left n processes, which the task ends now
    exit <code> <seconds> [stop]     exit code of the command; 128 + n for signal n
    gone                             what it had left has ended

`<number>` is a limit that all processes of the start have; scripts of earlier versions have none.
`stop`: the task looked once for the mark of a stop, after the command had ended, and found it.

The executor writes `given up` or `refused <text>`, as for plain processes (`claims`). Lines before
the last `start` belong to an earlier start. A line without its newline does not count.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from pbt_tui.files import folders
from pbt_tui.files.regular import TEXT_BYTES, open_regular
from pbt_tui.journal.events import Source
from pbt_tui.journal.outcome import Order
from pbt_tui.runtimes import noted_source
from pbt_tui.runtimes.claims import GIVEN_UP, Claim

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class TaskFile:
    """An attempt file that exists."""

    written: float
    """When it was last written, in Unix seconds of the file server's clock."""
    holder: str | None = None
    """SLURM's id of the task, `67_3`."""
    restart: int | None = None
    """Number of the last start, from 0; None before the first."""
    node: str | None = None
    """Node of the last start."""
    number: str | None = None
    """Number by which the processes of the last start are found."""
    code: int | None = None
    """Exit code of the last start."""
    order: Order | None = None
    """Whether the last start ended before or after the mark of its stop; None: nobody looked."""
    left: int = 0
    """Number of processes that the last start left, and that the task still ends."""
    ended: int = 0
    """Number of processes that the last start left, and that have ended."""
    refused: str | None = None
    """Why the command never started: 125, 126, 127 or a text."""
    asked: bool = False
    """Whether the task asked SLURM to requeue it."""
    source: Source | None = None
    """What the last start goes on from, if it was requeued and there was something."""
    given_up: bool = False
    """Whether an executor took the claim so that the attempt never starts."""

    @property
    def over(self) -> bool:
        """Whether it says how the last start ended."""
        return self.code is not None or self.refused is not None

    @property
    def claim(self) -> Claim:
        """The same as the claim of a plain process."""
        return Claim(
            self.written, self.holder, refused=self.refused, code=self.code, order=self.order
        )


def read(path: Path) -> TaskFile | None:
    """The file; None if there is none. Raises `OSError` if it cannot be read."""
    try:
        fd = open_regular(path, follow=False)
    except FileNotFoundError:
        folders.require(path.parent)  # without the folder, nothing is known
        return None
    with os.fdopen(fd, "rb") as file:
        return parse(file.read(TEXT_BYTES).decode("utf-8", "replace"), os.fstat(fd).st_mtime)


def parse(text: str, written: float) -> TaskFile:
    """The content of a file that was last written at `written`."""
    found = TaskFile(written)
    for line in text.split("\n")[:-1]:
        first, _, rest = line.partition(" ")
        match first, rest.split():
            case "slurm", [holder] if found.holder is None:
                found = replace(found, holder=holder)
            case "start", [n, node, *more] if _NUMBER.fullmatch(n):
                number = more[1] if len(more) > 1 else None
                found = TaskFile(written, found.holder, int(n), node, number)
            case "exit", [code, *more] if _NUMBER.fullmatch(code):
                order: Order | None = "after" if "stop" in more else "before"
                if found.number is None:
                    order = None
                found = replace(found, code=int(code), order=order)
            case "source", [_, _, _, _, *_]:
                found = replace(found, source=noted_source.parse(rest))
            case "left", [n] if _NUMBER.fullmatch(n):
                found = replace(found, left=int(n))
            case "gone", []:
                found = replace(found, left=0, ended=found.left)
            case "requeue", [_, *_]:
                found = replace(found, asked=True)
            case "refused", [_, *_]:
                # Any other number: a signal ended the shell before the command started.
                if not rest.isdecimal() or rest in ("125", "126", "127"):
                    found = replace(found, refused=rest)
            case _ if line == GIVEN_UP:
                return TaskFile(written, given_up=True)
            case _:
                pass
    return found
