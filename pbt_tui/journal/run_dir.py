"""The names of everything in a run directory; the only code that knows them.

Must not read or write: it is a table of paths.
"""

from __future__ import annotations

from pathlib import Path


class RunDir:
    """`<train_dir>/<run_name>/_pbt/`, or `_pbt_<suffix>/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.json"
        self.journal = path / "journal.jsonl"
        self.lock = path / "lock"
        self.requests = path / "requests"
        self.logs = path / "logs"
        self.attempts = path / "attempts"
        self.gpus = path / "gpus.json"
        self.queue = path / "queue.json"
        self.slurm = path / "slurm"
        self.progress = path / "progress.json"
        self.populations = path / "populations.jsonl"
        self.executor_log = path / "executor.log"

    @classmethod
    def of(cls, train_dir: Path, run: str, suffix: str = "") -> RunDir:
        return cls(train_dir / run / (f"_pbt_{suffix}" if suffix else "_pbt"))

    def log(self, job: str, attempt: int) -> Path:
        return self.logs / f"{job}.{attempt}.log"

    def claim(self, job: str, attempt: int) -> Path:
        return self.attempts / f"{job}.{attempt}"

    def request(self, job: str, attempt: int) -> Path:
        """What an engine was asked for, as a command for people."""
        return self.attempts / f"{job}.{attempt}.request"

    def is_run(self) -> bool:
        return self.spec.is_file() and self.journal.is_file()
