"""The executor of the demo: the executor's own loop with a clock and a runtime of a recording.

It takes turns when it is told to: as fast as it can up to the moment at which a person begins to
watch, and from then on as the clock runs. Until then it depends on nothing but the recording.
"""

from __future__ import annotations

import os
import select
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pbt_tui.demo import recorded_gpus, recorded_plan
from pbt_tui.demo.recorded_attempt import Recorded
from pbt_tui.demo.recorded_generations import RecordedWorkspace
from pbt_tui.demo.recorded_population import RecordedPopulation
from pbt_tui.demo.recorded_sweep import training
from pbt_tui.demo.recording_clock import SHOWN_FROM, START, RecordingClock
from pbt_tui.demo.replay_runtime import ReplayRuntime
from pbt_tui.executor import continuing
from pbt_tui.executor.inbox import RequestInbox
from pbt_tui.executor.launching import ForeignLaunches
from pbt_tui.executor.loop import Diagnosis, Loop
from pbt_tui.executor.reader_threads import ReaderThreads
from pbt_tui.executor.run_dirs import OpenRun, close_run, open_run
from pbt_tui.executor.sampler import Sampler
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import JobState
from pbt_tui.observe.causes import diagnose
from pbt_tui.runtimes.protocol import Ended, Launch
from pbt_tui.spec import digest

_STEP = 20.0
"""Seconds of the recording from one turn to the next before a person watches."""
_SAMPLED, _SAMPLED_LATE, _LATE = 480.0, 240.0, 9000.0
"""Seconds of the recording from one sample to the next then: at first, and later; and when that
is."""
_PATIENCE = 10.0
"""Seconds on the wall after which a reader of the workspace counts as hung."""


@dataclass(frozen=True, slots=True)
class ExecutorIdentity:
    """Who executes the run, as the journal records it."""

    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    cwd: Path | None = None
    """Folder in which the run was opened; None: the one that has it."""


class _RecordedReader(ReaderThreads):
    """Answers with paths below the folder that the journal names."""

    def __init__(self, state: RunState, rundir: RunDir, here: Path, there: Path) -> None:
        super().__init__(state, rundir)
        self._here, self._there = str(here.absolute()), str(there)

    def answers(self) -> list[ev.ContinuationKnown]:
        return [
            msgspec.structs.replace(
                fact,
                args=tuple(map(self._moved, fact.args)),
                source=fact.source
                and msgspec.structs.replace(
                    fact.source, checkpoint=self._moved(fact.source.checkpoint or "")
                ),
            )
            for fact in super().answers()
        ]

    def _moved(self, text: str) -> str:
        return text.replace(self._here, self._there)


