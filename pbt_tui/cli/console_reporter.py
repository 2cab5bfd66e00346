"""The console output of `pbt-run`: a line for each change, a progress line and a summary.

The reporter reads only journal events and the state that they fold into.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

import msgspec
from msgspec import UNSET

from pbt_tui.cli.async_writer import ERASE, AsyncWriter
from pbt_tui.cli.hangup import Terminal
from pbt_tui.cli.run_summary import log_place, summary
from pbt_tui.errors import command, printable, printable_json, printable_lines
from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.slots import named
from pbt_tui.journal.state import Attempt, JobState, Phase, RunState
from pbt_tui.journal.status_text import STOPS, counts_text, duration, ending_text
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.scheduler.drains import drained_texts

GLYPHS: dict[Phase, str] = {"failed": "✗", "cancelled": "⊘"}
SILENCE = 300.0
"""Seconds without a line after which output to a file or pipe gets a progress line."""


class ConsoleReporter:
    """Prints lines about events that are durable in the journal.

    If the terminal or the pipe is closed, `terminal` says where the lines go from then on.
    """

    def __init__(
        self,
        state: RunState,
        rundir: RunDir,
        stream: TextIO | None = None,
        terminal: Terminal | None = None,
    ) -> None:
        self._state = state
        self._rundir = rundir
        stream = stream or sys.stdout
        self._terminal = terminal
        self._writer = AsyncWriter(stream, terminal.lost if terminal is not None else None)
        self._on_terminal = stream.isatty()
        self._shown = ""
        self._next = 0.0
        self._quiet_until = time.monotonic() + SILENCE
        self._first: list[str] = []
        """Lines that the first output begins with."""
        self._resumed: list[str] = []
        """Lines that the first event begins with."""

    @property
    def _live(self) -> bool:
        """Whether lines go to a terminal."""
        return self._on_terminal and not (self._terminal is not None and self._terminal.closed)

    def begin(self) -> None:
        """Prepares the heading: the run, its directory and, after a resume, its progress.

        It is printed with the first event, so that a refused run prints only its error, and what
        took long before.
        """
        run = f"run `{printable(self._state.spec.run)}`: {printable(str(self._rundir.path))}"
        lines = self._resumed
        if self._state.executor is not None:
            lines.append(f"  resumed   {counts_text(self._state)}")
            lines += [f"  drained   {printable(text)}" for text in drained_texts(self._state)]
        if self._live:
            stop = command("pbt-run", self._rundir.path, "--stop")
            lines.append(
                f"  to stop   press Ctrl-C or run `{stop}`; a closed terminal stops nothing"
            )
        self._first = [run]

    def ready(self) -> None:
        """Prints the heading: this executor owns the run now."""
        self._say([])

    def tell(self, events: Sequence[ev.AnyEvent]) -> None:
        self._first, self._resumed = [*self._first, *self._resumed], []
        lines = [line for line in map(self._line, events) if line]
        if not _GROUPED.isdisjoint(map(type, events)):
            lines += _queued(events) + _skipped(events)
        self._say(lines)
        if lines:
            self._quiet_until = time.monotonic() + SILENCE

    def tick(self, state: RunState) -> None:
        """Prints progress: on a terminal when it changed, else after `SILENCE`."""
        now = time.monotonic()
        if not self._live:
            if now >= self._quiet_until:
                self._say([f"  progress  {counts_text(state)}"])
                self._quiet_until = now + SILENCE
            return
        if now < self._next:
            return
        self._next = now + 0.5
        text = counts_text(state)
        if text != self._shown:
            self._shown = text
            self._writer.say(f"{ERASE}{text}")

    def progress(self, line: str) -> None:
        """Prints a step that takes long before the start, such as pulling an image."""
        self._say([f"  preparing {printable(line)}"])

    def trouble(self, line: str) -> None:
        """Prints what could not be sampled; the run goes on without it."""
        self._say([f"  warning   {line}"])

    def waits(self, line: str) -> None:
        """Prints a GPU that the run has to wait for, and who holds it."""
        self._say([f"  waiting   {line}"])

    def summary(self, *, over: bool = False) -> None:
        """Prints the summary; `over`: the run was closed before, and nothing was started."""
        lines = summary(self._state, self._rundir)
        if over:
            again = command("pbt-run", self._rundir.path, "--fresh")
            lines.append(f"hint: start anew with `{again}`")
        self._say(lines)

    def finish(self) -> None:
        """Returns when all lines are written."""
        self._writer.finish()

    def _say(self, lines: Sequence[str]) -> None:
        lines, self._first = [*self._first, *lines], []
        if lines:
            erased = ERASE if self._shown and self._live else ""
            self._shown = ""
            self._writer.say(erased + "".join(f"{printable_lines(line)}\n" for line in lines))

    def _line(self, event: ev.AnyEvent) -> str | None:
        say = _LINES.get(type(event))
        return say(self, event) if say else None

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

    def _started(self, e: ev.AttemptStarted) -> str:
        job, attempt = self._of(e.job, e.attempt)
        gpus = f" on GPU {','.join(map(self._gpu, attempt.gpus))}" if attempt.gpus else ""
        node = f" on {printable(e.node)}" if e.node else ""
        again = f", attempt {e.attempt}" if e.attempt > 1 else ""
        if e.restart:
            again += f", requeued {e.restart}×"
        why = f": {printable(attempt.why)}" if attempt.why and not e.restart else ""
        return f"  started   {job.spec.id}: {self._whom(e.handle)}{node}{gpus}{again}{why}"

    def _ended(self, e: ev.AttemptEnded) -> str:
        job, attempt = self._of(e.job, e.attempt)
        took = f" after {duration(e.at - attempt.started_at)}" if attempt.started_at else ""
        if e.outcome == "succeeded":
            told = f": {printable(e.detail)}" if e.detail else ""
            return f"✓ succeeded {job.spec.id}{took}{told}"
        glyph = GLYPHS.get(job.phase, "↻")
        whom = f": {self._whom(attempt.handle)}" if attempt.handle else ""
        ending = ending_text(attempt)
        line = f"{glyph} {e.outcome:<9} {job.spec.id}{whom}{took}" + (
            f": {ending}" if ending else ""
        )
        if job.phase == "waiting" and e.outcome != "interrupted":
            line += f"; tries again in {duration(max(job.ready_at - e.at, 0))}"
        if job.phase == "failed":
            line += f"\n            log: {log_place(self._rundir, job.spec.id, attempt)}"
        return line

    def _stop(self, e: ev.StopRequested) -> str:
        return f"  stopping  {e.job}: {STOPS[e.why]}"

    def _kill(self, e: ev.KillRequested) -> str:
        return f"  killing   {e.job}: {STOPS[e.why]}"

    def _accepted(self, e: ev.RequestAccepted) -> str:
        whom = f" {', '.join(e.jobs[:5])}" if e.jobs else ""
        more = f" and {len(e.jobs) - 5} more" if len(e.jobs) > 5 else ""
        gpus = f" GPU {', '.join(e.gpus)}" if e.gpus else ""
        anew = " from scratch" if e.anew is not UNSET else ""
        return f"  asked     {e.action}{whom}{more}{gpus}{anew} (by {printable(e.by)})"

    def _drained(self, e: ev.GpuDrained) -> str:
        gpu = self._gpu(e.device)
        again = command("pbt-run", self._rundir.path, "--undrain", gpu)
        return f"! drained   GPU {printable(gpu)}: {printable(e.why)}; to use it again: `{again}`"

    def _refused(self, e: ev.RequestRefused) -> str:
        return f"  refused   a request: {printable(e.why)}"


_LINES: dict[type, Callable[..., str]] = {
    ev.AttemptStarted: ConsoleReporter._started,
    ev.AttemptEnded: ConsoleReporter._ended,
    ev.StopRequested: ConsoleReporter._stop,
    ev.KillRequested: ConsoleReporter._kill,
    ev.RequestAccepted: ConsoleReporter._accepted,
    ev.RequestRefused: ConsoleReporter._refused,
    ev.GpuDrained: ConsoleReporter._drained,
}


_GROUPED = {ev.AttemptWaiting, ev.JobSkipped}
"""Events that have one line for each reason."""


def _skipped(events: Sequence[ev.AnyEvent]) -> list[str]:
    """One line for each reason: `max_failures` may skip thousands of jobs at once."""
    whys = ((e.why, e.job) for e in events if isinstance(e, ev.JobSkipped))
    return [f"⊘ skipped   {line}" for line in _by_reason(whys)]


def _queued(events: Sequence[ev.AnyEvent]) -> list[str]:
    """One line for each reason why an engine queues attempts; an array has one reason."""
    whys = ((e.reason, e.job) for e in events if isinstance(e, ev.AttemptWaiting))
    return [f"  queued    {line}" for line in _by_reason(whys)]


def _by_reason(whys: Iterable[tuple[str, str]]) -> list[str]:
    jobs: dict[str, list[str]] = {}
    for reason, job in whys:
        jobs.setdefault(reason, []).append(job)
    return [
        f"{names[0] if len(names) == 1 else f'{len(names)} jobs'}: {printable(reason)}"
        for reason, names in jobs.items()
    ]


def as_json(events: Sequence[ev.AnyEvent]) -> str:
    """The events in the journal's encoding, one per line, with control characters escaped."""
    encode = msgspec.json.encode
    return "".join(f"{printable_json(encode(event).decode())}\n" for event in events)
