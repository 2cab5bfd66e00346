"""The journal file: `Journal` appends events, `Tail` reads and follows them.

A line without its newline does not count. Any other line that does not parse is damage: an error
names file and line, and the file stays as it is.
"""

from __future__ import annotations

import errno
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pbt_tui.errors import JournalDamaged, JournalNewer, RunError, Where, printable
from pbt_tui.files import disk, folders
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.files.permissions import fit
from pbt_tui.files.regular import open_regular
from pbt_tui.journal import checksums
from pbt_tui.journal.events import FORMAT, AnyEvent, AttemptStarted, AttemptWaiting, RunOpened
from pbt_tui.journal.garbage import without_collections
from pbt_tui.journal.sole_writer import SoleWriter

_decoder = msgspec.json.Decoder(AnyEvent)
_encoder = msgspec.json.Encoder()
_EVENT = re.compile(r"[a-z][a-z0-9_]{2,40}")
_NEWER_FORMAT = re.compile(r"pbt-journal/[0-9]{1,4}")
RESERVE = 1 << 20
"""Bytes that have to be free on the disk: with less, `append` fails."""
_PAGE = 1 << 22
_GONE = -1
"""Stands for the inode of a deleted file: a file created later may reuse the number."""
_RECOVERABLE = (AttemptStarted, AttemptWaiting)
"""Events that the next executor learns again from the runtime, should a crash lose them."""


class JournalPlace(NamedTuple):
    """A place in a journal from which another `Tail` can read on."""

    offset: int
    """Bytes before it."""
    line: int
    """Number of lines before it."""
    crc: int
    """The checksum of the bytes before it."""
    inode: int | None
    """Inode of the journal; None: nothing of it was read."""


class Tail:
    """Reads a journal, and follows it while an executor writes it.

    Args:
        path: The journal.
        place: Where to begin; None: at its start.
    """

    def __init__(self, path: Path, place: JournalPlace | None = None) -> None:
        begin = place or JournalPlace(0, 0, 0, None)
        self.path = path
        """The journal."""
        self.offset = begin.offset
        """Bytes read so far: always the end of a whole line."""
        self.line = begin.line
        """Number of lines read so far."""
        self.life = 0
        """Rises when another file replaced the journal: the reader has to fold from its start."""
        self.crc = begin.crc
        """The checksum of the bytes read so far."""
        self.lost = 0
        """Lines that had been read of this file, and that somebody has cut off since."""
        self._inode = begin.inode

    @property
    def place(self) -> JournalPlace:
        """Where it reads next."""
        return JournalPlace(self.offset, self.line, self.crc, self._inode)

    def read(self, limit: int = _PAGE) -> list[AnyEvent]:
        """The events since the last call; empty if there are none.

        Args:
            limit: bytes to read at most; one line may be longer.

        Raises:
            JournalDamaged: if a line is no event.
            JournalNewer: if a later version wrote the journal.
        """
        try:
            fd = open_regular(self.path)
        except FileNotFoundError:
            if self._inode is not None:
                self._inode = _GONE
            return []
        try:
            stat = disk.calls.fstat(fd)
            same = self._inode in (None, stat.st_ino)
            if not same or stat.st_size < self.offset:
                self.lost = self.line if same else 0
                self.offset = self.line = self.crc = 0
                self.life += 1
            self._inode = stat.st_ino
            if stat.st_size == self.offset:
                return []
            data = disk.calls.pread(fd, limit, self.offset)
            while b"\n" not in data:
                more = disk.calls.pread(fd, limit, self.offset + len(data))
                if not more:
                    break
                data += more
        finally:
            disk.let_go(fd)
        lines = data[: data.rfind(b"\n") + 1]
        wrong = checksums.damaged(lines, self.crc)
        if wrong is not None:
            raise damage(self.path, self.line + wrong + 1, "the checksum of the line does not fit")
        events = _decode(self.path, lines, self.line)
        crc = zlib.crc32(lines, self.crc)
        # A torn line is the begin of a line: with more than the newline missing, or less.
        if checksums.is_whole(data[len(lines) : -1], crc):
            raise damage(self.path, self.line + len(events) + 1, "another byte than a newline")
        self.crc = crc
        self.offset += len(lines)
        self.line += len(events)
        return events

    @property
    def is_gone(self) -> bool:
        """Whether the journal was there, and is not now."""
        return self._inode == _GONE

    def read_all(self) -> list[AnyEvent]:
        """All events that the file holds now and that were not read yet."""
        events: list[AnyEvent] = []
        with without_collections():
            while more := self.read():
                events += more
        return events


