"""Runs `pbt-run` as people do: as a real process in its own folder, and ends what it leaves.

Every process that a `Place` starts has a mark in its environment, which all descendants inherit.
`Place.clean` ends the remaining ones and returns their commands.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.journal import JobState, Journal, RunDir, RunState, Tail, replay
from pbt_tui.journal import events as ev
from pbt_tui.spec import FORMAT, Job, Policy, Population, Processes, Resources, decode, encode

ROOT = Path(__file__).parents[2]
NO_DRIVER = Path(__file__).with_name("no_driver")
PATIENCE = 120.0
"""Seconds after which a test counts as hung. No test asserts a duration."""
WAITS = "until [ -e go ]; do sleep 0.02; done"

# Prints its own arguments.
ARGV = "import json, sys; print(json.dumps(sys.argv[1:]))"

SEES = 'echo "$CUDA_VISIBLE_DEVICES/$CUDA_DEVICE_ORDER"'
_KEPT_OUT = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "VIRTUAL_ENV", "CONDA_PREFIX")


def until(what: Callable[[], Any], why: str = "waited in vain") -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, why
        time.sleep(0.01)
    return found


def job(
    name: str,
    *argv: str,
    env: Mapping[str, str] | None = None,
    population: str | None = None,
    gpus: int | None = None,
    folder: str = "",
    member: int = 0,
) -> Job:
    """One job; if `argv` is one string, a shell runs it."""
    words = ("sh", "-c", argv[0]) if len(argv) == 1 else argv
    return Job(
        id=name,
        experiment="e",
        name=name,
        argv=words or ("true",),
        env=dict(env or {}),
        dir=folder,
        params={},
        population=population,
        member=member if population else None,
        resources=None if gpus is None else Resources(gpus=gpus),
    )


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


class Place:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = f"PBT_TEST_PLACE={uuid.uuid4().hex}"
        name, _, value = self.mark.partition("=")
        self.environ = {k: v for k, v in os.environ.items() if k not in _KEPT_OUT}
        self.environ |= {"PYTHONPATH": f"{ROOT}:{NO_DRIVER}", name: value}
        self.rundir = RunDir.of(path / "train_dir", "r")
        self.module = "pbt_tui.cli.run"
        """The module that is run as `pbt-run`."""

    # -- what to run -------------------------------------------------------------------------------

    def spec(self, *jobs: Job, name: str = "specs", run: str = "r", **policy: Any) -> str:
        """Writes a process list; jobs of one population are its members, in order."""
        members: dict[str, list[str]] = {}
        for one in jobs:
            if one.population:
                members.setdefault(one.population, []).append(one.id)
        quick = {"pause_between": 0.0, "max_parallel": max(4, len(jobs)), **policy}
        spec = Processes(
            format=FORMAT,
            run=run,
            module="m",
            train_dir="train_dir",
            policy=Policy(**quick),
            container=None,
            populations=tuple(
                Population(p, "isaacgymenvs", len(m), f"ws_{p}", tuple(m))
                for p, m in members.items()
            ),
            jobs=tuple(jobs),
        )
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        (folder / "processes.json").write_bytes(encode(spec))
        return name

    # -- running it --------------------------------------------------------------------------------

    def start(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        """Starts `pbt-run ARGS` with the signal handlers of a foreground shell."""

        def plain() -> None:
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)

        given = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "preexec_fn": plain,
            "env": self.environ,
            "cwd": self.path,
            "text": True,
            **popen,
        }
        return subprocess.Popen([sys.executable, "-m", self.module, *args], **given)

    def end(self, process: subprocess.Popen[str]) -> Said:
        out, err = process.communicate(timeout=PATIENCE)
        said = Said(process.returncode, out or "", err or "")
        assert "Traceback (most recent call last)" not in said.err, said.err
        return said

    def pbt(self, *args: str, **popen: Any) -> Said:
        return self.end(self.start(*args, **popen))

    # -- what became of it -------------------------------------------------------------------------

    def events(self) -> list[ev.AnyEvent]:
        return Tail(self.rundir.journal).read_all()

    def of(self, *kinds: type) -> list[Any]:
        return [event for event in self.events() if isinstance(event, kinds)]

    def state(self) -> RunState:
        return replay(decode(self.rundir.spec.read_bytes()), self.events())

    def jobs(self) -> dict[str, JobState]:
        return self.state().by_id

    def phases(self) -> dict[str, str]:
        return {name: found.phase for name, found in self.jobs().items()}

    def log(self, name: str, attempt: int = 1) -> str:
        return self.rundir.log(name, attempt).read_text()

    def wait_for(self, kind: type, count: int = 1) -> list[Any]:
        """Waits until there are `count` events of a kind, and returns them."""
        found: list[Any] = until(
            lambda: seen if len(seen := self.of(kind)) >= count else None,
            f"not {count} of {kind.__name__}",
        )
        return found

    def write(self, name: str, text: str = "") -> Path:
        path = self.path / name
        path.write_text(text)
        return path

    # -- nothing left behind -----------------------------------------------------------------------

    def alive(self) -> dict[int, str]:
        """Pid and command of every process that carries the mark."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if self.mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[int(entry.name)] = shlex.join(w.decode("utf-8", "replace") for w in words)
        return found

    def clean(self) -> dict[int, str]:
        """Ends all remaining processes and returns their commands."""
        for wait in range(100):
            left = self.alive()
            if not left:
                return {}
            if wait < 50:  # a process that was just told to end may need a moment
                time.sleep(0.02)
        for _ in range(100):
            for pid in self.alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not self.alive():
                break
            time.sleep(0.02)
        return left


def cleaned(path: Path) -> Iterator[Place]:
    """Yields a place for a fixture, and fails if the test leaves a process."""
    place = Place(path)
    try:
        yield place
    except BaseException:
        place.clean()
        raise
    left = place.clean()
    assert not left, f"left behind: {left}"


def module(place: Place, *experiments: str) -> str:
    """Writes a run module with these experiments."""
    listed = ",\n    ".join(experiments)
    place.write(
        "mine.py",
        "from pbt_tui import Experiment, ParamGrid, RunDescription\n"
        f"RUN_DESCRIPTION = RunDescription('r', experiments=[\n    {listed}\n])\n",
    )
    return "mine.py"


def write_journal(rundir: RunDir, events: Sequence[ev.AnyEvent]) -> None:
    rundir.path.mkdir(parents=True, exist_ok=True)
    journal = Journal(rundir.journal)
    journal.append(events)
    journal.close()


def decoded(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
