"""Writes the run directory of a sweep in which eight jobs died for one reason, most on one GPU."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.observe import nvml
from pbt_tui.spec import FORMAT, Job, Policy, Processes
from tests.tui.journals import OOM, Story

SECRET = "ghp_" + "Zx81" * 9
PASSWORD = "correct-horse-7"
LOG = f"logged in with token={SECRET}\npassword: {PASSWORD}\n{OOM}"


def job(i: int, params: dict[str, object]) -> Job:
    argv = ("python", "train.py", f"num_envs={params['num_envs']}", "--api_key", SECRET)
    env = {"WANDB_MODE": "offline", "STORE_PASSWORD": PASSWORD}
    return Job(f"{i:02d}_ant", "ant", f"{i:02d}_ant", argv, env, "ant", params)


def dying_sweep(path: Path, ended: int = 31) -> Story:
    """31 of 36 jobs end: each fourth has 16384 environments and dies, on GPU 3 but for two."""
    jobs = tuple(
        job(i, {"lr": (1e-4, 3e-4, 1e-3)[i % 3], "num_envs": 8192 if i % 4 else 16384})
        for i in range(36)
    )
    plan = Processes(
        format=FORMAT, run="ant_sweep", module="runs.ant", train_dir="./train_dir", container=None,
        policy=Policy(num_gpus=4, experiments_per_gpu=1, max_parallel=4, pause_between=0),
        populations=(), jobs=jobs,
    )  # fmt: skip
    story = Story(path, plan).opened().executor()
    for i, one in enumerate(jobs[:ended]):
        dies = i % 4 == 0
        gpu = (3 if i not in (4, 8) else 1) if dies else i % 3
        story.start(one.id, gpu)
        if dies:
            detail = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
            story.fail(one.id, after=40, cause="cuda_oom", detail=detail, line=10)
            story.log(one.id, LOG)
        else:
            story.end(one.id, after=300).log(one.id, "done\n")
    story.flush()
    others(story, "pid 4117 (`python3`) holds 31.0 GB")
    return story


def others(story: Story, who: str | None) -> None:
    """Writes `gpus.json`, in which `who` uses GPU 3."""
    samples = tuple(
        nvml.Sample(
            i, f"GPU-{i:08d}", "H100", 80 * 10**9, 31 * 10**9, 50, others=who if i == 3 else None
        )
        for i in range(4)
    )
    story.rundir.gpus.write_bytes(nvml.encode(nvml.Samples(story.at, samples)))
