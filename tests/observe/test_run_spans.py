"""When no executor ran, and when a run was held, closed or a GPU drained."""

from __future__ import annotations

from typing import Any

import msgspec

from pbt_tui.journal import events as ev
from pbt_tui.observe.run_spans import Landmark, RunSpan, run_spans, without_executor
from tests.journal.lives import OPENED, gpus, spec, started


def landmarks(*events: tuple[float, ev.AnyEvent]) -> list[Landmark]:
    """As a follower keeps them; a second before each is the last event of a job."""
    return [(at - 1.0, msgspec.structs.replace(event, at=at), None) for at, event in events]


def executor(**more: Any) -> ev.ExecutorStarted:
    return msgspec.structs.replace(started(spec(), gpus(2)), **more)


def asks(action: ev.Action, by: str = "ada", *names: str) -> ev.RequestAccepted:
    return ev.RequestAccepted(id="1-1", action=action, by=by, gpus=names)


def spans(*events: tuple[float, ev.AnyEvent], until: float = 1000.0) -> list[RunSpan]:
    return run_spans(landmarks((10.0, OPENED), *events), events[-1][0], until)


def test_between_two_executors() -> None:
    first, second = spans((20.0, executor()), (90.0, executor(pid=2)))
    assert (first.begin, first.end, first.why) == (10.0, 20.0, "none had been started yet")
    assert (second.begin, second.end, second.why) == (89.0, 90.0, "the last one was killed")
    assert first.is_certain
    assert not second.is_certain
    again = spans((10.0, executor()), (90.0, executor(boot_id="c")))
    assert [span.why for span in again] == ["its machine was started again"]
    again = spans((10.0, executor()), (90.0, executor(host="x", boot_id="c")))
    assert [span.why for span in again] == ["the next one ran on another machine"]
    (told,) = spans((10.0, executor()), (50.0, asks("stop")), (90.0, executor()))
    assert (told.why, told.by) == ("the last one had been told to stop", "ada")
    assert told.is_certain


def test_without_an_executor_at_the_end() -> None:
    def end(*events: tuple[float, ev.AnyEvent]) -> RunSpan | None:
        return without_executor(landmarks((10.0, OPENED), *events), 400.0, 1000.0)

    gap = end((20.0, executor()))
    assert gap is not None
    assert (gap.begin, gap.end, gap.is_open, gap.is_certain) == (400.0, 1000.0, True, False)
    assert gap.covers(2000.0)
    gap = end()
    assert gap is not None
    assert (gap.begin, gap.is_certain) == (10.0, True)
    gap = end((20.0, executor()), (30.0, asks("stop", "signal")))
    assert gap is not None
    assert gap.by == "signal"
    assert end((20.0, executor()), (30.0, ev.RunClosed(verdict="succeeded"))) is None


def test_holds() -> None:
    one, two = spans(
        (10.0, executor()), (20.0, asks("hold")), (30.0, asks("hold", "bob")),
        (40.0, asks("release")), (50.0, asks("release")), (60.0, asks("hold", "eve")),
    )  # fmt: skip
    assert (one.begin, one.end, one.by, one.is_open) == (20.0, 40.0, "ada", False)
    assert (two.begin, two.end, two.by, two.is_open) == (60.0, 1000.0, "eve", True)


def test_a_retry_reopens_a_closed_run_and_ends_its_hold() -> None:
    found = spans(
        (10.0, executor()), (20.0, asks("hold")), (30.0, ev.RunClosed(verdict="failures")),
        (70.0, executor()), (71.0, asks("retry")),
    )  # fmt: skip
    kinds = [(span.kind, span.begin, span.end) for span in found]
    assert kinds == [("closed", 30.0, 70.0), ("closed", 70.0, 71.0), ("held", 20.0, 71.0)]


def test_drains_by_whichever_name() -> None:
    first, second = spans(
        (10.0, executor()), (20.0, ev.GpuDrained(device="GPU-1", why="ECC errors")),
        (40.0, asks("undrain", "ada", "1")), (50.0, asks("drain", "bob", "0")),
        (55.0, asks("undrain", "ada", "7")),
    )  # fmt: skip
    assert (first.begin, first.end, first.why) == (20.0, 40.0, "ECC errors")
    assert (second.begin, second.by, second.is_open) == (50.0, "bob", True)
    zero, one = gpus(2)
    assert first.is_about(one)
    assert not first.is_about(zero)
    assert second.is_about(zero)
    assert not second.is_about(None)
