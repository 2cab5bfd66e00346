"""The readers of what OSMO's service answers, through the tracker that makes facts of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe import queue_status
from pbt_tui.runtimes.osmo import log_copies
from pbt_tui.runtimes.osmo import workflow_answers as answers
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.task_tracker import LOOKS, FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_records import (
    TaskAttempt,
    WorkflowRecords,
    WorkflowSubmission,
)
from pbt_tui.runtimes.osmo.workflow_service import TakeLine, refusal, silence
from pbt_tui.runtimes.protocol import Ended, Queued, Started
from tests.fuzz.folders import fresh, put
from tests.fuzz.runner import Target, corpus

_NAME = "ant-3f2a91bc"
_TASKS = tuple(TaskAttempt(f"t{k:02d}-ant", f"{k:02d}_ant", 1) for k in range(3))
_RECORD = WorkflowSubmission(_NAME, _TASKS, 1.0, f"{_NAME}-7")


def _query(data: bytes, folder: Path) -> None:
    rundir = RunDir(fresh(folder) / "_pbt")
    marks = SharedMarks(str(folder / "_osmo" / "{{workflow_id}}"))
    tasks = OsmoTasks(marks, wake=lambda: None)
    for name in _RECORD.names:
        tasks.track(FollowedTask(*name))
    tasks.belong(_RECORD)
    with suppress(ValueError):
        report = answers.report(answers.document(data))
        for _ in range(LOOKS):
            tasks.ends_in(_RECORD, report)
            tasks.saw(_RECORD, report)
            answer = queue_status.Queue(
                1.0, 2.0, 5.0, stale=False, error=None, attempts=tasks.places()
            )
            put(rundir.queue, queue_status.encode(answer))
            assert queue_status.read(rundir.queue) == answer
    ended: set[str] = set()
    for fact in tasks.facts():
        msgspec.json.encode(fact)
        assert fact.job not in ended, "a fact after the end"
        if isinstance(fact, Ended):
            ended.add(fact.job)
            assert (fact.detail or "").isprintable(), fact.detail
            assert len(fact.detail or "") < 2000
            assert fact.exit_code is None or 0 <= fact.exit_code <= 255
        elif isinstance(fact, Started):
            assert (fact.node or "").isprintable(), fact.node
            assert len(fact.node or "") < 2000
        else:
            assert isinstance(fact, Queued)
            assert fact.reason.isprintable()


def _list(data: bytes, folder: Path) -> None:
    with suppress(ValueError):
        answer = answers.document(data)
        submitted = answers.submitted_id(answer, _NAME)
        found = answers.ids(answer, _NAME)
        assert len(set(found)) == len(found)
        for ident in (*found, *([submitted] if submitted else ())):
            assert answers.is_of(_NAME, ident)
            assert ident.isascii()
            assert len(ident) < 64
    text = data.decode("utf-8", "replace")
    for error in (refusal(400, text), refusal(1, text), silence(text)):
        assert str(error).isprintable()
        assert len(str(error)) < 1000


def _log(data: bytes, folder: Path) -> None:
    """The same log twice: each line once."""
    logs = {one.task: folder / f"{one.job}.1.log" for one in _TASKS}
    fresh(folder)
    lines = data.split(b"\n")

    def copied(some: list[bytes]) -> bytes:
        def read(take: TakeLine) -> None:
            for line in some:
                take(line)

        log_copies.copy(folder / "seen", logs, read)
        return b"".join(path.read_bytes() for path in logs.values() if path.exists())

    assert copied(lines) == copied(lines)


def _record(data: bytes, folder: Path) -> None:
    put(fresh(folder) / "osmo" / f"{_NAME}.json", data)
    put(folder / "osmo" / f"{_NAME}.seen", data)
    for record in WorkflowRecords(folder / "osmo").all():
        msgspec.json.encode(record)
        assert isinstance(record.names, list)
    log_copies.copy(folder / "osmo" / f"{_NAME}.seen", {}, lambda take: None)


_ANSWERS = corpus("osmo_answers")
TARGETS = (
    Target("osmo-query", _query, _ANSWERS),
    Target("osmo-list", _list, _ANSWERS),
    Target("osmo-log", _log, corpus("osmo_logs")),
    Target("osmo-record", _record, corpus("osmo_records")),
)
