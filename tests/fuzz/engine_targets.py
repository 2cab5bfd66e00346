"""The readers of what SLURM, docker and NVML answer, each with its documented errors.

SLURM's words go through the tracker that makes facts of them. An answer of docker comes from a
server at a socket, through docker-py, to the code that reads containers and events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe import nvml, queue_status, slurm_submissions
from pbt_tui.runtimes.docker import exit_status, image, leftovers, ownership, start
from pbt_tui.runtimes.docker.attempt import ContainerAttempt
from pbt_tui.runtimes.docker.client import DockerEngine
from pbt_tui.runtimes.docker.tracker import ContainerTracker, name_of
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.runtimes.slurm import squeue, task_files
from pbt_tui.runtimes.slurm.submissions import Submissions, printed_id
from pbt_tui.runtimes.slurm.tracker import LOOKS, Task, TaskTracker
from pbt_tui.runtimes.worker_pool import WorkerPool
from tests.fuzz.engine_server import serving
from tests.fuzz.folders import fresh, put
from tests.fuzz.runner import Target, corpus

_TASKS = ("67_0", "67_1", "67_2", "67_3")
_ID = "0c1d2e3f4a5b"


def _rundir(folder: Path) -> RunDir:
    rundir = RunDir(fresh(folder) / "_pbt")
    for inner in (*rundir.folders, rundir.slurm):
        inner.mkdir(parents=True)
    return rundir


def _facts(facts: list[Any]) -> None:
    for fact in facts:
        msgspec.json.encode(fact)
        if isinstance(fact, Ended):
            assert (fact.detail or "").isprintable(), fact.detail
            assert len(fact.detail or "") < 2_000_000


# -- SLURM -----------------------------------------------------------------------------------------


def _tracker(rundir: RunDir) -> TaskTracker:
    tracker = TaskTracker(rundir, rundir.slurm, wake=lambda: None, hurry=lambda: None)
    for number, task in enumerate(_TASKS):
        tracker.track(Task(f"job{number}", 1, id=task))
    return tracker


def _queue(parse: Callable[[str], dict[str, squeue.SqueueRow]]) -> Callable[[bytes, Path], None]:
    def check(data: bytes, folder: Path) -> None:
        rundir = _rundir(folder)
        tracker = _tracker(rundir)
        rows = parse(data.decode("utf-8", "replace"))
        squeue.together(list(rows))
        for _ in range(LOOKS):
            tracker.saw(rows)
            places = tracker.places()
            answer = queue_status.Queue(1.0, 2.0, 5.0, stale=False, error=None, attempts=places)
            put(rundir.queue, queue_status.encode(answer))
            assert queue_status.read(rundir.queue) == answer
        _facts(tracker.facts())

    return check


def _task_file(data: bytes, folder: Path) -> None:
    rundir = _rundir(folder)
    put(rundir.claim("job0", 1), data)
    put(rundir.slurm / "67_0.out", data)
    put(rundir.slurm / "67_1.out", data)
    task_files.read(rundir.claim("job0", 1))
    tracker = _tracker(rundir)
    tracker.scan()
    for _ in range(LOOKS):
        tracker.saw({"67": squeue.SqueueRow("FAILED", 256)})
        queue_status.encode(
            queue_status.Queue(1.0, 2.0, 5.0, stale=False, error=None, attempts=tracker.places())
        )
    _facts(tracker.facts())


def _submission(data: bytes, folder: Path) -> None:
    rundir = _rundir(folder)
    put(rundir.slurm / "5c0ffee5.json", data)
    for record in Submissions(rundir.slurm, "5eed1e55").all():
        msgspec.json.encode(record)
        assert isinstance(record.ids, dict)
    slurm_submissions.find(rundir.slurm, "00_ant", 1)
    printed_id(data.decode("utf-8", "replace"))


# -- docker ----------------------------------------------------------------------------------------


class _NoThreads(WorkerPool):
    """The tracker's stream of events is read by the target."""

    def thread(self, work: Callable[[], None]) -> None:
        pass


_STARTED = b'{"Created": "2025-10-09T08:53:21.5Z"}'
"""The engine's start, which is asked for before anything else."""


