"""The settings of backend `slurm`: options `--slurm_<field>`, and keys of the table `slurm`.

Must not know what becomes of them. The struct that they fill is `index.Slurm`.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.settings import Setting, parsers

_SECONDS = "a duration such as `90`, `30s`, `5m`, `2h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"
_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"


def _slurm(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "slurm", *rest, **more)


SETTINGS: tuple[Setting, ...] = (
    _slurm("gpus_per_job", parsers.integer, "N", _FROM_0, "GPUs on each node of a job (1)"),
    _slurm("cpus_per_gpu", parsers.integer, "N", _FROM_0, "CPUs for each GPU (16)"),
    _slurm("partition", parsers.plain, "NAME", "the name of a partition", "partition"),
    _slurm("account", parsers.plain, "NAME", "the name of an account", "account"),
    _slurm("qos", parsers.plain, "NAME", "the name of a QOS", "quality of service"),
    _slurm("time", parsers.duration, "SECONDS", _SECONDS, "time limit of one start"),
    _slurm("memory", parsers.size, "SIZE", _BYTES, "memory on each node"),
    _slurm("cpus", parsers.integer, "N", _FROM_0, "CPUs of a job, however many GPUs it has"),
    _slurm("gpu_type", parsers.plain, "TYPE", "a type of GPU", "type of GPU, such as a100"),
    _slurm(
        "constraint", parsers.plain, "TEXT", "features of nodes", "features that nodes must have"
    ),
    _slurm("exclude", parsers.plain, "NODES", "nodes such as `n[1-3],n7`", "nodes to leave out"),
    _slurm("nodes", parsers.integer, "N", _FROM_1, "nodes of a job (1)"),
    _slurm("throttle", parsers.integer, "N", _FROM_1, "tasks of an array that run at once"),
    _slurm(
        "requeue",
        parsers.boolean,
        "",
        "true or false",
        "preemption, a lost node and exit code 75 queue a task again",
    ),
    _slurm(
        "max_requeues", parsers.integer, "N", _FROM_0, "restarts, then 75 is an end as well (50)"
    ),
    _slurm(
        "signal",
        parsers.plain,
        "NAME@SECONDS",
        "a signal such as `USR1@120`",
        "send it so long before the time limit; the program writes a checkpoint and exits with 75",
    ),
    _slurm("mail_user", parsers.plain, "ADDRESS", "an address", "who gets mail"),
    _slurm("mail_type", parsers.plain, "TYPES", "events such as `END,FAIL`", "what mail is about"),
    _slurm("workdir", parsers.plain, "DIR", "a folder", "folder of what SLURM itself says"),
    _slurm(
        "sbatch_template", parsers.plain, "FILE", "a file", "a template of the original launcher"
    ),
    _slurm("timeout", parsers.plain, "TIME", "a text", "`$TIMEOUT` of that template (0)"),
    _slurm(
        "print_only", parsers.truth, "BOOL", "true or false", "`pbt-run` shows what it would submit"
    ),
    _slurm(
        "files",
        parsers.boolean,
        "",
        "true or false",
        "a script for each job, no arrays",
        option="files",
    ),
    _slurm("max_array", parsers.integer, "N", _FROM_1, "tasks of an array, at most (1000)"),
    _slurm(
        "container",
        parsers.plain,
        "HOW",
        "`plain`, `apptainer` or `pyxis`",
        "what runs the image: plain (nothing does), apptainer, pyxis",
    ),
    _slurm("image", parsers.plain, "NAME", "an image", "image, where it is not `--image`"),
    _slurm(
        "prologue",
        parsers.lines,
        "LINE",
        "lines of bash",
        "a line of bash before each command, such as `module load cuda`",
        many=True,
    ),
    _slurm("poll", parsers.duration, "SECONDS", _SECONDS, "between two looks at the queue (15s)"),
    _slurm("poll_pending", parsers.duration, "SECONDS", _SECONDS, "while all is pending (60s)"),
    _slurm("poll_floor", parsers.duration, "SECONDS", _SECONDS, "never more often than that (5s)"),
    _slurm("sbatch_timeout", parsers.duration, "SECONDS", _SECONDS, "time for one `sbatch` (30s)"),
)
