"""Samples progress, GPUs and populations in a background thread, and writes them for `pbt-tui`.

Must not influence the run: an error here leaves a gap on the screen and never fails a job. The
sampler has a thread of its own, because file systems may be slow, and uses at most `SHARE` of one
core.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.atomic import replace

INTERVAL = 2.0
"""Minimum seconds between two samples."""
SHARE = 0.02
"""Maximum share of one core."""


class Sampler:
    """A thread that runs from `start` to `stop`; it reads `state` and never writes it."""

    def __init__(self, state: RunState, rundir: RunDir) -> None:
        self._state = state
        self._rundir = rundir
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after a last sample: a finished run then shows its last generation."""
        self._done.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        from pbt_tui.observe import nvml, progress
        from pbt_tui.observe.history import HistoryWriter
        from pbt_tui.observe.snapshot import command, workspace
        from pbt_tui.observe.workspaces import reader

        watchers = []
        for p in self._state.spec.populations:
            with contextlib.suppress(Exception):
                folder = workspace(self._state, self._rundir, p)
                watchers.append(
                    HistoryWriter(
                        p.id, reader(p.style, folder, command(self._state, p)), self._history
                    )
                )
        logs = progress.ProgressReader()
        driver = nvml.sample() is not None  # once: the search for a driver costs more than all else
        last = False
        while not last:
            last = self._done.is_set()
            began = time.thread_time()
            with contextlib.suppress(Exception):
                for watcher in watchers:
                    watcher.poll()
            with contextlib.suppress(Exception):
                self._sample_progress(logs)
            with contextlib.suppress(Exception):
                found = nvml.sample() if driver else None
                if found is not None:
                    samples = nvml.Samples(time.time(), tuple(found))
                    replace(self._rundir.gpus, nvml.encode(samples), sync=False)
            cost = time.thread_time() - began
            self._done.wait(max(INTERVAL, cost / SHARE))

    @property
    def _history(self) -> Path:
        return self._rundir.populations

    def _sample_progress(self, logs: object) -> None:
        from pbt_tui.observe import progress

        assert isinstance(logs, progress.ProgressReader)
        paths = {
            job.spec.id: self._rundir.log(job.spec.id, job.attempts[-1].number)
            for job in list(self._state.active.values())
            if job.attempts
        }
        logs.forget(set(paths.values()))
        found = {name: logs.of(path) for name, path in paths.items()}
        sample = progress.encode(progress.Progresses(time.time(), found))
        replace(self._rundir.progress, sample, sync=False)
