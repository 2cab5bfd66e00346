"""The process that replays the example run: `python -m pbt_tui.demo.replay_process FOLDER`.

It lives as long as its standard input is open: then it removes the folder and ends, also where the
program that started it was killed. A line on its input starts an executor, if none is there. With
`still` as second argument the recording stops where a person would begin to watch.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pbt_tui.demo.recording_clock import RecordingClock
from pbt_tui.demo.replay_executor import ReplayExecutor
from pbt_tui.errors import PbtError
from pbt_tui.files import folders
from pbt_tui.files.faults import fault_kind, reason

READY = "ready"
"""Begins the line that it prints when a person can watch; the monotonic time of that moment
follows, unless the recording stands still."""
STILL = "still"
"""The second argument for a recording that does not go on."""
_TURN = 0.1
"""Seconds between two turns of the executor."""
_SAMPLED = 2.0
"""Seconds between two samples, as in any executor."""


def main(argv: Sequence[str]) -> int:
    """Replays in a folder until standard input ends. Returns the exit code.

    Args:
        argv: The folder, which exists and is empty, and perhaps `STILL`.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end of the input counts, and it always comes
    folder = Path(argv[0])
    try:
        _replay(folder, still=STILL in argv[1:])
    except PbtError as e:
        return _failed(e.what)
    except OSError as e:
        if fault_kind(e) == "ours":
            raise
        return _failed(reason(e))
    finally:
        with suppress(OSError):
            folders.remove_tree(folder)
    return 0


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 5


def _replay(folder: Path, *, still: bool) -> None:
    clock = RecordingClock()
    executor = ReplayExecutor(folder, clock)
    executor.take_over()
    executor.forward()
    sys.stdout.write(f"{READY}\n" if still else f"{READY} {clock.run()!r}\n")
    sys.stdout.flush()
    if still:
        while _input(None):
            pass
        return
    while _execute(executor):
        executor.sample(last=True)
        executor.close()
        if not _input(None):
            return
        executor.take_over()


def _execute(executor: ReplayExecutor) -> bool:
    """Executes until the run is over or stopped; False: the input has ended."""
    sampled = time.monotonic()
    while not executor.finished:
        executor.turn()
        if time.monotonic() - sampled >= _SAMPLED:
            executor.sample()
            sampled = time.monotonic()
        if not _input(_TURN):
            return False
    return True


def _input(seconds: float | None) -> bool:
    """Reads what comes on standard input within so many seconds; False: it has ended."""
    ready, _, _ = select.select([0], [], [], seconds)
    return not ready or bool(os.read(0, 4096))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
