"""Runs compiled for OSMO, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pbt_tui.backends.osmo import render as osmo
from pbt_tui.backends.osmo import run_rules
from pbt_tui.backends.osmo.osmo_index import Osmo
from pbt_tui.spec import Job, Processes
from tests.compiler.compile_specs import box, gang, job, spec
from tests.ngc.ngc_runs import POPULATION

SETTINGS = """
image = "acme/trainer:1"
train_dir = "/mnt/team/train_dir"
ignore = ["PBT421"]
[osmo]
pool = "a100"
mount = "/mnt/team"
"""
SWEEP = """
from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("ant", experiments=[Experiment(
    "ant", "python train.py", [{{"seed": k}} for k in range({count})],
)])
"""
GOOD: dict[str, Any] = {"train_dir": "/mnt/team/train_dir", "container": box(image="a/trainer:1")}


def project(folder: Path, *, members: int = 0, jobs: int = 3, settings: str = SETTINGS) -> Path:
    """A folder with a run module and a settings file."""
    (folder / "runs").mkdir(exist_ok=True)
    text = POPULATION.format(run="ant", members=members) if members else SWEEP.format(count=jobs)
    (folder / "runs/ant.py").write_text(text)
    (folder / "pbt.toml").write_text(settings)
    return folder


def settings_of(**more: Any) -> Osmo:
    return Osmo(**{"pool": "a100", "mount": ("/mnt/team",), **more})


def sweep(*jobs: Job, **more: Any) -> Processes:
    return spec(**{**GOOD, "jobs": jobs or (job(0), job(1)), **more})


def population(size: int = 3, **more: Any) -> Processes:
    jobs, one = gang(size)
    return spec(**{**GOOD, "jobs": jobs, "populations": (one,), **more})


def files(what: Processes, **more: Any) -> dict[str, bytes]:
    return osmo.render(what, settings_of(**more))


def only(what: Processes, **more: Any) -> bytes:
    """The only workflow file of a run."""
    made = [data for path, data in files(what, **more).items() if path.endswith(".yaml")]
    [data] = made
    return data


def codes(what: Processes, **more: Any) -> list[tuple[str, str]]:
    return [(d.code, d.level) for d in run_rules.check(what, settings_of(**more))]
