"""Attempts whose shell ended before it could claim them, write its claim, or enter its directory.

No job has run then, and the job is not to blame. Without a claim, the attempt is started again
under its name. A claim that is there cannot be taken again: a new attempt follows.
"""

from __future__ import annotations

from pbt_tui.errors import RunError, Where
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.claims import AWAY, Claim
from pbt_tui.runtimes.process.attempt import FollowedAttempt, Name
from pbt_tui.runtimes.protocol import Launch

UNWRITTEN = "the shell of an attempt ended before it could write its claim"
"""Also the reason why such an attempt never starts."""


class SecondStarts:
    """The second starts of one run directory."""

    def __init__(self, rundir: RunDir) -> None:
        self._dir = rundir
        self._names: set[Name] = set()

    def of(self, found: FollowedAttempt) -> Launch | None:
        """How to start the attempt again; None if it was stopped, or is of another executor.

        Raises:
            RunError: if it happens again: then the shell cannot write into the folder of claims.
        """
        if found.launch is None or self._dir.stop_mark(*found.name).exists():
            return None
        if found.name in self._names:
            raise RunError(
                UNWRITTEN,
                where=Where(file=str(self._dir.attempts), job=found.job),
                hint="running jobs keep running; once files can be made in that folder, run the "
                "directory "
                "again to pick them up",
            )
        self._names.add(found.name)
        return found.launch

    def refuse_unbegun(self, found: FollowedAttempt, claim: Claim) -> None:
        """Raises `RunError` if an attempt has not begun, and was not stopped.

        Its claim is empty: the shell made the file and could not write into it, because the disk is
        full, or fails. Or the shell could not enter the directory in which jobs start.
        """
        if found.launch is None or not (claim.blank or claim.refused == AWAY):
            return
        if self._dir.stop_mark(*found.name).exists():
            return
        if claim.refused == AWAY:
            raise RunError(
                "jobs could not start in this directory: it was away, or may not be entered",
                where=Where(file=str(found.launch.cwd), job=found.job),
                hint="running jobs keep running; once it is back, run the directory again to "
                "continue",
            )
        if found.handle is None:
            raise RunError(
                UNWRITTEN,
                where=Where(file=str(self._dir.claim(*found.name)), job=found.job),
                hint="running jobs keep running; free disk space, then run the directory again to "
                "continue",
            )
