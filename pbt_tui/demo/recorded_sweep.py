"""The jobs of the sweep: what each prints, as rl_games does, until it ends well or badly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from pbt_tui.demo.recorded_attempt import Exited, Printed, Recorded
from pbt_tui.demo.recorded_plan import End, end_of
from pbt_tui.spec import Job

_EPOCHS = 3000
_HORIZON = 16
"""Frames of each environment in an epoch."""
_LINE = 60.0
"""Seconds between two lines of statistics."""
_ROOT = 'File "/opt/rl/train.py"'
_OOM = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {wanted:.2f} GiB. GPU 0 has a "
    "total capacity of 79.11 GiB of which {free:.2f} GiB is free."
)
_NAN = (
    "ValueError: Expected parameter loc (Tensor of shape ({envs}, 7)) of distribution "
    "Normal(loc: torch.Size([{envs}, 7]), scale: torch.Size([{envs}, 7])) to satisfy the "
    "constraint Real(), but found invalid values"
)
_WARNINGS = (
    "/opt/rl/task.py:212: UserWarning: 14 grasps left the table and were reset",
    "[rl_games] value loss clipped in 3 of 8 mini-batches",
)
_BAD_ENDS: dict[End, tuple[float, float]] = {
    "cuda_oom": (0.004, 0.05),
    "value_error": (0.1, 0.45),
    "exit": (0.0005, 0.001),
    "killed": (0.6, 0.7),
}
"""Part of its training at which a job ends: the least and the most."""


def training(job: Job, attempt: int, begun: float) -> Recorded:
    """One attempt of a job of the sweep.

    Args:
        job: The job.
        attempt: The number of the attempt: each differs a little.
        begun: When it starts, in Unix seconds of the recording.
    """
    rate, envs = float(job.params["lr"]), int(job.params["num_envs"])
    seed = int(job.params["seed"])
    dice = Random(f"{job.id}.{attempt}")
    end = end_of(rate, envs, seed)
    share = 1.0
    if end != "succeeded":
        low, high = _BAD_ENDS[end]
        share = low + (high - low) * dice.random()
    frames_all = _EPOCHS * _HORIZON * envs
    speed = 46e3 * (envs / 8192) ** 0.8 * (1.0 + 0.08 * (dice.random() - 0.5))
    at = begun + 20.0
    yield Printed(begun + 2.0, _head(job, envs))
    if end == "exit":
        yield Printed(at, _missing_asset(rate))
        yield Exited(at, 1)
        return
    steps = math.ceil(share * frames_all / (speed * _LINE))
    for step in range(1, steps + 1):
        at += _LINE
        done = min(share, step * speed * _LINE / frames_all)
        text = _statistics(done, envs, speed * (1 + 0.03 * dice.gauss(0, 1)), frames_all)
        yield Printed(at, f"mean reward: {_reward(rate, envs, done, dice):.3f} {text}\n")
        if dice.random() < 0.01:
            yield Printed(at, dice.choice(_WARNINGS) + "\n")
    yield from _ending(end, envs, at + 5.0, dice)


def _ending(end: End, envs: int, at: float, dice: Random) -> Iterator[Printed | Exited]:
    if end == "succeeded":
        yield Printed(at, "MAX EPOCHS NUM!\n=> saving checkpoint 'nn/last_cube.pth'\n")
        yield Exited(at, 0)
        return
    if end == "killed":
        yield Exited(at, 128 + 9)
        return
    call = f'Traceback (most recent call last):\n  {_ROOT}, line 118, in <module>\n    main()\n  {_ROOT}, line 96, in main\n    runner.run()\n'  # fmt: skip  # noqa: E501
    wrong = _NAN.format(envs=envs)
    if end == "cuda_oom":
        wrong = _OOM.format(wanted=1 + 3 * dice.random(), free=0.2 + dice.random())
    yield Printed(at, f"{call}{wrong}\n")
    yield Exited(at, 1)


def _head(job: Job, envs: int) -> str:
    words = " ".join(job.argv[3:])
    return f"=> config: {words}\nnum envs {envs}, horizon {_HORIZON}, device cuda:0\n"


def _missing_asset(rate: float) -> str:
    return f"error: cannot load `assets/cube_{1 if rate < 2e-3 else 2}.urdf`: no such file\n"


def _statistics(done: float, envs: int, speed: float, frames_all: int) -> str:
    epoch = min(_EPOCHS, max(1, round(done * _EPOCHS)))
    return (
        f"fps step: {speed * 1.3:.0f} fps step and policy inference: {speed * 1.15:.0f} "
        f"fps total: {speed:.0f} epoch: {epoch}/{_EPOCHS} frames: {epoch * _HORIZON * envs}"
    )


def _reward(rate: float, envs: int, done: float, dice: Random) -> float:
    """A learning curve: the best rate is 3e-4, and a high one ends in a fall."""
    near = math.exp(-(math.log10(rate / 3e-4) ** 2) / 0.5)
    best = 34.0 * near * (1.0 + 0.04 * math.log2(envs / 8192))
    risen = best * (1.0 - math.exp(-done * (4.0 if rate >= 1e-3 else 3.0)))
    fall = 0.0 if rate < 3e-3 else 10.0 * max(0.0, done - 0.08) / 0.3
    return risen - fall + (0.4 + 0.02 * risen) * dice.gauss(0, 1)
