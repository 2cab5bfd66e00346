"""Slots of the machine: who holds which GPU, among all runs and users of this machine.

A slot is an abstract unix socket that an attempt holds for each of its GPUs. Its name says which
GPU, and that the attempt holds one of k shares of it. The kernel shows all names to everyone,
allows each name once, and removes a name with the last process that holds its socket: no file has
to be cleaned, and no service has to run. Whoever wants a slot binds its name and then adds up the
shares of the GPU: above one, the taker closes its socket again. Nobody waits for a lock, so that a
stopped process blocks nobody.

A network namespace has its own names: an executor inside a container sees no slots of the machine.
Must not know jobs, journals or runtimes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import random
import re
import select
import socket
import struct
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

NAMESPACE = "PBT_SLOTS"
"""Variable with a name: only executors with the same one share slots. The tests use it."""
_LONGEST = 100
"""Bytes of a name; the kernel allows 107."""
_RUN = 12
"""Most bytes of the run's name if the id of the job needs the rest."""
_MOST_SHARES = 9999
_SLACK = 1e-9
"""Rounding error of a sum of shares."""
_TRIES = 4
_JITTER = 0.004
"""Most seconds to wait before the second try; then twice as long each time."""
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Slot:
    """One share of a GPU, for one attempt."""

    key: str
    """Name of the GPU on this machine: `gpu_key`."""
    shares: int
    """How many shares its run divides the GPU into: the share is 1/shares."""
    run_id: str
    """Id of the run: 8 hex digits."""
    run: str
    """Name of the run; long ones are cut."""
    attempt: str
    """Job and number of the attempt, `00_ant.1`; the ids of jobs that do not fit get a digest."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a slot."""

    slot: Slot
    pid: int | None
    """The executor that took it; None: it is not visible here, or the socket is not listening."""
    uid: int | None
    """User id of that executor."""
    inode: int
    """Inode of the socket, which `/proc/<pid>/fd` shows."""


class HeldSlots:
    """The slots of one attempt in this process, until they are closed.

    A child that inherits the descriptors holds the slots as well.
    """

    def __init__(self, sockets: Iterable[socket.socket] = ()) -> None:
        self._sockets = list(sockets)

    @classmethod
    def joined(cls, several: Iterable[HeldSlots]) -> HeldSlots:
        """The slots of several in one; the others hold nothing any more."""
        found = cls()
        for one in several:
            found._sockets += one._sockets
            one._sockets = []
        return found

    @property
    def descriptors(self) -> tuple[int, ...]:
        """One descriptor for each GPU; empty once they are closed."""
        return tuple(one.fileno() for one in self._sockets)

    def close(self) -> None:
        """Lets go of the slots here: processes that inherited them still hold them."""
        for one in self._sockets:
            one.close()
        self._sockets.clear()


def gpu_key(uuid: str | None, index: int | None, environ: Mapping[str, str] = os.environ) -> str:
    """The name of a GPU that all processes of this machine agree on.

    Without the driver only the index is known. In an allocation of a cluster, indices count the
    devices of the allocation.

    Example:
        >>> gpu_key("GPU-0f3c", 1, {}), gpu_key(None, 1, {})
        ('GPU-0f3c', 'i1')
        >>> gpu_key(None, 1, {"SLURM_JOB_ID": "7"})
        's7-i1'
    """
    if uuid is not None:
        text = uuid
    else:
        job = environ.get("SLURM_JOB_ID")
        text = f"s{job}-i{index}" if job else f"i{index}"
    if len(text) <= 40 and not _UNSAFE.search(text):
        return text
    return f"h{_digest(text, 16)}"


def name(slot: Slot, environ: Mapping[str, str] = os.environ) -> bytes:
    """The name of a slot's socket, without the null byte before it; at most 100 bytes.

    Example:
        >>> name(Slot("i0", 2, "0f3c9a11", "ant", "00_ant.1"), {})
        b'pbt/g/i0/2/0f3c9a11/ant/00_ant.1'
    """
    shares = min(slot.shares, _MOST_SHARES)
    head = f"{_prefix(environ)}{slot.key}/{shares}/{slot.run_id}/"
    job, _, number = slot.attempt.rpartition(".")
    room = _LONGEST - len(head) - len(number) - 2
    job = _cut(job, room - len(_cut(slot.run, _RUN)))
    return f"{head}{_cut(slot.run, room - len(job))}/{job}.{number}".encode()


