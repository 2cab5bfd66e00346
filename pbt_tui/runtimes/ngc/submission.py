"""Submits each job of a run to NGC once, also if a process is killed in between.

NGC accepts the same request twice, and names are not unique, so the last label of a request
identifies its job. After a request without an answer, the job may still appear: it is submitted
again only after `settle` seconds, and only if NGC does not list its label then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends.ngc.files import RECORD
from pbt_tui.backends.ngc.render import list_words, run_words
from pbt_tui.backends.ngc.request import JobRequest, key
from pbt_tui.backends.ngc.settings_struct import Ngc
from pbt_tui.runtimes.engine_errors import EngineUnavailable
from pbt_tui.runtimes.ngc.client import Answer, Client
from pbt_tui.runtimes.ngc.record import SubmissionLog, SubmittedJob, held
from pbt_tui.runtimes.submit_once import SubmitOnce

IN_A_ROW = 3
"""After so many failures in a row, the remaining jobs are not tried."""
_BETWEEN_LOOKS = 5.0
"""Seconds between two looks for a job that may still appear."""
Tell = Callable[[str], None]


@dataclass(slots=True)
class NgcSubmission:
    """Submits the jobs of one run."""

    folder: Path
    """Folder of the run."""
    settings: Ngc
    """Settings of the NGC backend."""
    requests: Mapping[str, JobRequest]
    """Requests by path below `folder`, in order."""
    client: str
    """Path of the NGC client."""
    limit: float
    """Seconds for one call of the client."""
    tell: Tell
    """Called with each line for people."""
    settle: float
    """Seconds for which a job may still appear after a request without an answer."""
    failures: int = field(default=0, init=False)
    """Failures in a row."""

    def run(self) -> bool:
        """Submits all; whether all have an id. Raises `RunError` if the record is not writable."""
        message = (
            f"another submission of this run is under way: waiting for {self.limit:g} s at most"
        )
        with held(self.folder, self.limit, lambda: self.tell(message)) as fd:
            record = SubmissionLog(self.folder)
            client = Client(self.client, self.limit, fd)
            left = [p for p, made in self.requests.items() if not _has_id(record, key(made))]
            if len(left) < len(self.requests):
                self.tell(f"{len(self.requests) - len(left)} submitted before, see `{RECORD}`")
            for n, path in enumerate(left):
                self._one(path, record, client)
                if self.failures == IN_A_ROW and n + 1 < len(left):
                    self.tell(f"{IN_A_ROW} failed in a row: {len(left) - n - 1} are not tried")
                    break
        return all(_has_id(record, key(made)) for made in self.requests.values())

    def _one(self, path: str, record: SubmissionLog, client: Client) -> None:
        label, job = key(self.requests[path]), Path(path).stem
        once = SubmitOnce(
            look_up=lambda entry: self._look(entry, label, client),
            ask=lambda entry: self._ask(entry, path, client),
            save=lambda entry: record.put(label, entry),
        )
        before = record.entries.get(label)
        entry = before or SubmittedJob(job=job, asked=time.time())
        try:
            found = once.find(entry)
            left = min(entry.asked + self.settle - time.time(), self.settle)
            if found is None and before is not None and left > 0:
                self.tell(
                    f"{job}: an earlier request got no answer: waiting up to {left:.0f} s for it"
                )
                end = time.monotonic() + left
                while found is None and (left := end - time.monotonic()) > 0:
                    time.sleep(min(left, _BETWEEN_LOOKS))
                    found = once.find(entry)
        except EngineUnavailable:
            self.failures += 1
            return
        if found is not None:
            self._found(found, "was submitted before")
            return
        entry = SubmittedJob(job=job, asked=time.time())
        try:
            self._found(once.submit(entry), "submitted")
            return
        except EngineUnavailable:
            with suppress(EngineUnavailable):
                found = once.find(entry)
        if found is not None:
            self._found(found, "was submitted despite the error")
            return
        self.failures += 1
        self.tell(f"{job}: it is unknown whether NGC has it: run the same command again to see")

    def _ask(self, entry: SubmittedJob, path: str, client: Client) -> SubmittedJob:
        answer = client.call(run_words(self.settings, str(self.folder / path)))
        ident = _id(answer.document)
        if ident is None:
            self._failed(entry.job, "the client did not submit it", answer)
            raise EngineUnavailable("the client did not submit it")
        return msgspec.structs.replace(entry, id=ident)

    def _look(self, entry: SubmittedJob, label: str, client: Client) -> SubmittedJob | None:
        """The entry with the id of the job that has this label at NGC; None if there is none."""
        answer = client.call(list_words(self.settings, label))
        rows = answer.document
        ids = [_id(row) for row in rows] if isinstance(rows, list) else [None]
        numbers = sorted(ident for ident in ids if ident is not None)
        if len(numbers) < len(ids):
            self._failed(entry.job, "its label cannot be looked up", answer)
            raise EngineUnavailable("its label cannot be looked up")
        if len(numbers) > 1:
            listed = ", ".join(map(str, numbers))
            self.tell(f"{entry.job}: several jobs have its label: {listed}")
        return msgspec.structs.replace(entry, id=numbers[0]) if numbers else None

    def _found(self, entry: SubmittedJob, how: str) -> None:
        self.failures = 0
        self.tell(f"{entry.job}: {how}, id {entry.id}")

    def _failed(self, job: str, what: str, answer: Answer) -> None:
        why = "exit code " + str(answer.code)
        if answer.code is None:
            why = f"it did not end within {self.limit:g} s"
        elif answer.code == 0:
            why = "its answer cannot be read"
        self.tell(f"{job}: {what}: {why}")
        for line in answer.said():
            self.tell(f"  ngc: {line}")


def _has_id(record: SubmissionLog, label: str) -> bool:
    entry = record.entries.get(label)
    return entry is not None and entry.id is not None


def _id(document: Any) -> int | None:
    """The id in the client's output, which describes a job or a row of a list."""
    if isinstance(document, dict):
        inner = document.get("job", document)
        ident = inner.get("id") if isinstance(inner, dict) else None
        if isinstance(ident, int) and not isinstance(ident, bool):
            return ident
    return None
