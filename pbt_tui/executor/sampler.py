"""The samples that the executor leaves for those who watch: progress, GPUs, populations.

Must not influence the run: whatever fails here is silence on a screen, never a failed job. It runs
in a thread of its own, because file systems may take their time, and keeps itself to a few percent
of one core.
"""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.atomic import replace

INTERVAL = 2.0
"""Seconds between two looks, at least."""
SHARE = 0.02
"""Of one core, at most."""


class Sampler:
    """A thread between `start` and `stop`; reads `state`, never writes it."""

    def __init__(self, state: RunState, rundir: RunDir) -> None:
        self._state = state
        self._rundir = rundir
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends it after one last look, so that a finished run shows its last generation."""
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
        driver = nvml.sample() is not None  # asked once: looking for one costs more than all else
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
