"""Samples progress, GPUs and populations in a background thread, and writes them for `pbt-tui`.

It also keeps the newest generations, which trainers remove (`pins`).

Must not influence the run: an error here leaves a gap on the screen and never fails a job. The
sampler says what it could not sample, once each. It has a thread of its own, because file systems
may be slow, and uses at most `SHARE` of one core.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING

import msgspec

from pbt_tui.errors import printable
from pbt_tui.files.atomic import replace
from pbt_tui.journal import RunDir, RunState

if TYPE_CHECKING:
    from pbt_tui.executor.gpu_history import GpuHistory
    from pbt_tui.executor.pins import Pins
    from pbt_tui.executor.progress_sampler import ProgressSampler
    from pbt_tui.journal.events import Gpu
    from pbt_tui.observe.history import HistoryWriter
    from pbt_tui.observe.nvml import Sample
    from pbt_tui.observe.population_monitor import PopulationMonitor
    from pbt_tui.observe.progress import BestObjective
    from pbt_tui.observe.workspaces import Generation
    from pbt_tui.spec import Population

INTERVAL = 2.0
"""Minimum seconds between two samples."""
SHARE = 0.02
"""Maximum share of one core."""
LOG_BYTES = 1 << 20
"""Most bytes from the end of each member's log that are read at first: the history has the rest."""


@dataclass(slots=True)
class _Sampled:
    """A population that is sampled."""

    population: Population
    writer: HistoryWriter
    monitor: PopulationMonitor
    pins: Pins | None = None
    """What is kept; None before the first poll, and where members are never continued."""


