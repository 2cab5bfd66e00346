"""Writes the run directory of a sweep whose trainings tell how far they are, as an executor would.

30 jobs on 8 GPUs: some run, end well or fail alike, and the rest wait. Somebody else uses a GPU.
"""

from __future__ import annotations

import math
from pathlib import Path

from pbt_tui.observe import nvml, progress
from pbt_tui.observe.progress import Finished, Progress, Progresses, Remaining, Series, series_file
from pbt_tui.spec import FORMAT, Job, Policy, Processes
from tests.tui.journals import OOM, Story

RUN = "ant_sweep"


def _log(job: int) -> str:
    lines = []
    for k in range(60):
        epoch, seconds = 340 + k, f"12:{20 + k // 3:02d}:{20 * (k % 3):02d}"
        reward = 20 + 10 * math.sin(k / 40 + job / 9)
        lines.append(f"{seconds} epoch: {epoch}/500 fps step: {50231 - 7 * k} reward: {reward:.2f}")
        if k % 10 == 9:
            lines.append(f"{seconds} saved nn/ep_{epoch}_rew_{reward:.1f}.pth")
    return "\n".join(lines) + "\n"


def _jobs() -> tuple[Job, ...]:
    made = []
    for i in range(30):
        lr, seed = (1e-4, 3e-4, 1e-3)[i % 3], i // 3 % 3 + 1
        params = {"train.lr": lr, "seed": seed, "num_envs": 8192 if i % 5 else 16384}
        name = f"{i:02d}_lr{lr:g}"
        made.append(Job(name, "ant", name, ("python", "train.py", f"lr={lr}"), {}, "ant", params))
    return tuple(made)


def sweep(path: Path) -> Story:
    """7 jobs run, 12 wait, 5 succeeded, 6 failed: 5 of these alike."""
    plan = Processes(
        format=FORMAT, run=RUN, module="runs.ant", train_dir="./train_dir", container=None,
        policy=Policy(num_gpus=8, experiments_per_gpu=1, max_parallel=7, pause_between=0),
        populations=(), jobs=_jobs(),
    )  # fmt: skip
    story = Story(path, plan, gpus=8).opened().executor()
    names = [job.id for job in plan.jobs]
    for i, name in enumerate(names[:11]):
        story.start(name, i % 7)
    for name in names[:5]:
        story.end(name, after=900).log(name, "epoch: 500/500\nbest reward 33.1\n")
    for name in names[5:10]:
        detail = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
        story.fail(name, after=7, cause="cuda_oom", detail=detail, line=8).log(name, OOM)
    story.fail(names[10], cause="traceback", detail="ValueError: lr must be positive", line=1)
    story.log(names[10], "ValueError: lr must be positive\n")
    for i, name in enumerate(names[11:18]):
        story.start(name, i).log(name, _log(i))
    story.flush()
    _write_progress(story, names)
    _write_gpus(story)
    story.at += 3000
    return story


def _curve(best: float, begin: float, share: float, count: int = 48) -> Series:
    """Rises fast, then slower, and never evenly."""
    along = range(count)
    noise = [0.03 * best * math.sin(7.3 * k) * math.cos(2.1 * k) for k in along]
    return Series(
        at=tuple(begin + 62.0 * k for k in along),
        step=tuple(round(2e9 * share * (k + 1) / count) for k in along),
        objective=tuple(best * (1 - math.exp(-k / 14)) + noise[k] for k in along),
        share=tuple(share * (k + 1) / count for k in along),
        breaks=(20,) if best > 31 else (),
    )


def _write_progress(story: Story, names: list[str]) -> None:
    now = story.at + 3000
    jobs, series = {}, {}
    for k, name in enumerate(names[11:18]):
        best, share = 33.1 - 2.4 * k, 0.93 - 0.11 * k
        jobs[name] = Progress(
            step=round(2e9 * share), total=2_000_000_000, unit="frames", share=share,
            fps=45_500.0 + 1_130 * k, eta=Remaining(190.0 + 1300 * k, 150.0, 5000.0),
            objective="nan" if k == 5 else round(best, 2), objective_name="reward",
            line=f"epoch: {400 + k}/500", at=now,
        )  # fmt: skip
        series[name] = _curve(best, now - 2976, share)
    story.rundir.progress.write_bytes(progress.encode(Progresses(now, jobs, series)))
    ended = [
        Finished(
            name, 1, story.at,
            Progress(step=2_000_000_000, total=2_000_000_000, unit="frames", share=1.0,
                     objective=29.9 - 1.7 * k, objective_name="reward"),
            _curve(29.9 - 1.7 * k, story.at - 3000, 1.0),
        )
        for k, name in enumerate(names[:5])
    ]  # fmt: skip
    assert series_file.append(story.rundir.series, ended) is None


def _write_gpus(story: Story) -> None:
    """The eighth GPU has a process of somebody else, the second is hot."""
    samples = []
    for i in range(8):
        busy = i != 7
        history = tuple(round(80 + 18 * math.sin(k + i)) if busy else 0 for k in range(20))
        samples.append(
            nvml.Sample(
                i, f"GPU-{i:08d}", "H100", 80 * 10**9, (41 + 5 * i if busy else 62) * 10**9,
                history[-1] if busy else 78,
                others=None if busy else "pid 4117 (`python3`) holds 61.8 GB",
                temperature=86 if i == 1 else 55 + 2 * i, history=history,
            )
        )  # fmt: skip
    found = nvml.Samples(story.at + 3000, tuple(samples))
    story.rundir.gpus.write_bytes(nvml.encode(found))
