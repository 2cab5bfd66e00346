"""What a container costs to start, follow and record, against the engine's own API with the same
settings; and how soon its end is known.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import select
import shlex
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import paired, row, title
from pbt_tui.executor import containers
from pbt_tui.executor.runtimes import Ended, Fact, Launch, Started
from pbt_tui.executor.runtimes.crew import IN_FLIGHT
from pbt_tui.executor.runtimes.docker import DockerRuntime
from pbt_tui.journal.rundir import RunDir
from pbt_tui.spec import Container, Job, Policy

SERVICES = Path(__file__).resolve().parents[1] / "tests" / "services" / "docker"
IMAGE = "pbt-busybox:test"
N, WATCHED, SECONDS = 24, 50, 35


class Api(threading.local):
    """One connection a thread to the engine's socket, and nothing between."""

    def __init__(self, host: str) -> None:
        self._line = http.client.HTTPConnection("localhost")
        self._line.sock = socket.socket(socket.AF_UNIX)
        self._line.sock.connect(host.removeprefix("unix://"))

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        text = json.dumps(body) if body is not None else None
        self._line.request(method, f"/v1.41{path}", text, {"Content-Type": "application/json"})
        answer = self._line.getresponse()
        said = answer.read()
        assert answer.status < 400, said
        return json.loads(said) if said else None

    def lines(self, path: str) -> Iterator[Any]:
        self._line.request("GET", f"/v1.41{path}")
        for line in self._line.getresponse():
            yield json.loads(line)


class Bench:
    """The runtime, driven as the executor drives it."""

    def __init__(self, folder: Path) -> None:
        self.rundir = RunDir(folder / "train_dir" / "bench" / "_pbt")
        self.folder = folder
        self.runtime = DockerRuntime(
            self.rundir,
            Container(image=IMAGE, network="none"),
            run_id=secrets.token_hex(4),
            run="bench",
            plan="",
            cwd=folder,
            train_dir=folder / "train_dir",
            policy=Policy(grace=1.0),
            known_gpus=(),
        )
        self.runtime.prepare(())
        self._number = 0

    def launches(self, count: int, *argv: str) -> list[Launch]:
        self._number += 1
        names = [f"{n:03d}" for n in range(count)]
        return [self._launch(name, argv) for name in names]

    def _launch(self, name: str, argv: tuple[str, ...]) -> Launch:
        n = self._number
        log, claim = self.rundir.log(name, n), self.rundir.claim(name, n)
        job = Job(id=name, experiment="e", name=name, argv=argv, env={}, dir="", params={})
        return Launch(name, n, argv, {}, self.folder, log, claim, (), job)

    def facts(self, kind: type[Fact], count: int) -> Iterator[tuple[Any, float]]:
        """The next `count` facts of a kind, and when each was there."""
        while count:
            select.select([self.runtime.fileno()], [], [], 1.0)
            for fact in self.runtime.facts():
                if isinstance(fact, kind):
                    count -= 1
                    yield fact, time.time()


@contextmanager
def engine() -> Iterator[str | None]:
    """The address of one that has the image: the one that is there, or one brought up for this."""
    told = os.environ.get("DOCKER_HOST", "")
    have = ["docker", "image", "inspect", IMAGE]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if told.startswith("unix://") and not subprocess.run(have, check=False, **quiet).returncode:
        yield told
        return
    done = subprocess.run([str(SERVICES / "up")], capture_output=True, text=True, check=False)
    if done.returncode:
        yield None
        return
    lines = dict(shlex.split(line)[1].split("=", 1) for line in done.stdout.splitlines())
    os.environ.update(lines)
    try:
        yield lines["DOCKER_HOST"]
    finally:
        subprocess.run([str(SERVICES / "down"), lines["PBT_TEST_DOCKER_DIR"]], check=False, **quiet)


def main() -> None:
    title(f"containers, {IN_FLIGHT} starts in flight, the same settings")
    with engine() as host, tempfile.TemporaryDirectory() as folder:
        if host is None:
            row("not measured: no docker engine, and none can be brought up here", "")
            return
        bench = Bench(Path(folder))
        try:
            _throughput(bench, Api(host))
            _watching(bench, host)
        finally:
            bench.runtime.close()


def _throughput(bench: Bench, api: Api) -> None:
    runtime = bench.runtime

    def ours() -> float:
        began = time.perf_counter()
        runtime.launch(bench.launches(N, "true"))
        for end, _ in bench.facts(Ended, N):
            runtime.forget(end.job, end.attempt)
        path = '/containers/json?all=1&filters={"label":["pbt.run=bench"]}'
        while api("GET", path):  # removed, too
            time.sleep(0.005)
        return N / (time.perf_counter() - began)

    def raw() -> float:
        requests = [runtime.request(one) for one in bench.launches(N, "true")]
        began = time.perf_counter()
        _each(requests, lambda one: _raw(api, one))
        return N / (time.perf_counter() - began)

    mine, other, ratio = paired(ours, raw, 3)
    figure = f"{mine:.1f} / {other:.1f} a second = {ratio:.2f}x"
    row("started, ended, removed / raw engine API", figure, ">= 0.9x")


def _raw(api: Api, request: containers.Request) -> None:
    request.log.touch()
    made = api("POST", f"/containers/create?name={request.name}", containers.body(request, {}))
    api("POST", f"/containers/{made['Id']}/start")
    api("POST", f"/containers/{made['Id']}/wait")
    api("DELETE", f"/containers/{made['Id']}?v=1")


def _each(requests: Sequence[containers.Request], work: Callable[[Any], None]) -> None:
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(work, requests))


def _watching(bench: Bench, host: str) -> None:
    runtime = bench.runtime
    launches = bench.launches(WATCHED, "sleep", "1000")
    runtime.launch(launches)
    for _ in bench.facts(Started, WATCHED):
        pass
    cpu, wall = time.process_time(), time.monotonic()
    while time.monotonic() < wall + SECONDS:
        select.select([runtime.fileno()], [], [], 1.0)
        runtime.facts()
    share = (time.process_time() - cpu) / (time.monotonic() - wall)
    row(f"CPU while {WATCHED} run, a slow look among it", f"{share:.2%}", "<= 0.5 %")
    heard: dict[str, float] = {}
    threading.Thread(target=_raw_events, args=(Api(host), heard), daemon=True).start()
    late, raw = [], []
    for one in launches:
        runtime.stop(one.job, one.attempt, kill=True)
        for end, at in bench.facts(Ended, 1):
            late.append((at - end.ended_at) * 1000)
            raw.append((heard.get(end.handle, at) - end.ended_at) * 1000)
            runtime.forget(end.job, end.attempt)
    figure = f"{statistics.median(late):.0f} / {statistics.median(raw):.0f} ms"
    row("an end until it is a fact / its raw event arrives, median", figure, "<= 50 ms")


def _raw_events(api: Api, heard: dict[str, float]) -> None:
    for event in api.lines('/events?filters={"event":["die"]}'):
        heard.setdefault(event["id"], time.time())
