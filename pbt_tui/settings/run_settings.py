"""The settings of every run: its policy, its container, and how its module is compiled.

The settings of a backend are in its own folder. These tables define the options of all commands
and the keys of the settings file. The fields of the structs describe the settings and hold their
defaults.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.settings import Setting, parsers

_SECONDS = "a duration such as `90`, `30s`, `5m`, `2h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"
_MEMORY = "a size from 64M"
_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"


OUT = "specs"
"""Default folder of spec files."""
TRAIN_DIR = "./train_dir"
"""Default root folder of what jobs write."""
LOAD_TIMEOUT = 30.0
"""Default time limit in seconds for importing a module."""
LOAD_MEMORY = 16 << 30
"""Default memory limit in bytes for importing a module, on a machine with at least twice as much
memory. Importing torch takes less than one GiB."""


def _policy(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "policy", *rest, **more)


def _container(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "container", *rest, **more)


def _compile(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "compile", *rest, **more)


POLICY: tuple[Setting, ...] = (
    _policy("num_gpus", parsers.integer, "N", _FROM_0),
    _policy("gpus", parsers.words, "LIST", "a list such as `0,2`", many=True),
    _policy("gpus_per_job", parsers.integer, "N", _FROM_0),
    _policy(
        "experiments_per_gpu",
        parsers.integer,
        "N",
        "an integer from -1",
    ),
    _policy("max_parallel", parsers.integer, "N", _FROM_1),
    _policy("pause_between", parsers.duration, "SECONDS", _SECONDS),
    _policy(
        "patience",
        parsers.duration,
        "SECONDS",
        _SECONDS,
    ),
    _policy("retries", parsers.integer, "N", _FROM_0),
    _policy(
        "retry_on",
        parsers.words,
        "CAUSES",
        "causes such as `lost,oom`",
        many=True,
    ),
    _policy("retry_delay", parsers.duration, "SECONDS", _SECONDS),
    _policy("timeout", parsers.duration, "SECONDS", _SECONDS),
    _policy("grace", parsers.duration, "SECONDS", _SECONDS),
    _policy("max_failures", parsers.integer, "N", _FROM_1),
    _policy("fail_fast", parsers.boolean, "", "true or false"),
    _policy("keep_descendants", parsers.boolean, "", "true or false"),
)
CONTAINER: tuple[Setting, ...] = (
    _container("image", parsers.plain, "NAME", "the name of an image"),
    _container("pull", parsers.plain, "WHEN", "`missing` or `never`"),
    _container("entrypoint", parsers.command, "CMD", "a command"),
    _container(
        "user",
        parsers.plain,
        "USER",
        "`caller`, `image` or `uid:gid`",
    ),
    _container(
        "mounts",
        parsers.mount,
        "SRC:DST[:ro]",
        "`SRC:DST` or `SRC:DST:ro`",
        many=True,
        option="mount",
    ),
    _container(
        "env_from",
        parsers.name,
        "NAME",
        "the name of an environment variable",
        many=True,
    ),
    _container("shm_size", parsers.size, "SIZE", _BYTES),
    _container("memory", parsers.size, "SIZE", _BYTES),
    _container("cpus", parsers.number, "N", "a number above 0"),
    _container("network", parsers.plain, "NAME", "the name of a network"),
    _container(
        "capabilities",
        parsers.words,
        "LIST",
        "a list such as `gpu,compute,utility`",
        many=True,
    ),
    _container(
        "ulimits",
        parsers.ulimit,
        "NAME=SOFT[:HARD]",
        "`name=soft` or `name=soft:hard`",
        many=True,
        option="ulimit",
    ),
)
COMPILE: tuple[Setting, ...] = (
    _compile("out", parsers.plain, "DIR", "a folder", f"folder of the spec files (default: {OUT})"),
    _compile(
        "train_dir",
        parsers.plain,
        "DIR",
        "a folder",
        f"root folder of job outputs (default: {TRAIN_DIR})",
    ),
    _compile(
        "load_timeout",
        parsers.duration,
        "SECONDS",
        _SECONDS,
        f"time limit of the import (default: {LOAD_TIMEOUT:g}s)",
    ),
    _compile(
        "load_memory",
        parsers.size,
        "SIZE",
        _MEMORY,
        f"memory limit of import (default: half, max {LOAD_MEMORY >> 30}G)",
    ),
    _compile(
        "seed",
        parsers.seed,
        "N",
        "an integer of at most 2^53",
        "seed `random`, and NumPy, before the import",
    ),
    _compile(
        "command_prefix",
        parsers.command,
        "WORDS",
        "a command",
        "words before each command (backend processes)",
    ),
    _compile(
        "ignore",
        parsers.words,
        "CODES",
        "codes such as `PBT420`",
        "suppress this warning or note; may be repeated",
        many=True,
    ),
    _compile("strict", parsers.boolean, "", "true or false", "treat warnings as errors"),
)
"""These settings have their help texts here: every `--help` shows them and must not load types."""
