"""The settings of backend `ngc`, spelled as NVIDIA's client spells its flags. Text in, values out.

Must not know what becomes of them. `ValueError` for what is not one, as in `units`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pbt_tui.settings.parsers import boolean, integer, plain, truth

_DURATION = re.compile(
    r"(?=.)(?:(\d+(?:\.\d+)?)D)?(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?",
    re.IGNORECASE | re.ASCII,
)


def duration(text: str) -> int:
    """Whole seconds: `7D`, `1D12H30M`, `1.5H`; units in this order, in either case."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError
    parts = zip(found.groups(), (86400, 3600, 60, 1), strict=True)
    seconds = sum(Decimal(part) * unit for part, unit in parts if part)
    if seconds != int(seconds) or seconds >= 2**31:
        raise ValueError
    return int(seconds)


def workspace(text: str) -> list[dict[str, Any]]:
    """`id:/mount` or `id:/mount:RW`."""
    ident, path, *mode = text.split(":")
    if not ident or not path or len(mode) > 1:
        raise ValueError
    return [{"id": ident, "containerMountPoint": path, **({"mountMode": mode[0]} if mode else {})}]


def dataset(text: str) -> list[dict[str, Any]]:
    """`77:/data`, `<uuid>:/data` or `<uuid>:no-mount`."""
    ident, path = text.split(":")
    who = {"id": integer(ident)} if ident.isascii() and ident.isdigit() else {"uuid": ident}
    return [{**who, "containerMountPoint": path}]


def env_var(text: str) -> list[dict[str, Any]]:
    """`NAME:VALUE`; the first colon splits."""
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError
    return [{"name": name, "value": value}]


def secret(text: str) -> list[dict[str, Any]]:
    """`name`, `name:key` or `name:key:VARIABLE`."""
    name, *key = text.split(":")
    if len(key) > 2:
        raise ValueError
    if not key:
        return [{"name": name, "allKeys": True}]
    spec = {"keyName": key[0], **({"envName": key[1]} if key[1:] else {})}
    return [{"name": name, "allKeys": False, "keysSpec": [spec]}]


def port(text: str) -> list[dict[str, Any]]:
    """`8080`, `8080/TCP` or `name:8080/TCP`."""
    name, colon, rest = text.rpartition(":")
    number, slash, protocol = rest.partition("/")
    found: dict[str, Any] = {"containerPort": integer(number)}
    return [
        {
            **found,
            "protocol": protocol if slash else "HTTPS",
            **({"name": name} if colon else {}),
        }
    ]


def labels(text: str) -> list[str]:
    """A list with commas."""
    return text.split(",")


def choice(text: str) -> str:
    """A word of a list, in either case."""
    return plain(text).upper()


_WORD = "text without blanks"
_FROM_1 = "an integer from 1"
_TIME = "a duration such as `7D`, `90M` or `1D12H30M`"
Row = tuple[str, Callable[[str], Any], str, str, str, bool]
ROWS: tuple[Row, ...] = (
    ("org", plain, "NAME", _WORD, "organisation; needed", False),
    ("ace", plain, "NAME", _WORD, "ACE; needed", False),
    ("instance", plain, "TYPE", _WORD, "type of machine, as dgxa100.80g.1.norm; needed", False),
    ("team", plain, "NAME", _WORD, "team (none)", False),
    ("name", plain, "TEXT", "text", "name of jobs ({{ run }}.{{ name }})", False),
    ("description", plain, "TEXT", "1 to 512 characters", "description of all jobs", False),
    (
        "commandline",
        plain,
        "TEXT",
        "a command of a shell",
        "what a shell does: cd /mount && {{ experiment_cmd }}",
        False,
    ),
    ("entrypoint", plain, "TEXT", "a command", "instead of the image's own entry point", False),
    ("use_image_entrypoint", boolean, "", "true or false", "the image's own entry point", False),
    ("result", plain, "DIR", "an absolute path", "a job's own results (/results)", False),
    (
        "workspace",
        workspace,
        "ID:DIR[:RW]",
        "`id:/mount` or `id:/mount:RW`, with `RO` or `RW`",
        "a workspace to mount",
        True,
    ),
    (
        "datasetid",
        dataset,
        "ID:DIR",
        "`id:/mount`, or `uuid:no-mount`",
        "a dataset to mount",
        True,
    ),
    (
        "env_var",
        env_var,
        "NAME:VALUE",
        "`NAME:VALUE`, at most 2048 characters without a line break",
        "a variable for all jobs",
        True,
    ),
    (
        "secret",
        secret,
        "NAME[:KEY[:VAR]]",
        "`name`, `name:key` or `name:key:VARIABLE`",
        "a secret that NGC keeps",
        True,
    ),
    (
        "label",
        labels,
        "LIST",
        "letters, digits and `_`, the first no digit",
        "more labels (no `-`)",
        True,
    ),
    ("lock_label", boolean, "", "true or false", "labels cannot be changed", False),
    (
        "port",
        port,
        "[NAME:]N[/TCP]",
        "`8080`, `8080/TCP` or `name:8080/TCP`",
        "a port to publish",
        True,
    ),
    ("total_runtime", duration, "TIME", _TIME, "limit of all its running", False),
    ("min_timeslice", duration, "TIME", _TIME, "running at a time, at least", False),
    (
        "preempt",
        choice,
        "CLASS",
        "`RUNONCE`, `RESUMABLE` or `RESTARTABLE`",
        "class (RUNONCE; RESUMABLE for members of a population)",
        False,
    ),
    ("order", integer, "N", "an integer from 1 to 99", "place in the queue", False),
    ("priority", choice, "WORD", "`HIGH`, `NORMAL` or `LOW`", "priority", False),
    ("replicas", integer, "N", _FROM_1, "nodes of each job", False),
    (
        "array_type",
        choice,
        "TYPE",
        "`MPI`, `PARALLEL`, `PYTORCH` or `HOROVOD`",
        "how several nodes are started",
        False,
    ),
    ("network", choice, "TYPE", "`INFINIBAND` or `ETHERNET`", "between several nodes", False),
    ("topology_constraint", plain, "WORD", "`pack` or `any`", "place of several nodes", False),
    ("job_template", plain, "FILE", "a file", "a template of the original launcher", False),
    ("print_only", truth, "BOOL", "true or false", "`pbt-run` shows what it would submit", False),
)
"""Field, reader, metavar, what is expected, help, whether it may be given several times."""