def parse(text: bytes, environ: Mapping[str, str] = os.environ) -> Slot | None:
    """The slot of a socket's name; None if it is not the name of one.

    Example:
        >>> parse(b"pbt/g/i0/2/0f3c9a11/ant/00_ant.1", {}).shares
        2
        >>> parse(b"pbt/g/i0/0/0f3c9a11/ant/00_ant.1", {})
    """
    found = re.fullmatch(re.escape(_prefix(environ).encode()) + _REST, text)
    if found is None or len(text) > _LONGEST:
        return None
    key, shares, run_id, run, attempt = (part.decode("ascii") for part in found.groups())
    return Slot(key, int(shares), run_id, run, attempt)


_WORD = rb"([A-Za-z0-9_.~-]+)"
_REST = _WORD + rb"/([1-9][0-9]{0,3})/([0-9a-f]{8})/" + _WORD + rb"/([A-Za-z0-9_.~-]+\.[1-9][0-9]*)"


def _prefix(environ: Mapping[str, str]) -> str:
    space = environ.get(NAMESPACE)
    return f"pbt/{_digest(space, 8)}/" if space else "pbt/g/"


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:digits]


def _cut(text: str, room: int) -> str:
    """The text with characters that are safe in a name; what does not fit gets a digest."""
    safe = _UNSAFE.sub("_", text) or "_"
    if safe == text and len(safe) <= room:
        return safe
    if len(safe) + 7 <= room:
        return f"{safe}~{_digest(text, 6)}"
    return f"{safe[: room - 7]}~{_digest(text, 6)}"


# -- taking ----------------------------------------------------------------------------------------


def take(wanted: Sequence[Sequence[Slot]]) -> list[HeldSlots] | set[str]:
    """Takes the slots of several attempts, all of them or none.

    Args:
        wanted: for each attempt, a slot on each of its GPUs.

    Returns:
        What each attempt holds; or the keys of the GPUs that others hold.

    Raises:
        OSError: if this machine does not show the names of sockets, or has no descriptor left.
    """
    need: dict[str, float] = {}
    for slots in wanted:
        for slot in slots:
            need[slot.key] = need.get(slot.key, 0.0) + 1 / min(slot.shares, _MOST_SHARES)
    for attempt in range(_TRIES):
        if attempt:  # others wanted the same in this moment, and each saw the other
            time.sleep(random.uniform(0, _JITTER * 2**attempt))
        taken = _bind(wanted)
        # A second look: a name that is removed while the kernel writes the list may hide another.
        if taken is not None and not (_over(need, {}) or _over(need, {})):
            return taken
        for one in taken or ():
            one.close()
        if full := _over(need, need):
            return full
    return set(need)


def _bind(wanted: Sequence[Sequence[Slot]], names: int = 9) -> list[HeldSlots] | None:
    """Sockets with the names of the slots; None if their names exist already.

    The slot of a population's member may have the name of another member, which then gets one of
    `names` other names.
    """
    taken: list[HeldSlots] = []
    try:
        for slots in wanted:
            taken.append(HeldSlots())
            for slot in slots:
                one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
                taken[-1]._sockets.append(one)
                if not _named(one, slot, names):
                    for held_slots in taken:
                        held_slots.close()
                    return None
    except OSError:
        for held_slots in taken:
            held_slots.close()
        raise
    return taken


def _named(one: socket.socket, slot: Slot, names: int) -> bool:
    job, _, number = slot.attempt.rpartition(".")
    for i in range(names):
        try:
            one.bind(b"\0" + name(replace(slot, attempt=f"{job}~{i}.{number}") if i else slot))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            one.listen(4096)
            return True
    return False


