"""The paths of all files in a run directory. No other module contains these names."""

from __future__ import annotations

from pathlib import Path


class RunDir:
    """`<train_dir>/<run_name>/_pbt/`, or `_pbt_<suffix>/`.

    Example:
        >>> RunDir.of(Path("/data/train_dir"), "ants").log("ants_0", 1)
        PosixPath('/data/train_dir/ants/_pbt/logs/ants_0.1.log')
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """The run directory itself; the table in `docs/architecture.md` describes its files."""
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
        """The run directory of a run by name, with the suffix of a backend if it has one."""
        return cls(train_dir / run / (f"_pbt_{suffix}" if suffix else "_pbt"))

    def log(self, job: str, attempt: int) -> Path:
        """What the attempt printed."""
        return self.logs / f"{job}.{attempt}.log"

    def claim(self, job: str, attempt: int) -> Path:
        """The attempt file: the claim of the shim, later with the exit code."""
        return self.attempts / f"{job}.{attempt}"

    def request(self, job: str, attempt: int) -> Path:
        """The request that the runtime sent to its engine, as a command for people."""
        return self.attempts / f"{job}.{attempt}.request"

    def is_run(self) -> bool:
        """Whether the folder holds a run: a spec and a journal."""
        return self.spec.is_file() and self.journal.is_file()
