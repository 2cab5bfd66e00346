"""The journal on disk: read whole, followed while it grows, and appended to by its one writer.

Must not know what events mean. A line without its newline has not happened; anything else that
does not parse is damage, named by file and line and never repaired silently.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from pbt_tui.errors import JournalDamaged, JournalNewer, RunError, Where, printable
from pbt_tui.journal.events import FORMAT, AnyEvent, AttemptStarted, AttemptWaiting, RunOpened

_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()
_EVENT = re.compile(r"[a-z][a-z0-9_]{2,40}")
_NEWER_FORMAT = re.compile(r"pbt-journal/[0-9]{1,4}")
RESERVE = 1 << 20
"""Bytes of the disk that nothing is decided with."""
_PAGE = 1 << 22
_GONE = -1
"""No inode: what comes after the file was away is another file, whatever its number."""
_ASKED_AGAIN = (AttemptStarted, AttemptWaiting)


class Tail:
    """Follows a journal that somebody else writes; also reads one that is finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0
        """Bytes read so far: always the end of a whole line."""
        self.line = 0
        self.life = 0
        """Rises when the file was replaced by another: what was folded before is void."""
        self._inode: int | None = None

    def read(self, limit: int = _PAGE) -> list[AnyEvent]:
        """The whole events that came since the last call, from at most `limit` bytes or one line.

        An empty list means that there is nothing new. Raises `JournalDamaged` or `JournalNewer`.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            if self._inode is not None:
                self._inode = _GONE
            return []
        try:
            found = os.fstat(fd)
            if self._inode not in (None, found.st_ino) or found.st_size < self.offset:
                self.offset = self.line = 0
                self.life += 1
            self._inode = found.st_ino
            if found.st_size == self.offset:
                return []
            data = os.pread(fd, limit, self.offset)
            while b"\n" not in data:
                more = os.pread(fd, limit, self.offset + len(data))
                if not more:
                    break
                data += more
        finally:
            os.close(fd)
        whole = data[: data.rfind(b"\n") + 1]
        events = _decode(self.path, whole, self.line)
        self.offset += len(whole)
        self.line += len(events)
        return events

    def read_all(self) -> list[AnyEvent]:
        """Everything that is there now."""
        events: list[AnyEvent] = []
        while more := self.read():
            events += more
        return events


def _decode(path: Path, data: bytes, before: int) -> list[AnyEvent]:
    """The events of whole lines; `before` lines came before them."""
    try:
        events = _decoder.decode_lines(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        events = []
    # The fast way names no line, and does not see empty ones, nor two events on one.
    if len(events) != data.count(b"\n"):
        raise next(_damages(path, data, before))
    for number, event in enumerate(events, before + 1):
        if event.seq != number:
            raise _damage(path, number, f"expected seq {number}, got {event.seq}")
    if before == 0 and events:
        first = events[0]
        if not isinstance(first, RunOpened):
            raise _damage(path, 1, "a journal begins with `run_opened`")
        if first.format != FORMAT:
            what = f"format is `{printable(first.format)}`, this is `{FORMAT}`"
            if _NEWER_FORMAT.fullmatch(first.format):
                raise _newer(path, 1, what)
            raise _damage(path, 1, what)
    return events


def _damages(path: Path, data: bytes, before: int) -> Iterator[RunError]:
    """The slow way: the lines that are no events."""
    for number, text in enumerate(data.split(b"\n")[:-1], before + 1):
        if not text.strip():
            yield _damage(path, number, "an empty line")
        try:
            _decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as e:
            name = _unknown_event(text)
            if name is not None:
                yield _newer(path, number, f"`{printable(name)}` is no event of this version")
            if str(e).startswith("Object contains unknown field"):  # of a policy, or a container
                yield _newer(path, number, printable(str(e)[:1].lower() + str(e)[1:]))
            yield _damage(path, number, f"not an event: {printable(str(e))}")


class _Head(msgspec.Struct):
    """What every version's events have."""

    seq: int
    at: float
    event: str


def _unknown_event(text: bytes) -> str | None:
    """The name of a whole event that this version does not know; None for anything else."""
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    known = {kind.__struct_config__.tag for kind in AnyEvent.__args__}
    return None if head.event in known or not _EVENT.fullmatch(head.event) else head.event


def _newer(path: Path, line: int, what: str) -> JournalNewer:
    return JournalNewer(
        f"the journal was written by a newer pbt_tui: {what}",
        where=Where(file=str(path), line=line),
        hint="use the version that wrote it, or a newer one; nothing was changed",
    )


def _damage(path: Path, line: int, what: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal is damaged: {what}",
        where=Where(file=str(path), line=line),
        hint="nothing was changed; restore the file from a copy, or start anew with `--fresh`",
    )


class Journal:
    """The writer. Opening drops a torn last line; `append` is durable when it returns."""

    def __init__(self, path: Path) -> None:
        """Raises `JournalDamaged`; `OSError` where the file cannot be opened."""
        self.path = path
        tail = Tail(path)
        self.events: list[AnyEvent] = tail.read_all()
        """What was there: the caller folds it and lets go of it."""
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._fd, tail.offset)
        if not self.events:
            _sync_folder(path.parent)

    def append(self, events: Sequence[AnyEvent]) -> None:
        """One write for the batch, and one sync where something hangs on it.

        Raises `RunError` where it failed: then nothing of the batch may be performed.
        """
        data = b"".join([_encoder.encode(event) + b"\n" for event in events])
        try:
            _room(self._fd)
            written = 0
            while written < len(data):
                written += os.write(self._fd, data[written:])
            # That an attempt has started is asked of the world again by whoever resumes: such a
            # line may go down with the machine, and waits for the next sync.
            if not all(isinstance(event, _ASKED_AGAIN) for event in events):
                os.fdatasync(self._fd)
        except OSError as e:
            raise RunError(
                f"cannot write the journal: {(e.strerror or str(e)).lower()}",
                where=Where(file=str(self.path)),
                hint="running jobs go on; make room, then run the directory again to pick them up",
            ) from e

    def close(self) -> None:
        os.close(self._fd)


def _room(fd: int) -> None:
    """Raises `OSError` where the disk is as good as full.

    A claim and a log are written for every line that says so: what was decided with the last bytes
    could only be lost.
    """
    disk = os.fstatvfs(fd)
    free = disk.f_bavail if os.geteuid() else disk.f_bfree
    if disk.f_blocks and free * disk.f_frsize < RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    """A file that is new is durable only once its folder is."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
