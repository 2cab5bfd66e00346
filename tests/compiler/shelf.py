"""The shelf of run modules: comments at the top of each state the exact result of `pbt-compile`.

    #: pbt-compile sf/no_grid.py          the command, run in the folder of all modules
    #: exit 0, 1 job in none              or the message of a refusal
    #: warning PBT204 at sf/no_grid.py:9  all findings, in their order
    #: first 00_plain in none/plain_      name and directory of the first job, and of the last
    #:   with PORT=40300                  its environment
    #:   $ python -m sf.train             its arguments, as a shell would be given them

`python -m tests.compiler.shelf [MODULE...]` rewrites these comments; read the diff.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.spec import Job, Processes, decode

MODULES = Path(__file__).with_name("modules")
MARK = "#: "
WIDTH = 92


@dataclass(frozen=True)
class Case:
    """One command of a module, and the lines that state its result."""

    module: str
    argv: tuple[str, ...]
    expected: tuple[str, ...]

    @property
    def name(self) -> str:
        return " ".join(self.argv)


def cases(folder: Path = MODULES) -> list[Case]:
    found = []
    for path in sorted(folder.rglob("*.py")):
        module = str(path.relative_to(folder))
        block: list[str] = []
        for line in [*_head(path), "pbt-compile"]:
            if line.startswith("pbt-compile"):
                if block:
                    found.append(Case(module, tuple(shlex.split(block[0])[1:]), tuple(block[1:])))
                block = []
            block.append(line)
    return found


def _head(path: Path) -> list[str]:
    lines = []
    for line in path.read_text("latin-1").split("\n"):
        if not line.startswith(MARK.rstrip()):
            break
        if line.startswith(MARK):
            lines.append(line.removeprefix(MARK))
    return [line.encode("latin-1").decode() for line in lines]


@dataclass(frozen=True)
class Outcome:
    """The result of a case: exit code, JSON document, stderr, spec."""

    code: int
    document: dict[str, Any]
    stderr: str
    spec: Processes | None

    def lines(self) -> tuple[str, ...]:
        """As the head of a module says it."""
        found = [
            f"{d['level']} {d['code'] or '-'} at {_place(d)}" for d in self.document["diagnostics"]
        ]
        if self.spec is None:
            return (f"exit {self.code}", *found)
        jobs = self.spec.jobs
        count = f"{len(jobs)} job{'s' * (len(jobs) != 1)} in {shlex.quote(self.spec.run)}"
        shown = [*_job("first", jobs[0]), *(_job("last", jobs[-1]) if len(jobs) > 1 else ())]
        return (f"exit {self.code}, {count}", *found, *shown)


def _place(d: dict[str, Any]) -> str:
    return f"{d['file']}:{d['line']}" if d["line"] else str(d["file"])


def _job(which: str, job: Job) -> list[str]:
    lines = [f"{which} {shlex.quote(job.name)} in {shlex.quote(job.dir)}"]
    if job.env:
        lines.append("  with " + shlex.join(f"{k}={v}" for k, v in job.env.items()))
    words = textwrap.wrap(
        shlex.join(job.argv), WIDTH, break_long_words=False, break_on_hyphens=False
    )
    lines += [f"  $ {words[0]}", *(f"    {line}" for line in words[1:])]
    return [_safe(line) for line in lines]


def _safe(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def run(case: Case, tree: Path, out: Path) -> Outcome:
    """As a process of its own, in the folder `tree`; `out` is where its spec files go."""
    command = [sys.executable, "-m", "pbt_tui.cli.compile", *options(case, out)]
    done = subprocess.run(
        command, cwd=tree, capture_output=True, env=environment(), timeout=240, check=False
    )
    return outcome(done.returncode, done.stdout.decode(), done.stderr.decode(), out)


def environment() -> dict[str, str]:
    """In which the package is found from everywhere."""
    return {**os.environ, "PYTHONPATH": str(MODULES.parents[2])}


def options(case: Case, out: Path) -> list[str]:
    return [*case.argv, "--backend", "processes", "--out", str(out), "--format", "json"]


def outcome(code: int, stdout: str, stderr: str, out: Path) -> Outcome:
    files = list(out.rglob("processes.json"))
    return Outcome(
        code, json.loads(stdout), stderr, decode(files[0].read_bytes()) if files else None
    )


def run_all(chosen: list[Case], tree: Path, out: Path, at_once: int = 6) -> list[Outcome]:
    """Runs several cases at once: most of the time is spent waiting for those that never end."""
    with ThreadPoolExecutor(at_once) as pool:
        numbered = enumerate(chosen)
        return list(pool.map(lambda pair: run(pair[1], tree, out / str(pair[0])), numbered))


def _rewrite(modules: list[str]) -> bool:
    """Writes the result of each case into its module; True if that changed anything."""
    with tempfile.TemporaryDirectory() as folder:
        tree, out = Path(folder, "modules"), Path(folder, "out")
        shutil.copytree(MODULES, tree)
        chosen = [case for case in cases() if case.module in modules or not modules]
        outcomes = run_all(chosen, tree, out)
    heads: dict[str, list[str]] = {}
    for case, one in zip(chosen, outcomes, strict=True):
        head = heads.setdefault(case.module, [])
        head += [""] * bool(head)
        head += [f"pbt-compile {shlex.join(case.argv)}", *one.lines()]
    changed = False
    for module, head in heads.items():
        path = MODULES / module
        old = path.read_bytes()
        rest = old.split(b"\n")
        while rest and rest[0].startswith(MARK.rstrip().encode()):
            del rest[0]
        new = b"\n".join([*((MARK + line).rstrip().encode() for line in head), *rest])
        path.write_bytes(new)
        changed = changed or new != old
    return changed


if __name__ == "__main__":
    while _rewrite(sys.argv[1:]):  # lines move with what stands above them
        pass
