"""Writes run directories of nights in which GPUs were idle, each time for another reason."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.journal import events as ev
from pbt_tui.observe import nvml
from pbt_tui.spec import FORMAT, Job, Policy, Processes, Resources
from tests.tui.journals import START, Story

EVENING = START - 32_000 - 2.5 * 3600
"""2025-10-08 21:30:00 UTC."""
HOUR = 3600.0


def hour(clock: str) -> float:
    """The Unix seconds of a time of that night: `21:30` to `23:59`, then `00:00` to `12:00`."""
    hours, minutes = map(int, clock.split(":"))
    return EVENING - 21.5 * HOUR + hours * HOUR + minutes * 60 + (86400 if hours < 12 else 0)


def job(name: str, gpus: int | None = None) -> Job:
    own = Resources(gpus=gpus) if gpus is not None else None
    return Job(name, "ant", name, ("python", "t.py"), {}, "ant", {"seed": 1}, resources=own)


class Night(Story):
    """A story that is told by the clock."""

    pause = 2.0
    """Seconds from the decision to start an attempt to its start."""

    def by(self, clock: str) -> Night:
        """The next event is at this time."""
        self.at = hour(clock)
        return self

    def begin(self, name: str, *gpus: int) -> Night:
        """Schedules an attempt now, and starts it a little later."""
        self.attempts[name] = self.attempts.get(name, 0) + 1
        texts = tuple(f"GPU-{gpu:08d}" for gpu in gpus)
        self.write(ev.AttemptScheduled, job=name, attempt=self.attempts[name], gpus=texts)
        handle = f"{1000 + self.seq}.77"
        self.write(
            ev.AttemptStarted,
            self.pause,
            job=name,
            attempt=self.attempts[name],
            handle=handle,
            node=None,
        )
        return self

    def ask(self, action: str, by: str = "ada", *gpus: str) -> Night:
        self.write(ev.RequestAccepted, id=f"1-{self.seq}", action=action, gpus=gpus, by=by)
        return self


def night(path: Path) -> Night:
    """Three GPUs: one is drained, the run is held, its executor is killed, a job needs two."""
    names = [f"{i:02d}_ant" for i in range(12)]
    jobs = [job(name, 2 if name == "07_ant" else None) for name in names]
    plan = Processes(
        format=FORMAT, run="ant_night", module="runs.ant", train_dir="./train_dir", container=None,
        policy=Policy(
            num_gpus=3, experiments_per_gpu=1, max_parallel=3, pause_between=0, retries=1,
            retry_on=("exit",), retry_delay=900.0,
        ),
        populations=(), jobs=tuple(jobs),
    )  # fmt: skip
    told = Night(path, plan, at=EVENING, gpus=3)
    told.opened().executor()
    for i in range(3):
        told.begin(names[i], i)
    told.by("22:40").end(names[0], after=0)
    told.begin(names[3], 0)
    told.by("23:10").ask("hold")
    told.by("23:30").end(names[1], after=0)
    told.by("00:20").ask("release")
    told.begin(names[4], 1)
    told.by("00:50").fail(names[2], after=0, cause="exit", detail="KeyError: 'lr'")
    told.begin(names[5], 2)
    told.by("01:30").end(names[3], after=0)
    told.begin(names[2], 0)
    told.by("02:10").write(ev.GpuDrained, device="GPU-00000002", why="ECC errors")
    told.by("02:15").end(names[5], after=0)
    told.by("02:40").end(names[4], after=0)
    told.begin(names[6], 1)
    told.by("02:58").fail(names[2], after=0, cause="traceback", detail="ValueError: lr is negative")
    told.by("07:12").executor(pid=5001)
    told.by("07:12").ask("undrain", "ada", "2")
    told.begin(names[8], 0)
    told.by("07:13").begin(names[9], 2)
    told.by("07:20").end(names[6], after=0)  # two of three GPUs are busy: the next job needs two
    told.by("08:20").end(names[8], after=0)
    told.begin(names[7], 0, 1)
    told.by("08:50").end(names[9], after=0)
    told.begin(names[10], 2)
    told.by("09:30").end(names[10], after=0)
    told.begin(names[11], 2)
    told.by("10:00").end(names[11], after=0)
    told.flush()
    used = nvml.Sample(
        2, "GPU-00000002", "H100", 80 * 10**9, 62 * 10**9, 78,
        others="pid 4117 (`python3`) holds 61.8 GB", history=(0,) * 10 + (70,) * 10,
    )  # fmt: skip
    told.rundir.gpus.write_bytes(nvml.encode(nvml.Samples(hour("10:30"), (used,))))
    told.by("10:30")
    return told


def lanes(path: Path) -> Night:
    """Jobs without GPUs: four at once, one of which is retried, within seconds."""
    names = [f"{i:02d}_cpu" for i in range(9)]
    plan = Processes(
        format=FORMAT, run="cpu", module="runs.cpu", train_dir="./train_dir", container=None,
        policy=Policy(max_parallel=4, pause_between=0, retries=1, retry_on=("exit",)),
        populations=(), jobs=tuple(map(job, names)),
    )  # fmt: skip
    told = Night(path, plan, at=START, gpus=0)
    told.pause = 0.2
    told.opened().executor()
    for i in range(4):
        told.begin(names[i])
    told.fail(names[1], after=3)
    told.begin(names[4])
    told.end(names[0], after=2.5)
    told.begin(names[5])
    told.end(names[2], after=9)
    told.end(names[3], after=4)
    told.begin(names[1])
    told.end(names[4], "stopped", after=2, exit_code=143, signal=15, cause="cancelled")
    told.begin(names[6])
    told.end(names[1], after=4)
    told.flush()
    return told
