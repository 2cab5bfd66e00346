"""The threads that find out what members go on from: a workspace that hangs stops no other."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pbt_tui.executor.reader_threads import ReaderThreads
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.observe.continuing import Continuation, Question
from pbt_tui.observe.history import HistoryEntry
from pbt_tui.observe.workspaces import Generation
from pbt_tui.populations import STYLES
from tests.executor.running import PATIENCE
from tests.journal.lives import OPENED, Story, job, spec


def story() -> Story:
    """Two populations of two; one member of each has failed and is asked about."""
    jobs = [job(f"{p}{i}", population=p) for p in "pq" for i in (0, 1)]
    plan = spec(*jobs, retries=9, retry_delay=0.0, retry_on=("exit",))
    own = tuple(msgspec.structs.replace(p, workspace=f"ws_{p.id}") for p in plan.populations)
    told = Story(msgspec.structs.replace(plan, populations=own))
    assert told.state.executor is not None
    told.tell(msgspec.structs.replace(told.state.executor, continues=("p", "q")))
    for name in ("p0", "p1", "q0", "q1"):
        told.runs(name)
    return told.fails("p0").fails("q0")


@contextmanager
def threads(
    told: Story, folder: Path, answer: Callable[[Question], Continuation]
) -> Iterator[ReaderThreads]:
    reader = ReaderThreads(told.state, RunDir(folder / "r/_pbt"), answer)
    try:
        yield reader
    finally:
        reader.close()


def ask(reader: ReaderThreads, told: Story) -> None:
    unread = reversed(told.state.ready_queue.unread.values())
    reader.ask(told.state.jobs[job.index] for job in unread)


def wait(reader: ReaderThreads) -> list[ev.ContinuationKnown]:
    """The next answers; a wake may be left of one that was taken with another."""
    while True:
        ready, _, _ = select.select([reader.fileno()], [], [], PATIENCE)
        assert ready, "no answer woke the loop"
        if found := reader.answers():
            return found


def test_a_workspace_that_hangs_stops_no_other(tmp_path: Path) -> None:
    told, free = story(), threading.Event()

    def answer(question: Question) -> Continuation:
        if question.population == "p":
            free.wait(PATIENCE)
        return Continuation(args=(f"of={question.population}",))

    with threads(told, tmp_path, answer) as reader:
        ask(reader, told)
        [known] = wait(reader)
        assert (known.job, known.args, known.attempt) == ("q0", ("of=q",), 2)
        assert known.after == told.state.by_id["q0"].question
        free.set()
        [known] = wait(reader)
        assert known.job == "p0"


def test_a_question_is_asked_once_and_a_newer_one_again(tmp_path: Path) -> None:
    told, asked = story(), []

    def answer(question: Question) -> Continuation:
        asked.append(question.job.id)
        return Continuation()

    with threads(told, tmp_path, answer) as reader:
        ask(reader, told)
        found = wait(reader)
        while len(found) < 2:
            found += wait(reader)
        ask(reader, told)  # nothing is new
        told.asks("retry", "q0")
        ask(reader, told)
        [known] = wait(reader)
        assert known.after == told.state.seq
    assert sorted(asked) == ["p0", "q0", "q0"]


def test_what_is_late_is_looked_for_again(tmp_path: Path) -> None:
    told, waited = story(), []

    def answer(question: Question) -> Continuation:
        if question.population == "p":
            return Continuation(refused="not now")
        waited.append(question.waited)
        if len(waited) < 3:
            return Continuation(again_after=0.01)
        return Continuation(args=("late",))

    with threads(told, tmp_path, answer) as reader:
        ask(reader, told)
        found = wait(reader)
        while len(found) < 2:
            found += wait(reader)
    assert {known.job: (known.args, known.refused) for known in found} == {
        "p0": ((), "not now"),
        "q0": (("late",), None),
    }
    assert waited == sorted(waited)
    assert waited[-1] >= 0.02


def test_an_older_question_is_no_longer_read(tmp_path: Path) -> None:
    told, begun, free = story(), threading.Event(), threading.Event()
    read = []

    def answer(question: Question) -> Continuation:
        read.append(len(question.tried))
        begun.set()
        free.wait(PATIENCE)
        return Continuation(again_after=0.0) if len(read) == 1 else Continuation()

    told.asks("cancel", "p0")  # only `q0` is left to ask about
    with threads(told, tmp_path, answer) as reader:
        ask(reader, told)
        begun.wait(PATIENCE)
        told.asks("retry", "q0")
        ask(reader, told)
        free.set()
        [known] = wait(reader)
        assert known.after == told.state.by_id["q0"].question
        assert len(read) == 2, "the first question was read again although a newer one was asked"


def test_a_reader_that_fails_is_an_answer(tmp_path: Path) -> None:
    told = story()

    def answer(question: Question) -> Continuation:
        raise KeyError("params")

    with threads(told, tmp_path, answer) as reader:
        ask(reader, told)
        for known in wait(reader):
            assert known.refused == "style `isaacgymenvs` cannot read it: KeyError: 'params'"


def test_a_question_has_the_times_that_files_had_before_they_were_copied(tmp_path: Path) -> None:
    """A copy without times: the history has the files again, with the times of the copy."""
    told, asked = story(), []
    told.tell(msgspec.structs.replace(OPENED, inode=1))
    generation = Generation(
        member=0, generation=1, experiment_name="a", frame=1, objective=1.0, params={}, at=50.0,
        checkpoint=None,
    )  # fmt: skip
    copied = msgspec.structs.replace(generation, at=900.0)
    path = RunDir(tmp_path / "r/_pbt").populations
    path.parent.mkdir(parents=True)
    lines = [HistoryEntry("p", g) for g in (generation, copied)]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def answer(question: Question) -> Continuation:
        asked.append((question.population, question.moved_at, question.history))
        return Continuation()

    assert told.state.executor is not None
    rehomed = ev.RunRehomed(
        run_id="b" * 8, cwd="/", train_dir="/t", old_cwd="/", old_train_dir="/u", inode=2
    )
    restored = msgspec.structs.replace(told.state.executor, inode=3)
    for change, at in ((rehomed, 700.0), (restored, 800.0)):
        told.at = at
        told.tell(change)
        asked.clear()
        with threads(told, tmp_path, answer) as reader:
            ask(reader, told)
            found = wait(reader)
            while len(found) < len(told.state.ready_queue.unread):
                found += wait(reader)
        assert sorted(asked) == [("p", at, [generation]), ("q", at, [])]


def left(workspace: Path) -> list[Path]:
    """What a killed trainer was writing; a style names this function."""
    return sorted(workspace.glob("*.tmp"))


def test_what_a_killed_member_was_writing_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever trains the members: a job for each, or one for all of them."""
    style = replace(STYLES.get("isaacgymenvs"), leftovers=f"{__name__}:left")
    monkeypatch.setitem(STYLES._loaded, "isaacgymenvs", style)
    told = story().runs("p0")
    half = tmp_path / "ws_p/half.tmp"
    half.parent.mkdir()
    half.touch()
    with threads(told, tmp_path, lambda question: Continuation()) as reader:
        reader.make_ready(told.state.by_id["p0"], 2)
    assert [path.name for path in half.parent.iterdir()] == ["before-2.half.tmp"]
