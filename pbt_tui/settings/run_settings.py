"""The settings of every run: its policy, its container, and how its module is compiled.

Must not know what becomes of them; a backend's own settings lie in its folder. One table serves
the options of all commands and the keys of the settings file.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.settings import Setting, parsers

_SECONDS = "a duration such as `90`, `30s`, `5m`, `2h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"
_MEMORY = "a size from 64M"
_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"


def _policy(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "policy", *rest, **more)


def _container(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "container", *rest, **more)


POLICY: tuple[Setting, ...] = (
    _policy("num_gpus", parsers.integer, "N", _FROM_0, "GPUs to use"),
    _policy(
        "gpus", parsers.words, "LIST", "a list such as `0,2`", "GPUs to choose from", many=True
    ),
    _policy("gpus_per_job", parsers.integer, "N", _FROM_0, "GPUs that one job needs"),
    _policy(
        "experiments_per_gpu",
        parsers.integer,
        "N",
        "an integer from -1",
        "slots on each GPU; -1 leaves CUDA_VISIBLE_DEVICES alone",
    ),
    _policy("max_parallel", parsers.integer, "N", _FROM_1, "jobs at once"),
    _policy("pause_between", parsers.duration, "SECONDS", _SECONDS, "between two starts"),
    _policy(
        "patience",
        parsers.duration,
        "SECONDS",
        _SECONDS,
        "a job that was passed over for so long closes the line behind it",
    ),
    _policy("retries", parsers.integer, "N", _FROM_0, "tries after the first one"),
    _policy(
        "retry_on",
        parsers.words,
        "CAUSES",
        "causes such as `lost,oom`",
        "causes of failure that are tried again",
        many=True,
    ),
    _policy("retry_delay", parsers.duration, "SECONDS", _SECONDS, "before a retry, then doubled"),
    _policy("timeout", parsers.duration, "SECONDS", _SECONDS, "time limit of one attempt"),
    _policy("grace", parsers.duration, "SECONDS", _SECONDS, "between a stop and the kill"),
    _policy("max_failures", parsers.integer, "N", _FROM_1, "give up after so many failed jobs"),
    _policy(
        "fail_fast", parsers.boolean, "", "true or false", "give up after the first failed job"
    ),
)
CONTAINER: tuple[Setting, ...] = (
    _container("image", parsers.plain, "NAME", "the name of an image", "run jobs in this image"),
    _container(
        "pull", parsers.plain, "WHEN", "`missing` or `never`", "fetch the image: missing, never"
    ),
    _container("entrypoint", parsers.command, "CMD", "a command", "instead of the image's own"),
    _container(
        "user",
        parsers.plain,
        "USER",
        "`caller`, `image` or `uid:gid`",
        "caller, image or uid:gid",
    ),
    _container(
        "mounts",
        parsers.mount,
        "SRC:DST[:ro]",
        "`SRC:DST` or `SRC:DST:ro`",
        "a folder to show inside",
        many=True,
        option="mount",
    ),
    _container(
        "env_from",
        parsers.name,
        "NAME",
        "the name of an environment variable",
        "take this variable from the launcher's environment; the way for secrets",
        many=True,
    ),
    _container("shm_size", parsers.size, "SIZE", _BYTES, "shared memory"),
    _container("memory", parsers.size, "SIZE", _BYTES, "memory limit"),
    _container("cpus", parsers.number, "N", "a number above 0", "CPU limit"),
    _container("network", parsers.plain, "NAME", "the name of a network", "network to join"),
    _container(
        "capabilities",
        parsers.words,
        "LIST",
        "a list such as `gpu,compute,utility`",
        "what the GPU driver opens inside",
        many=True,
    ),
    _container(
        "ulimits",
        parsers.ulimit,
        "NAME=SOFT[:HARD]",
        "`name=soft` or `name=soft:hard`",
        "a limit of the kernel",
        many=True,
        option="ulimit",
    ),
)
COMPILE: tuple[Setting, ...] = (
    Setting("out", "compile", parsers.plain, "DIR", "a folder", "where spec files go"),
    Setting("train_dir", "compile", parsers.plain, "DIR", "a folder", "root of what jobs write"),
    Setting(
        "load_timeout", "compile", parsers.duration, "SECONDS", _SECONDS, "to import the module"
    ),
    Setting("load_memory", "compile", parsers.size, "SIZE", _MEMORY, "for importing the module"),
    Setting(
        "seed", "compile", parsers.integer, "N", "an integer", "seed `random` before the import"
    ),
    Setting("ignore", "compile", parsers.words, "CODES", "codes such as `PBT420`", "", many=True),
    Setting("strict", "compile", parsers.boolean, "", "true or false", "warnings are errors"),
)
