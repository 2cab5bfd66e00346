"""The attempt file: the claim on an attempt, and how the attempt ended.

Whoever creates the file owns the attempt: it is created exclusively and never replaced. Its lines,
in this order:

    <pid>.<start time> <boot id> [<mark> [<pid namespace> [<journal>]]]
                                   the shim that runs the attempt
    refused <126, 127 or a text>   the command could not start; 125: not enter its directory;
                                   `away`: neither, because a folder of the run was away
    exit <code> [stop]             the exit code as shells report it: 128 + n for signal n
    left <n>                       the shim had to end n processes that the job had left

`<mark>`: the number by which its processes are found, or `-`. `<journal>`: inode of the journal and
the byte of it on which its processes hold a lock, as `inode:seq`, or `-`. `stop`: whoever noted the
end looked once for the mark of a stop, after the process had ended, and found it. Claims of earlier
versions have no `<mark>` and never say `stop`.

Where the mark of a stop cannot tell the order, the sticky bit of the file does: an executor sets it
before the signal if the file holds no end yet. To change a mode needs no room on the disk.

or `given up`, from an executor that ended the attempt before it started. A line without its newline
does not count.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import printable
from pbt_tui.files import disk, folders
from pbt_tui.files.regular import open_regular
from pbt_tui.files.writing import create, mark
from pbt_tui.journal.outcome import Order
from pbt_tui.runtimes.protocol import Ended, Launch
from pbt_tui.spec import Cause

GIVEN_UP = "given up"
KILLED = "left no exit code: killed?"
"""Why an attempt is lost whose shim ended without a word."""
_EXIT = re.compile(r"([0-9]{1,4})( stop)?", re.ASCII)
AWAY = "away"
"""Refusal of an attempt that could not begin, because a folder of the run could not be entered."""
SETTLE = 1.0
"""Seconds after which the shim of an empty claim must be dead."""

_REFUSED: dict[str, tuple[Cause | None, str]] = {
    "125": (None, "the working directory cannot be entered"),
    "126": ("not_executable", "the command cannot be executed"),
    "127": ("command_not_found", "command not found"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt file that exists."""

    written: float
    """When it was last written, in Unix seconds."""
    handle: str | None = None
    """The shim, as `pid.start time`."""
    boot: str | None = None
    """The boot in which that pid is valid."""
    mark: str | None = None
    """The number by which the processes of the attempt are found."""
    refused: str | None = None
    """Why the command never started: 125, 126, 127 or a text."""
    code: int | None = None
    """The exit code."""
    order: Order | None = None
    """Whether it ended before or after the mark of its stop; None if nobody looked."""
    namespace: str | None = None
    """The pid namespace in which that pid is valid: its inode; None in claims that do not say."""
    journal: str | None = None
    """`inode:seq` of the journal on which its processes hold a lock; None or `-`: they do not."""
    left: int = 0
    """Processes that the job left and that the shim ended."""
    given_up: bool = False
    """Whether an executor took the claim so that the attempt never starts."""
    blank: bool = False
    """Whether it has no whole line: its shim has not written who it is, and no job has begun."""

    def young(self, now: float) -> bool:
        """Whether it is still empty and its shim may be alive."""
        empty = self.handle is None and not self.over and not self.given_up
        return empty and abs(now - self.written) < SETTLE

    @property
    def over(self) -> bool:
        """Whether it says how the attempt ended."""
        return self.code is not None or self.refused is not None


