"""Made-up specs and run directories, for commands that only read them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pbt_tui.journal import Journal, RunDir
from pbt_tui.journal import events as ev
from pbt_tui.spec import FORMAT, Job, Policy, Processes, encode


def spec(*jobs: str, run: str = "r") -> Processes:
    return Processes(
        format=FORMAT, run=run, module="m", train_dir="train_dir", policy=Policy(pause_between=0.0),
        container=None, populations=(),
        jobs=tuple(
            Job(id=j, experiment="e", name=j, argv=("true",), env={}, dir="", params={})
            for j in jobs
        ),
    )  # fmt: skip


def events(plan: Processes, *more: ev.AnyEvent, gpus: tuple[ev.Gpu, ...] = ()) -> list[ev.AnyEvent]:
    opened = ev.RunOpened(
        format=ev.FORMAT, run_id="0" * 8, run="r", cwd="/", train_dir="/t", digest=""
    )
    began = ev.ExecutorStarted(
        pid=1, host="h", boot_id="b", runtime="process", gpus=gpus, policy=plan.policy
    )
    return [
        msgspec.structs.replace(event, seq=n, at=100.0 + n)
        for n, event in enumerate((opened, began, *more), 1)
    ]


def run_directory(path: Path, *more: ev.AnyEvent) -> RunDir:
    found = RunDir(path)
    found.path.mkdir(parents=True)
    plan = spec("a", "b")
    found.spec.write_bytes(encode(plan))
    journal = Journal(found.journal)
    journal.append(events(plan, *more))
    journal.close()
    return found
