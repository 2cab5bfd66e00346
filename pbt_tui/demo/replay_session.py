"""One showing of the example run: its temporary folder, and the process that replays it there.

Both are gone at its end, also after Ctrl-C and where this process is killed.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from pbt_tui.demo.recorded_plan import RUN
from pbt_tui.demo.recording_clock import SHOWN_FROM, START, RecordingClock
from pbt_tui.errors import RunError, Where, printable
from pbt_tui.files import folders
from pbt_tui.files.dated import make_temporary
from pbt_tui.files.faults import reason
from pbt_tui.journal.run_dir import RunDir

_PATIENCE = 10.0
"""Seconds that the process has to end."""
_HINT = "set `TMPDIR` to a folder with 20 MB of free space"


class ReplaySession:
    """A context manager: inside it, the example run is there.

    Args:
        still: Whether the recording stops where a person would begin to watch.
    """

    def __init__(self, *, still: bool = False) -> None:
        self._still = still
        self.clock = RecordingClock(START + SHOWN_FROM)
        """The time in the recording, once `wait` has returned."""

    def __enter__(self) -> ReplaySession:
        """Starts the process.

        Raises:
            RunError: There is no place for temporary files.
        """
        try:
            self._folder = make_temporary("pbt-demo-")
        except OSError as e:
            path = Path(e.filename).parent if e.filename else None
            where = Where(file=str(path)) if path else None
            what = f"cannot write the example run: {reason(e)}"
            raise RunError(what, where=where, hint=_HINT) from e
        argv = [sys.executable, "-m", "pbt_tui.demo.replay_process", str(self._folder)]
        try:
            self._process = subprocess.Popen(
                [*argv, "still"] if self._still else argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except BaseException:
            folders.remove_tree(self._folder)
            raise
        return self

    def wait(self) -> RunDir:
        """Waits until a person can watch; returns the run directory.

        Raises:
            RunError: The example run cannot be written.
        """
        output = self._process.stdout
        first, _, base = (output.readline() if output else "").strip().partition(" ")
        if first != "ready":
            raise self._error()
        if base:
            self.clock = RecordingClock(START + SHOWN_FROM, float(base))
        return RunDir.of(self._folder / "train_dir", RUN)

    def start_executor(self) -> None:
        """Starts an executor for the example run if it has none."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write("start\n")
                self._process.stdin.flush()

    def check(self) -> None:
        """Raises `RunError` if the process has failed."""
        if self._process.poll():
            raise self._error()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """Ends the process and removes the folder."""
        process = self._process
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        with suppress(OSError):
            folders.remove_tree(self._folder)

    def _error(self) -> RunError:
        said = self._process.stderr.read() if self._process.stderr else ""
        last = (said.strip().splitlines() or ["its process ended"])[-1]
        return RunError(
            f"cannot write the example run: {printable(last):.300}",
            where=Where(file=str(self._folder.parent)),
            hint=_HINT,
        )
