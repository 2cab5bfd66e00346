"""What the runtime asks of OSMO's service, and the errors of an answer.

`client` and `rest` implement it. Each call has a time limit, and must not be repeated by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pbt_tui.errors import printable
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.osmo.workflow_answers import WorkflowReport

LIMIT = 60.0
"""Seconds for each call; for a submission, twice as long."""
_LOGIN = re.compile(
    r"\b401\b|unauthori[sz]ed|not logged in|must login first|osmo login|login again"
    r"|(?:token|session) (?:has |is )?expired",
    re.I,
)
_GONE = re.compile(r"not found|does not exist|no such workflow|no workflow|unknown workflow", re.I)
TakeLine = Callable[[bytes], bool]
"""Gets each line of a log; False: enough."""


class ServiceBusy(Exception):
    """The service refused a request because there are too many: it was not performed."""


class NotLoggedIn(Exception):
    """The service refused the login: the request was not performed."""


class WorkflowGone(Exception):
    """The service has no workflow of this id."""


class WorkflowService(Protocol):
    """Calls of OSMO's service. Each may raise the errors of this module, and `EngineError` if the
    service refused, or `EngineUnavailable` if it is unknown whether the request was performed.
    """

    def submit(self, file: Path, name: str, lock: Path) -> str:
        """Submits a workflow file; returns the id."""

    def is_sending(self, lock: Path) -> bool:
        """Whether a dead executor has left a client that still submits a workflow."""

    def find(self, name: str) -> list[str]:
        """Ids of the accepted workflows of a name, oldest first."""

    def query(self, ident: str) -> WorkflowReport:
        """The state of a workflow."""

    def cancel(self, ident: str, *, force: bool) -> None:
        """Asks for the end of a workflow; only a query tells whether that was heard."""

    def logs(self, ident: str, lines: int, take: TakeLine) -> None:
        """Passes the newest lines of a workflow's log on, and returns when no more come."""


def refusal(code: int, text: str) -> Exception:
    """The error for a refused request: of the login, of an unknown workflow, or any other."""
    said = printable(" ".join(text.split()))[:500]
    if code == 401 or _LOGIN.search(said):
        return NotLoggedIn(said or "not logged in")
    if code == 404 or _GONE.search(said):
        return WorkflowGone(said)
    return EngineError(code, said or f"refused with code {code}")


def silence(text: str) -> EngineUnavailable:
    """The error for a request of which nothing is known."""
    return EngineUnavailable(printable(" ".join(text.split()))[:500])
