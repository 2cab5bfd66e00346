"""The files of a population in its shared folder, where this machine sees that folder.

Members leave their exit codes there for the lead (`backends.osmo.lead`). A pod that OSMO deletes
leaves none, and the lead cannot ask OSMO: the executor leaves a mark for it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pbt_tui.backends.osmo import lead, templating
from pbt_tui.backends.osmo.restart import ENDING
from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.journal.events import Source
from pbt_tui.runtimes.noted_source import parse

GONE = "gone"
"""The mark of a member that OSMO has ended for good, and whose command left no other."""


class SharedMarks:
    """The marks of a run's populations.

    Args:
        folder: Their folder as the tasks see it, with the token for the id of the workflow.
        reschedule: Exit codes after which OSMO may start a member again; None: it does not.
    """

    def __init__(self, folder: str, reschedule: str | None = None) -> None:
        self._folder = folder
        self._starts_again = reschedule is not None
        self._again = {*lead.started_again(reschedule).split(",")} - {""}

    def code(self, workflow_id: str, task: str) -> int | None:
        """The exit code that a member left; None if it left none, or nobody can say."""
        text = self._mark(workflow_id, task)
        return int(text) if text.isdecimal() and text.isascii() and int(text) <= 255 else None

    def leave(self, workflow_id: str, task: str) -> None:
        """Lets the lead wait no longer for a member that OSMO has ended for good."""
        if (path := self._path(workflow_id, task)) is None or not path.parent.is_dir():
            return
        if self._mark(workflow_id, task) in ("", *self._again):
            with suppress(OSError):  # then the lead waits until it gives the member up
                replace(path, f"{GONE}\n".encode(), sync=False)

    def source(self, workflow_id: str, task: str, restart: int) -> Source | None:
        """The generation from which a member continues, once it has noted it.

        Args:
            workflow_id: Id of the workflow.
            task: Name of the task.
            restart: How often OSMO has started the task again; an earlier note does not count.
        """
        path = self._path(workflow_id, f"{task}{ENDING}") if self._starts_again else None
        try:
            text = read_regular(path, TEXT_BYTES).decode() if path is not None else ""
        except (OSError, UnicodeDecodeError):
            return None
        start, *rest = text.rpartition("start ")[2].split("\n")[:-1] or [""]
        if not start.isdecimal() or len(start) > 9 or int(start) < restart:
            return None
        return parse(rest[0].removeprefix("source ")) if rest else None

    def _mark(self, workflow_id: str, task: str) -> str:
        path = self._path(workflow_id, task)
        try:
            return read_regular(path, 16).decode().strip() if path is not None else ""
        except (OSError, UnicodeDecodeError):
            return ""

    def _path(self, workflow_id: str, task: str) -> Path | None:
        folder = templating.with_tokens(self._folder, {"workflow_id": workflow_id})
        if not folder.startswith("/") or lead.FOLDER not in folder or not task:
            return None
        return Path(folder) / task
