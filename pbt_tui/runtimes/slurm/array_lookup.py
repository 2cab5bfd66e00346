"""Asks SLURM which array it has under the key of a submission.

What `sbatch` prints is foreign text: a site may print a banner around the id, and a number in it
is no proof. An id counts only if SLURM knows it under the job name that contains our key.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.slurm import client

Answer = tuple[str, str | None]
"""(id of an array, cluster of a federation)."""
_COLUMNS = "%F|%T|%N|%j|%k"
"""Array, state, nodes, name and comment."""


class ArrayLookup:
    """Finds arrays by their job names. Every method may raise `EngineUnavailable`.

    Args:
        environ: environment for SLURM's programs.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def confirmed(self, name: str, printed: Answer | None) -> Answer | None:
        """The array with the job name `name`; None if SLURM has none, or refused it.

        Args:
            name: job name of the array, which ends with `.` and the key.
            printed: the answer that `sbatch` seems to have printed, if there is one.
        """
        if printed is not None and printed[0] in self._arrays(name, "-j", printed[0]):
            return printed  # SLURM reads one job for this question, and all for the next one
        arrays = self._arrays(name, "-n", name)
        if printed is not None and printed[1] is not None:
            arrays = arrays or self._arrays(name, "-M", printed[1], "-n", name)
        if printed is not None and (printed[0] in arrays or self._was_named(printed[0], name)):
            return printed
        return (arrays[0], None) if arrays else None

    def _arrays(self, name: str, *which: str) -> list[str]:
        """Ids of the arrays of this name, of all that `which` selects."""
        try:
            text = client.ask(["squeue", *which, "-h", "-t", "all", "-o", _COLUMNS], self._environ)
        except EngineError as error:
            if which[0] == "-n":
                raise EngineUnavailable(error.words) from error
            return []  # no id, or no cluster: a word of a banner
        ids, key = [], name.rpartition(".")[2]
        for line in text.splitlines():
            row = [cell.strip() for cell in line.split("|", 4)]
            if len(row) != 5 or _refused(row[1], row[2]):
                continue
            if row[3] == name or row[4] == key:  # a site's plugin may change one of them
                ids.append(row[0])
        return list(dict.fromkeys(ids))

    def _was_named(self, array: str, name: str) -> bool:
        """Whether accounting has it under this name, if the controller has forgotten it."""
        if shutil.which("sacct", path=self._environ.get("PATH")) is None:
            return False
        argv = ["sacct", "-X", "-n", "-P", "-j", array, "--format=JobName"]
        try:
            return name in client.ask(argv, self._environ).split()
        except EngineError:
            return False  # there is no accounting


def _refused(state: str, node: str) -> bool:
    """Whether a row is that of a submission that `sbatch` reported as refused.

    SLURM keeps some of these for a while, as failed jobs that never had a node.
    """
    return state == "FAILED" and node in ("", "(null)")
