"""Where the shim of a claim runs: here, elsewhere on this machine, or nowhere any more.

A pid and a start time tell it only in the pid namespace and the boot of the claim: containers share
the boot id of their host, and a host name changes. The lock on a byte of the journal, which every
attempt holds, tells everywhere whether it is alive (`journal.byte_locks`), if the journal is still
the same file. Must not start or follow anything.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pbt_tui.journal import byte_locks
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.process import marks

_NAMESPACE = "started in another pid namespace of this machine: only there it can be followed"
_LAST = 1 << 60
"""More lines than a journal has."""


class Liveness:
    """Knows this place: its boot, its pid namespace and the journal.

    Args:
        journal: the journal of the run directory.
        elsewhere: host of the last executor, if that is not this one.
    """

    def __init__(self, journal: Path, elsewhere: str | None) -> None:
        self._journal = journal
        self._elsewhere = elsewhere
        self._boot = proc.boot_id()
        self._namespace = proc.namespace()

    def hold(self, seq: int) -> int | None:
        """The descriptor by which an attempt shows that it is alive; None: not possible here."""
        if not seq:
            return None
        try:
            return byte_locks.hold(self._journal, seq)
        except OSError:
            return None

    def is_shared(self, held: int | None, seq: int) -> bool:
        """Whether other processes than those that get `held` show the attempt as alive."""
        with suppress(OSError):
            return held is not None and byte_locks.is_shared(held, seq)
        return False

    def is_running(self, seq: int) -> bool:
        """Whether processes of an attempt are alive, whatever became of its claim."""
        with suppress(OSError):
            return bool(seq) and byte_locks.is_held(self._journal, seq) is True
        return False

    def line(self, mark: int | None, held: int | None, seq: int) -> str:
        """What the claim of an attempt of this place says after `pid.start`."""
        journal = "-" if held is None else f"{os.fstat(held).st_ino}:{seq}"
        return f"{self._boot} {marks.NONE if mark is None else mark} {self._namespace} {journal}"

    def is_here(self, claim: Claim) -> bool:
        """Whether the pid in the claim means something here."""
        if claim.handle is None or claim.boot != self._boot:
            return False
        if claim.namespace is None or "-" in (claim.namespace, self._namespace):
            return self._elsewhere is None
        return claim.namespace == self._namespace

    def is_alive(self, claim: Claim) -> bool | None:
        """Whether a process of the attempt is alive, anywhere; None if the lock cannot tell."""
        inode, _, seq = (claim.journal or "").partition(":")
        if not all(part.isascii() and part.isdecimal() and len(part) < 20 for part in (inode, seq)):
            return None
        if int(seq) > _LAST:
            return None
        with suppress(OSError):
            if self._journal.stat().st_ino == int(inode):
                return byte_locks.is_held(self._journal, int(seq))
        return None

    def unknown(self, claim: Claim) -> str | None:
        """Why nobody can tell whether an attempt without an end is alive; None: it is dead.

        Only for an attempt that is not alive as far as this place can see.
        """
        if self.is_here(claim):
            return None
        same_boot = claim.boot == self._boot
        if same_boot and self.is_alive(claim) is False:
            return None
        if claim.handle is not None and not same_boot and self._elsewhere is None:
            return None  # this machine has been started again
        if claim.handle is None and self._elsewhere is None:
            return None  # its shim died before it wrote to the claim
        return self._elsewhere or _NAMESPACE
