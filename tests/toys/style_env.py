"""An environment with a toy package in it, as `pip install` leaves it, without a network.

A folder with the package and its `.dist-info`, for `PYTHONPATH`.
"""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path


def install(project: Path, site: Path, **entry_points: str) -> Path:
    """Puts the package of `project` into `site`; `entry_points` stand instead of its own."""
    with (project / "pyproject.toml").open("rb") as file:
        told = tomllib.load(file)["project"]
    package = told["name"].replace("-", "_")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project / package, site / package, ignore=ignore)
    info = site / f"{package}-{told['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n"
    (info / "METADATA").write_text(head)
    lines = []
    for group, own in told["entry-points"].items():
        lines += [f"[{group}]", *(f"{n} = {v}" for n, v in (entry_points or own).items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site
