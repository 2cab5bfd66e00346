"""When no executor ran, when a run was held or closed, and when GPUs were drained.

The state of a run has only the newest of each. These are the spans of its whole life, from the
events that are about the run and not about a job. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pbt_tui.journal.events import (
    AnyEvent,
    ExecutorStarted,
    Gpu,
    GpuDrained,
    RequestAccepted,
    RunClosed,
    RunOpened,
)

Landmark = tuple[float, AnyEvent, str | None]
"""When the event before it was recorded, the event, and for the restart of an attempt the node on
which the attempt ran before."""
_NONE_YET = "none had been started yet"
_TOLD = "the last one had been told to stop"
SpanKind = Literal["no_executor", "closed", "held", "drained"]


@dataclass(frozen=True, slots=True)
class RunSpan:
    """A time in which something kept all GPUs, or one, from getting attempts."""

    kind: SpanKind
    """What kept them."""
    begin: float
    """When it began, in Unix seconds."""
    end: float
    """When it ended, or the end of what is known."""
    why: str = ""
    """Why, for people; empty: nobody said."""
    by: str = ""
    """Who asked for it: `person`, `signal` or a user name; empty: nobody."""
    gpu: str = ""
    """UUID or index of the GPU, if it is about one."""
    is_open: bool = False
    """Whether it has not ended yet."""

    @property
    def is_certain(self) -> bool:
        """Whether it is known that no executor ran, and not only that none wrote anything."""
        return self.why in (_NONE_YET, _TOLD)

    def covers(self, moment: float) -> bool:
        """Whether a moment lies in it."""
        return self.begin <= moment < self.end or (self.is_open and moment >= self.begin)

    def is_about(self, gpu: Gpu | None) -> bool:
        """Whether it keeps attempts from this GPU; None: from slots that are not on a GPU."""
        if not self.gpu:
            return True
        return gpu is not None and self.gpu in (gpu.uuid, str(gpu.index))


@dataclass
class _Open:
    """What has begun and has not ended, while the events are read."""

    opened: float = 0.0
    """When the run was opened."""
    executor: ExecutorStarted | None = None
    hold: tuple[float, str] | None = None
    """Since when the run is held, and who asked for it."""
    closed: float | None = None
    stop: str | None = None
    """Who has told the executor to stop."""
    drains: dict[str, tuple[float, str, str]] = field(default_factory=dict)
    """UUID or index to the time, the reason and the person."""


def run_spans(landmarks: Iterable[Landmark], last: float, until: float) -> list[RunSpan]:
    """The spans, by their ends.

    Args:
        landmarks: The events about the run, oldest first.
        last: When the newest event was recorded, in Unix seconds.
        until: The end of what is known. It is later than `last` if an executor runs, or if a person
            looks at a run that has none.
    """
    found: list[RunSpan] = []
    now = _Open()
    for before, event, _ in landmarks:
        _take(now, before, event, found)
    if now.closed is not None:
        found.append(RunSpan("closed", now.closed, until, is_open=True))
    if now.hold is not None:
        found.append(RunSpan("held", now.hold[0], until, by=now.hold[1], is_open=True))
    for gpu, (since, why, by) in now.drains.items():
        found.append(RunSpan("drained", since, until, why, by, gpu, is_open=True))
    return found


def without_executor(landmarks: Iterable[Landmark], last: float, until: float) -> RunSpan | None:
    """The time since the newest executor ended; None: the run is closed.

    Args:
        landmarks: The events about the run, oldest first.
        last: When the newest event was recorded, in Unix seconds.
        until: The end of what is known.
    """
    now = _Open()
    for before, event, _ in landmarks:
        _take(now, before, event, [])
    if now.closed is not None:
        return None
    if now.executor is None:
        return RunSpan("no_executor", now.opened, until, _NONE_YET, is_open=True)
    why = _TOLD if now.stop is not None else ""
    return RunSpan("no_executor", last, until, why, now.stop or "", is_open=True)


def _take(now: _Open, before: float, event: AnyEvent, found: list[RunSpan]) -> None:
    match event:
        case RunOpened():
            now.opened = event.at
        case ExecutorStarted():
            _executor(now, before, event, found)
        case RunClosed():
            now.closed = event.at
        case GpuDrained():
            now.drains.setdefault(_name(now, event.device), (event.at, event.why, ""))
        case RequestAccepted():
            _request(now, event, found)


def _executor(now: _Open, before: float, event: ExecutorStarted, found: list[RunSpan]) -> None:
    if now.closed is not None:
        found.append(RunSpan("closed", now.closed, event.at))
        now.closed = event.at  # until a retry reopens it
    elif now.executor is None:
        if event.at > now.opened:
            found.append(RunSpan("no_executor", now.opened, event.at, _NONE_YET))
    elif now.stop is not None:
        found.append(RunSpan("no_executor", before, event.at, _TOLD, now.stop))
    else:
        why = "the last one was killed"
        if now.executor.host != event.host:
            why = "the next one ran on another machine"
        elif now.executor.boot_id != event.boot_id:
            why = "its machine was started again"
        found.append(RunSpan("no_executor", before, event.at, why))
    now.executor, now.stop = event, None


def _request(now: _Open, event: RequestAccepted, found: list[RunSpan]) -> None:
    match event.action:
        case "hold" if now.hold is None:
            now.hold = event.at, event.by
        case "release":
            _release(now, event.at, found)
        case "stop":
            now.stop = now.stop or event.by
        case "retry" if now.closed is not None:
            found.append(RunSpan("closed", now.closed, event.at))
            now.closed = None
            _release(now, event.at, found)
        case "drain":
            for gpu in event.gpus:
                now.drains.setdefault(_name(now, gpu), (event.at, "", event.by))
        case "undrain":
            for gpu in event.gpus:
                key = _name(now, gpu)
                if key in now.drains:
                    since, why, by = now.drains.pop(key)
                    found.append(RunSpan("drained", since, event.at, why, by, key))


def _name(now: _Open, text: str) -> str:
    """One name for a GPU that requests name by UUID or by index."""
    for gpu in now.executor.gpus if now.executor is not None else ():
        if text in (gpu.uuid, str(gpu.index)):
            return gpu.uuid or str(gpu.index)
    return text


def _release(now: _Open, at: float, found: list[RunSpan]) -> None:
    if now.hold is not None:
        found.append(RunSpan("held", now.hold[0], at, by=now.hold[1]))
        now.hold = None
