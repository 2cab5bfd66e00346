"""Writes a run whose trainings told strange numbers: none, infinity, gaps, restarts, losses."""

from __future__ import annotations

import math
from pathlib import Path

from pbt_tui.observe import progress
from pbt_tui.observe.progress import Number, Progress, Progresses, Series
from pbt_tui.spec import FORMAT, Job, Policy, Processes
from tests.tui.journals import Story

RUN = "odd"
PARAMS: dict[str, dict[str, object]] = {
    "steady": {"lr": 3e-4, "net": {"width": 64, "act": "elu"}},
    "no_number": {"lr": "3e-4", "net": {"width": 128, "act": "elu"}},
    "restarted": {"lr": 0.0003, "net": {"width": 64, "act": "elu"}, "seed": 7},
    "far_away": {
        "lr": 3e-4,
        "net": {"width": 64, "act": "elu"},
        "data": "/data/sets/a/" + 60 * "x",
    },
    "no_steps": {"lr": 1e-3, "net": {"width": 64, "act": "elu"}},
    "a_loss": {"lr": 1e-3, "net": {"width": 64, "act": "relu"}},
}


def strange(path: Path) -> Story:
    """Six jobs that run, of which one has had two attempts."""
    jobs = tuple(
        Job(name, "odd", name, ("python", "train.py"), {}, "odd", dict(params))
        for name, params in PARAMS.items()
    )
    plan = Processes(
        format=FORMAT, run=RUN, module="runs.odd", train_dir="./train_dir", container=None,
        policy=Policy(num_gpus=8, experiments_per_gpu=1, max_parallel=8, pause_between=0),
        populations=(), jobs=jobs,
    )  # fmt: skip
    story = Story(path, plan, gpus=8).opened().executor()
    story.start("restarted", 2).end("restarted", "interrupted", after=600)
    for k, name in enumerate(PARAMS):
        story.start(name, k, after=0.0)
    story.flush()
    begin, count = story.at, 40
    at = tuple(begin + 60.0 * k for k in range(count))
    rises = [round(20 * (1 - math.exp(-k / 12)), 3) for k in range(count)]
    steps: list[int | None] = [1_000_000 * k for k in range(count)]
    odd: list[Number | None] = [*rises[:12], "nan", "nan", *rises[14:20], "inf", *rises[21:]]
    again = [*steps[:20], *steps[8:28]]
    falls = tuple(-(10.0 ** (k / 3)) for k in range(count))
    shares = (None,) * count
    series = {
        "steady": Series(at, tuple(steps), tuple(rises), tuple(k / 50 for k in range(count))),
        "no_number": Series(at, tuple(steps), tuple(odd), shares),
        "restarted": Series(at, tuple(again), tuple(v - 4 for v in rises), shares, (20,)),
        "far_away": Series(at, tuple(steps), falls, shares),
        "no_steps": Series(at, (None,) * count, tuple(v + 3 for v in rises), shares),
        "a_loss": Series(at, tuple(steps), tuple(5 - v / 5 for v in rises), shares),
    }  # fmt: skip
    newest = {
        name: Progress(
            step=one.step[-1], unit="epochs" if name == "a_loss" else "frames", fps=16_667.0,
            share=one.share[-1], objective=one.objective[-1],
            objective_name="loss" if name == "a_loss" else "reward",
        )
        for name, one in series.items()
    }  # fmt: skip
    story.rundir.progress.write_bytes(progress.encode(Progresses(at[-1], newest, series)))
    return story
