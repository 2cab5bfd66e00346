"""How the upstream launcher executes any run in another way, whatever its run module describes.

Must not look at jobs. Each row has the subject, what upstream does, what pbt_tui does, and the
number in the register of upstream defects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pbt_tui.spec import Processes


class Executed(NamedTuple):
    about: str
    upstream: str
    here: str
    see: str


_CODES = "0 if all jobs succeeded, 4 if not"
_ALWAYS: dict[str, tuple[Executed, ...]] = {
    "processes": (
        Executed("exit code", "0, whatever its jobs returned", _CODES, "D16"),
        Executed("output", "all jobs write to one terminal", "a log file for each attempt", "D20"),
        Executed(
            "no such command",
            "the launcher ends, its running jobs keep running",
            "that job fails, the others go on",
            "D17",
        ),
        Executed(
            "Ctrl-C",
            "ends the launcher, its jobs go on",
            "stops the jobs, and the run can be resumed",
            "D18",
        ),
        Executed(
            "second call",
            "starts all jobs again",
            "goes on with the run; `--fresh` starts all jobs again",
            "D21",
        ),
    ),
    "slurm": (
        Executed("exit code", "0, as soon as all jobs are submitted", _CODES, "D33"),
        Executed(
            "submission",
            "one `sbatch` call for each job; a refusal ends the launcher",
            "one for all jobs with the same request, and each job once",
            "D29",
        ),
        Executed(
            "cancel",
            "a file with the ids of the last call",
            "`pbt-run RUN_DIR --cancel`; the run directory keeps all ids",
            "D32",
        ),
    ),
    "ngc": (
        Executed("exit code", "0, whatever became of a submission", "4 if one failed", "D46"),
        Executed("ids of jobs", "discarded", "kept in the run directory", "D46"),
    ),
}
_INTERPRETER = Executed(
    "`python`",
    "the interpreter of the launcher",
    "that of the active environment, which is also first on `PATH`",
    "R1",
)
_PINNED = Executed(
    "GPUs",
    "`CUDA_VISIBLE_DEVICES` is 0 to n-1",
    "one of the GPUs in your `CUDA_VISIBLE_DEVICES`, in the order of the PCI bus",
    "D22",
)


def executed(spec: Processes, backend: str) -> list[Executed]:
    """The rows that hold for every run with this backend and this policy."""
    rows = list(_ALWAYS[backend])
    if backend == "processes" and spec.container is None:
        rows.append(_INTERPRETER)
        if spec.policy.experiments_per_gpu >= 1:
            rows.append(_PINNED)
    return rows


def same(spec: Processes, backend: str) -> list[str]:
    """What no launcher changes, where people expect that one does."""
    if backend != "processes":
        return []
    alike = ["no shell reads a command", "jobs start in the folder of the launcher"]
    if spec.policy.experiments_per_gpu < 1 and spec.container is None:
        alike.append("`CUDA_VISIBLE_DEVICES` stays as it is")
    return alike
