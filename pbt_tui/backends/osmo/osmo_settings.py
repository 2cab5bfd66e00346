"""The settings of backend `osmo`: options `--osmo_<field>`, and keys of the table `osmo`.

They fill the struct `osmo_index.Osmo`, which describes each field.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.settings import Setting, parsers

_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"
_TIME = "a duration such as `90m`, `24h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"


def credential(text: str) -> list[dict[str, Any]]:
    """`NAME`, `NAME:KEY`, `NAME:KEY:VARIABLE` or `NAME:/DIR`."""
    name, *rest = text.split(":")
    if len(rest) > 2 or not all((name, *rest)):
        raise ValueError
    if rest and rest[0].startswith("/"):
        if len(rest) > 1:
            raise ValueError
        return [{"name": name, "folder": rest[0]}]
    fields = dict(zip(("key", "variable"), rest, strict=False))
    return [{"name": name, **fields}]


def upper(text: str) -> str:
    """A word of NVIDIA's, in upper or lower case."""
    return parsers.plain(text).upper()


def path(text: str) -> list[str]:
    """One path or mount."""
    return [parsers.plain(text)]


def _osmo(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "osmo", *rest, **more)


SETTINGS: tuple[Setting, ...] = (
    _osmo("pool", parsers.plain, "NAME", "the name of a pool"),
    _osmo("platform", parsers.plain, "NAME", "the name of a platform"),
    _osmo("priority", upper, "WORD", "`HIGH`, `NORMAL` or `LOW`"),
    _osmo("gpus", parsers.integer, "N", _FROM_0),
    _osmo("cpus", parsers.integer, "N", _FROM_1),
    _osmo("memory", parsers.size, "SIZE", _BYTES),
    _osmo("storage", parsers.size, "SIZE", _BYTES),
    _osmo("mount", path, "SRC[:DST]", "a folder of the nodes `SRC` or `SRC:DST`", many=True),
    _osmo("shared", path, "DIR", "an absolute path", many=True),
    _osmo("workdir", parsers.plain, "DIR", "a folder"),
    _osmo(
        "credential",
        credential,
        "NAME[:KEY[:VAR]]",
        "`NAME`, `NAME:KEY`, `NAME:KEY:VARIABLE` or `NAME:/DIR`",
        many=True,
    ),
    _osmo("timeout", parsers.duration, "TIME", _TIME),
    _osmo("queue_timeout", parsers.duration, "TIME", _TIME),
    _osmo("reschedule", parsers.plain, "CODES", "exit codes such as `75,3001,3006`"),
    _osmo("lead", parsers.plain, "WHO", "`member` or `task`"),
    _osmo("lead_wait", parsers.duration, "TIME", "a duration from 60 seconds"),
    _osmo("nodes_excluded", parsers.words, "LIST", "names of nodes", many=True),
    _osmo("guarantee", parsers.integer, "N", _FROM_0),
    _osmo("max_tasks", parsers.integer, "N", _FROM_1),
    _osmo("url", parsers.plain, "URL", "an address such as `https://osmo.example.com`"),
    _osmo("token_env", parsers.plain, "NAME", "the name of a variable"),
    _osmo("poll", parsers.duration, "SECONDS", "seconds, from 1"),
    _osmo("settle", parsers.duration, "SECONDS", "seconds, from 0"),
    _osmo("log_lines", parsers.integer, "N", _FROM_0),
)
