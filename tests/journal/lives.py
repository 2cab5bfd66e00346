"""Small specs, and events that could have happened to them, stamped in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.spec import FORMAT, Job, Policy, Population, Processes, Resources


def job(name: str, *, population: str | None = None, gpus: int | None = None) -> Job:
    return Job(
        id=name,
        experiment="e",
        name=name,
        argv=("true",),
        env={},
        dir="",
        params={},
        population=population,
        member=0 if population else None,
        resources=None if gpus is None else Resources(gpus=gpus),
    )


def spec(*jobs: Job, **policy: Any) -> Processes:
    members: dict[str, list[str]] = {}
    for one in jobs:
        if one.population:
            members.setdefault(one.population, []).append(one.id)
    quick: dict[str, Any] = {"pause_between": 0.0, "max_parallel": 100, **policy}
    return Processes(
        format=FORMAT,
        run="r",
        module="m",
        train_dir="t",
        policy=Policy(**quick),
        container=None,
        populations=tuple(
            Population(p, "isaacgymenvs", len(m), "w", tuple(m)) for p, m in members.items()
        ),
        jobs=jobs,
    )


OPENED = ev.RunOpened(format=ev.FORMAT, run_id="0" * 8, run="r", cwd="/", train_dir="/t", digest="")


def gpus(count: int) -> tuple[ev.Gpu, ...]:
    return tuple(ev.Gpu(index=i, uuid=f"GPU-{i}") for i in range(count))


def started(plan: Processes, devices: tuple[ev.Gpu, ...] = ()) -> ev.ExecutorStarted:
    return ev.ExecutorStarted(
        pid=1, host="h", boot_id="b", runtime="process", gpus=devices, policy=plan.policy
    )


def stamped(events: Iterable[ev.AnyEvent], at: float = 100.0) -> list[ev.AnyEvent]:
    return [
        msgspec.structs.replace(event, seq=n, at=at + n) for n, event in enumerate(events, start=1)
    ]


def ended(name: str, attempt: int = 1, **more: Any) -> ev.AttemptEnded:
    said: dict[str, Any] = {"outcome": "succeeded", "exit_code": 0, "ended_at": 0.0, **more}
    return ev.AttemptEnded(job=name, attempt=attempt, **said)


def life(jobs: int = 3) -> list[ev.AnyEvent]:
    """Every kind of event, in a possible order."""
    plan = spec(*(job(f"j{i}") for i in range(jobs)))
    events: list[ev.AnyEvent] = [OPENED, started(plan, gpus(1))]
    for i in range(jobs):
        name = f"j{i}"
        events += [
            ev.AttemptScheduled(job=name, attempt=1, gpus=("GPU-0",)),
            ev.AttemptWaiting(job=name, attempt=1, reason="pulls an image"),
            ev.AttemptStarted(job=name, attempt=1, handle=f"{i}.5"),
            ev.StopRequested(job=name, attempt=1, why="timeout"),
            ev.KillRequested(job=name, attempt=1, why="timeout"),
            ended(name, outcome="stopped", exit_code=None, signal=9, cause="timeout", detail="ü\n"),
        ]
    events += [
        ev.ContinuationKnown(job="j0", attempt=2, after=8, source=ev.Source(0, 12, "ant")),
        ev.RequestRefused(id="1-1", why="no such job"),
        ev.RequestAccepted(id="2-1", action="hold"),
        ev.RunClosed(verdict="failures"),
    ]
    return stamped(events)


class Story:
    """A state to which tests apply events one by one; each gets the next sequence number."""

    def __init__(self, plan: Processes, devices: tuple[ev.Gpu, ...] = ()) -> None:
        self.plan = plan
        self.state = RunState(plan)
        self.at = 100.0
        self.tell(OPENED, started(plan, devices))

    def tell(self, *events: ev.AnyEvent) -> Story:
        for event in events:
            apply(
                self.state,
                msgspec.structs.replace(event, seq=self.state.seq + 1, at=max(self.at, event.at)),
            )
        return self

    def asks(self, action: ev.Action, *jobs: str, gpus: tuple[str, ...] = ()) -> Story:
        name = f"{self.state.seq}-1"
        return self.tell(ev.RequestAccepted(id=name, action=action, jobs=jobs, gpus=gpus))

    def runs(self, name: str, *gpus: str) -> Story:
        """Scheduled and started."""
        attempt = len(self.state.by_id[name].attempts) + 1
        return self.tell(
            ev.AttemptScheduled(job=name, attempt=attempt, gpus=gpus),
            ev.AttemptStarted(job=name, attempt=attempt, handle=f"{name}.{attempt}"),
        )

    def ends(self, name: str, **more: Any) -> Story:
        return self.tell(ended(name, len(self.state.by_id[name].attempts), **more))

    def fails(self, name: str, **more: Any) -> Story:
        return self.ends(name, **{"outcome": "failed", "exit_code": 1, "cause": "exit", **more})