def _over(keys: Mapping[str, float], more: Mapping[str, float]) -> set[str]:
    """The keys whose shares add up to more than one GPU, with `more` for each."""
    total = dict.fromkeys(keys, 0.0)
    for slot in held():
        if slot.key in total:
            total[slot.key] += 1 / slot.shares
    return {key for key, sum_ in total.items() if sum_ + more.get(key, 0.0) > 1 + _SLACK}


def adopt(slot: Slot) -> HeldSlots:
    """Holds a slot of an attempt that runs without it, whoever else holds the GPU.

    A slot that its processes hold is not held twice.
    """
    taken = _bind([[slot]], names=1)
    return taken[0] if taken is not None else HeldSlots()


# -- listing ---------------------------------------------------------------------------------------


def held() -> list[Slot]:
    """All slots that are held on this machine, in no order.

    Raises:
        OSError: if this machine does not show the names of sockets.
    """
    return [slot for slot in map(parse, _names()) if slot is not None]


def _names() -> dict[bytes, int]:
    """The names with our prefix, and the inodes of their sockets.

    A connection that waits to be accepted has the name and no inode: it comes once more.
    """
    with open("/proc/net/unix", "rb", buffering=0) as file:  # noqa: PTH123 - for each start of a job
        lines = file.readall()
    prefix = _prefix(os.environ).encode()
    if b"@" + prefix not in lines:
        return {}
    found: dict[bytes, int] = {}
    for inode, text in re.findall(rb" +([0-9]+) @(" + re.escape(prefix) + rb"[^\n]*)", lines):
        found[text] = max(found.get(text, 0), int(inode[:18]))
    return found


def holders(keys: Collection[str] | None = None) -> list[Holder]:
    """Who holds slots of these GPUs, or (None) any slots; sorted by GPU, run and attempt.

    Raises:
        OSError: if this machine does not show the names of sockets.
    """
    found = []
    for text, inode in _names().items():
        slot = parse(text)
        if slot is None or (keys is not None and slot.key not in keys):
            continue
        caller = _connected(text)
        pid, uid = _owner(caller) if caller is not None else (None, None)
        if caller is not None:
            caller.close()
        found.append(Holder(slot, pid, uid, inode))
    return sorted(found, key=lambda one: (one.slot.key, one.slot.run_id, one.slot.attempt))


def _connected(text: bytes) -> socket.socket | None:
    """A connection to the socket of this name; None if it does not listen, or has too many."""
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    caller.setblocking(False)
    try:
        caller.connect(b"\0" + text)
    except OSError:
        caller.close()
        return None
    return caller


def _owner(caller: socket.socket) -> tuple[int | None, int | None]:
    raw = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", raw)
    return pid or None, uid if uid >= 0 else None


class Waiter:
    """Says when a slot of a GPU may have become free: its sockets are connected to those slots.

    `fileno` is readable then. A slot that has too many waiters, or does not listen yet, is not
    waited for: whoever waits has to look again after some time as well.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._calls: dict[int, tuple[str, socket.socket]] = {}

    def fileno(self) -> int:
        """A descriptor that is readable when `freed` has something to say."""
        return self._epoll.fileno()

    def wait_for(self, key: str) -> None:
        """Waits for all slots that are held of this GPU now."""
        self.forget(key)
        for text in _names():
            slot = parse(text)
            if slot is None or slot.key != key:
                continue
            caller = _connected(text)
            if caller is not None:
                self._epoll.register(caller, select.EPOLLIN)
                self._calls[caller.fileno()] = key, caller

    def freed(self) -> set[str]:
        """The GPUs of which a slot was freed since the last call; they are waited for no longer."""
        keys = {self._calls[fd][0] for fd, _ in self._epoll.poll(0) if fd in self._calls}
        for key in keys:
            self.forget(key)
        return keys

    def forget(self, key: str) -> None:
        """Waits for this GPU no longer."""
        for fd, (watched, caller) in list(self._calls.items()):
            if watched == key:
                del self._calls[fd]
                caller.close()

    def close(self) -> None:
        """Waits for nothing any more."""
        for _, caller in self._calls.values():
            caller.close()
        self._calls.clear()
        with suppress(OSError):
            self._epoll.close()
