"""Which attempts are started again because their shell ended before it could claim them.

No job has run then: the attempt is not to blame, and it keeps its name.
"""

from __future__ import annotations

from pbt_tui.errors import RunError, Where
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.process.attempt import FollowedAttempt, Name
from pbt_tui.runtimes.protocol import Launch


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
                "the shell of an attempt ended before it could write its claim",
                where=Where(file=str(self._dir.attempts), job=found.job),
                hint="running jobs go on; once files can be made in that folder, run the directory "
                "again to pick them up",
            )
        self._names.add(found.name)
        return found.launch
