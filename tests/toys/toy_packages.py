"""Creates environments with installed toy packages, as `pip install` does, without a network.

Each toy is a folder of this one: a project with its `pyproject.toml`, as another package would be.
It is copied into a folder for `PYTHONPATH`, with the `.dist-info` that tells its entry points.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

TOYS = Path(__file__).resolve().parent
ROOT = TOYS.parents[1]
Command = Callable[..., subprocess.CompletedProcess[str]]


def install(
    site: Path, *projects: Path, instead: Mapping[str, Mapping[str, str]] | None = None
) -> Path:
    """Puts the packages of `projects` into `site`.

    `instead` replaces the entry points of the projects in its groups.
    """
    for project in projects:
        with (project / "pyproject.toml").open("rb") as file:
            told = tomllib.load(file)["project"]
        package, version = told["name"].replace("-", "_"), told["version"]
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / package, site / package, ignore=ignore)
        info = site / f"{package}-{version}.dist-info"
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {version}\n"
        (info / "METADATA").write_text(head)
        lines = []
        for group, points in {**told["entry-points"], **(instead or {})}.items():
            lines += [f"[{group}]", *(f"{name} = {place}" for name, place in points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site


def command(folder: Path, *sites: Path) -> Command:
    """Runs a pbt_tui command in `folder`, with the packages in `sites` installed."""
    paths = os.pathsep.join(map(str, (*sites, ROOT)))

    def run(name: str, *argv: str, exits: int | None = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", f"pbt_tui.cli.{name}", *argv],
            cwd=folder, env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert exits is None or done.returncode == exits, done.stderr
        return done

    return run


def shown_in(page: str) -> dict[str, str]:
    """The files that a page of the guide shows: the contents of its titled blocks."""
    text = (ROOT / "docs/guide" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^```\w+ (\S+\.\S+)\n((?:.*\n)*?)```$", text, re.MULTILINE))


def files_of(project: Path) -> dict[str, str]:
    """All files of a toy, by their path in it."""
    found = (p for p in project.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(path.relative_to(project)): path.read_text(encoding="utf-8") for path in found}
