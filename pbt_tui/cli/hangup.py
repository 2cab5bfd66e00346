"""Lets the executor outlive its terminal: after a hangup, its output goes to `executor.log`.

The jobs have sessions of their own, which no hangup reaches.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pbt_tui.cli.detach import write_to


class Terminal:
    """The standard streams of this process: its terminal, pipes or files."""

    def __init__(self, log: Path) -> None:
        """`log` gets the output once a stream is lost."""
        self._log = log
        self._on_terminal = tuple(fd for fd in (0, 1, 2) if os.isatty(fd))
        self.closed = False
        """Whether the terminal is gone."""

    def close(self) -> None:
        """Redirects the streams that were on the terminal."""
        if self.closed or not self._on_terminal:
            return
        self.closed = True
        self._redirect(self._on_terminal)
        with suppress(OSError):
            os.write(
                self._on_terminal[-1],
                f"the terminal was closed; the run goes on: pid {os.getpid()}\n".encode(),
            )

    def lost(self, descriptor: int) -> None:
        """A write to this stream failed: its terminal is gone, or the reader of its pipe."""
        if descriptor in self._on_terminal:
            self.close()
        else:
            self._redirect((descriptor,))

    def _redirect(self, descriptors: tuple[int, ...]) -> None:
        try:
            write_to(self._log, descriptors)
        except OSError:
            write_to(Path(os.devnull), descriptors)


@contextmanager
def outlived(log: Path) -> Iterator[Terminal]:
    """Survives SIGHUP in the block; an ignored SIGHUP (`nohup`) stays ignored."""
    terminal = Terminal(log)

    def handle(number: int, frame: Any) -> None:
        terminal.close()

    before = signal.getsignal(signal.SIGHUP)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handle)
    try:
        yield terminal
    finally:
        # Once the terminal is gone, the shell may repeat the signal before this process has ended.
        if not terminal.closed:
            signal.signal(signal.SIGHUP, before)
