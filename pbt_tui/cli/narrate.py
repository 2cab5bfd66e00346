"""What a run says of itself on a terminal: a line per change, a progress line, a summary.

Must not know how anything is executed: it reads events and the state they made.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from pbt_tui.errors import printable
from pbt_tui.journal import events as ev
from pbt_tui.journal.rundir import RunDir
from pbt_tui.journal.state import Attempt, JobState, RunState

GLYPHS = {"succeeded": "✓", "failed": "✗", "cancelled": "⊘", "skipped": "⊘"}
NAMED = 20
"""Failures that the summary tells in full; the rest is counted."""


class Narrator:
    """Lines for people, told only after the append."""

    def __init__(self, state: RunState, rundir: RunDir, stream: TextIO | None = None) -> None:
        self._state = state
        self._rundir = rundir
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()
        self._shown = ""
        self._next = 0.0

    def tell(self, events: Sequence[ev.AnyEvent]) -> None:
        lines = [line for line in map(self._line, events) if line]
        if lines:
            self._clear()
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()

    def tick(self, state: RunState) -> None:
        """The progress line, on a terminal, twice a second at most and only where it changed."""
        now = time.monotonic()
        if not self._live or now < self._next:
            return
        self._next = now + 0.5
        text = counts_line(state)
        if text != self._shown:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
            self._shown = text

    def _clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._shown = ""

    def summary(self) -> None:
        self._clear()
        self._stream.write(summary(self._state, self._rundir))
        self._stream.flush()

    def _line(self, event: ev.AnyEvent) -> str | None:
        say = _LINES.get(type(event))
        return say(self, event) if say else None

    def _of(self, name: str, number: int) -> tuple[JobState, Attempt]:
        job = self._state.by_id[name]
        return job, job.attempts[number - 1]

    def _started(self, e: ev.AttemptStarted) -> str:
        job, attempt = self._of(e.job, e.attempt)
        gpus = f" on GPU {','.join(attempt.gpus)}" if attempt.gpus else ""
        again = f", attempt {e.attempt}" if e.attempt > 1 else ""
        pid = e.handle.partition(".")[0]
        return f"  started   {job.spec.id}: pid {pid}{gpus}{again}"

    def _ended(self, e: ev.AttemptEnded) -> str:
        job, attempt = self._of(e.job, e.attempt)
        took = f" after {span(e.at - attempt.started_at)}" if attempt.started_at else ""
        if e.outcome == "succeeded":
            return f"✓ succeeded {job.spec.id}{took}"
        glyph = "✗" if job.phase == "failed" else "⊘" if job.phase == "cancelled" else "↻"
        pid = f": pid {attempt.handle.partition('.')[0]}" if attempt.handle else ""
        line = f"{glyph} {e.outcome:<9} {job.spec.id}{pid}{took}: {why(attempt)}"
        if job.phase == "waiting" and e.outcome != "interrupted":
            line += f"; tries again in {span(max(job.ready_at - e.at, 0))}"
        if job.phase == "failed":
            line += f"\n            log: {self._rundir.log(e.job, e.attempt)}"
        return line

    def _stop(self, e: ev.StopRequested) -> str:
        return f"  stopping  {e.job}: {_REASONS[e.why]}"

    def _kill(self, e: ev.KillRequested) -> str:
        return f"  killing   {e.job}: {_REASONS[e.why]}"

    def _accepted(self, e: ev.RequestAccepted) -> str:
        whom = f" {', '.join(e.jobs[:5])}" if e.jobs else ""
        more = f" and {len(e.jobs) - 5} more" if len(e.jobs) > 5 else ""
        gpus = f" GPU {', '.join(e.gpus)}" if e.gpus else ""
        return f"  asked     {e.action}{whom}{more}{gpus} (by {printable(e.by)})"

    def _refused(self, e: ev.RequestRefused) -> str:
        return f"  refused   a request: {printable(e.why)}"

    def _waiting(self, e: ev.AttemptWaiting) -> str:
        return f"  queued    {e.job}: {printable(e.reason)}"


_LINES: dict[type, Callable[..., str]] = {
    ev.AttemptStarted: Narrator._started,
    ev.AttemptEnded: Narrator._ended,
    ev.AttemptWaiting: Narrator._waiting,
    ev.StopRequested: Narrator._stop,
    ev.KillRequested: Narrator._kill,
    ev.RequestAccepted: Narrator._accepted,
    ev.RequestRefused: Narrator._refused,
}
_REASONS = {
    "cancel": "cancelled",
    "interrupt": "the run is being stopped",
    "timeout": "over its time limit",
    "fail_fast": "another job failed and `fail_fast` is set",
}


def why(attempt: Attempt) -> str:
    """The cause in words, with its code or signal."""
    words: list[str] = []
    if attempt.cause and attempt.cause not in ("exit", "signal"):
        words.append(attempt.cause.replace("_", " "))
    if attempt.signal is not None:
        words.append(f"signal {attempt.signal}")
    elif attempt.exit_code is not None:
        words.append(f"exit code {attempt.exit_code}")
    if attempt.detail:
        words.append(printable(attempt.detail))
    return ", ".join(words) or (attempt.outcome or "")


def counts_line(state: RunState) -> str:
    c = state.counts
    running = c["starting"] + c["running"] + c["stopping"]
    done = len(state.jobs) - running - c["waiting"]
    parts = [f"{running} running", f"{c['waiting']} waiting", f"{c['succeeded']} succeeded"]
    parts += [f"{c[p]} {p}" for p in ("failed", "cancelled", "skipped") if c[p]]
    held = " (held)" if state.held else ""
    return f"{done}/{len(state.jobs)} done: {', '.join(parts)}{held}"


def summary(state: RunState, rundir: RunDir) -> str:
    """What became of the run, every failure with cause and log, and what to do next."""
    c = state.counts
    parts = [
        f"{c[p]} {p}" for p in ("succeeded", "failed", "cancelled", "skipped", "waiting") if c[p]
    ]
    took = ""
    started = [j.attempts[0].scheduled_at for j in state.jobs if j.attempts]
    if started:
        took = f" in {span(state.at - min(started))}"
    jobs = "1 job" if len(state.jobs) == 1 else f"{len(state.jobs)} jobs"
    word = state.closed or ("interrupted" if state.stop else "open")
    lines = [f"run `{printable(state.spec.run)}` {word}{took}: {jobs}, {', '.join(parts)}"]
    failed = [job for job in state.jobs if job.phase == "failed"]
    for job in failed[:NAMED]:
        attempt = job.attempts[-1]
        at = f":{attempt.line}" if attempt.line else ""
        lines.append(f"✗ {job.spec.id}: {why(attempt)}")
        lines.append(f"  log: {rundir.log(job.spec.id, attempt.number)}{at}")
    if len(failed) > NAMED:
        lines.append(f"✗ and {len(failed) - NAMED} more")
    if state.closed is None:
        lines.append(f"hint: resume it with `pbt-run {rundir.path}`")
    elif state.closed != "succeeded":
        lines.append(f"hint: run only these again with `pbt-run {rundir.path} --failed`")
    return "".join(f"{line}\n" for line in lines)


def span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 90:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
