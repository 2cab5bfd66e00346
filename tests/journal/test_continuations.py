"""What a member continues from: phases raise the question, a fact answers it, or it is void."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.journal import replay
from pbt_tui.journal.requests import ask, pending, read
from pbt_tui.journal.run_dir import RunDir
from tests.journal.lives import Story, ended, job, spec, stamped

PLAN = spec(job("a"), job("b"), retries=9, retry_delay=0.0, retry_on=("exit",))
FAILED: dict[str, Any] = {"outcome": "failed", "exit_code": 1, "cause": "exit"}


def story() -> Story:
    """Job `a` has failed once and waits for its second attempt."""
    return Story(PLAN).runs("a").tell(ended("a", **FAILED))


def source(generation: int, at: int = 0) -> ev.Source:
    stamp = ev.Stamp(ev.FileStamp(at, 10), ev.FileStamp(at, 20))
    return ev.Source(0, generation, "ant_0", 1000, "000/0012.pth", stamp)


def known(told: Story, *, attempt: int = 2, name: str = "a", **more: Any) -> ev.ContinuationKnown:
    question = told.state.by_id[name].question
    return ev.ContinuationKnown(**{"job": name, "attempt": attempt, "after": question, **more})


def test_an_end_raises_the_question_and_an_answer_is_kept() -> None:
    told = story()
    a = told.state.by_id["a"]
    assert (a.question, a.continuation) == (told.state.seq, None)
    assert told.state.by_id["b"].question == 0  # it never had an attempt
    answer = known(told, args=("checkpoint=x",), env={"E": "1"}, source=source(12))
    told.tell(answer)
    assert a.continuation is not None
    assert (a.continuation.args, a.continuation.source) == (answer.args, answer.source)


def test_an_attempt_takes_what_was_decided_and_where_it_goes_on_from() -> None:
    told = story()
    told.tell(known(told, args=("checkpoint=x",), source=source(12)))
    told.tell(
        ev.AttemptScheduled(
            job="a", attempt=2, gpus=(), args=("checkpoint=x",), env={"E": "1"}, why="goes on"
        )
    )
    a = told.state.by_id["a"]
    attempt = a.attempts[-1]
    assert (attempt.args, attempt.env, attempt.why) == (("checkpoint=x",), {"E": "1"}, "goes on")
    assert attempt.source == source(12)
    assert a.continuation is None


def test_an_attempt_without_an_answer_is_accepted_for_ever() -> None:
    told = story().runs("a")
    assert told.state.by_id["a"].attempts[-1].source is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempt": 1},
        {"attempt": 3},
        {"after": 1},
        {"after": 10**6},
        {"name": "b", "attempt": 1, "after": 3},
    ],
)
def test_an_answer_to_another_question_is_dropped(wrong: dict[str, Any]) -> None:
    told = story()
    told.tell(known(told, source=source(12), **wrong))
    assert [j.continuation for j in told.state.jobs] == [None, None]


def _restarted(told: Story) -> None:
    assert told.state.executor is not None
    told.tell(told.state.executor)


def _asked_again(told: Story) -> None:
    told.asks("retry", "a")


def _failed_again(told: Story) -> None:
    told.runs("a").tell(ended("a", 2, **FAILED))


@pytest.mark.parametrize("move", [_restarted, _asked_again, _failed_again])
def test_what_moves_the_world_voids_what_was_known(move: Any) -> None:
    told = story()
    early = known(told, source=source(12))
    told.tell(early)
    move(told)
    a = told.state.by_id["a"]
    assert a.continuation is None
    assert a.question == told.state.seq
    told.tell(early)  # said again, and late
    assert a.continuation is None


def test_an_answer_to_a_job_that_does_not_wait_is_dropped() -> None:
    told = story()
    answer = known(told, source=source(12))
    told.runs("a").tell(answer)
    assert told.state.by_id["a"].continuation is None


def test_a_newer_source_ends_the_failures_in_a_row() -> None:
    told = story()
    a = told.state.by_id["a"]
    assert a.tries == 1
    told.tell(known(told, source=source(12, at=50)))
    assert a.tries == 0
    told.runs("a").tell(ended("a", 2, **FAILED))
    told.tell(known(told, attempt=3, source=source(12, at=50)))
    assert a.tries == 1  # it wrote nothing that is newer
    told.tell(known(told, attempt=3, refused="no generation can be read"))
    assert a.tries == 1


def test_from_scratch_is_owed_until_an_attempt_of_it_has_started() -> None:
    told = story()
    told.tell(ev.RequestAccepted(id="1-1", action="retry", jobs=("a",), anew=True))
    a, b = told.state.jobs
    assert (a.anew, b.anew) == (True, False)
    told.tell(ev.AttemptScheduled(job="a", attempt=2, gpus=(), anew=True))
    assert a.anew
    told.tell(ended("a", 2, outcome="interrupted", exit_code=None))
    assert a.anew  # it never began
    told.tell(
        ev.AttemptScheduled(job="a", attempt=3, gpus=(), anew=True),
        ev.AttemptStarted(job="a", attempt=3, handle="1.2"),
    )
    assert (a.anew, a.attempts[-1].anew) == (False, True)


def test_a_requeued_task_says_what_its_life_went_on_from() -> None:
    told = story().runs("a")
    restart = ev.AttemptStarted(job="a", attempt=2, handle="7_0", restart=1, source=source(13))
    told.tell(restart)
    attempt = told.state.by_id["a"].attempts[-1]
    assert (attempt.restarts, attempt.source) == (1, source(13))


def test_what_a_requeued_task_wrote_before_counts_as_progress() -> None:
    """It fails before its next generation: the failure is the first one in a row."""
    told = story()
    a = told.state.by_id["a"]
    told.tell(known(told, source=source(12, at=50)))
    told.runs("a").tell(ended("a", 2, **FAILED))
    assert a.tries == 1
    told.tell(known(told, attempt=3, source=source(12, at=50))).runs("a")
    same = ev.AttemptStarted(job="a", attempt=3, handle="7_0", restart=1, source=source(12, at=50))
    told.tell(same)
    assert a.tries == 1
    newer = msgspec.structs.replace(same, restart=2, source=source(14, at=70))
    told.tell(newer, ended("a", 3, **FAILED))
    assert a.tries == 1
    told.tell(known(told, attempt=4, source=source(14, at=70)))
    assert a.tries == 1


def test_the_clock_of_the_files_says_when_a_directory_was_moved() -> None:
    told = story()
    moved = ev.RunRehomed(
        run_id="b" * 8, cwd="/", train_dir="/t", old_cwd="/", old_train_dir="/u", inode=1
    )
    told.at = 700.0
    told.tell(moved)
    assert told.state.moved_at == 700.0  # an older journal
    told.tell(msgspec.structs.replace(moved, files_at=820.5))
    assert told.state.moved_at == 820.5
    assert told.state.executor is not None
    restored = msgspec.structs.replace(told.state.executor, inode=2, files_at=640.0)
    told.tell(restored)
    assert told.state.moved_at == 640.0
    told.tell(restored)  # the inode is the same: nothing moved
    told.tell(msgspec.structs.replace(restored, files_at=900.0))
    assert told.state.moved_at == 640.0


def test_journals_without_all_this_keep_their_bytes() -> None:
    """A run that continues nothing is written as earlier versions wrote it."""
    encode = msgspec.json.encode
    scheduled = ev.AttemptScheduled(seq=3, at=1.5, job="a", attempt=1, gpus=("0",))
    assert encode(scheduled) == (
        b'{"event":"attempt_scheduled","seq":3,"at":1.5,"job":"a","attempt":1,"gpus":["0"]}'
    )
    started = ev.AttemptStarted(seq=4, at=1.5, job="a", attempt=1, handle="1.2")
    assert encode(started) == (
        b'{"event":"attempt_started","seq":4,"at":1.5,"job":"a","attempt":1,"handle":"1.2",'
        b'"node":null,"restart":null}'
    )
    accepted = ev.RequestAccepted(seq=5, at=1.5, id="1-1", action="hold")
    assert encode(accepted) == (
        b'{"event":"request_accepted","seq":5,"at":1.5,"id":"1-1","action":"hold","jobs":[],'
        b'"gpus":[],"by":"person"}'
    )
    assert encode(ev.Request(id="1-1", action="hold")) == (
        b'{"id":"1-1","action":"hold","jobs":[],"gpus":[],"by":"person"}'
    )


def test_a_request_from_scratch_is_read_back(tmp_path: Any) -> None:
    rundir = RunDir(tmp_path)
    ask(rundir, "retry", ("a",), anew=True)
    [path] = pending(rundir)
    assert read(path).anew is True
    with pytest.raises(ValueError, match="retry"):
        ask(rundir, "hold", anew=True)


ANSWERS = st.sampled_from(("right", "late", "wrong attempt", "refused"))
MOVES = st.sampled_from(("fail", "retry", "restart", "run"))


@given(st.lists(st.one_of(ANSWERS, MOVES), max_size=30))
def test_only_the_newest_question_is_ever_answered(steps: list[str]) -> None:
    told = story()
    a = told.state.by_id["a"]
    log: list[ev.AnyEvent] = []
    tell = told.tell

    def noted(*events: ev.AnyEvent) -> Story:
        log.extend(events)
        return tell(*events)

    for step in steps:
        last = a.attempts[-1]
        if step == "run" and a.phase == "waiting":
            noted(ev.AttemptScheduled(job="a", attempt=last.number + 1, gpus=()))
        elif step == "fail" and a.phase == "starting":
            noted(ended("a", last.number, **FAILED))
        elif step == "retry":
            noted(ev.RequestAccepted(id=f"{told.state.seq}-1", action="retry", jobs=("a",)))
        elif step == "restart" and told.state.executor is not None:
            noted(told.state.executor)
        elif step in ("right", "refused"):
            more = {"refused": "x"} if step == "refused" else {"source": source(1, told.state.seq)}
            noted(known(told, attempt=last.number + 1, **more))
        elif step == "late":
            late = known(told, attempt=last.number + 1, source=source(2))
            noted(msgspec.structs.replace(late, after=late.after - 1))
        elif step == "wrong attempt":
            noted(known(told, attempt=last.number, source=source(3)))
        answer = a.continuation
        if a.phase != "waiting":
            assert answer is None
        if answer is not None:
            assert (answer.attempt, answer.after) == (len(a.attempts) + 1, a.question)
    # Encoded, read back and folded again it is the same state.
    events = stamped([*story_events(), *log])
    lines = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
    back = msgspec.json.Decoder(ev.AnyEvent).decode_lines(lines)
    assert replay(PLAN, back).meaning() == replay(PLAN, events).meaning()


def story_events() -> list[ev.AnyEvent]:
    from tests.journal.lives import OPENED, started

    return [
        OPENED,
        started(PLAN),
        ev.AttemptScheduled(job="a", attempt=1, gpus=()),
        ev.AttemptStarted(job="a", attempt=1, handle="1.1"),
        ended("a", **FAILED),
    ]


def test_live_state_and_replay_share_what_is_known() -> None:
    """`meaning` holds all of it, or a reader could differ from the executor unseen."""
    from pbt_tui.journal.state import JobState

    told = story()
    told.tell(known(told, source=source(12)))
    names = set(JobState.__struct_fields__)
    assert {"question", "continuation", "anew"} <= names
    before = told.state.meaning()
    told.state.by_id["a"].continuation = None
    assert told.state.meaning() != before
