"""Writes the files of members as trainers do, weights first, with times of choice."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import Question, Tried
from pbt_tui.observe.workspaces import Generation
from pbt_tui.spec import Job

BEGIN = 1_760_000_000
SECOND = 1_000_000_000


@cache
def archive(size: int = 100) -> bytes:
    """Weights as PyTorch writes them: a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", b"\x80\x02" + b"w" * size)
    return out.getvalue()


class Member:
    """The folder of one member of a population of rl_games or IsaacGymEnvs."""

    def __init__(self, root: Path, member: int = 3, style: str = "rl_games") -> None:
        self.style = style
        self.member = member
        gym = style == "isaacgymenvs"
        self.root = root
        self.recorded = root / ("runs/ws" if gym else "logs/rl_games")
        self.workspace = self.recorded if gym else self.recorded / "cartpole/ws"
        self.folder = self.workspace / f"{member:03d}"
        self.stem = "pbt." if gym else "agent.pbt."
        self.prefix = "train." if gym else "agent."

    def write(
        self,
        number: int,
        at: float | None = None,
        *,
        frame: int | None = None,
        name: str = "2026-11-21_08-20-20",
        weights: bytes | None = None,
        weights_at: float | None = None,
        params: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Path:
        """A whole generation, or with changes; returns the path of its metadata.

        `at` is in seconds after `BEGIN`; the weights are written 10 ms earlier.
        """
        at = float(number) if at is None else at
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{number:06d}.yaml"
        weights_at = at - 0.01 if weights_at is None else weights_at
        put(path.with_suffix(".pth"), archive() if weights is None else weights, weights_at)
        inside = f"/workspace/logs/{self.workspace.name}/{self.member:03d}/{number:06d}"
        document = {
            "checkpoint": f"{inside}.pth",
            "experiment_name": name,
            "frame": 4000 * number if frame is None else frame,
            "iteration": number,
            "params": {f"{self.prefix}params.config.lr": 0.0002} if params is None else params,
            "pbt_checkpoint": f"{inside}.yaml",
            "true_objective": 7.5,
        } | more
        put(path, yaml.dump(document).encode(), at)
        return path

    def argv(self, *more: str) -> tuple[str, ...]:
        member = (f"{self.stem}policy_idx={self.member}", f"{self.stem}workspace=ws")
        return ("python", "train.py", "--seed=5", *member, *more)

    def question(self, *more: str, **fields: Any) -> Question:
        """The question about its next attempt."""
        job = Job(
            id="03", experiment="e", name="03", argv=self.argv(*more), env={}, dir="d", params={}
        )
        return Question(job, self.style, "ant", self.recorded, self.member, **fields)

    def generation(self, number: int, at: float | None = None, **fields: Any) -> Generation:
        """A generation as the history has it."""
        given: dict[str, Any] = {
            "member": self.member,
            "generation": number,
            "experiment_name": "2026-11-21_08-20-20",
            "frame": 4000 * number,
            "objective": 7.5,
            "params": {},
            "at": BEGIN + (float(number) if at is None else at),
            "checkpoint": None,
        }
        return Generation(**(given | fields))


def put(path: Path, data: bytes, at: float) -> None:
    """A file with a time, in seconds after `BEGIN`."""
    path.write_bytes(data)
    when(path, at)


def when(path: Path, at: float) -> None:
    ns = int((BEGIN + at) * SECOND)
    os.utime(path, ns=(ns, ns))


def failed(source: Source | None, **fields: Any) -> Tried:
    """An attempt that ended by its own exit code."""
    return Tried(source, "failed", 1, cause="exit")._replace(**fields)


def stamp(at: float, size: int = 100) -> Stamp:
    ns = int(at * SECOND)
    return Stamp(FileStamp(ns, size), FileStamp(ns - 1, size))


def made(at: float, number: int | None = None, member: int = 3) -> Source:
    """A source that was written at `at`."""
    return Source(member, int(at) if number is None else number, stamp=stamp(at))


def numbers(sources: Sequence[Source]) -> list[int]:
    return [source.generation for source in sources]
