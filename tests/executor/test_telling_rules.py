"""What is told of a run and when, for random histories; and how a webhook is addressed."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.errors import UsageError
from pbt_tui.executor.telling import webhooks
from pbt_tui.executor.telling.messages import NAMED, body, end_message, failure_message
from pbt_tui.executor.telling.teller import Recipients, Teller, recipients
from pbt_tui.executor.telling.webhooks import post, webhook
from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.untold import (
    MINUTE,
    Topic,
    Untold,
    begun,
    is_failure,
    next_topic,
    observed,
)
from pbt_tui.observe.progress import BestObjective
from pbt_tui.observe.progress.objective_news import BEST_EVERY, FLAT
from pbt_tui.scheduler.decide import verdict
from pbt_tui.spec import Cause, Policy, Processes
from tests.cli.made_up import events, spec
from tests.executor.receiver import receiving

JOBS = ("a", "b", "c")


def plan(jobs: tuple[str, ...] = JOBS) -> Processes:
    policy = Policy(pause_between=0.0, retries=1, retry_on=("oom",), retry_delay=0.0)
    return msgspec.structs.replace(spec(*jobs), policy=policy)


OPENED, STARTED = events(plan())


class History:
    """A run, its executors one after the other, and what they have told."""

    def __init__(self, jobs: tuple[str, ...] = JOBS) -> None:
        self.state = RunState(plan(jobs))
        self.now = 1000.0
        self.told: list[tuple[Topic, float, tuple[str, ...]]] = []
        self.closed = 0
        self.failed: Counter[str] = Counter()
        """How often each job failed for good."""
        self.untold = Untold()
        self.record(OPENED, STARTED)

    def record(self, *batch: ev.AnyEvent) -> None:
        stamped = []
        for event in batch:
            stamped.append(msgspec.structs.replace(event, seq=self.state.seq + 1, at=self.now))
            apply(self.state, stamped[-1])
        self.untold = observed(self.untold, stamped, self.state)
        self.tick()

    def tick(self) -> None:
        while True:
            topic, failed, self.untold = next_topic(self.untold, self.state, self.now)
            if topic is None:
                return
            assert all(self.state.by_id[name].phase == "failed" for name in failed)
            self.told.append((topic, self.now, failed))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tick()

    def end(self, index: int, code: int, cause: Cause | None) -> None:
        """An attempt of a job that waits, from its start to its end."""
        job = self.state.jobs[index % len(self.state.jobs)]
        if job.phase != "waiting":
            return
        name, number = job.spec.id, len(job.attempts) + 1
        self.record(ev.AttemptScheduled(job=name, attempt=number, gpus=()))
        ended = ev.AttemptEnded(
            job=name,
            attempt=number,
            outcome="failed" if code else "succeeded",
            exit_code=code,
            ended_at=self.now,
            cause=cause if code else None,
        )
        self.record(ended)
        self.failed[name] += is_failure(job)

    def close(self) -> None:
        if self.state.closed is None and all(
            job.phase in ("succeeded", "failed") for job in self.state.jobs
        ):
            self.record(ev.RunClosed(verdict=verdict(self.state)))
            self.closed += 1

    def retry(self, n: int) -> None:
        self.record(ev.RequestAccepted(id=f"r{n}", action="retry"))

    def kill(self) -> None:
        """The executor is killed, and another one resumes the run."""
        self.untold = begun(self.state, self.now)
        self.record(STARTED)


END = st.tuples(
    st.just("end"),
    st.integers(0, 5),
    st.sampled_from((0, 1, 1)),
    st.sampled_from(("oom", "exit", "traceback")),
)
STEPS = st.one_of(
    *(END, END, END),
    st.tuples(st.just("wait"), st.floats(0.1, 100.0)),
    st.tuples(st.just("close")),
    st.tuples(st.just("retry"), st.integers(0, 10**9)),
    st.tuples(st.just("kill")),
)


@given(st.lists(STEPS, min_size=10, max_size=60))
def test_each_end_is_told_once_and_failures_once_a_minute(steps: list[tuple[object, ...]]) -> None:
    history = History()
    kills = 0
    for name, *args in steps:
        getattr(history, str(name))(*args)
        kills += name == "kill"
    topics = Counter(topic for topic, _, _ in history.told)
    assert topics["end"] == history.closed
    times = [at for topic, at, _ in history.told if topic == "failure"]
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(times))
    named = Counter(job for _, _, failed in history.told for job in failed)
    assert all(named[job] <= history.failed[job] for job in named), "told more often than it failed"
    if not kills and not any(name == "retry" for name, *_ in steps):
        history.wait(MINUTE)
        named = Counter(job for _, _, failed in history.told for job in failed)
        assert named == +history.failed, "a failure was not told"


def test_the_first_failure_is_told_at_once_and_the_next_ones_together() -> None:
    history = History(("a", "b", "c", "d"))
    history.end(0, 1, "exit")
    history.wait(10)
    history.end(1, 1, "exit")
    history.end(2, 1, "oom")  # it is retried
    history.wait(30)
    history.end(3, 1, "traceback")
    history.wait(25)
    history.wait(60)
    assert history.told == [("failure", 1000.0, ("a",)), ("failure", 1065.0, ("b", "d"))]


def test_a_failure_just_before_the_end_is_told_with_the_end_and_not_again() -> None:
    history = History()
    history.end(0, 1, "exit")
    history.wait(10)
    history.end(1, 1, "exit")
    history.end(2, 0, None)
    history.close()
    history.wait(2 * MINUTE)
    assert history.told == [("failure", 1000.0, ("a",)), ("end", 1010.0, ("b",))]


def test_a_message_holds_no_line_of_a_log_and_a_bounded_number_of_names() -> None:
    jobs = tuple(f"j{n:03}" for n in range(100))
    history = History(jobs)
    for index in range(100):
        history.end(index, 1, "traceback")
        attempt = history.state.jobs[index].attempt
        assert attempt is not None
        attempt.detail = "RuntimeError: the token is hunter2"
    history.close()
    for message in (
        failure_message(history.state, Path("/r"), jobs),
        end_message(history.state, Path("/r"), 4),
    ):
        assert message.failed == jobs[:NAMED]
        assert b"hunter2" not in body(message)
        assert len(body(message)) < 1500
    one = failure_message(history.state, Path("/r"), jobs[:1])
    assert one.text == "run `r`: job `j000` failed: exit 1, Python exception"
    all_of_them = failure_message(history.state, Path("/r"), jobs)
    assert all_of_them.text == (
        "run `r`: 100 jobs failed, the first was `j000`: exit 1, Python exception"
    )


@pytest.mark.parametrize(
    "address",
    [
        "not-for-eyes",
        "file:///etc/not-for-eyes",
        "https://",
        "https:///not-for-eyes",
        "https://me:not-for-eyes@example.org/",
        "https://example.org:not-for-eyes/",
        "https://example.org/not-for-eyes\r\nX: y",
        "https://[not-for-eyes/",
    ],
)
def test_a_wrong_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError, match="PBT_WEBHOOK") as caught:
        webhook(address)
    assert "not-for-eyes" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_webhook_shows_only_its_host() -> None:
    hook = webhook("https://hooks.example.org:8443/services/not-for-eyes?key=not-for-eyes")
    assert "not-for-eyes" not in repr(hook)
    assert hook.host == "hooks.example.org"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with receiving() as other, receiving() as receiver:
        receiver.status, receiver.location = status, other.address
        problem = post(webhook(receiver.address), b"{}")
        assert problem is not None
        assert f"status {status}" in problem
        assert "not-for-eyes" not in problem
        assert len(receiver.requests) == 1
        assert other.requests == []


def test_a_refusal_and_a_silence_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with receiving() as receiver:
        hook = webhook(receiver.address)
        assert post(hook, b"{}") is None
        receiver.status = 403
        assert post(hook, b"{}") == "`127.0.0.1`: it refuses the message: status 403"
        receiver.hangs = threading.Event()
        assert post(hook, b"{}", limit=0.2) == "`127.0.0.1`: no answer within 0.2 s"


@pytest.mark.parametrize(
    ("tell", "events"),
    [
        (None, ["best", "end"]),
        ("plateau,best", ["best", "plateau"]),
        (" end , failure", ["end"]),
    ],
)
def test_the_webhook_gets_better_objectives_until_the_run_is_closed(
    tell: str | None, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The executor resumed the run: it tells no better objective for ten minutes."""
    posted: list[bytes] = []
    monkeypatch.setattr(webhooks, "post", lambda hook, data: posted.append(data))
    history = History(("a",))
    whom = recipients(None, None, "https://example.org/", tell)
    assert whom is not None
    teller = Teller(whom, history.state, Path("/r"), {}, print, lambda: history.now)

    def reach(value: float) -> None:
        teller.reach(BestObjective("a", value, since=history.now, at=history.now))
        teller.tick(history.state)

    reach(1.0)
    reach(2.0)
    history.wait(BEST_EVERY - 1.0)
    reach(3.0)
    history.wait(1.0)
    reach(4.0)
    history.wait(FLAT)
    teller.tick(history.state)
    history.end(0, 0, None)
    reach(5.0)
    history.close()
    teller.tell([ev.RunClosed(verdict="succeeded")])
    history.wait(BEST_EVERY + FLAT)
    reach(6.0)
    teller.finish()
    found = [msgspec.json.decode(data) for data in posted]
    assert [one["event"] for one in found if one["objective"] != 5.0] == events
    of_best = [(one["job"], one["objective"]) for one in found if one["event"] == "best"]
    assert of_best == ([("a", 4.0), ("a", 5.0)] if "best" in events else [])


def test_a_machine_without_threads_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    history, problems = History(), list[str]()
    whom = Recipients(on_failure=("true",))
    teller = Teller(whom, history.state, Path("/r"), {}, problems.append, lambda: history.now)
    monkeypatch.setattr(threading.Thread, "start", start)
    history.end(0, 1, "exit")
    teller.tell([ev.AttemptEnded(job="a", attempt=1, outcome="failed", exit_code=1, ended_at=0.0)])
    history.wait(MINUTE)
    teller.tick(history.state)
    teller.finish()
    assert problems == ["`--on_failure`: can't start new thread"]
