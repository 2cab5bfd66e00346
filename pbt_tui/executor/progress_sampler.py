"""Samples the progress of jobs: `progress.json` for the active ones, `series.jsonl` at their ends.

Called by the sampler, in its thread; it reads `state` and never writes it. A killed executor loses
nothing that a later one cannot read again: the series of active jobs are in `progress.json`, and an
end that is not in `series.jsonl` is read from its log. An end that is written twice is harmless.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from pbt_tui.errors import BrokenKind, printable
from pbt_tui.files.atomic import replace
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.observe import progress
from pbt_tui.observe.progress import (
    BestObjective,
    Finished,
    Progress,
    Progresses,
    event_folders,
    objective_news,
    remaining,
    series_file,
    told,
)
from pbt_tui.observe.progress.event_watcher import EventWatcher
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.own_patterns import OwnPatterns
from pbt_tui.observe.progress.readers import READERS
from pbt_tui.observe.progress.reading import ProgressReader
from pbt_tui.observe.progress.rings import POINTS, Ring
from pbt_tui.observe.workspaces import Generation

ALL_POINTS = 16 * 1024
"""Most points in `progress.json`: with more active jobs than this allows, each ring is shorter."""
ENDS = 32
"""Most ended attempts whose logs one sample reads: a resumed run may have thousands of them."""
LAST_SECONDS = 2.0
"""Seconds after which the last sample reads no more ends."""
FINAL_POINTS = 32
"""Most points of the series of an ended attempt."""


class ProgressSampler:
    """The progress of one run.

    Args:
        state: The state of the run.
        rundir: Its paths.
        say: Called with what is wrong, for people, and why.
        clock: The time, in Unix seconds.
    """

    def __init__(
        self,
        state: RunState,
        rundir: RunDir,
        say: Callable[[str, str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._state = state
        self._rundir = rundir
        self._say = say
        self._readers = self._of_packages()
        self._watcher = LogWatcher(self._readers)
        self._own = OwnPatterns(Path(state.cwd) if state.cwd else Path.cwd())
        self._events = EventWatcher()
        self._shared = Counter(job.spec.dir for job in state.jobs)
        """Number of jobs by their `dir`."""
        known = progress.read(rundir.progress)
        self._rings = {job: Ring(s) for job, s in known.series.items()} if known else {}
        self._attempts: dict[str, int] = {}
        """The attempt of each ring, of those that this executor has seen active."""
        self._open = list(state.jobs)
        """Jobs whose newest end may not be written yet."""
        self._written: dict[str, int] = {}
        """The newest attempt of each job whose end needs no line any more."""
        ended = series_file.FinishedReader(rundir.series)
        while ended.poll():
            pass
        self._ended = ended
        self.best = self._best_before(known)
        """The best objective that this executor or one before it has read; None: none is known."""
        self._looked = -1
        self._waiting: list[JobState] = []
        self._later: list[Finished] = []

    def sample(self, members: Mapping[str, Generation], *, last: bool = False) -> None:
        """Reads what is new and writes both files.

        Args:
            members: The newest generation of each job that is a member of a population.
            last: Whether the executor ends: then all ends are read, as far as time allows.
        """
        now = self._clock()
        own = self._own.changed(time.monotonic())
        if own is not None:
            self._watcher = LogWatcher([*own, *self._readers])
        if self._own.problem is not None:
            self._say("your progress patterns cannot be read", self._own.problem)
        active = [job for job in list(self._state.active.values()) if job.attempts]
        self._write_ends(members, last)
        found: dict[str, Progress] = {}
        paths = set()
        most = max(4, min(POINTS, ALL_POINTS // max(1, len(active))))
        for job in active:
            name, attempt = job.spec.id, job.attempts[-1]
            if attempt.outcome is not None:
                continue
            ring = self._ring(name, attempt)
            paths.add(self._rundir.log(name, attempt.number))
            newest = self._read(job, attempt, members)
            ring.limit(most)
            ring.add(now, newest)
            self._compare(name, newest, now)
            found[name] = _with_eta(newest, ring)
        self._watcher.forget(paths)
        self._events.forget(found)
        for problem in self._watcher.problems:
            self._say("the progress of the jobs", problem)
        self._watcher.problems.clear()
        series = {name: ring.series() for name in found if len(ring := self._rings[name])}
        sample = progress.encode(progress.Progresses(now, found, series, self.best))
        replace(self._rundir.progress, sample, sync=False)

    def _best_before(self, known: Progresses | None) -> BestObjective | None:
        """The best objective that is on disk; the time without an executor does not count."""
        now = self._clock()
        best = None if known is None else known.best
        if known is not None and best is not None:
            pause = max(0.0, now - known.at)
            is_ours = best.job in self._state.by_id and math.isfinite(best.value)
            best = (
                msgspec.structs.replace(best, since=best.since + pause, at=best.at + pause)
                if is_ours
                else None
            )
        for is_loss in (False, True):
            ended = self._ended.best(is_loss=is_loss)
            if ended is not None:
                found = BestObjective(*ended, is_loss, since=now, at=now)
                best = objective_news.best_of(best, found)
        return best

    def _compare(self, name: str, newest: Progress, at: float) -> None:
        """Takes the objective of a job for the best one if it is better than that."""
        found = series_file.reached(newest)
        if found.objective is not None:
            one = BestObjective(name, found.objective, found.is_loss, since=at, at=at)
            self.best = objective_news.best_of(self.best, one)

    def _of_packages(self) -> list[ProgressReader]:
        """The built-in readers and those of installed packages."""
        found = []
        for name in READERS.names():
            try:
                found.append(READERS.get(name))
            except BrokenKind as e:
                self._say("the progress of the jobs", str(e))
        return found

    def _read(self, job: JobState, attempt: Attempt, members: Mapping[str, Generation]) -> Progress:
        log = self._rundir.log(job.spec.id, attempt.number)
        newest = self._watcher.of(log, (*job.spec.argv, *attempt.args))
        if newest.objective is None or (newest.objective_name or "").startswith("best "):
            newest = self._with_events(job, attempt, newest)
        generation = members.get(job.spec.id)
        return newest if generation is None else _with_generation(newest, generation)

    def _with_events(self, job: JobState, attempt: Attempt, found: Progress) -> Progress:
        """The progress with the objective of the job's TensorBoard files, if they have one."""
        spec, since = job.spec, attempt.started_at or attempt.scheduled_at
        alone = self._shared[spec.dir] == 1
        train_dir = self._rundir.path.parent.parent

        def places() -> list[Path]:
            return event_folders.folders(train_dir, spec.dir, spec.name, alone=alone)

        scalar = self._events.of(spec.id, places, since, self._clock())
        if scalar is None:
            return found
        return msgspec.structs.replace(
            found,
            step=scalar.step if found.step is None else found.step,
            objective=told(scalar.value),
            objective_name=printable(scalar.tag),
            readers=(*found.readers, "tensorboard"),
        )

    def _ring(self, name: str, attempt: Attempt) -> Ring:
        """The ring of a job; a new attempt goes on with the points of the one before."""
        before = self._attempts.get(name)
        ring = self._rings.get(name)
        if ring is None:
            ended = self._ended.of(name)
            ring = self._rings[name] = Ring(ended.series if ended is not None else None)
            if ended is not None and ended.attempt != attempt.number:
                ring.interrupt()
        elif before is not None and before != attempt.number:
            ring.interrupt()
        self._attempts[name] = attempt.number
        return ring

    def _write_ends(self, members: Mapping[str, Generation], last: bool) -> None:
        """Appends a line for each attempt that has ended since, at most `ENDS` of them."""
        if self._state.seq != self._looked:
            self._looked = self._state.seq
            self._waiting = [job for job in self._open if self._is_due(job)]
        until = time.monotonic() + LAST_SECONDS
        lines: list[Finished] = self._later
        for _ in range(len(self._waiting) if last else min(ENDS, len(self._waiting))):
            if last and time.monotonic() > until:
                break
            job = self._waiting.pop(0)
            attempt = job.attempts[-1]
            if attempt.outcome is None:
                continue
            ring = self._ring(job.spec.id, attempt)
            newest = self._read(job, attempt, members)
            at = attempt.ended_at or self._clock()
            self._compare(job.spec.id, newest, at)
            if ring.add(at, newest):
                final = msgspec.structs.replace(newest, eta=None)
                series = ring.series(FINAL_POINTS)
                lines.append(Finished(job.spec.id, attempt.number, at, final, series))
            self._written[job.spec.id] = attempt.number
            self._rings.pop(job.spec.id, None)
            self._attempts.pop(job.spec.id, None)
        self._later = lines
        if lines:
            problem = series_file.append(self._rundir.series, lines)
            if problem is None:
                self._later = []
                self._ended.poll()
            else:
                self._say(f"`{self._rundir.series.name}` cannot be written", problem)

    def _is_due(self, job: JobState) -> bool:
        """Whether the newest attempt of a job has ended and has no line yet."""
        attempt = job.attempt
        if attempt is None or attempt.outcome is None:
            return False
        name = job.spec.id
        done = self._written.get(name) or self._ended.attempt(name) or 0
        return done < attempt.number


def _with_generation(found: Progress, newest: Generation) -> Progress:
    """The progress of a member, with what its log does not tell and the metadata does."""
    objective, named = found.objective, found.objective_name
    if objective is None and newest.objective is not None:
        objective, named = newest.objective, "objective"
    return msgspec.structs.replace(
        found,
        step=newest.frame if found.step is None else found.step,
        unit="frames" if found.step is None and newest.frame is not None else found.unit,
        objective=objective,
        objective_name=named,
        generation=newest.generation if found.generation is None else found.generation,
    )


def _with_eta(found: Progress, ring: Ring) -> Progress:
    """The progress with our estimate of the time left, which has a band, if there is one."""
    if found.share is None:
        return found
    estimate = remaining.of_job(ring.series())
    return found if estimate is None else msgspec.structs.replace(found, eta=estimate)
