"""Writes run directories with journals, as an executor would."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.queue_status import Queue, QueueStatus, key
from pbt_tui.observe.queue_status import encode as encode_queue
from pbt_tui.spec import Job, Policy, Population, Processes, encode

START = 1_760_000_000.0
"""2025-10-09 08:53:20 UTC."""
_json = msgspec.json.Encoder()


def spec(
    jobs: int = 8,
    *,
    run: str = "ant_pbt",
    policy: Policy | None = None,
    population: int = 0,
    train_dir: str = "./train_dir",
) -> Processes:
    """`population`: number of members per population; 0 for independent jobs."""
    made = []
    digits = max(2, len(str(jobs - 1)))
    for i in range(jobs):
        name = f"{i:0{digits}d}_{run}"
        argv = ["python", "-m", "train", "task=Ant", f"pbt.policy_idx={i}", f"experiment={name}"]
        made.append(
            Job(
                id=name, experiment=run, name=name, argv=tuple(argv), env={"WANDB_MODE": "offline"},
                dir=f"{run}/{run}_",
                params={"pbt.policy_idx": i, "lr": round(3e-4 * (1 + i % 5), 6)},
                population=f"{run}_{i // population}" if population else None,
                member=i % population if population else None,
            )
        )  # fmt: skip
    populations = [
        Population(
            id=f"{run}_{k}", style="isaacgymenvs", size=population,
            workspace=f"{run}/{run}_/pbt_{k}",
            members=tuple(j.id for j in made[k * population : (k + 1) * population]),
        )
        for k in range(jobs // population if population else 0)
    ]  # fmt: skip
    return Processes(
        format="pbt-processes/1", run=run, module="runs.ant", train_dir=train_dir,
        policy=policy or Policy(num_gpus=4, experiments_per_gpu=2, max_parallel=8, pause_between=0),
        container=None, populations=tuple(populations), jobs=tuple(made),
    )  # fmt: skip


class Story:
    """Writes a journal, an event after the other; `at` is the time of the next one."""

    def __init__(self, path: Path, plan: Processes, *, at: float = START, gpus: int = 4) -> None:
        self.rundir = RunDir(path)
        self.plan = plan
        self.at = at
        self.seq = 0
        self.attempts: dict[str, int] = {}
        self.tasks: dict[str, QueueStatus] = {}
        """Those that are in SLURM."""
        self.lines: list[bytes] = []
        self.gpus = gpus
        path.mkdir(parents=True)
        for folder in (self.rundir.requests, self.rundir.logs, self.rundir.attempts):
            folder.mkdir()
        self.rundir.spec.write_bytes(encode(plan))
        self.rundir.lock.touch()

    def write(self, kind: type[Any], after: float = 0.0, **fields: Any) -> Story:
        self.at += after
        self.seq += 1
        self.lines.append(_json.encode(kind(seq=self.seq, at=self.at, **fields)) + b"\n")
        return self

    def flush(self) -> Story:
        with self.rundir.journal.open("ab") as file:
            file.write(b"".join(self.lines))
        self.lines.clear()
        return self

    def opened(self) -> Story:
        return self.write(
            ev.RunOpened, format=ev.FORMAT, run_id="5eed1e55", run=self.plan.run,
            cwd="/home/ada/rl",
            train_dir="/home/ada/rl/train_dir", digest="0" * 64,
        )  # fmt: skip

    def executor(
        self, pid: int = 4182, host: str = "node7", runtime: str = "process", **more: Any
    ) -> Story:
        gpus = tuple(ev.Gpu(i, f"GPU-{i:08d}", "H100", 80 * 10**9) for i in range(self.gpus))
        return self.write(
            ev.ExecutorStarted, pid=pid, host=host, boot_id="b", runtime=runtime, gpus=gpus,
            policy=self.plan.policy, interpreter="/usr/bin/python3", **more,
        )  # fmt: skip

    def start(self, job: str, gpu: int | None = None, after: float = 1.0) -> Story:
        number = self.attempts[job] = self.attempts.get(job, 0) + 1
        gpus = () if gpu is None else (f"GPU-{gpu:08d}",)
        self.write(ev.AttemptScheduled, after, job=job, attempt=number, gpus=gpus)
        return self.write(
            ev.AttemptStarted, job=job, attempt=number, handle=f"{1000 + self.seq}.77", node=None
        )

    def submit(self, job: str, task: str, reason: str | None = None, **more: Any) -> Story:
        """Submits the attempt to SLURM as `task`; it waits in the queue if there is a reason."""
        number = self.attempts[job] = self.attempts.get(job, 0) + 1
        self.write(ev.AttemptScheduled, job=job, attempt=number, gpus=())
        self.tasks[job] = QueueStatus(task, "", **more)
        return self.wait(job, reason) if reason else self

    def wait(self, job: str, reason: str, **more: Any) -> Story:
        self.write(ev.AttemptWaiting, job=job, attempt=self.attempts[job], reason=reason)
        return self._seen(job, state="PENDING", reason=reason, node=None, **more)

    def run(self, job: str, node: str, restart: int | None = None) -> Story:
        """SLURM starts the attempt on a node."""
        self.write(
            ev.AttemptStarted, 1.0, job=job, attempt=self.attempts[job],
            handle=self.tasks[job].id, node=node, restart=restart,
        )  # fmt: skip
        return self._seen(
            job, state="RUNNING", reason=None, node=node, restarts=restart or 0, starts_at=None
        )

    def _seen(self, job: str, **more: Any) -> Story:
        self.tasks[job] = msgspec.structs.replace(self.tasks[job], **more)
        return self

    def queue(self, *, error: str | None = None, floor: float = 5.0, ago: float = 30.0) -> Story:
        """Writes `queue.json` as the executor does."""
        places = {key(job, self.attempts[job]): place for job, place in self.tasks.items()}
        self.rundir.queue.write_bytes(
            encode_queue(
                Queue(
                    polled_at=self.at - ago, next_at=self.at + 90.0, floor=floor,
                    stale=error is not None, error=error, attempts=places,
                )
            )
        )  # fmt: skip
        return self

    def end(self, job: str, outcome: str = "succeeded", after: float = 1.0, **more: Any) -> Story:
        self.at += after
        self.tasks.pop(job, None)
        more.setdefault("exit_code", 0 if outcome == "succeeded" else 1)
        return self.write(
            ev.AttemptEnded, job=job, attempt=self.attempts[job], outcome=outcome,
            ended_at=self.at, **more,
        )  # fmt: skip

    def fail(self, job: str, after: float = 1.0, **more: Any) -> Story:
        more.setdefault("cause", "exit")
        return self.end(job, "failed", after, **more)

    def log(self, job: str, text: str | bytes, attempt: int | None = None) -> Story:
        path = self.rundir.log(job, attempt or self.attempts[job])
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self


OOM = """\
step 00100  fps 50231  reward 11.2
step 00200  fps 50412  reward 13.9
Traceback (most recent call last):
  File "/home/ada/rl/train.py", line 88, in <module>
    main()
  File "/home/ada/rl/train.py", line 61, in main
    loss.backward()
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total
"""
KEY = """\
Traceback (most recent call last):
  File "/home/ada/rl/train.py", line 12, in <module>
    lr = cfg["learning_rate"]