class Sampler:
    """A thread that runs from `start` to `stop`; it reads `state` and never writes it.

    Instead of these two, a caller may call `find_sources` once and then `sample` whenever it likes.

    Args:
        state: The state of the run.
        rundir: Its paths.
        clock: The time, in Unix seconds.
        devices: Samples the GPUs; None: the driver does.
    """

    def __init__(
        self,
        state: RunState,
        rundir: RunDir,
        *,
        clock: Callable[[], float] = time.time,
        devices: Callable[[], list[Sample] | None] | None = None,
    ) -> None:
        self._state = state
        self._rundir = rundir
        self._clock = clock
        self._devices = devices
        self._sampled: list[_Sampled] = []
        self._progress: ProgressSampler | None = None
        self._driver = False
        """Whether GPUs can be sampled."""
        self._history: GpuHistory | None = None
        self._done = threading.Event()
        self._problems: SimpleQueue[str] = SimpleQueue()
        self._bests: SimpleQueue[BestObjective] = SimpleQueue()
        self._best: BestObjective | None = None
        """The newest one of `_bests`."""
        self._said: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after a last sample: a finished run then shows its last generation."""
        self._done.set()
        self._thread.join(timeout=5)

    def problems(self) -> list[str]:
        """What could not be sampled, as lines for people; each is returned once."""
        found: list[str] = []
        while not self._problems.empty():  # this is its only reader
            found.append(self._problems.get_nowait())
        return found

    def bests(self) -> list[BestObjective]:
        """The best objective that was on disk, if any, then each better one; each once."""
        found: list[BestObjective] = []
        while not self._bests.empty():  # this is its only reader
            found.append(self._bests.get_nowait())
        return found

    def _pass_best(self) -> None:
        best = None if self._progress is None else self._progress.best
        if best is not None and best is not self._best:
            self._best = best
            self._bests.put(best)

    @contextlib.contextmanager
    def _surviving(self, what: str) -> Iterator[None]:
        """Says what raised in the block; the thread goes on."""
        try:
            yield
        except Exception as e:
            self._say(f"{what} cannot be sampled", f"{type(e).__name__}: {e}")

    def _say(self, what: str, why: str) -> None:
        key = (what, why.partition(":")[0])
        if key not in self._said:
            self._said.add(key)
            self._problems.put(f"{what}: {printable(why):.300}")

    def _run(self) -> None:
        self.find_sources()
        last = False
        while not last:
            last = self._done.is_set()
            began = time.thread_time()
            self.sample(last=last)
            cost = time.thread_time() - began
            self._done.wait(max(INTERVAL, cost / SHARE))

    def find_sources(self) -> None:
        """Finds out what can be sampled: the search for a driver costs more than all else."""
        from pbt_tui.executor.gpu_history import GpuHistory
        from pbt_tui.observe import nvml

        self._devices = self._devices or nvml.sample
        self._sampled = self._populations()
        self._progress = self._progress_sampler()
        self._pass_best()
        with self._surviving("the use of GPUs"):
            self._driver = self._devices() is not None
        self._history = GpuHistory(nvml.read(self._rundir.gpus) if self._driver else None)

    def sample(self, *, last: bool = False) -> None:
        """Takes one sample of everything and writes it.

        Args:
            last: Whether the executor ends: then the progress of all ended jobs is written.
        """
        from pbt_tui.observe import nvml

        for sampled in self._sampled:
            self._sample_population(sampled)
        with self._surviving("the progress of the jobs"):
            if self._progress is not None:
                self._progress.sample(_newest(self._state, self._sampled), last=last)
                self._pass_best()
        with self._surviving("the use of GPUs"):
            found = self._devices() if self._driver and self._devices is not None else None
            if found is not None and self._history is not None:
                found = [self._with_others(sample) for sample in found]
                now = self._clock()
                samples = nvml.Samples(now, tuple(self._history.with_history(found, now)))
                replace(self._rundir.gpus, nvml.encode(samples), sync=False)

    def _with_others(self, sample: Sample) -> Sample:
        """The sample, with who else uses the device; says it the first time."""
        from pbt_tui.executor.gpus_in_use import others_text

        names = {sample.uuid, str(sample.index)}
        executor = self._state.executor
        if executor is None or all(names.isdisjoint(_names(gpu)) for gpu in executor.gpus):
            return sample
        if sample.lost:
            self._say(f"GPU {sample.index} is lost", "the driver cannot open it any more")
            return sample
        attempts = [job.attempts[-1] for job in list(self._state.active.values())]
        # Where jobs are not pinned, each may be on this device.
        alone = all(a.gpus and names.isdisjoint(a.gpus) for a in attempts)
        others = others_text(sample, [a.handle or "" for a in attempts], alone=alone)
        if not others:
            return sample
        self._say(f"GPU {sample.index} is in use by others", others)
        return msgspec.structs.replace(sample, others=others)

    def _populations(self) -> list[_Sampled]:
        if not self._state.spec.populations:
            return []  # without the imports
        from pbt_tui.observe.history import HistoryWriter
        from pbt_tui.observe.population_monitor import PopulationMonitor
        from pbt_tui.observe.population_workspace import command, workspace

        found = []
        for p in self._state.spec.populations:
            with self._surviving(f"population `{printable(p.id)}`"):
                folder = workspace(self._state, self._rundir, p)
                argv = command(self._state, p)
                monitor = PopulationMonitor(
                    p.id, p.style, folder, size=p.size, argv=argv, first=LOG_BYTES
                )
                writer = HistoryWriter(p.id, monitor.reader, self._rundir.populations)
                found.append(_Sampled(p, writer, monitor))
        return found

    def _sample_population(self, sampled: _Sampled) -> None:
        from pbt_tui.observe.snapshot import attempt_logs

        writer, monitor = sampled.writer, sampled.monitor
        name = f"population `{printable(writer.population)}`"
        with self._surviving(name):
            first = not writer.known
            new = writer.poll()
            problem = writer.problem
            self._keep(name, sampled, new)
            logs = attempt_logs(self._state, self._rundir, sampled.population)
            # What a member decided may belong to a generation that an earlier executor recorded.
            seen = list(writer.known.values()) if first else new
            if monitor.add(seen, logs):
                writer.keep(monitor.lineage.fresh)
            writer.problem = writer.problem or problem
        if writer.problem is not None:
            self._say(f"the history of {name} cannot be written", writer.problem)

    def _keep(self, name: str, sampled: _Sampled, new: list[Generation]) -> None:
        """Keeps the newest generations and the best one; says why some are not kept."""
        from pbt_tui.populations import STYLES

        population, writer = sampled.population, sampled.writer
        what = f"generations of {name} are not kept"
        try:
            if STYLES.get(population.style).recipe is None:
                return
            if sampled.pins is None:
                from pbt_tui.executor.pins import Pins

                known = list(writer.known.values())
                folder = self._rundir.kept
                sampled.pins = Pins(self._state, population, folder, writer.reader, known)
            for why in sampled.pins.update(new):
                self._say(what, why)
        except Exception as e:  # the reader of another package may raise anything
            self._say(what, f"{type(e).__name__}: {e}")

    def _progress_sampler(self) -> ProgressSampler | None:
        """Reads the progress of jobs; None if it cannot be read at all."""
        try:
            from pbt_tui.executor.progress_sampler import ProgressSampler

            return ProgressSampler(self._state, self._rundir, self._say, self._clock)
        except Exception as e:
            self._say("the progress of the jobs cannot be sampled", f"{type(e).__name__}: {e}")
            return None


def _newest(state: RunState, populations: list[_Sampled]) -> dict[str, Generation]:
    """The newest generation of each job that is one member of a population."""
    from pbt_tui.populations import STYLES

    found: dict[str, Generation] = {}
    for sampled in populations:
        if not STYLES.get(sampled.population.style).members_are_jobs:
            continue
        generations = sampled.monitor.generations
        for index, name in enumerate(sampled.population.members):
            job = state.by_id.get(name)
            member = index if job is None or job.spec.member is None else job.spec.member
            if generations.get(member):
                found[name] = generations[member][-1]
    return found


def _names(gpu: Gpu) -> set[str]:
    """By which it is found among samples: a lost device has no UUID any more."""
    return {str(name) for name in (gpu.uuid, gpu.index) if name is not None}
