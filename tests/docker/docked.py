"""Runs `pbt-run` with a real engine, and reads the run's containers from that engine.

Every container of a `Docked` place has its run directory as a label, so that containers of other
tests, which may share the engine, are ignored.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker import request
from pbt_tui.spec import Container, Job, decode, encode
from tests.docker.containers_driver import BUSYBOX
from tests.docker.engines import client
from tests.executor.running import Place, Said

LONG = 240.0
"""Seconds after which a run counts as hung: on a busy machine a start takes seconds."""
QUIET = Container(image=BUSYBOX, network="none")
GATE = "until [ -e go ]; do sleep 0.1; done"
"""Waits for a file in the run's working directory."""
TELLS = 'echo "$HOSTNAME" >>"ran.$0"'
"""Leaves the short id of its container under the job's name: `told` makes such jobs."""


class Docked(Place):
    """A `Place` whose jobs run in containers of one engine."""

    def __init__(self, path: Path, host: str) -> None:
        super().__init__(path)
        self.environ |= {"DOCKER_HOST": host}
        self.api = client(host)
        self.label = f"{request.RUNDIR}={self.rundir.path}"

    def spec(
        self, *jobs: Job, container: Container | None = QUIET, name: str = "specs", **policy: Any
    ) -> str:
        super().spec(*jobs, name=name, **{"grace": 5.0, **policy})
        file = self.path / name / "processes.json"
        spec = msgspec.structs.replace(decode(file.read_bytes()), container=container)
        file.write_bytes(encode(spec))
        return name

    def end(self, process: subprocess.Popen[str]) -> Said:
        out, err = process.communicate(timeout=LONG)
        said = Said(process.returncode, out or "", err or "")
        assert "Traceback (most recent call last)" not in said.err, said.err
        return said

    def once(self, *options: str) -> Said:
        """What the screen would show."""
        from sys import executable

        argv = [executable, "-m", "pbt_tui.cli.tui", "--once", *options, str(self.rundir.path)]
        done = subprocess.run(
            argv, env=self.environ, capture_output=True, text=True, timeout=LONG, check=False
        )
        return Said(done.returncode, done.stdout, done.stderr)

    # -- what the engine says ----------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.containers(all=True, filters={"label": self.label})
        return found

    def inspected(self) -> dict[str, dict[str, Any]]:
        """By job; the newest attempt of each."""
        listed = sorted(self.listed(), key=lambda one: int(one["Labels"][request.ATTEMPT]))
        return {one["Labels"][request.JOB]: self.api.inspect_container(one["Id"]) for one in listed}

    def handles(self) -> dict[tuple[str, int], str]:
        return {(e.job, e.attempt): e.handle for e in self.of(ev.AttemptStarted)}

    def ended(self) -> dict[tuple[str, int], ev.AttemptEnded]:
        """Every attempt's end; each ended once."""
        all_of_them = self.of(ev.AttemptEnded)
        found = {(e.job, e.attempt): e for e in all_of_them}
        assert len(found) == len(all_of_them)
        return found

    def ran(self, job: str) -> list[str]:
        """Short ids of the containers in which the job started, as the job wrote them."""
        file = self.path / f"ran.{job}"
        return file.read_text().split() if file.exists() else []

    def sweep(self) -> list[str]:
        """Removes the remaining containers and returns them."""
        found = self.listed()
        for one in found:
            self.api.remove_container(one["Id"], force=True, v=True)
        return [one["Names"][0] for one in found]


def told(name: str, script: str, **more: Any) -> Job:
    """A job that records each of its starts, then runs the script."""
    from tests.executor.running import job

    return job(name, "sh", "-c", f"{TELLS}; {script}", name, **more)


def pinned(found: dict[str, Any]) -> tuple[str, ...]:
    """The device ids of an inspected container."""
    asked: Sequence[dict[str, Any]] = found["HostConfig"]["DeviceRequests"] or ()
    assert all(not one["Count"] for one in asked)
    return tuple(device for one in asked for device in one["DeviceIDs"])


def placed(path: Path, host: str) -> Iterator[Docked]:
    """Yields a place for a fixture, and fails if the test leaves a process or container."""
    place = Docked(path, host)
    try:
        yield place
    except BaseException:
        place.clean()
        place.sweep()
        raise
    left = [*place.clean().values(), *place.sweep()]
    assert not left, f"left behind: {left}"


class Births:
    """Listens to an engine, through its restarts: which containers began, under which names."""

    def __init__(self, place: Docked) -> None:
        self._place = place
        self._over = threading.Event()
        self._seen: dict[str, set[str]] = {}
        self._stream: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Births:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(Exception):
            self._stream.close()
        self._thread.join(10.0)

    @property
    def by_name(self) -> dict[str, set[str]]:
        return dict(self._seen)

    def _run(self) -> None:
        since = time.time()
        filters = {"type": "container", "event": "start", "label": self._place.label}
        while not self._over.is_set():
            with contextlib.suppress(Exception):  # the engine is away, or we have closed the stream
                api = client(self._place.environ["DOCKER_HOST"])
                self._stream = api.events(since=f"{since:.3f}", decode=True, filters=filters)
                for event in self._stream:
                    since = float(event["time"])
                    name = event["Actor"]["Attributes"]["name"]
                    self._seen.setdefault(name, set()).add(event["Actor"]["ID"])
            self._over.wait(0.1)
