"""Limits on submitted jobs: they pass while jobs that count towards them are in the queue.

SLURM counts the tasks that wait and those that run, of one user or of all users of an account or
quality of service. `sbatch` refuses an array that would exceed the limit as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.slurm import client

Whose = Literal["user", "several"]
"""Whose jobs count towards a limit: those of one user, or those of several."""

_SEVERAL = re.compile(r"grp_?submit|submit\w*peraccount", re.I)
_USER = re.compile(r"max_?submit", re.I)


def whose(message: str) -> Whose | None:
    """Whose jobs count towards the limit that a message names; None if it names none."""
    if _SEVERAL.search(message):
        return "several"
    return "user" if _USER.search(message) else None


class QueueLimits:
    """Asks the queue for jobs that may count towards a limit.

    `private`: whether SLURM hides the jobs of other users (`PrivateData`).

    Args:
        environ: environment for SLURM's programs.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.private = False
        self._environ = environ

    def may_pass(self, limit: Whose) -> bool:
        """Whether the queue has a job that may count towards the limit, as far as we can see.

        A limit of several users may be that of a parent account, whose other accounts we do not
        know: any job counts. Raises `EngineUnavailable`.
        """
        if limit == "several" and self.private:
            return True
        mine = ["--me"] if limit == "user" else []
        try:
            return bool(client.ask(["squeue", "-h", *mine, "-o", "%i"], self._environ).strip())
        except EngineError as error:
            raise EngineUnavailable(error.words) from error