def _decode(path: Path, data: bytes, before: int) -> list[AnyEvent]:
    """The events in `data`, which consists of whole lines, after `before` lines."""
    try:
        events = _decoder.decode_lines(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        events = []
    # `decode_lines` is fast, but its error names no line, and it accepts empty lines and two events
    # on one line.
    if len(events) != data.count(b"\n"):
        raise next(_damages(path, data, before))
    for number, event in enumerate(events, before + 1):
        if event.seq != number:
            raise damage(path, number, f"expected seq {number}, got {event.seq}")
    if before == 0 and events:
        first = events[0]
        if not isinstance(first, RunOpened):
            raise damage(path, 1, "a journal begins with `run_opened`")
        if first.format != FORMAT:
            what = f"format is `{printable(first.format)}`, this is `{FORMAT}`"
            if _NEWER_FORMAT.fullmatch(first.format):
                raise _newer(path, 1, what)
            raise damage(path, 1, what)
    return events


def _damages(path: Path, data: bytes, before: int) -> Iterator[RunError]:
    """The errors of the lines that are no events, found line by line."""
    for number, text in enumerate(data.split(b"\n")[:-1], before + 1):
        if not text.strip():
            yield damage(path, number, "an empty line")
        try:
            _decoder.decode(text)
        except RecursionError:
            yield damage(path, number, "not an event: nested too deeply")
        except (msgspec.MsgspecError, UnicodeDecodeError) as e:
            name = _unknown_event(text)
            if name is not None:
                yield _newer(path, number, f"`{printable(name)}` is no event of this version")
            if str(e).startswith("Object contains unknown field"):  # of a policy, or a container
                yield _newer(path, number, printable(str(e)[:1].lower() + str(e)[1:]))
            yield damage(path, number, f"not an event: {printable(str(e))}")


class _Head(msgspec.Struct):
    """The fields that the events of every version have."""

    seq: int
    at: float
    event: str


def _unknown_event(text: bytes) -> str | None:
    """The name of an event that this version does not know; None if `text` is no such event."""
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    known = {kind.__struct_config__.tag for kind in AnyEvent.__args__}
    return None if head.event in known or not _EVENT.fullmatch(head.event) else head.event


def _newer(path: Path, line: int, what: str) -> JournalNewer:
    return JournalNewer(
        f"the journal was written by a newer pbt_tui: {what}",
        where=Where(file=str(path), line=line),
        hint="use the version that wrote it, or a newer one; nothing was changed",
    )


def damage(path: Path, line: int, what: str) -> JournalDamaged:
    """The error that names a damaged line."""
    return JournalDamaged(
        f"the journal is damaged: {printable(what)}",
        where=Where(file=str(path), line=line),
        hint="nothing was changed; restore the file from a copy, or, once none of its jobs runs, "
        "rename the run directory and start anew",
    )


class Journal:
    """The writer of a journal, used by the executor while it holds the lock of the run."""

    def __init__(self, path: Path, lock: Path | None = None) -> None:
        """Opens or creates the journal, and drops a last line without its newline.

        Args:
            path: the journal.
            lock: the lock of the run, which this process holds.

        Raises:
            RunBusy: if another executor writes it.
            JournalDamaged: if a line is no event.
            JournalNewer: if a later version wrote the journal.
            OSError: if the file cannot be opened.
        """
        self.path = path
        """The journal."""
        self._fd = disk.calls.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            # Before it is read: another writer may be in the middle of its last line.
            self._owned = SoleWriter(self._fd, path, lock)
            tail = Tail(path)
            self.events: list[AnyEvent] = tail.read_all()
            """The events read when it was opened: the caller folds them and clears the list."""
            disk.calls.ftruncate(self._fd, tail.offset)
            if not self.events:
                fit(self._fd, path.parent)
                folders.sync(path.parent)
        except BaseException:
            disk.let_go(self._fd)
            raise
        self._size, self._crc = tail.offset, tail.crc

    @property
    def exclusive(self) -> bool:
        """Whether the kernel refuses a second writer even after `lock` was removed."""
        return self._owned.exclusive

    @property
    def inode(self) -> int:
        """The inode of the file. Raises `RunError` if the disk fails."""
        try:
            return disk.calls.fstat(self._fd).st_ino
        except OSError as e:
            raise cannot_go_on(e, "cannot look at the journal", self.path) from e

    def watch(self, folder: Path) -> None:
        """Writes nothing any more once another folder, or none, is at the path of this one.

        Raises:
            RunError: if it is not there.
        """
        self._owned.watch(folder)

    def check(self) -> None:
        """Raises `RunError` if the run is no longer ours: nothing may be written any more."""
        self._owned.check(self._size)

    def append(
        self, events: Sequence[AnyEvent], meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Appends a batch with one write, and syncs it to disk.

        Args:
            events: The batch.
            meanwhile: Called between the write and the sync, with what needs no durable record. It
                is not called if no sync follows.

        Raises:
            RunError: if that failed: then the executor may not perform anything of the batch.
        """
        lines, crc = [], self._crc
        for event in events:
            line, crc = checksums.sealed(_encoder.encode(event), crc)
            lines.append(line)
        data = b"".join(lines)
        self.check()
        try:
            _room(self._fd)
            end = self._size + len(data)
            while self._size < end:  # also after an error, what was written is ours
                self._size += disk.calls.write(self._fd, data[self._size - end :])
            self._crc = crc
            # A batch of nothing but recoverable events waits for the next sync: after a crash of
            # the machine, the next executor asks the runtime again.
            if all(isinstance(event, _RECOVERABLE) for event in events):
                return
        except OSError as e:
            raise cannot_go_on(e, "cannot write the journal", self.path) from e
        meanwhile()
        try:
            disk.calls.fdatasync(self._fd)
        except OSError as e:
            raise cannot_go_on(e, "cannot write the journal", self.path) from e

    def close(self) -> None:
        disk.let_go(self._fd)


def _room(fd: int) -> None:
    """Raises `OSError` if the disk is nearly full.

    Each scheduled attempt needs space for its claim and its log: an attempt that the executor
    scheduled with the last bytes of the disk would be lost.
    """
    room = disk.calls.fstatvfs(fd)
    free = room.f_bavail if os.geteuid() else room.f_bfree
    if room.f_blocks and free * room.f_frsize < RESERVE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
