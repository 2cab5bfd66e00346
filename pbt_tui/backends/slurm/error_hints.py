"""Hints for the error messages of SLURM's commands, versions 22.05 to 26.05.

A message that no entry matches gets no hint.
"""

from __future__ import annotations

_CURES = (
    ("invalid partition", "`sinfo -o %R` lists the partitions: `--slurm_partition`"),
    ("invalid account", "`sacctmgr show associations user=$USER` lists what you may use"),
    ("invalid qos", "`sacctmgr show qos` lists them: `--slurm_qos`"),
    ("invalid generic resource", "this cluster has no such GPUs; `sinfo -o %G` lists what it has"),
    ("memory specification can", "no node has so much memory; pass a smaller `--slurm_memory`"),
    ("cpu count per node", "no node has so many CPUs; pass a smaller `--slurm_cpus`"),
    ("node configuration is not", "no node has all of it; `sinfo -o '%n %c %m %G'` lists nodes"),
    ("invalid node name", "`sinfo -N` lists the nodes; see `--slurm_exclude`"),
    ("reservation", "`scontrol show reservation` lists them; see `--slurm_reservation`"),
    ("invalid feature", "`sinfo -o %f` lists the features; see `--slurm_constraint`"),
    ("invalid job array", "`scontrol show config` has MaxArraySize: `--slurm_max_array`"),
    ("requested time limit", "`sinfo -o '%R %l'` lists the limits; pass a shorter `--slurm_time`"),
    ("submitjob", "wait until other jobs have ended, or pass a smaller `--slurm_max_array`"),
    ("qos policy", "the limits of your account or QOS do not allow this job"),
    ("unable to accept job", "the cluster's queue is full: try again later"),
    ("queue full", "the cluster's queue is full: try again later"),
    ("resource temporarily", "the cluster's queue is full: try again later"),
    ("configuration source", "this machine has the programs of SLURM, but is of no cluster"),
    ("unable to contact", "the controller does not answer: try again later"),
    ("timed out", "the controller does not answer: try again later"),
    ("too long", "a value, or the whole script, is longer than SLURM accepts"),
)  # fmt: skip


def last_words(said: str) -> str:
    """The error messages of a SLURM command in one line, without the name of the command."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    plain = [_plain(line) for line in lines]
    return "; ".join(dict.fromkeys(line for line in plain if line))


def _plain(line: str) -> str:
    for head in ("sbatch: ", "error: ", "fatal: ", "allocation failure: "):
        line = line.removeprefix(head)
    return line.removeprefix("Batch job submission failed: ")


def cure(said: str) -> str | None:
    """The hint for a message; None if there is none."""
    low = said.lower()
    return next((words for key, words in _CURES if key in low), None)
