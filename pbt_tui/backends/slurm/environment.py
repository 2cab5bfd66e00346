"""The variables of the caller's shell that must not reach `sbatch` and the jobs.

`SBATCH_*` would override the script. `SLURM_*` describes the allocation in which the caller's shell
runs, if it runs in one: in a job, `srun` would read it as that of the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pbt_tui.backends.slurm.index import Slurm

_OVERRIDE = "SBATCH_"
_OF_ALLOCATION = ("SLURM_", "SLURMD_")
_OF_CLUSTER = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT")
"""Where the cluster is, and who asks: SLURM's programs do not work without them."""
_SETTINGS = {
    "SBATCH_ACCOUNT": "account",
    "SBATCH_CONSTRAINT": "constraint",
    "SBATCH_MEM_PER_NODE": "memory",
    "SBATCH_PARTITION": "partition",
    "SBATCH_QOS": "qos",
    "SBATCH_RESERVATION": "reservation",
    "SBATCH_SIGNAL": "signal",
    "SBATCH_TIMELIMIT": "time",
}
"""Variables whose place a setting takes."""


def for_jobs(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for `sbatch` and for jobs."""
    return {name: value for name, value in environ.items() if not _is_dropped(name)}


def dropped(environ: Mapping[str, str]) -> list[str]:
    """Names of the variables that `for_jobs` leaves out."""
    return sorted(filter(_is_dropped, environ))


def messages(environ: Mapping[str, str], settings: Slurm) -> Iterator[str]:
    """A phrase for each dropped variable that a setting could replace, and that none replaces."""
    for name, field in _SETTINGS.items():
        if environ.get(name) and getattr(settings, field) is None:
            yield f"jobs without `{name}` of this shell: `--slurm_{field}` replaces it"


def _is_dropped(name: str) -> bool:
    if name.startswith(_OF_ALLOCATION):
        return name not in _OF_CLUSTER
    return name.startswith(_OVERRIDE)
