"""One small run of containers or of SLURM's tasks, by real executors, of which one meets a fault.

Three jobs: `a` succeeds, `b` fails once and is tried again, `c` waits until a person cancels it.
"""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pbt_tui.errors import PbtError
from pbt_tui.journal import events as ev
from tests.executor.running import Place, job
from tests.faults.faulty_disk import FAULTS, OF_WRITES
from tests.faults.faulty_executor import HAPPENED

_TELLS = "log=$(readlink /proc/$$/fd/1); log=${log##*/}; echo ${log%.log} >>ran"
JOBS = (
    job("a", f"{_TELLS}; exit 0"),
    job("b", f"{_TELLS}; [ -e failed ] || {{ touch failed; exit 1; }}"),
    job("c", f"{_TELLS}; exec sleep 600"),
)
POLICY: dict[str, Any] = {
    "max_parallel": 3, "retries": 1, "retry_on": ("exit",), "retry_delay": 0.0, "grace": 5.0,
}  # fmt: skip
WANTED = {"a": ["succeeded"], "b": ["failed", "succeeded"], "c": ["stopped"]}
"""The outcomes of the attempts that ran, whatever fails."""
PHASES = {"a": "succeeded", "b": "succeeded", "c": "cancelled"}
LIVES = 5
"""Executors after which the run has to be closed."""
LONGEST = 120.0
"""Seconds after which an executor counts as hung."""
KILLED = -9
LAST = 800
"""Most characters that a violation has of an executor's words."""
OUTSIDE = ("outside", "specs/", "pyproject.toml", "pbt.toml")
"""Not the run's own: a person's spec or settings that cannot be read are exit 2."""
OTHER_ENDS = {
    ("_pbt/requests/N-N.json", "EACCES"): (
        "a request that this user may not read is refused, and said to be"
    ),
}
"""End of the file, and fault, where the run does not end as the others, and why that is right."""


class Fault(NamedTuple):
    """A fault at the first call of a kind."""

    at: str
    name: str
    resumed: bool
    """Whether it happens to a second executor, after the first one was killed while `c` ran."""

    def __str__(self) -> str:
        return f"{self.name} at `{self.at}`{', resumed' if self.resumed else ''}"


@dataclass
class SmallPlace:
    """The run of one place.

    Args:
        place: where it is executed.
        target: name of the spec.
        options: options of every executor.
    """

    place: Place
    target: str
    options: tuple[str, ...] = ()
    violations: list[str] = field(default_factory=list)
    cancelled: bool = False
    words: str = ""

    @property
    def seen(self) -> Path:
        return self.place.path / "seen"

    def live(self, at: str = "", fault: str = "", *, until_c_runs: bool = False) -> int:
        """One executor; its exit code. With `until_c_runs`, it is killed then."""
        rundir = self.place.rundir
        target = str(rundir.path) if rundir.is_run() else self.target
        environ = {
            "PYTHONFAULTHANDLER": "1",
            "PBT_FAULT_SEEN": str(self.seen),
            "PBT_FAULT_AT": at,
            "PBT_FAULT": fault,
        }
        out = self.place.path / "words"
        with out.open("w") as words:
            process = self.place.start(
                *(target, *self.options),
                env=self.place.environ | environ,
                stdout=words,
                stderr=words,
            )
            end = time.monotonic() + LONGEST
            while process.poll() is None:
                if time.monotonic() > end:
                    self.violations.append(f"an executor hung: {out.read_text()[-LAST:]}")
                    process.kill()
                elif "c.1" in self._ran() or "c.2" in self._ran():
                    if until_c_runs:
                        process.kill()
                    else:
                        self._cancel()
                time.sleep(0.02)
        self.words = out.read_text()
        code = process.wait()
        if "Traceback (most recent call last)" in self.words:
            self.violations.append(f"a traceback: {self.words[-LAST:]}")
        return code

    def _ran(self) -> list[str]:
        path = self.place.path / "ran"
        return path.read_text().split() if path.exists() else []

    def _cancel(self) -> None:
        """A person's request."""
        if not self.cancelled and self.place.rundir.requests.is_dir():
            self.cancelled = True
            request = ev.Request(id="1-1", action="cancel", jobs=("c",), by="person")
            aside = self.place.rundir.requests / ".1-1"
            aside.write_bytes(msgspec.json.encode(request))
            aside.rename(self.place.rundir.requests / "1-1.json")

    def happened(self) -> bool:
        return HAPPENED in self.seen.read_text().splitlines()

    def finish(self, code: int) -> None:
        """Goes on until the run is closed, then adds what does not hold."""
        codes = [code]
        while codes[-1] != 4 and len(codes) < LIVES:
            codes.append(self.live())
            if codes[-1] not in (4, 130):
                self.violations.append(
                    f"a sound executor ends with {codes[-1]}: {self.words[-LAST:]}"
                )
                break
        self._check(codes)

    def _check(self, codes: Sequence[int]) -> None:
        wrong = self.violations.append
        if codes[-1] != 4:
            wrong(f"it is not closed: {codes}")
        try:
            events, state = self.place.events(), self.place.state()
        except (PbtError, OSError) as error:
            wrong(f"no replay: {error}")
            return
        ran = Counter(self._ran())
        found: dict[str, list[str]] = {name: [] for name in WANTED}
        for event in events:
            if isinstance(event, ev.AttemptEnded):
                name = f"{event.job}.{event.attempt}"
                if ran[name] > 1:
                    wrong(f"{name} ran {ran[name]} times")
                # An attempt that could not begin for a fault of the disk is no try.
                if ran[name] or event.outcome != "interrupted":
                    found[event.job].append(event.outcome)
        if found != WANTED:
            ends = [e for e in events if isinstance(e, ev.AttemptEnded)]
            wrong(f"the journal says {found}: {[(e.job, e.outcome, e.detail) for e in ends]}")
        phases = {name: one.phase for name, one in state.by_id.items()}
        if phases != PHASES:
            wrong(f"the jobs are {phases}")


