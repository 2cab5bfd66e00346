"""Simulated submissions: 200 tasks each, while executors die and answers are lost, anywhere.

    python -m tests.osmo.submissions_under_deaths [--runs N] [--first SEED]

The submitter and its records are real; the service is the double, and the clock is simulated. A
violation tells its seed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.runtimes.engine_errors import EngineUnavailable
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.task_tracker import FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_answers import WorkflowReport, ids, report
from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.osmo.workflow_records import Name, WorkflowRecords, WorkflowSubmission
from pbt_tui.runtimes.osmo.workflow_service import ServiceBusy, TakeLine, refusal, silence
from pbt_tui.runtimes.osmo.workflow_submitter import WorkflowSubmitter
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Processes
from tests.compiler.compile_specs import job
from tests.osmo.osmo_runs import settings_of, sweep
from tests.osmo.service_double import OsmoDouble, Refused

RUNS, JOBS = 500, 200
SETTLE = 60.0


class Death(BaseException):
    """The executor dies here."""


@dataclass
class DirectService:
    """The double without a network; faults come from `random`."""

    double: OsmoDouble
    rng: random.Random
    faults: float
    dies: Callable[[], None] = lambda: None
    latest: float = SETTLE / 2
    """Seconds after which a late request is performed at the latest."""
    late: list[tuple[float, str]] = field(default_factory=list)
    now: float = 1e9

    def passes(self, seconds: float) -> None:
        self.now += seconds
        due = [text for at, text in self.late if at <= self.now]
        self.late = [(at, text) for at, text in self.late if at > self.now]
        self.double.late += due
        self.double.perform_late()

    def submit(self, file: Path, name: str, lock: Path) -> str:
        self.dies()
        fault = self.rng.random() < self.faults
        kind = self.rng.choice(("lost", "late", "dropped", "429", "503", "401")) if fault else ""
        if kind == "late":
            self.late.append((self.now + self.rng.random() * self.latest, file.read_text()))
            ident = None
        else:
            self.double.plans.append(kind)
            ident = self._told(lambda: self.double.submit(file.read_text()))
        self.passes(self.rng.random() * 5)
        self.dies()
        if ident is None:
            raise silence("no answer")
        found: str = ident
        return found

    def is_sending(self, lock: Path) -> bool:
        return False

    def find(self, name: str) -> list[str]:
        if self.rng.random() < self.faults:
            raise self.rng.choice((ServiceBusy("x"), EngineUnavailable("x"), refusal(401, "x")))
        return ids({"workflows": self._told(lambda: self.double.find(name, 100))}, name)

    def query(self, ident: str) -> WorkflowReport:
        return report(self._told(lambda: self.double.query(ident)))

    def cancel(self, ident: str, *, force: bool) -> None:
        self._told(lambda: self.double.cancel(ident))

    def logs(self, ident: str, lines: int, take: TakeLine) -> None:
        for line in self._told(lambda: self.double.logs(ident, lines)):
            if not take(line.encode()):
                return

    def _told(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Refused as error:
            if error.status == 429:
                raise ServiceBusy(error.message) from None
            if error.status >= 500:
                raise silence(error.message) from None
            raise refusal(error.status, error.message) from None


class DyingRecords(WorkflowRecords):
    """Records whose executor may die before and after each write; without its syncs."""

    def __init__(self, folder: Path, dies: Callable[[], None]) -> None:
        super().__init__(folder)
        self._dies = dies

    def write(self, record: WorkflowSubmission, text: bytes) -> None:
        self.file(record).write_bytes(text)
        self.save(record)

    def save(self, record: WorkflowSubmission) -> None:
        self._dies()
        (self.folder / f"{record.name}.json").write_bytes(msgspec.json.encode(record))
        self._dies()


def run_of(jobs: int) -> Processes:
    return sweep(*(job(k) for k in range(jobs)))


@dataclass
class Tally:
    """What became of one run."""

    deaths: int = 0
    workflows: int = 0
    doubled: int = 0
    lost: int = 0


def one_run(seed: int, folder: Path, spec: Processes, plan: WorkflowPlan) -> Tally:
    """Submits one run, however often its executor dies on the way."""
    rng = random.Random(seed)
    double = OsmoDouble(bare=True)
    tally = Tally()
    risk = rng.choice((0.0, 0.02, 0.1))

    def dies() -> None:
        if rng.random() < risk:
            raise Death

    service = DirectService(double, rng, rng.choice((0.0, 0.1, 0.4)), dies)
    names: list[Name] = [(job.id, 1) for job in spec.jobs]
    done = False
    while not done:
        done = _life(service, DyingRecords(folder, dies), plan, names)
        tally.deaths += not done
        service.passes(rng.random() * SETTLE)
    service.passes(10 * SETTLE)
    tally.workflows = len(double.table)
    tally.doubled = len(double.doubles())
    records = [record for record in WorkflowRecords(folder).all() if record.id in double.table]
    there = {name for record in records for name in record.names}
    tally.lost = len(set(names) - there)
    return tally


def _life(
    service: DirectService, records: DyingRecords, plan: WorkflowPlan, names: list[Name]
) -> bool:
    """One executor: `survey`, then `launch`; False if it died."""
    tasks = OsmoTasks(SharedMarks(""), wake=lambda: None)
    pool = WorkerPool()

    def rest(seconds: float) -> bool:
        service.passes(seconds)
        return False

    submitter = WorkflowSubmitter(
        plan,
        records,
        tasks,
        pool,
        service,
        submitted=lambda record: None,
        doubled=lambda name, found: None,
        clock=lambda: service.now,
        rest=rest,
    )
    try:
        before = records.all()
        known = {name for record in before for name in record.names}
        for name in names:
            tasks.track(FollowedTask(*name))
        for record in before:
            tasks.belong(record)
        for record in before:
            submitter.carry_on(record)
        for piece in plan.pieces([name for name in names if name not in known]):
            submitter.launch(piece)
    except Death:
        return False
    finally:
        pool.finish()
        pool.close()
    return True


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="submissions under deaths and lost answers")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args(argv)
    return 0 if all_runs(args.first, args.runs) else 1


def all_runs(first: int, count: int, jobs: int = JOBS) -> bool:
    """Whether nothing was doubled or lost; prints the sums, and the seed of each violation."""
    spec = run_of(jobs)
    plan = WorkflowPlan(spec, settings_of(settle=SETTLE), "0123abcd")
    total = Tally()
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            found = one_run(seed, Path(folder), spec, plan)
        for name in ("deaths", "workflows", "doubled", "lost"):
            setattr(total, name, getattr(total, name) + getattr(found, name))
        if found.doubled or found.lost:
            print(f"seed {seed}: {found}")
    print(f"{count} runs of {jobs} tasks: {total}")
    return total.doubled == total.lost == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
