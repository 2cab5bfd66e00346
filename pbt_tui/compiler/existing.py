"""The spec files that are there already: what they set, whose they are, whether they are stale.

Must not know how they were made. Reads below `--out`, writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from pbt_tui.backends.processes import FILE
from pbt_tui.compiler.codes import finding
from pbt_tui.compiler.output import first_difference
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Container, Policy, Processes


class Before(msgspec.Struct, frozen=True):
    """What a process list sets, without its jobs."""

    format: Literal["pbt-processes/1"]
    module: str
    train_dir: str
    policy: Policy
    container: Container | None


def known(out: Path, folder: str) -> Before | None:
    """What the process list below `out` sets for the run of this folder; None if it is none."""
    try:
        return msgspec.json.decode((out / folder / FILE).read_bytes(), type=Before)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def foreign(out: Path, folder: str, spec: Processes) -> list[Diagnostic]:
    """PBT222 if the folder holds the run of another module (D10)."""
    before = known(out, folder)
    if before is None or same_module(before.module, spec.module):
        return []
    place = out / folder
    said = (
        f"`{printable(str(place))}` was compiled from `{printable(before.module)}`: "
        f"two modules have the run name `{printable(spec.run)}`, and would share `train_dir`"
    )
    hint = (
        f"pass `--experiment_suffix`, or remove `{printable(str(place))}` if the module has moved"
    )
    return [finding("PBT222", said, where=Where(file=spec.module), hint=hint)]


def stale(
    out: Path, old: Mapping[str, bytes | None], new: Mapping[str, bytes], target: str
) -> list[Diagnostic]:
    """PBT820 for each file that is not what it should be."""
    hint = (
        f"run `pbt-compile {printable(target)} --out {printable(str(out))}` and commit the result"
    )
    found = []
    for path, data in old.items():
        file = str(out / path)
        if data is None:
            said, line = "is not there", None
        else:
            line = first_difference(data, new[path])
            said = "is not what `pbt-compile` would write"
        found.append(finding("PBT820", said, where=Where(file=file, line=line), hint=hint))
    return found


def shared_folders(specs: Mapping[str, Processes]) -> list[Diagnostic]:
    """PBT223 where jobs of two process lists write into one directory (D10)."""
    owner: dict[tuple[str, str], str] = {}
    found = []
    for file, spec in specs.items():
        for folder in dict.fromkeys(job.dir for job in spec.jobs):
            other = owner.setdefault((spec.train_dir, folder), file)
            if other != file:
                said = f"directory `{printable(folder)}` is also that of `{printable(other)}`"
                found.append(finding("PBT223", said, where=Where(file=file)))
    return found


def same_module(one: str, other: str) -> bool:
    """`./runs/ant.py` and `runs.ant` are one module."""
    return _dotted(one) == _dotted(other)


def _dotted(module: str) -> str:
    return module.removesuffix(".py").removeprefix("./").replace("/", ".")