@contextmanager
def _docker(data: bytes, folder: Path) -> Iterator[tuple[DockerEngine, ContainerTracker, RunDir]]:
    """An engine whose answer to everything but its start is `data`."""
    from docker.api import APIClient

    rundir = _rundir(folder)
    socket = folder / "engine.sock"
    with serving(socket, data, {b"/networks/": _STARTED}):
        client = APIClient(base_url=f"unix://{socket}", version="1.43", timeout=20)
        engine = DockerEngine(client, str(socket), lambda: client)
        pool = _NoThreads()
        tracker = ContainerTracker(engine, "e", "5eed1e55", rundir, pool)
        try:
            with suppress(EngineError, EngineUnavailable):
                yield engine, tracker, rundir
        finally:
            pool.finish()
            pool.close()
            engine.close()


def _inspected(data: bytes, folder: Path) -> None:
    with _docker(data, folder) as (engine, tracker, rundir):
        found = engine.inspect(_ID)
        if found is None:
            return
        with suppress(RuntimeUnavailable):
            ownership.check(found, rundir.path)
        exit_status.failed_start(found)
        exit_status.seconds(found.get("Created"))
        request: Any = SimpleNamespace(gpus=("0", "GPU-1"))
        with suppress(EngineError):
            start.begin(engine, _ID, request)
        if found["State"]["Status"] in start.ALIVE:
            return
        attempt = ContainerAttempt("a", 1, id=found["Id"], running=True, wanted=1)
        tracker.claim(attempt)
        tracker.look(attempt)
        _facts(tracker.facts())
        msgspec.json.encode(exit_status.of_state("a", 1, found, time.time(), engine_started=1.9e9))


def _listed(data: bytes, folder: Path) -> None:
    with _docker(data, folder) as (engine, tracker, rundir):
        tracker.claim(ContainerAttempt("a", 1, id="0c1d2e3f", pid=-1, running=True))
        for listed in engine.list(["x"]):
            assert name_of(listed)[1] >= 0
            leftovers.row(listed)
            with suppress(RuntimeUnavailable):
                ownership.leftover(listed, rundir.path, lambda job, number: number == 1)
        tracker.catch_up()
        _facts(tracker.facts())


def _events(data: bytes, folder: Path) -> None:
    with _docker(data, folder) as (engine, tracker, _):
        tracker.claim(ContainerAttempt("a", 1, id="0c1d", pid=-1))
        for event in engine.events(["x"], 1.0):
            float(event.get("time") or 0.0)
            tracker.listening._hear(event)
        _facts(tracker.facts())


def _image(data: bytes, folder: Path) -> None:
    with _docker(data, folder) as (engine, _, _):
        info = engine.info()
        found = engine.image("a:b")
        if found is not None:
            msgspec.json.encode(image.facts(found, info, shell=True))


def _pulled(data: bytes, folder: Path) -> None:
    with _docker(data, folder) as (engine, _, _):
        image.pull(engine.pull("a:b"), "a:b", lambda line: None)


# -- NVML ------------------------------------------------------------------------------------------


def _device(data: bytes, folder: Path) -> None:
    """A device whose name and UUID are parts of the input, and whose counters are the rest."""
    name, _, rest = data.partition(b"\0")
    uuid, _, rest = rest.partition(b"\0")
    numbers = [int.from_bytes(rest[at : at + 8], "little") for at in (0, 8, 16)]

    def text(value: bytes) -> Any:
        return value if len(data) % 2 else value.decode()  # as two versions of the library do

    nvml._nvml[:] = [
        SimpleNamespace(
            nvmlDeviceGetCount=lambda: len(rest) % 9,
            nvmlDeviceGetHandleByIndex=lambda index: index,
            nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(
                total=numbers[0], used=numbers[1]
            ),
            nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=numbers[2] % 2**32),
            nvmlDeviceGetUUID=lambda handle: text(uuid),
            nvmlDeviceGetName=lambda handle: text(name),
        )
    ]
    found = nvml.sample()
    assert found is not None
    samples = nvml.Samples(1.0, tuple(found))
    put(fresh(folder) / "gpus.json", nvml.encode(samples))
    assert nvml.read(folder / "gpus.json") == samples
    for gpu in nvml.devices(found) or ():
        msgspec.json.encode(gpu)


_DOCKER = corpus("docker")

TARGETS = (
    Target("squeue", _queue(squeue.parse), corpus("squeue")),
    Target("sacct", _queue(squeue.past), corpus("sacct")),
    Target("slurm-task", _task_file, corpus("tasks")),
    Target("slurm-submission", _submission, corpus("submissions")),
    Target("docker-inspect", _inspected, _DOCKER),
    Target("docker-list", _listed, _DOCKER),
    Target("docker-events", _events, _DOCKER),
    Target("docker-image", _image, _DOCKER),
    Target("docker-pull", _pulled, _DOCKER),
    Target("nvml", _device, corpus("nvml")),
)
