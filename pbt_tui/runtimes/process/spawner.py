"""Starts the shims of one executor, each with its mark and its lock on the journal."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from typing import NamedTuple

from pbt_tui.errors import RunError, Where
from pbt_tui.files import disk
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.process import descriptors, marks, shim
from pbt_tui.runtimes.process.liveness import Liveness
from pbt_tui.runtimes.protocol import Launch

_AGAIN = 0.05
"""Seconds between two looks for a claim."""
_LOOKS = 60


class Shim(NamedTuple):
    """A shim that has been started and waits for its order."""

    pid: int
    mark: str
    """Its mark as the claim has it."""
    order: int
    """The descriptor that `shim.begin` takes and closes."""


class Spawner:
    """What all shims of one executor have in common.

    Args:
        environ: environment that jobs inherit; None: that of this process.
        where: this place and its journal.
        grace: seconds that strays have to exit if a shim has to end them; None: they may stay.
    """

    def __init__(
        self, environ: Mapping[str, str] | None, where: Liveness, grace: float | None
    ) -> None:
        self._environ = dict(os.environ if environ is None else environ)
        self._where = where
        self._grace = grace
        self._marks = marks.supported()
        self.open_files = descriptors.raise_open_files()
        """Soft limit of open files for jobs: that of this process, before it raised its own."""
        descriptors.keep()

    def spawn(self, launch: Launch, tell: int, *, wait: bool = True) -> Shim | None:
        """Starts the shim of an attempt.

        Args:
            launch: the attempt.
            tell: the descriptor to which the shim writes.
            wait: whether to wait if an earlier executor has started the attempt.

        Returns:
            The shim; None if an earlier executor has started the attempt, and `wait` is False.

        Raises:
            OSError: if the system refuses, because of the log, the arguments or a limit.
            RunError: if the attempt runs already, and its claim was removed.
            ValueError: if an argument or a variable contains a null byte.
        """
        held = self._where.hold(launch.seq)
        if self._where.is_shared(held, launch.seq):
            assert held is not None
            disk.let_go(held)
            if not wait:
                return None
            self._refuse_running(launch)
            held = self._where.hold(launch.seq)
        mark = marks.new() if self._marks else None
        order: int | None = None
        try:
            try:
                pid, order = shim.spawn(
                    launch,
                    {**self._environ, **launch.env},
                    place=self._where.line(mark, held, launch.seq),
                    mark=mark,
                    held=held,
                    tell=tell,
                    open_files=self.open_files,
                    grace=self._grace,
                )
            finally:
                if held is not None:
                    disk.let_go(held)
        except BaseException:  # without its order, the shim ends
            if order is not None:
                os.close(order)
            raise
        return Shim(pid, marks.NONE if mark is None else str(mark), order)

    def _refuse_running(self, launch: Launch) -> None:
        """Waits for the claim of an attempt that an earlier executor has started.

        Without a claim nothing but the lock keeps a second shim from starting the job again.
        """
        for _ in range(_LOOKS):
            if not self._where.is_running(launch.seq) or launch.claim.exists():
                return
            time.sleep(_AGAIN)
        raise RunError(
            f"attempt {launch.attempt} still runs, and its claim was removed",
            where=Where(file=str(launch.claim), job=launch.job),
            hint="wait until its processes have ended, or end them, then run the directory again",
        )


def refusal(launch: Launch, error: OSError | ValueError) -> Claim:
    """The claim of an attempt that the system cannot start, because of its command.

    Raises:
        RunError: if the job is not to blame, but the machine, or a folder of ours.
    """
    if isinstance(error, OSError) and error.errno != errno.E2BIG:
        folders = (launch.claim.parent, launch.log.parent)
        folder = next((folder for folder in folders if not folder.is_dir()), launch.log.parent)
        raise cannot_go_on(error, "cannot start an attempt", folder) from error
    detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Claim(time.time(), refused=f"cannot be started: {detail}")