class ReplayExecutor:
    """Executes the example run in a folder.

    Args:
        folder: The folder in which `pbt-run` would have been started.
        clock: The clock of the recording.
        identity: Who executes it.
    """

    def __init__(
        self, folder: Path, clock: RecordingClock, identity: ExecutorIdentity | None = None
    ):
        self.rundir = RunDir.of(folder / "train_dir", recorded_plan.RUN)
        self._folder = folder
        self._clock = clock
        self._identity = identity or ExecutorIdentity()
        self._cwd = self._identity.cwd or folder.absolute()
        inside = self._cwd / "train_dir" / recorded_plan.WORKSPACE
        workspace = RecordedWorkspace(folder / "train_dir" / recorded_plan.WORKSPACE, inside)
        self._population = RecordedPopulation(workspace)
        self._starts = 0
        self._opened: OpenRun | None = None

    def take_over(self) -> None:
        """Takes over the run, which it creates the first time.

        Raises:
            PbtError: The run directory cannot be written.
            OSError: A file beside it cannot be written.
        """
        plan = recorded_plan.plan()
        opened = self._opened = open_run(self.rundir, plan)
        state = opened.state
        self._starts += 1
        self._reader = _RecordedReader(state, self.rundir, self._folder, self._cwd)
        runtime = ReplayRuntime(self._clock.now, self._records, first_pid=30_211 + self._starts)
        self._loop = Loop(
            state,
            journal=opened.journal,
            runtime=runtime,
            inbox=RequestInbox(self.rundir),
            clock=self._clock,
            launch_of=ForeignLaunches(self.rundir, self._cwd),
            diagnose=self._diagnose,
            asker=self._reader,
        )
        self._sampler = Sampler(
            state,
            self.rundir,
            clock=self._clock.now,
            devices=lambda: recorded_gpus.samples(state, self._clock.now()),
        )
        self._sampler.find_sources()
        now = self._clock.now()
        if opened.is_new:
            self._loop.record(self._run_opened(opened), now)
        self._loop.record(self._executor_started(opened), now)
        self._loop.commit()
        self._loop.refuse_old_stops()

    @property
    def state(self) -> RunState:
        """The state of the run."""
        return self._loop.state

    @property
    def finished(self) -> bool:
        """Whether this executor has nothing left to do."""
        return self._loop.finished

    def forward(self, seconds: float = SHOWN_FROM) -> None:
        """Replays a part of the recording as fast as it can; the clock must stand still.

        Args:
            seconds: Seconds of the recording; by default up to what a person sees first.

        Raises:
            PbtError: The run cannot go on.
            OSError: A file of the recording cannot be written.
        """
        end = self._clock.now() + seconds
        sampled = self._clock.now()
        while (now := self._clock.now()) < end:
            self._clock.advance(min(_STEP, end - now))
            self.turn()
            self._wait_for_answers()
            each = _SAMPLED if now < START + _LATE else _SAMPLED_LATE
            if self._clock.now() - sampled >= each or self._clock.now() >= end:
                self._sampler.sample()
                sampled = self._clock.now()

    def turn(self) -> None:
        """Does what is due; raises as `forward` does."""
        while self._loop.turn():
            pass

    def sample(self, *, last: bool = False) -> None:
        """Writes progress, the use of GPUs and the history of the population.

        Args:
            last: Whether the executor ends.
        """
        self._sampler.sample(last=last)

    def close(self) -> None:
        """Lets go of the run."""
        if self._opened is not None:
            self._reader.close()
            close_run(self._opened)
            self._opened = None

    @property
    def _is_asking(self) -> bool:
        """Whether members wait for what they go on from; a run that is stopped asks nothing."""
        return bool(self.state.ready_queue.unread) and not self.state.stop

    def _wait_for_answers(self) -> None:
        """Until members are told what they go on from: a thread reads that, at its own speed."""
        until = time.monotonic() + _PATIENCE
        while self._is_asking and time.monotonic() < until:
            select.select([self._reader.fileno()], [], [], 0.1)
            self.turn()

    def _records(self, launch: Launch, begun: float) -> Recorded:
        job = launch.spec
        if job.member is None:
            return training(job, launch.attempt, begun)
        anew = not any(word.startswith("checkpoint=") for word in launch.argv)
        return self._population.training(job.member, launch.attempt, begun, anew=anew)

    def _diagnose(self, job: JobState, fact: Ended) -> Diagnosis:
        log = self.rundir.log(job.spec.id, fact.attempt)
        found = diagnose(log, fact.exit_code, fact.signal)
        return found.cause, found.detail, found.line

    def _run_opened(self, opened: OpenRun) -> ev.RunOpened:
        return ev.RunOpened(
            format=ev.FORMAT,
            run_id="7ec0de00",
            run=recorded_plan.RUN,
            cwd=str(self._cwd),
            train_dir=str(self._cwd / "train_dir"),
            digest=digest(opened.spec),
            inode=opened.journal.inode,
        )

    def _executor_started(self, opened: OpenRun) -> ev.ExecutorStarted:
        return ev.ExecutorStarted(
            pid=self._identity.pid,
            host=self._identity.host,
            boot_id="recorded",
            runtime="process",
            gpus=recorded_gpus.gpus(),
            policy=opened.spec.policy,
            continues=tuple(continuing.continued(opened.spec)),
        )
