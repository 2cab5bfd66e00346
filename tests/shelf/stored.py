"""Copies the stored run directories of `runs/` into a folder, and runs commands on them.

It uses only files and the three commands, and no module of `pbt_tui`: when its internals
change, this module does not. Each folder of `runs/` contains

    about.json       what it is, how it was compiled, and how it is resumed (`About`)
    times.json       modification times, which git does not keep
    expected.json    the output of the commands when it was stored (`expect.py`)

and the working directory of a run as it was, in which `/shelf/NAME` stands for its path,
`/shelf/bin` for the folder of its interpreter, and `shelf-host` for the name of the machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNS = HERE / "runs"
HOST = "shelf-host"
INTERPRETERS = "/shelf/bin"
"""Stands for the folder of the interpreter that the run was executed with."""
NOTES = ("about.json", "times.json", "expected.json")
LIMIT = 120.0
"""Seconds after which a command counts as hung."""
WHO = "person"


@dataclass(frozen=True)
class About:
    """The contents of `about.json`."""

    about: str
    module: str
    compile: list[str]
    """The options of `pbt-compile`, `--out` aside."""
    spec: str
    """The compiled process list."""
    run: str
    """The run directory."""
    options: list[str] = field(default_factory=list)
    """Options that `pbt-run` needs whenever it resumes this run."""
    resume: list[str] = field(default_factory=list)
    """More options, with which the run ends."""
    ask: list[str] = field(default_factory=list)
    """Requests that its executor needs before the run ends."""
    needs: str = ""
    """`docker` or `slurm`, if the run needs it."""
    elsewhere: bool = False
    """Whether the run keeps the name of another machine as its host."""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def names() -> list[str]:
    return sorted(path.parent.name for path in RUNS.glob("*/about.json"))


def about(name: str) -> About:
    return About(**json.loads((RUNS / name / "about.json").read_text()))


def environ(home: Path) -> dict[str, str]:
    """The environment of a command; creates `home` if it is missing.

    It names the engines that are up, if any.
    """
    programs = home / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("python", "python3"):
        if not (programs / name).is_symlink():
            (programs / name).symlink_to(sys.executable)
    mine = {
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "VIRTUAL_ENV": str(home),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "USER": WHO,
        "LOGNAME": WHO,
        "PYTHONPATH": f"{ROOT}:{HERE / 'no_driver'}",
        "PBT_SLOTS": f"shelf-{zlib.crc32(str(home).encode()):08x}",  # of the machine, for it alone
        "DOCKER_HOST": os.environ.get("DOCKER_HOST", f"unix://{home}/no-engine.sock"),
    }
    if "SLURM_CONF" in os.environ:
        mine["SLURM_CONF"] = os.environ["SLURM_CONF"]
    return mine


class Stored:
    """One stored run, copied into its own folder below `home`.

    `here`: the run gets the name of this machine as its host, so that it can be resumed here.
    """

    def __init__(self, name: str, home: Path, *, here: bool) -> None:
        self.name = name
        self.about = about(name)
        self.path = home / name
        self.home = home
        self.environ = environ(home)
        shutil.copytree(RUNS / name, self.path, ignore=shutil.ignore_patterns(*NOTES))
        for path in self.files():
            data = path.read_bytes()
            for stored, now in ((f"/shelf/{name}", self.path), (INTERPRETERS, home / "bin")):
                data = data.replace(stored.encode(), str(now).encode())
            if data != path.read_bytes():
                path.write_bytes(data)
        if here and not self.about.elsewhere:
            journal = self.run / "journal.jsonl"
            mine = f'"host":"{socket.gethostname()}"'
            journal.write_text(journal.read_text().replace(f'"host":"{HOST}"', mine))
        _write_weights(self.path)
        times = json.loads((RUNS / name / "times.json").read_text())
        for relative, at in times.items():
            os.utime(self.path / relative, (at, at))
            weights = (self.path / relative).with_suffix(".pth")
            if weights.exists():
                os.utime(weights, (at, at))

    @property
    def run(self) -> Path:
        return self.path / self.about.run

    def files(self) -> list[Path]:
        return sorted(path for path in self.path.rglob("*") if path.is_file())

    @property
    def alone(self) -> dict[str, str]:
        """The environment of a machine that has no engine, and no program but `python`."""
        there = f"unix://{self.home}/no-engine.sock"
        mine = {**self.environ, "DOCKER_HOST": there, "PATH": f"{self.home}/bin"}
        mine.pop("SLURM_CONF", None)
        return mine

    def command(self, program: str, *args: str, environ: dict[str, str] | None = None) -> Said:
        """`pbt-PROGRAM ARGS`, in the run's working directory."""
        return self.end(self.start(program, *args, environ=environ))

    def start(
        self, program: str, *args: str, environ: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", f"pbt_tui.cli.{program}", *args],
            cwd=self.path,
            env=environ or self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Said:
        try:
            out, err = process.communicate(timeout=LIMIT)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return Said(process.returncode, out, err)

    def compiled(self, out: str) -> Said:
        return self.command("compile", self.about.module, *self.about.compile, "--out", out)

    def events(self) -> list[dict[str, Any]]:
        """The complete lines of the journal."""
        lines = (self.run / "journal.jsonl").read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def ran(self) -> list[str]:
        """The names of started jobs, which each job writes at every start."""
        file = self.path / "ran"
        return sorted(file.read_text().split()) if file.exists() else []

    def plain(self, text: str) -> str:
        """The text without parts that differ from machine to machine."""
        text = text.replace(str(self.path), f"/shelf/{self.name}")
        text = text.replace(str(self.home), "/shelf")
        if submission := re.search(r"--comment=([0-9a-f]{12}) ", text):
            text = text.replace(submission[1], "SUBMISSION")
        for pattern, word in _OURS:
            text = pattern.sub(word, text)
        return text


def _write_weights(path: Path) -> None:
    """Writes the weights of each generation, which the shelf does not keep: a member needs them."""
    for metadata in path.rglob("[0-9][0-9][0-9]/*.yaml"):
        _zip(metadata.with_suffix(".pth"))
    for checkpoint in path.rglob("checkpoint_p*/checkpoint_*.pth"):
        _zip(checkpoint)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", b"")


_OURS = (
    (re.compile(r"\bUSER=[\w-]+"), f"USER={WHO}"),
    (re.compile(rf"this is `{re.escape(socket.gethostname())}`"), "this is `here`"),
    (re.compile(r"--user \d+:\d+"), "--user 1000:1000"),
    (re.compile(r"(?<= )/\S*…"), "/…"),
    (re.compile(r'"User":"\d+:\d+"'), '"User":"1000:1000"'),
)
_OLD = re.compile(r"\b\w+ old\b")
_CHANGES = (
    (_OLD, "SPAN old"),
    (re.compile(r"\bpid \d+"), "pid N"),
    (re.compile(r"\bcontainer [0-9a-f]{12}\b"), "container ID"),
    (re.compile(r"\bSLURM \d+(_\d+)?"), "SLURM ID"),
    (re.compile(r"\b(after|in) (\d+\.\ds|\d+s|\d+m\d\d|\d+h\d\d|\d+d\d\dh)"), r"\1 SPAN"),
    (re.compile(r"\b(sha256:)?[0-9a-f]{64}\b"), "DIGEST"),
)


def timeless(text: str) -> list[str]:
    """The output of a run, without numbers that differ in each run.

    Sorted, because simultaneous events are reported in any order.
    """
    for pattern, word in _CHANGES:
        text = pattern.sub(word, text)
    return sorted(text.splitlines())


_TOLD = (
    "executor_started", "attempt_scheduled", "attempt_ended", "job_skipped", "run_closed",
    "request_accepted",
)  # fmt: skip
_FIELDS = (
    "runtime", "job", "attempt", "gpus", "outcome", "exit_code", "signal", "cause", "why",
    "verdict", "action", "by",
)  # fmt: skip


def happened(events: Iterable[dict[str, Any]]) -> list[str]:
    """Decisions and facts by job, one line each."""
    lines = []
    for event in events:
        if event["event"] in _TOLD:
            known = {k: event.get(k) for k in _FIELDS if k != "gpus" or "job" in event}
            said = [f"{k}={v}" for k, v in known.items() if v not in (None, [])]
            line = _OLD.sub("SPAN old", " ".join([event["event"], *said]))
            lines.append((event.get("job") or "", line))
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]
