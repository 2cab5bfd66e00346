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
        """The run directory; `docs/architecture.md` says who writes and reads its files."""
        self.spec = path / "spec.json"
        """The compiled spec."""
        self.journal = path / "journal.jsonl"
        """The journal."""
        self.lock = path / "lock"
        """The lock of the executor."""
        self.requests = path / "requests"
        """Folder of requests."""
        self.logs = path / "logs"
        """Folder of logs."""
        self.attempts = path / "attempts"
        """Folder of attempt files."""
        self.folders = (self.requests, self.logs, self.attempts)
        """The folders that every run directory has."""
        self.gpus = path / "gpus.json"
        """Newest samples of the GPUs."""
        self.holders = path / "holders.json"
        """Who holds the GPUs that the run waits for."""
        self.queue = path / "queue.json"
        """State of the attempts in an engine's queue."""
        self.paused = path / "paused.json"
        """Attempts that somebody has paused in an engine."""
        self.slurm = path / "slurm"
        """Folder of SLURM's scripts, manifests and records."""
        self.progress = path / "progress.json"
        """Newest progress and series of each active job."""
        self.series = path / "series.jsonl"
        """Last progress and series of each attempt that has ended."""
        self.populations = path / "populations.jsonl"
        """History of the populations' workspaces."""
        self.kept = path / "kept"
        """Folder of generations that the trainer may remove."""
        self.trackers = path / "trackers"
        """Folder of what attempts leave for the next ones, such as the id of an MLflow run."""
        self.executor_log = path / "executor.log"
        """Output of an executor that is detached, or whose terminal was closed."""

    @classmethod
    def of(cls, train_dir: Path, run: str, suffix: str = "") -> RunDir:
        """The run directory of a run by name, with the suffix of a backend if it has one."""
        return cls(train_dir / run / (f"_pbt_{suffix}" if suffix else "_pbt"))

    def log(self, job: str, attempt: int) -> Path:
        """What the attempt printed."""
        return self.logs / f"{job}.{attempt}.log"

    def file_of(self, job: str, number: int) -> Path:
        """A file that the container of a job finds."""
        return self.path / "files" / job / str(number)

    def claim(self, job: str, attempt: int) -> Path:
        """The attempt file: the claim of the shim, later with the exit code."""
        return self.attempts / f"{job}.{attempt}"

    def stop_mark(self, job: str, attempt: int) -> Path:
        """The mark that the executor makes before it stops the attempt."""
        return self.attempts / f"{job}.{attempt}.stop"

    def request(self, job: str, attempt: int) -> Path:
        """The request that the runtime sent to its engine, as a command for people."""
        return self.attempts / f"{job}.{attempt}.request"

    def is_run(self) -> bool:
        """Whether the folder holds a run: a spec and a journal."""
        return self.spec.is_file() and self.journal.is_file()
