"""The attempt file: who has taken the name of an attempt, and how it ended.

Must not know processes or signals beyond the numbers in the file. One line each, in this order:

    <pid>.<start time> <boot id>     the shim that runs the attempt
    refused <126 or 127 or words>    the command, or the directory (125), never began
    exit <code>                      as a shell says it: 128 + n for signal n

or `given up`, by an executor that ended the attempt before it began. Whoever creates the file owns
the name: created exclusively, never replaced. A line without its newline has not been written.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.runtimes.protocol import Ended, Launch
from pbt_tui.spec import Cause

GIVEN_UP = "given up"
SETTLE = 1.0
"""Seconds after which an empty claim is that of a dead shim."""

_REFUSED: dict[str, tuple[Cause | None, str]] = {
    "125": (None, "the working directory cannot be entered"),
    "126": ("not_executable", "the command cannot be executed"),
    "127": ("command_not_found", "command not found"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt file that exists. `written` is its mtime, Unix seconds."""

    written: float
    handle: str | None = None
    boot: str | None = None
    refused: str | None = None
    code: int | None = None
    given_up: bool = False

    def young(self, now: float) -> bool:
        """Empty, but not for so long that its shim must be dead."""
        empty = self.handle is None and not self.over and not self.given_up
        return empty and abs(now - self.written) < SETTLE

    @property
    def over(self) -> bool:
        return self.code is not None or self.refused is not None


def read(path: Path) -> Claim | None:
    """The claim, or None where nobody took the name. Raises `OSError` if that cannot be told."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        os.stat(path.parent)  # noqa: PTH116 - a folder that is away says nothing of the attempt
        return None
    try:
        text = os.read(fd, 4096).decode("utf-8", "replace")
        written = os.fstat(fd).st_mtime
    finally:
        os.close(fd)
    handle = boot = refused = None
    code = None
    for line in text.split("\n")[:-1]:
        word, _, rest = line.partition(" ")
        if line == GIVEN_UP:
            return Claim(written, given_up=True)
        if word == "exit" and rest.isdecimal():
            code = int(rest)
        elif word == "refused":
            refused = rest
        elif all(part.isdecimal() for part in word.split(".", 1)) and "." in word:
            handle, boot = word, rest
    if refused is not None and refused.isdecimal() and refused not in _REFUSED:
        refused = None
    return Claim(written, handle, boot, refused, code)


def take(path: Path, line: str) -> bool:
    """Takes the name with `line` in it; False if somebody was faster."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return False
    try:
        os.write(fd, f"{line}\n".encode())
    finally:
        os.close(fd)
    return True


def ended(job: str, attempt: int, claim: Claim, now: float, launch: Launch | None = None) -> Ended:
    """The end that an `over` claim tells of; `launch`, where known, names what was refused."""
    at = min(claim.written, now)
    if claim.refused is None:
        code = claim.code or 0
        number = code - 128 if 128 < code <= 128 + 64 else None
        return Ended(job, attempt, claim.handle, code, at, signal=number)
    cause, detail = _REFUSED.get(claim.refused, (None, claim.refused))
    if launch is not None and claim.refused in _REFUSED:
        detail = f"{detail}: `{launch.argv[0] if cause else launch.cwd}`"
    of_shell = int(claim.refused) if cause else None
    return Ended(job, attempt, claim.handle, of_shell, at, refused=True, cause=cause, detail=detail)


def lost(job: str, attempt: int, handle: str | None, now: float, detail: str) -> Ended:
    return Ended(job, attempt, handle, None, now, lost=True, cause="lost", detail=detail)
