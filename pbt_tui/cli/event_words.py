"""Tells journal events in words, for the console of `pbt-run` and for `pbt-tui --plain`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec import UNSET

from pbt_tui.cli.run_summary import log_place
from pbt_tui.errors import command, printable
from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.slots import named
from pbt_tui.journal.state import Attempt, JobState, Phase, RunState
from pbt_tui.journal.status_text import STOPS, duration, ending_text
from pbt_tui.runtimes import RUNTIMES

_GLYPHS: dict[Phase, str] = {"failed": "✗", "cancelled": "⊘"}
_GROUPED = {ev.AttemptWaiting, ev.JobSkipped}
"""Events that have one line for each reason."""


class Told(NamedTuple):
    """One change, in words."""

    glyph: str
    """A character for those who see the lines; a space: none."""
    verb: str
    """What happened: `started`."""
    who: str
    """To what: a job, several of them, a GPU; empty: `text` says it."""
    text: str
    """The rest, with what separates it from `who`."""
    log: str = ""
    """Where the log of a failure is; empty: there was none."""
    reason: str = ""
    """What is the same for all jobs that ended badly for the same reason."""


class EventWords:
    """Tells events that `state` has folded already.

    Args:
        state: The state of the run.
        rundir: Its directory, which the texts name.
    """

    def __init__(self, state: RunState, rundir: RunDir) -> None:
        self._state = state
        self._rundir = rundir

    def told(self, events: Sequence[ev.AnyEvent]) -> list[Told]:
        """What a person wants to know of these events.

        Args:
            events: The events in order.
        """
        found = [say(self, event) for event in events if (say := _WORDS.get(type(event)))]
        if not _GROUPED.isdisjoint(map(type, events)):
            found += _queued(events) + _skipped(events)
        return found

    def _of(self, name: str, number: int) -> tuple[JobState, Attempt]:
        job = self._state.by_id[name]
        return job, job.attempts[number - 1]

    def _whom(self, handle: str) -> str:
        executor = self._state.executor
        return RUNTIMES.get(executor.runtime).shown(handle) if executor is not None else handle

    def _gpu(self, text: str) -> str:
        """The index of a GPU if it has one, else its UUID."""
        executor = self._state.executor
        device = named(text, executor.gpus) if executor is not None else None
        return text if device is None or device.index is None else str(device.index)

    def _started(self, e: ev.AttemptStarted) -> Told:
        job, attempt = self._of(e.job, e.attempt)
        gpus = f" on GPU {','.join(map(self._gpu, attempt.gpus))}" if attempt.gpus else ""
        node = f" on {printable(e.node)}" if e.node else ""
        again = f", attempt {e.attempt}" if e.attempt > 1 else ""
        if e.restart:
            again += f", requeued {e.restart}×"
        why = f": {printable(attempt.why)}" if attempt.why and not e.restart else ""
        text = f": {self._whom(e.handle)}{node}{gpus}{again}{why}"
        return Told(" ", "started", job.spec.id, text)

    def _ended(self, e: ev.AttemptEnded) -> Told:
        job, attempt = self._of(e.job, e.attempt)
        name = job.spec.id
        took = f" after {duration(e.at - attempt.started_at)}" if attempt.started_at else ""
        if e.outcome == "succeeded":
            detail = f": {printable(e.detail)}" if e.detail else ""
            return Told("✓", "succeeded", name, took + detail)
        glyph = _GLYPHS.get(job.phase, "↻")
        whom = f": {self._whom(attempt.handle)}" if attempt.handle else ""
        ending = ending_text(attempt)
        text = f"{whom}{took}" + (f": {ending}" if ending else "")
        if job.phase == "waiting" and e.outcome != "interrupted":
            text += f"; tries again in {duration(max(job.ready_at - e.at, 0))}"
        log = log_place(self._rundir, name, attempt) if job.phase == "failed" else ""
        from pbt_tui.observe.failure_grouping import signature

        alike = f"{job.phase}: {signature(e.cause, e.detail, e.exit_code, e.signal)}"
        return Told(glyph, e.outcome, name, text, log, alike)

    def _stop(self, e: ev.StopRequested) -> Told:
        return Told(" ", "stopping", e.job, f": {STOPS[e.why]}")

    def _kill(self, e: ev.KillRequested) -> Told:
        return Told(" ", "killing", e.job, f": {STOPS[e.why]}")

    def _accepted(self, e: ev.RequestAccepted) -> Told:
        whom = f" {', '.join(e.jobs[:5])}" if e.jobs else ""
        more = f" and {len(e.jobs) - 5} more" if len(e.jobs) > 5 else ""
        gpus = f" GPU {', '.join(e.gpus)}" if e.gpus else ""
        anew = " from scratch" if e.anew is not UNSET else ""
        return Told(" ", "asked", "", f"{e.action}{whom}{more}{gpus}{anew} (by {printable(e.by)})")

    def _drained(self, e: ev.GpuDrained) -> Told:
        gpu = self._gpu(e.device)
        again = command("pbt-run", self._rundir.path, "--undrain", gpu)
        text = f": {printable(e.why)}; to use it again: `{again}`"
        return Told("!", "drained", f"GPU {printable(gpu)}", text)

    def _refused(self, e: ev.RequestRefused) -> Told:
        return Told(" ", "refused", "", f"a request: {printable(e.why)}")


_WORDS: dict[type, Callable[..., Told]] = {
    ev.AttemptStarted: EventWords._started,
    ev.AttemptEnded: EventWords._ended,
    ev.StopRequested: EventWords._stop,
    ev.KillRequested: EventWords._kill,
    ev.RequestAccepted: EventWords._accepted,
    ev.RequestRefused: EventWords._refused,
    ev.GpuDrained: EventWords._drained,
}


def _skipped(events: Sequence[ev.AnyEvent]) -> list[Told]:
    """One for each reason: `max_failures` may skip thousands of jobs at once."""
    whys = ((e.why, e.job) for e in events if isinstance(e, ev.JobSkipped))
    return _by_reason("⊘", "skipped", whys)


def _queued(events: Sequence[ev.AnyEvent]) -> list[Told]:
    """One for each reason why an engine queues attempts; an array has one reason."""
    whys = ((e.reason, e.job) for e in events if isinstance(e, ev.AttemptWaiting))
    return _by_reason(" ", "queued", whys)


def _by_reason(glyph: str, verb: str, whys: Iterable[tuple[str, str]]) -> list[Told]:
    jobs: dict[str, list[str]] = {}
    for reason, job in whys:
        jobs.setdefault(reason, []).append(job)
    return [
        Told(
            glyph,
            verb,
            names[0] if len(names) == 1 else f"{len(names)} jobs",
            f": {printable(reason)}",
            reason=reason,
        )
        for reason, names in jobs.items()
    ]
