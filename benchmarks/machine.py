"""What a reader has to know of the machine and of the programs, without names of the machine."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.results import Surroundings

ROOT = Path(__file__).resolve().parents[1]
_ABSOLUTE = re.compile(r"(?<![\w.])/[\w.+-]+(?:/[\w.+-]*)*/([\w.+-]+)")


def surroundings() -> Surroundings:
    """The machine now."""
    release = re.match(r"\d+\.\d+", platform.release())
    return Surroundings(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        load=round(os.getloadavg()[0], 1),
        cores=len(os.sched_getaffinity(0)),
        cpu=_processor(),
        kernel=f"{platform.system()} {release[0] if release else ''}".strip(),
        python=platform.python_version(),
        version=f"{metadata.version('pbt-tui')} ({_commit()})",
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """The commit, and whether the code was changed since."""
    words = said(["git", "-C", str(ROOT), "describe", "--always", "--exclude=*"])
    changed = said(["git", "-C", str(ROOT), "status", "--porcelain", "--", "pbt_tui"])
    return (words or "no commit") + (", changed" if changed else "")


def said(argv: Sequence[str], env: dict[str, str] | None = None) -> str:
    """The first line that a program prints; empty if it cannot be run."""
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, **(env or {})},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return next(iter(done.stdout.splitlines()), "").strip()


def package_versions(python: Path, names: Sequence[str]) -> dict[str, str]:
    """The versions of packages that an interpreter has."""
    script = "import sys, importlib.metadata as m\nprint(*map(m.version, sys.argv[1:]))"
    return dict(zip(names, said([str(python), "-c", script, *names]).split(), strict=False))


def shown(argv: Sequence[str]) -> str:
    """A command as the page prints it: programs and files by their names, without folders.

    Example:
        >>> shown(["/opt/venv/bin/python", "-m", "pbt_tui.cli.run", "/tmp/x/1000.json"])
        'python -m pbt_tui.cli.run 1000.json'
    """
    return _ABSOLUTE.sub(r"\1", " ".join(argv))
