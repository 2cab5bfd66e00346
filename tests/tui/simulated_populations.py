"""Populations as rows of a snapshot: simulated, and read from recorded trainings."""

from __future__ import annotations

import random
from pathlib import Path

from msgspec.structs import replace

from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.snapshot_types import (
    Alarm,
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    PopulationRow,
    RoundRow,
)
from tests.observe.conftest import Recorded
from tests.observe.test_observe_trainings import Training

BEGIN = 1_760_000_000.0


def simulated(
    members: int = 8,
    generations: int = 20,
    *,
    seed: int = 1,
    style: str = "isaacgymenvs",
    exchange: bool = True,
) -> PopulationRow:
    """A population in which the worst fifth copies one of the best fifth, with the same seed alike.

    Learning rates far from 3e-4 learn slowly.
    """
    chance = random.Random(seed)
    objectives = [chance.uniform(1, 3) for _ in range(members)]
    rates = [10 ** chance.uniform(-4, -3) for _ in range(members)]
    gammas = [1 - 10 ** chance.uniform(-3, -1.3) for _ in range(members)]
    steps: list[list[GenerationRow]] = [[] for _ in range(members)]
    events: list[EventRow] = []
    rounds: list[RoundRow] = []
    for number in range(1, generations + 1):
        for m in range(members):
            slow = 1 - abs(rates[m] - 3e-4) * 300
            objectives[m] += chance.gauss(0.35, 0.25) * slow * 20 / generations
            params = {"train.params.config.lr": rates[m], "train.params.config.gamma": gammas[m]}
            at = BEGIN + number * 600 + m
            step = GenerationRow(number, number * 20_000_000, round(objectives[m], 3), params, at)
            steps[m].append(step)
        if not exchange or not 3 <= number < generations:
            continue
        order = sorted(range(members), key=lambda m: objectives[m])
        fifth = max(1, members // 5)
        worst, best = tuple(order[:fifth]), tuple(order[-fifth:])
        for m in range(members):
            differs = objectives[best[0]] - objectives[m] if m in worst else None
            needed = 0.5 if m in worst else None
            rounds.append(
                RoundRow(m, number, None, None, None, None, best, worst, differs, needed, None)
            )
        for m in worst:
            if chance.random() < 0.25:
                events.append(EventRow("mutate", m, None, number, "log", 1.0, applied=True))
                rates[m] *= chance.choice([0.8, 1.2])
                continue
            donor = chance.choice(best)
            events.append(EventRow("exploit", m, donor, number, "log", 1.0, number, applied=True))
            objectives[m], gammas[m] = objectives[donor], gammas[donor]
            rates[m] = rates[donor] * chance.choice([0.8, 1, 1.2])
    rows = tuple(
        MemberRow(
            m, "running", generations, generations * 20_000_000, steps[m][-1].objective,
            steps[m][-1].params, 0, tuple(steps[m]), None,
        )
        for m in range(members)
    )  # fmt: skip
    return told_best(
        PopulationRow(
            "swingup", style, members, "/runs/ws", rows, tuple(events), None, (), tuple(rounds)
        )
    )


def told_best(row: PopulationRow) -> PopulationRow:
    """The population with its best generation."""
    every = [
        (g.objective, m.index, g.generation)
        for m in row.members
        for g in m.generations
        if g.objective is not None
    ]
    objective, member, number = max(every)
    path = f"/runs/ws/{member:03d}/{number:06d}.pth"
    return replace(row, best=Best(member, number, objective, path))


def finished() -> PopulationRow:
    row = simulated()
    return replace(row, members=tuple(replace(m, state="succeeded") for m in row.members))


def with_a_dead_member() -> PopulationRow:
    """Member 6 was killed after its ninth generation; nobody had copied it."""
    row = simulated()
    steps = row.members[6].generations[:9]
    dead = replace(
        row.members[6], state="failed", generation=9, objective=steps[-1].objective, lag=11,
        frame=steps[-1].frame, params=steps[-1].params, generations=steps,
    )  # fmt: skip
    members = (*row.members[:6], dead, *row.members[7:])
    events = tuple(e for e in row.events if e.member != 6 or (e.generation or 0) < 9)
    alarm = Alarm(
        "member_ended", "error", "member 6 was killed by SIGKILL after generation 9", (6,)
    )
    return told_best(replace(row, members=members, events=events, alarms=(alarm,)))


def strange() -> PopulationRow:
    """What may be in metadata: no number, gaps, a member that begins again, one that diverges."""
    row = simulated(6, 16)
    lists = [list(m.generations) for m in row.members]
    lists[0][4] = replace(lists[0][4], objective=None)
    lists[0][5] = replace(lists[0][5], objective=float("nan"))
    del lists[1][6:10]
    again = [replace(g, at=g.at + 7000) for g in lists[2][:5]]
    lists[2] = [*lists[2][:11], *again]
    lists[3] = [replace(g, objective=float(-(10 ** (g.generation * 2)))) for g in lists[3]]
    lists[4] = [replace(g, frame=(g.frame or 0) % 120_000_000) for g in lists[4]]
    members = tuple(
        replace(
            m, generation=g[-1].generation, objective=g[-1].objective, generations=tuple(g),
            lag=16 - g[-1].generation,
        )
        for m, g in zip(row.members, lists, strict=True)
    )  # fmt: skip
    relaunch = EventRow("relaunch", 2, None, 1, "metadata", 0.9, applied=True)
    return told_best(replace(row, members=members, events=(*row.events, relaunch)))


def trained(name: str, root: Path) -> PopulationRow:
    """A recorded training with the output of its members."""
    training = Training(name, root)
    for _ in training.play():
        pass
    monitor = PopulationMonitor(name, training.record["style"], training.workspace)
    monitor.poll(training.logs(ended=True))
    return replace(monitor.row({}, monitor.newest() or 0.0), workspace="/runs/ws")


def damaged(root: Path) -> PopulationRow:
    """A recorded workspace in which files are cut, empty, or of no format at all."""
    workspace = Recorded("isaacgymenvs", root).all()
    files = sorted(workspace.glob("00[0-3]/*.yaml"))
    for i, path in enumerate(files[::5]):
        path.write_bytes((b"", b"\xff\x00\x1b[2J", path.read_bytes()[:40], b"- a\n- b\n")[i % 4])
    monitor = PopulationMonitor("damaged", "isaacgymenvs", workspace)
    monitor.poll()
    return replace(monitor.row({}, monitor.newest() or 0.0), workspace="/runs/ws")


def of_another(root: Path) -> PopulationRow:
    """A run of three members whose workspace has the metadata of four others."""
    workspace = Recorded("isaaclab", root).all()
    monitor = PopulationMonitor("ant", "isaacgymenvs", workspace, size=3)
    monitor.poll()
    return replace(monitor.row({}, monitor.newest() or 0.0), workspace="/runs/ws")