KeyError: 'learning_rate'
"""


def typical(path: Path, jobs: int = 24, closed: bool = False, held: bool = False) -> Story:
    """24 jobs, populations of 8: two attempts at one, failures of two kinds, a cancelled one."""
    story = Story(path, spec(jobs, population=8)).opened().executor()
    names = [j.id for j in story.plan.jobs]
    for i, name in enumerate(names[:8]):
        story.start(name, i % 4).log(name, f"started {name}\nstep 100 reward 3.5\n")
    for name in names[:3]:
        story.end(name, after=600).log(name, "step 900 reward 31.0\ndone\n")
    for name in names[3:6]:
        detail = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
        story.fail(name, after=7, cause="cuda_oom", detail=detail, line=8).log(name, OOM)
    story.fail(names[6], cause="traceback", detail="KeyError: 'learning_rate'", line=4)
    story.log(names[6], KEY)
    story.write(
        ev.RequestAccepted, 2.0, id="1-1", action="cancel", jobs=(names[7], names[-1]), by="ada"
    )
    story.write(ev.StopRequested, job=names[7], attempt=1, why="cancel")
    story.end(names[7], "stopped", 3.0, exit_code=143, signal=15, cause="cancelled")
    if held:
        story.write(ev.RequestAccepted, 1.0, id="1-2", action="hold")
    for i, name in enumerate(names[8:16]):
        story.start(name, i % 4).log(name, f"started {name}\nstep 100 reward 3.5\n")
    if closed:
        for name in names[8:16]:
            story.end(name, after=30)
        for i, name in enumerate(names[16:-1]):
            story.start(name, i % 4)
        for name in names[16:-1]:
            story.end(name, after=30)
        story.write(ev.RunClosed, verdict="failures")
    return story.flush()


SILENT = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"


def arrays(path: Path, *, error: str | None = None, ago: float = 30.0) -> Story:
    """24 jobs in SLURM as array 4127: three failed alike on one node, six run, nine wait."""
    story = Story(path, spec(24, population=8), gpus=0).opened()
    story.executor(host="login1", runtime="slurm", slurm=Slurm())
    names = [j.id for j in story.plan.jobs]
    reasons = ["Priority"] * 6 + ["Resources"] * 2
    for i, name in enumerate(names[:23]):
        starts_at = START + 3600 if i in (15, 16) else None
        reason = reasons[i - 15] if i >= 15 else "Priority"
        story.submit(name, f"4127_{i}", reason, starts_at=starts_at)
    record = {"script": "5c0ffee5.sbatch", "tasks": [(name, 1) for name in names[:23]]}
    story.rundir.slurm.mkdir()
    (story.rundir.slurm / "5c0ffee5.json").write_bytes(_json.encode(record))
    for i, name in enumerate(names[:15]):
        node = "n3" if i in (3, 4, 5) else f"n{i % 3}"
        story.run(name, node).log(name, f"started {name}\nstep 100 reward 3.5\n")
    for name in names[:3]:
        story.end(name, after=600)
    for name in names[3:6]:
        detail = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
        story.fail(name, after=7, cause="cuda_oom", detail=detail, line=8).log(name, OOM)
    story.fail(names[6], cause="traceback", detail="KeyError: 'learning_rate'", line=4)
    story.log(names[6], KEY)
    story.write(ev.RequestAccepted, 2.0, id="1-1", action="cancel", jobs=(names[7],), by="ada")
    story.write(ev.StopRequested, job=names[7], attempt=1, why="cancel")
    story.end(names[7], "stopped", 3.0, exit_code=143, signal=15, cause="cancelled")
    story.run(names[9], "n2.cluster.example", restart=2)
    story.wait(names[14], "BeginTime", restarts=1)
    story.submit(names[23], "4130_0")
    return story.queue(error=error, ago=ago).flush()


def large(path: Path, jobs: int, seed: int = 7) -> Story:
    """Many jobs: most have ended, 64 run, one in fifty failed."""
    dice = random.Random(seed)
    policy = Policy(num_gpus=8, experiments_per_gpu=8, max_parallel=64, pause_between=0)
    story = Story(path, spec(jobs, run="sweep", policy=policy), gpus=8).opened().executor()
    names = [j.id for j in story.plan.jobs]
    ended = int(jobs * 0.9)
    for i, name in enumerate(names[:ended]):
        story.start(name, i % 8, after=0.01)
        if dice.random() < 0.02:
            story.fail(name, 0.01, cause="cuda_oom", detail=f"CUDA out of memory: {i} MiB", line=3)
        else:
            story.end(name, after=0.01)
    for i, name in enumerate(names[ended : ended + 64]):
        story.start(name, i % 8, after=0.01)
    return story.flush()


def ids(story: Story, which: Iterable[int] | None = None) -> Sequence[str]:
    names = [j.id for j in story.plan.jobs]
    return names if which is None else [names[i] for i in which]


if __name__ == "__main__":
    import sys

    kind, where = sys.argv[1], Path(sys.argv[2])
    if kind == "slurm":
        arrays(where)
    elif kind.isdigit():
        large(where, int(kind))
    else:
        typical(where, closed=kind == "closed", held=kind == "held")
