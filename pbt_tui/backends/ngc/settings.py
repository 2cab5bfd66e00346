"""The settings of backend `ngc`, and the parsers of their values.

Values are written as for the flags of NVIDIA's client. A parser raises `ValueError` for any other
text, as in `settings.parsers`. The settings fill the struct `settings_struct.Ngc`.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.settings import Setting
from pbt_tui.settings.parsers import boolean, integer, plain, truth

_DURATION = (
    r"(?=.)(?:(\d+(?:\.\d+)?)D)?(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?"
)


def duration(text: str) -> int:
    """A duration such as `7D`, `1D12H30M` or `1.5h` as whole seconds; the units in this order."""
    import re
    from decimal import Decimal

    found = re.fullmatch(_DURATION, text, re.IGNORECASE | re.ASCII)
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
    """`NAME:VALUE`, split at the first colon."""
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
    """Labels, separated by commas."""
    return text.split(",")


def choice(text: str) -> str:
    """One of several names, in upper or lower case."""
    return plain(text).upper()


_WORD = "text without blanks"
_FROM_1 = "an integer from 1"
_TIME = "a duration such as `7D`, `90M` or `1D12H30M`"


def _ngc(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "ngc", *rest, **more)


SETTINGS: tuple[Setting, ...] = (
    _ngc("org", plain, "NAME", _WORD),
    _ngc("ace", plain, "NAME", _WORD),
    _ngc("instance", plain, "TYPE", _WORD),
    _ngc("team", plain, "NAME", _WORD),
    _ngc("name", plain, "TEXT", "text"),
    _ngc("description", plain, "TEXT", "1 to 512 characters"),
    _ngc(
        "commandline",
        plain,
        "TEXT",
        "a shell command",
    ),
    _ngc("entrypoint", plain, "TEXT", "a command"),
    _ngc("use_image_entrypoint", boolean, "", "true or false"),
    _ngc("result", plain, "DIR", "an absolute path"),
    _ngc(
        "workspace",
        workspace,
        "ID:DIR[:RW]",
        "`id:/mount` or `id:/mount:RW`, with `RO` or `RW`",
        many=True,
    ),
    _ngc(
        "datasetid",
        dataset,
        "ID:DIR",
        "`id:/mount`, or `uuid:no-mount`",
        many=True,
    ),
    _ngc(
        "env_var",
        env_var,
        "NAME:VALUE",
        "`NAME:VALUE`, at most 2048 characters without a line break",
        many=True,
    ),
    _ngc(
        "secret",
        secret,
        "NAME[:KEY[:VAR]]",
        "`name`, `name:key` or `name:key:VARIABLE`",
        many=True,
    ),
    _ngc(
        "label",
        labels,
        "LIST",
        "letters, digits and `_`, not beginning with a digit",
        many=True,
    ),
    _ngc("lock_label", boolean, "", "true or false"),
    _ngc(
        "port",
        port,
        "[NAME:]N[/TCP]",
        "`8080`, `8080/TCP` or `name:8080/TCP`",
        many=True,
    ),
    _ngc("total_runtime", duration, "TIME", _TIME),
    _ngc("min_timeslice", duration, "TIME", _TIME),
    _ngc(
        "preempt",
        choice,
        "CLASS",
        "`RUNONCE`, `RESUMABLE` or `RESTARTABLE`",
    ),
    _ngc("order", integer, "N", "an integer from 1 to 99"),
    _ngc("priority", choice, "WORD", "`HIGH`, `NORMAL` or `LOW`"),
    _ngc("replicas", integer, "N", _FROM_1),
    _ngc(
        "array_type",
        choice,
        "TYPE",
        "`MPI`, `PARALLEL`, `PYTORCH` or `HOROVOD`",
    ),
    _ngc("network", choice, "TYPE", "`INFINIBAND` or `ETHERNET`"),
    _ngc("topology_constraint", plain, "WORD", "`pack` or `any`"),
    _ngc("job_template", plain, "FILE", "a file"),
    _ngc("print_only", truth, "BOOL", "true or false"),
)
