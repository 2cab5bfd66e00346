"""Writes runs of small jobs for SLURM as `pbt-compile` does, and reads their files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pbt_tui.backends.slurm import render as slurm
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.rules import check
from pbt_tui.spec import Job, Policy, Processes
from tests.slurm.clusters import submit

WORK = "import json, os, pathlib, signal, sys, time\n"


def python(code: str, *words: str) -> tuple[str, ...]:
    """A command that is a program of Python."""
    return (sys.executable, "-c", WORK + code, *words)


def spec(
    argvs: Sequence[Sequence[str]],
    env: Mapping[str, str] | None = None,
    *,
    folder: str = "ant/ant_",
    train_dir: str = "./train_dir",
) -> Processes:
    jobs = tuple(
        Job(f"{i:02d}_ant", "ant", f"{i:02d}_ant", tuple(argv), dict(env or {}), folder, {})
        for i, argv in enumerate(argvs)
    )
    return Processes(
        "pbt-processes/1", "ant", "runs.ant", train_dir, Policy(), None, (), jobs
    )  # fmt: skip


def lay_out(folder: Path, of: Processes, how: Slurm) -> list[Path]:
    """Writes the files below `folder`; the paths of the scripts, relative to it."""
    assert [str(d) for d in check(of, how) if d.level == "error"] == []
    files = slurm.render(of, how)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return [Path(name) for name in files if name.endswith(".sbatch")]


def by_hand(folder: Path, of: Processes, how: Slurm, *options: str) -> str:
    """Lays out a run of one array and submits it as the guide says; its id."""
    [script] = lay_out(folder, of, how)
    return submit(script, str(script.parent), cwd=folder, options=options)


def attempt(folder: Path, job: str, number: int = 1) -> list[str]:
    """The lines of an attempt file, without their times and nodes, and without the port."""
    path = folder / "train_dir/ant/_pbt/attempts" / f"{job}.{number}"
    words = {"start": 2, "exit": 2, "requeue": 2}
    lines = [line.split() for line in path.read_text().splitlines()]
    told = [line for line in lines if line[0] != "port"]
    return [" ".join(line[: words.get(line[0], len(line))]) for line in told]


def log(folder: Path, job: str, number: int = 1) -> str:
    return (folder / "train_dir/ant/_pbt/logs" / f"{job}.{number}.log").read_text()
