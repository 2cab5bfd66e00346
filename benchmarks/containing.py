"""What a container costs to start, follow and record through `pbt-run`, against the engine's own
API with the same settings; how soon its end is in the journal; and what it costs to watch many.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import machine
from benchmarks.executing import RUN, spec
from benchmarks.measure import command, left_out, paired, row, run, title, versions
from benchmarks.results import Beside
from pbt_tui.journal import RunDir, Tail
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker.wrapper import LOG_ONLY, WRAPPER
from pbt_tui.spec import Container, decode, encode

SERVICES = Path(__file__).resolve().parents[1] / "tests" / "services" / "docker"
IMAGE = "pbt-busybox:test"
IN_FLIGHT = 4
N, ENDING, WATCHED, WRAPPED = 80, 40, 50, 200
SECONDS = 35.0
"""For which 50 are watched: a slow look at the list is among it."""


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
    before = dict(os.environ)
    os.environ.update(lines)
    try:
        yield lines["DOCKER_HOST"]
    finally:
        subprocess.run([str(SERVICES / "down"), lines["PBT_TEST_DOCKER_DIR"]], check=False, **quiet)
        for name in lines:
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]


def main(_: int) -> None:
    title(f"containers through `pbt-run`, {IN_FLIGHT} in flight")
    with engine() as host, tempfile.TemporaryDirectory() as folder:
        if host is None:
            left_out("no docker engine is there, and none can be brought up")
            return
        versions({"docker": machine.said(["docker", "version", "-f", "{{.Server.Version}}"])})
        here = Path(folder)
        _throughput(here, Api(host))
        _wrapper(here)
        _ends(here)
        _watching(here)


def _spec(folder: Path, n: int, parallel: int, *argv: str) -> Path:
    path = spec(folder, n, parallel, argv)
    container = Container(image=IMAGE, network="none")
    made = msgspec.structs.replace(decode(path.read_bytes()), container=container)
    path.write_bytes(encode(made))
    return path


def _events(folder: Path, n: int, kind: type) -> list[Any]:
    tail = Tail(RunDir.of(folder / "train_dir", f"bench{n}").journal)
    return [event for event in tail.read_all() if isinstance(event, kind)]


# -- how many a second -----------------------------------------------------------------------------


def _throughput(here: Path, api: Api) -> None:
    path = _spec(here, N, IN_FLIGHT, "true")
    numbers = iter(range(1_000_000))

    def ours() -> float:
        assert run([*RUN, str(path), "--fresh"], cwd=here).code == 0
        began: float = _events(here, N, ev.ExecutorStarted)[0].at
        return N / (time.time() - began)

    command("ours", [*RUN, str(path), "--fresh"])
    ours()
    bodies = _bodies(here, path)

    def raw() -> float:
        began = time.perf_counter()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            list(pool.map(lambda body: _raw(api, f"raw-{next(numbers)}", body), bodies))
        return N / (time.perf_counter() - began)

    mine, other, ratio = paired(ours, raw, 5)
    figure = f"{mine:.1f} / {other:.1f} a second = {ratio:.2f}x"
    beside = Beside(
        "raw engine API", f"{other:.1f} a second", ratio, f"{mine:.1f} a second",
        floor=True, more=True,
    )  # fmt: skip
    what = "`true`: started, ended, recorded, removed / raw engine API"
    row(what, figure, ">= 0.9x", (ratio,), beside)


def _bodies(here: Path, path: Path) -> list[Any]:
    """What `pbt-run` sends, as it says itself."""
    argv = [*RUN, str(path), "--fresh", "--dry_run"]
    said = subprocess.run(argv, cwd=here, capture_output=True, text=True, check=True).stdout
    lines = (line for line in said.splitlines() if line.startswith("# POST "))
    return [json.loads(line[line.index(" {") :]) for line in lines]


def _raw(api: Api, name: str, body: Any) -> None:
    made = api("POST", f"/containers/create?name={name}", body)
    api("POST", f"/containers/{made['Id']}/start")
    api("POST", f"/containers/{made['Id']}/wait")
    api("DELETE", f"/containers/{made['Id']}?v=1")


# -- what the recorded exit code costs ------------------------------------------------------------

_LOOP = """
text=$(cat {name})
n=0
while [ $n -lt {count} ]; do n=$((n + 1)); : >claim; /bin/sh -c "$text" log {claim} /bin/true; done
times
"""


def _wrapper(here: Path) -> None:
    """Processor time of both wrappers, one after the other in one container."""
    ours = min(_seconds(here, "ours", WRAPPER, "claim") for _ in range(5))
    plain = min(_seconds(here, "plain", LOG_ONLY, "") for _ in range(5))
    cost = (ours - plain) * 1000 / WRAPPED
    what = "the wrapper that records the exit code, processor time a job"
    row(what, f"{cost:.2f} ms", "<= 1 ms", (cost,))


def _seconds(here: Path, name: str, text: str, claim: str) -> float:
    (here / name).write_text(text)
    script = _LOOP.format(name=name, count=WRAPPED, claim=claim)
    argv = ["docker", "run", "--rm", "--init", "--network", "none", "--workdir", str(here)]
    argv += ["--volume", f"{here}:{here}", IMAGE, "sh", "-c", script]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    children = said.splitlines()[-1].split()  # `0m0.123s 0m0.045s`
    parts = [one.removesuffix("s").split("m") for one in children]
    return sum(int(minutes) * 60 + float(rest) for minutes, rest in parts)


# -- how soon an end is known ----------------------------------------------------------------------


def _ends(here: Path) -> None:
    """Ends of their own time each, as the engine dates them."""
    script = 'sleep $(printf "%d.%d" $((1 + ${0%_j} / 4)) $((${0%_j} % 4 * 25)))'
    path = _spec(here, ENDING, ENDING, "sh", "-c", script)
    whole = decode(path.read_bytes())
    replace = msgspec.structs.replace
    jobs = tuple(replace(j, argv=(*j.argv, f"{n}_j")) for n, j in enumerate(whole.jobs))
    path.write_bytes(encode(replace(whole, jobs=jobs)))
    assert run([*RUN, str(path), "--fresh"], cwd=here).code == 0
    late = sorted((e.at - e.ended_at) * 1000 for e in _events(here, ENDING, ev.AttemptEnded))
    found = (statistics.median(late), late[int(len(late) * 0.95)])
    figure = f"{found[0]:.0f} ms, p95 {found[1]:.0f} ms"
    what = "a container's end until it is in the journal, median"
    row(what, figure, "<= 40 ms, <= 120 ms", found)


# -- what watching costs ---------------------------------------------------------------------------


def _watching(here: Path) -> None:
    path = _spec(here, WATCHED, WATCHED, "sleep", "1000")
    nowhere: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen([*RUN, str(path), "--fresh"], cwd=here, **nowhere)
    try:
        while not _started(here):
            assert child.poll() is None
            time.sleep(0.5)
        time.sleep(5.0)  # what starting them stirred up is over
        before = _cpu(child.pid)
        time.sleep(SECONDS)
        share = (_cpu(child.pid) - before) / SECONDS
    finally:
        child.terminate()
        child.wait()
    row(f"CPU of the executor while {WATCHED} run", f"{share:.2%}", "<= 0.5 %", (share * 100,))


def _started(here: Path) -> bool:
    if not RunDir.of(here / "train_dir", f"bench{WATCHED}").is_run():
        return False
    return len(_events(here, WATCHED, ev.AttemptStarted)) == WATCHED


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
