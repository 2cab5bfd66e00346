"""The spec of the example run: a population of eight, and a sweep of 36 jobs with mixed ends."""

from __future__ import annotations

from itertools import product
from typing import Literal

from pbt_tui.spec import FORMAT, Job, Policy, Population, Processes

RUN = "cube_lift"
MEMBERS = 8
POPULATION = "cube_pbt"
SWEEP = "cube_sweep"
WORKSPACE = "cube_pbt/cube_pbt_/runs/cube"
INTERVAL = 20_000_000
"""Frames between two generations of a member."""
GENERATIONS = 36
GPUS = 4

End = Literal["succeeded", "cuda_oom", "value_error", "exit", "killed"]

_RATES = (1e-4, 3e-4, 1e-3, 3e-3)
_BLOCKS = (
    *((4096, 1), (8192, 1), (16384, 1), (4096, 2), (8192, 2), (16384, 2)),
    *((16384, 3), (4096, 3), (8192, 3)),
)
"""Number of environments and seed, in plan order; each block has all learning rates."""
_OTHER_ENDS: dict[tuple[float, int, int], End] = {
    (1e-3, 16384, 1): "succeeded",
    (1e-3, 8192, 2): "exit",
    (3e-3, 4096, 2): "exit",
    (3e-3, 8192, 3): "value_error",
    (1e-4, 8192, 2): "killed",
}
"""Learning rate, number of environments and seed to the end, where no rule tells it."""


def end_of(rate: float, envs: int, seed: int) -> End:
    """How a job of the sweep ends.

    Args:
        rate: Its learning rate.
        envs: Its number of environments.
        seed: Its seed.

    Example:
        >>> end_of(3e-4, 16384, 1), end_of(3e-4, 8192, 1)
        ('cuda_oom', 'succeeded')
    """
    if (known := _OTHER_ENDS.get((rate, envs, seed))) is not None:
        return known
    if envs == 16384 and rate > 1e-4:
        return "cuda_oom"
    return "value_error" if rate == 3e-3 else "succeeded"


def plan() -> Processes:
    """The process list of the example run."""
    members, sweep = _members(), _sweep()
    population = Population(
        id=POPULATION,
        style="isaacgymenvs",
        size=MEMBERS,
        workspace=WORKSPACE,
        members=tuple(job.id for job in members),
    )
    return Processes(
        format=FORMAT,
        run=RUN,
        module="runs.cube_lift",
        train_dir="train_dir",
        policy=Policy(
            num_gpus=GPUS,
            experiments_per_gpu=4,
            max_parallel=16,
            pause_between=5.0,
            retries=1,
            retry_delay=60.0,
        ),
        container=None,
        populations=(population,),
        jobs=(*members, *sweep),
    )


def _members() -> list[Job]:
    found = []
    for index in range(MEMBERS):
        name = f"{index:02d}_{POPULATION}"
        argv = [
            *("python", "-m", "train", "task=CubeLift", f"experiment={name}", "pbt=pbt"),
            *(f"pbt.policy_idx={index}", f"pbt.num_policies={MEMBERS}", "pbt.workspace=cube"),
            *(f"pbt.interval_steps={INTERVAL}", f"pbt.initial_delay={2 * INTERVAL}"),
            *("pbt.replace_fraction_best=0.25", "pbt.replace_fraction_worst=0.25"),
        ]
        found.append(
            Job(
                id=name,
                experiment=POPULATION,
                name=name,
                argv=tuple(argv),
                env={},
                dir=f"{POPULATION}/{POPULATION}_",
                params={},
                population=POPULATION,
                member=index,
            )
        )
    return found


def _sweep() -> list[Job]:
    found = []
    for index, ((envs, seed), rate) in enumerate(product(_BLOCKS, _RATES)):
        name = f"{index:02d}_{SWEEP}"
        argv = [
            *("python", "-m", "train", "task=CubeLift", f"experiment={name}"),
            *(f"lr={rate:g}", f"num_envs={envs}", f"seed={seed}"),
        ]
        found.append(
            Job(
                id=name,
                experiment=SWEEP,
                name=name,
                argv=tuple(argv),
                env={},
                dir=f"{SWEEP}/{SWEEP}_",
                params={"lr": rate, "num_envs": envs, "seed": seed},
            )
        )
    return found
