"""The console output of `pbt-run`: a line for each change, a progress line and a summary.

The reporter reads only journal events and the state that they fold into.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TextIO

import msgspec

from pbt_tui.cli.async_writer import ERASE, AsyncWriter
from pbt_tui.cli.event_words import EventWords, Told
from pbt_tui.cli.hangup import Terminal
from pbt_tui.cli.run_summary import summary
from pbt_tui.errors import command, printable, printable_json, printable_lines
from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.journal.status_text import counts_text
from pbt_tui.scheduler.drains import drained_texts

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
        self._words = EventWords(state, rundir)
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
        lines = list(map(_line, self._words.told(events)))
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


def _line(told: Told) -> str:
    log = f"\n            log: {told.log}" if told.log else ""
    return f"{told.glyph} {told.verb:<9} {told.who}{told.text}{log}"


def as_json(events: Sequence[ev.AnyEvent]) -> str:
    """The events in the journal's encoding, one per line, with control characters escaped."""
    encode = msgspec.json.encode
    return "".join(f"{printable_json(encode(event).decode())}\n" for event in events)
