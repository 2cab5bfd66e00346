"""Handwritten process lists for the tests of the compiler."""

from typing import Any

import msgspec

from pbt_tui.spec import Container, Job, Policy, Population, Processes


def job(i: int = 0, **more: Any) -> Job:
    fields: dict[str, Any] = {
        "id": f"{i:02d}_ant",
        "experiment": "ant",
        "name": f"{i:02d}_ant",
        "argv": ("python", "train.py", f"seed={i}"),
        "env": {},
        "dir": "ant/ant_",
        "params": {"seed": i},
    }
    return Job(**{**fields, **more})


def gang(size: int, *, listed: int | None = None) -> tuple[tuple[Job, ...], Population]:
    jobs = tuple(job(i, population="ant", member=i) for i in range(size))
    members = tuple(j.id for j in jobs)[: size if listed is None else listed]
    return jobs, Population("ant", "isaacgymenvs", size, "ant/ws", members)


def spec(**more: Any) -> Processes:
    fields: dict[str, Any] = {
        "format": "pbt-processes/1",
        "run": "ant",
        "module": "runs.ant",
        "train_dir": "./train_dir",
        "policy": Policy(),
        "container": None,
        "populations": (),
        "jobs": (job(0), job(1)),
    }
    return Processes(**{**fields, **more})


def box(**more: Any) -> Container:
    return Container(**{"image": "trainer:1", **more})


def plain(value: Processes) -> Any:
    """The process list as JSON values, which tests then damage."""
    return msgspec.json.decode(msgspec.json.encode(value))
