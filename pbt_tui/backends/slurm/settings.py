"""The settings of backend `slurm`: options `--slurm_<field>`, and keys of the table `slurm`.

They fill the struct `index.Slurm`, which describes each field.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pbt_tui.settings import Setting, parsers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pbt_tui.errors import Diagnostic

_ENOUGH = 1 << 26
"""A number without a unit below this is doubtful: `sbatch` would read it as megabytes. No node has
so many megabytes that a larger number could mean them."""
_TIME = "a duration such as `90m`, `24h`, `24:00:00` or `1-12:00:00`"
_SECONDS = "a duration such as `90`, `30s`, `5m`, `2h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"
_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"


def _slurm(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "slurm", *rest, **more)


def _doubt(
    field: str, units: tuple[str, str], cures: tuple[str, ...], below: float = math.inf
) -> Callable[[Any], Diagnostic | None]:
    """A function that warns about a number without a unit that `sbatch` would read differently.

    `units` are the unit of pbt_tui and that of `sbatch`, `cures` the suffixes that the hint
    suggests. Numbers from `below` on get no warning.
    """

    def of(value: Any) -> Diagnostic | None:
        text = str(value).strip()
        if isinstance(value, bool) or not text.isdecimal() or not 0 < int(text) < below:
            return None
        from pbt_tui.diagnostics import finding

        ours, theirs = units
        message = f"`{field}` is {text} {ours} here; `sbatch` would read {text} {theirs}"
        hint = ", or ".join(f"`{text}{unit}`" for unit in cures)
        return finding("PBT638", message, hint=f"write {hint}")

    return of


SETTINGS: tuple[Setting, ...] = (
    _slurm("gpus_per_job", parsers.integer, "N", _FROM_0),
    _slurm("cpus_per_gpu", parsers.integer, "N", _FROM_0),
    _slurm("partition", parsers.plain, "NAME", "the name of a partition"),
    _slurm("account", parsers.plain, "NAME", "the name of an account"),
    _slurm("qos", parsers.plain, "NAME", "the name of a QOS"),
    _slurm(
        "time",
        parsers.slurm_duration,
        "TIME",
        _TIME,
        doubt=_doubt("time", ("seconds", "minutes"), ("m", "s")),
    ),
    _slurm(
        "memory",
        parsers.size,
        "SIZE",
        _BYTES,
        doubt=_doubt("memory", ("bytes", "megabytes"), ("M",), _ENOUGH),
    ),
    _slurm("cpus", parsers.integer, "N", _FROM_0),
    _slurm("gpu_type", parsers.plain, "TYPE", "a type of GPU"),
    _slurm("reservation", parsers.plain, "NAME", "the name of a reservation"),
    _slurm("constraint", parsers.plain, "TEXT", "features of nodes"),
    _slurm("exclude", parsers.plain, "NODES", "nodes such as `n[1-3],n7`"),
    _slurm("nodes", parsers.integer, "N", _FROM_1),
    _slurm("throttle", parsers.integer, "N", _FROM_1),
    _slurm(
        "requeue",
        parsers.boolean,
        "",
        "true or false",
    ),
    _slurm("max_requeues", parsers.integer, "N", _FROM_0),
    _slurm(
        "signal",
        parsers.plain,
        "NAME@SECONDS",
        "a signal such as `USR1@120`",
    ),
    _slurm("mail_user", parsers.plain, "ADDRESS", "an address"),
    _slurm("mail_type", parsers.plain, "TYPES", "events such as `END,FAIL`"),
    _slurm("workdir", parsers.plain, "DIR", "a folder"),
    _slurm(
        "sbatch_template",
        parsers.plain,
        "FILE",
        "a file",
        "file with an sbatch script template, as for the upstream launcher",
    ),
    _slurm("timeout", parsers.plain, "TIME", "a text"),
    _slurm("print_only", parsers.truth, "BOOL", "true or false"),
    _slurm(
        "files",
        parsers.boolean,
        "",
        "true or false",
        option="files",
    ),
    _slurm("max_array", parsers.integer, "N", _FROM_1),
    _slurm(
        "container",
        parsers.plain,
        "HOW",
        "`plain`, `apptainer` or `pyxis`",
    ),
    _slurm("image", parsers.plain, "NAME", "an image"),
    _slurm(
        "prologue",
        parsers.lines,
        "LINE",
        "lines of bash",
        many=True,
    ),
    _slurm("poll", parsers.duration, "SECONDS", _SECONDS),
    _slurm("poll_pending", parsers.duration, "SECONDS", _SECONDS),
    _slurm("poll_floor", parsers.duration, "SECONDS", _SECONDS),
    _slurm("sbatch_timeout", parsers.duration, "SECONDS", _SECONDS),
)