Make = Callable[[Path], SmallPlace]
Clean = Callable[[SmallPlace], list[str]]
"""Ends what a run has left, and returns it in words."""


def kinds(make: Make, clean: Clean, folder: Path) -> list[tuple[str, bool]]:
    """The kinds of calls of a sound run, and those that only a second executor makes."""
    found: list[tuple[str, bool]] = []
    for resumed in (False, True):
        path = folder / f"sound-{resumed}"
        path.mkdir(parents=True)
        run = make(path)
        if resumed:
            run.live(until_c_runs=True)
            run.seen.unlink()
        run.finish(run.live())
        run.violations += clean(run)
        assert run.violations == [], run.violations
        known = {kind for kind, _ in found}
        found += [(k, resumed) for k in run.seen.read_text().splitlines() if k not in known]
    return found


def faults(seen: Sequence[tuple[str, bool]], every: int) -> list[Fault]:
    """Each kind of call with each fault that it can have; of these each `every`th, by a hash."""
    return [
        Fault(kind, fault, resumed)
        for kind, resumed in seen
        for fault in FAULTS
        if fault not in OF_WRITES or kind.startswith("write ")
        if not any(kind.endswith(file) and fault == one for file, one in OTHER_ENDS)
        if zlib.crc32(f"{fault} {kind}".encode()) % every == 0
    ]


def one(make: Make, clean: Clean, path: Path, fault: Fault) -> tuple[bool, list[str]]:
    """Whether the fault happened, and what did not hold then."""
    path.mkdir(parents=True)
    run = make(path)
    try:
        if fault.resumed:
            run.live(until_c_runs=True)
        code = run.live(fault.at, fault.name)
        happened = run.happened()
        foreign = fault.at.split(" ", 1)[1].startswith(OUTSIDE)
        allowed = {4, 5, 130, KILLED} | ({2} if foreign else set())
        if code not in allowed:
            run.violations.append(f"exit code {code}: {run.words[-LAST:]}")
        run.finish(code)
    finally:
        left = clean(run)
    return happened, run.violations + left


def every(make: Make, clean: Clean, folder: Path, every: int, parallel: int) -> list[str]:
    """Tries the faults, prints the figures, and returns the violations."""
    seen = kinds(make, clean, folder)
    tried = faults(seen, every)
    with ThreadPoolExecutor(parallel) as pool:
        waits = [
            pool.submit(one, make, clean, folder / str(number), fault)
            for number, fault in enumerate(tried)
        ]
        wrong, reached = [], 0
        for fault, wait in zip(tried, waits, strict=True):
            happened, found = wait.result()
            reached += happened
            for what in found:
                wrong.append(f"{fault}: {what}")
                print(wrong[-1], flush=True)
    print(
        f"{len(seen)} kinds of calls, {len(FAULTS)} faults: {len(tried)} tried, {reached} happened"
    )
    print(f"{len(wrong)} violations")
    assert reached > len(tried) * 3 // 4
    return wrong