def read(path: Path) -> Claim | None:
    """The claim; None if there is none. Raises `OSError` if the file cannot be read."""
    try:
        fd = open_regular(path, follow=False)
    except FileNotFoundError:
        folders.require(path.parent)  # without the folder, nothing is known
        return None
    try:
        text = disk.calls.read(fd, 4096).decode("utf-8", "replace")
        status = disk.calls.fstat(fd)
        written = status.st_mtime
    finally:
        disk.let_go(fd)
    handle = boot = mark = namespace = journal = refused = None
    code, left = None, 0
    order: Order | None = None
    for line in text.split("\n")[:-1]:
        first, _, rest = line.partition(" ")
        if line == GIVEN_UP:
            return Claim(written, given_up=True)
        if first == "exit" and (match := _EXIT.fullmatch(rest)):
            code, order = int(match[1]), "after" if match[2] else "before"
        elif first == "refused":
            refused = rest
        elif all(part.isdecimal() for part in first.split(".", 1)) and "." in first:
            handle = first
            boot, mark, namespace, journal = (*rest.split(" "), None, None, None)[:4]
        elif first == "left" and rest.isascii() and rest.isdecimal() and len(rest) < 8:
            left = int(rest)
    if refused is not None and refused.isdecimal() and refused not in _REFUSED:
        refused = None
    if handle is not None and mark is None:
        order = None
    if status.st_mode & stat.S_ISVTX:
        order = "after"
    return Claim(
        written,
        handle,
        boot,
        mark,
        refused,
        code,
        order,
        namespace,
        journal,
        left,
        blank="\n" not in text,
    )


def take(path: Path, line: str) -> bool:
    """Creates the claim with `line` in it; False if it exists already."""
    return create(path, f"{line}\n".encode())


def mark_stop(path: Path) -> bool:
    """Makes the mark of a stop (`RunDir.stop_mark`), before the signal is sent.

    Returns False if it cannot be made, because the disk is full, for instance. Then, and if the
    shim does not know the mark, `order_without_mark` tells the order.
    """
    try:
        mark(path)
    except OSError:
        return False
    return True


def order_without_mark(path: Path) -> Order:
    """Whether the attempt ended before a stop whose signal has not been sent yet.

    The claim as it is now decides, and keeps what was decided: later executors read it there.
    """
    try:
        claim = read(path)
        if claim is not None and claim.over:
            return claim.order or "before"
        disk.calls.chmod(path, stat.S_IMODE(disk.calls.stat(path).st_mode) | stat.S_ISVTX)
    except OSError:
        pass  # only this executor knows
    return "after"


def ended(job: str, attempt: int, claim: Claim, now: float, launch: Launch | None = None) -> Ended:
    """The end that an `over` claim reports; `launch`, if known, gives the command for the text."""
    at = min(claim.written, now)
    if claim.refused == AWAY:  # no job is to blame, so it is no try
        why = "the directory in which it starts was away"
        return Ended(job, attempt, claim.handle, None, at, detail=why, stopped="interrupt")
    if claim.refused is None:
        code = claim.code or 0
        number = code - 128 if 128 < code <= 128 + 64 else None
        return Ended(
            job,
            attempt,
            claim.handle,
            code,
            at,
            signal=number,
            order=claim.order,
            left=strays_text(claim.left),
        )
    cause, detail = _REFUSED.get(claim.refused, (None, printable(claim.refused)))
    if launch is not None and claim.refused in _REFUSED:
        detail = f"{detail}: `{launch.argv[0] if cause else launch.cwd}`"
    of_shell = int(claim.refused) if cause else None
    return Ended(job, attempt, claim.handle, of_shell, at, refused=True, cause=cause, detail=detail)


def unreadable(error: OSError) -> str:
    """Why the state of an attempt is not known, as `Seen.detail`: its claim cannot be read."""
    reason = (error.strerror or str(error)).lower()
    return f"claimed in `{printable(str(error.filename))}`, which cannot be read: {reason}"


def strays_text(count: int, *, kept: bool = False) -> str | None:
    """What people read about the processes that an attempt left; None if there were none.

    Example:
        >>> strays_text(1), strays_text(2, kept=True)
        ('1 process that it left was ended', '2 processes that it left run on')
    """
    if not count:
        return None
    one = count == 1
    whom = f"{count} process{'' if one else 'es'} that it left"
    if kept:
        return f"{whom} {'runs' if one else 'run'} on"
    return f"{whom} {'was' if one else 'were'} ended"


def lost(job: str, attempt: int, handle: str | None, now: float, detail: str) -> Ended:
    """The end of an attempt that went away without an exit code."""
    return Ended(job, attempt, handle, None, now, lost=True, cause="lost", detail=detail)
