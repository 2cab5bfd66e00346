"""The spec files that are there already: what they set, whose they are, whether they are stale.

Must not know how they were made. Reads below `--out`, writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from pbt_tui.backends.processes import FILE
from pbt_tui.compiler.codes import finding
from pbt_tui.compiler.output import first_difference
from pbt_tui.compiler.rendering import available, backend
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Container, Policy, Processes


class _Head(msgspec.Struct, frozen=True):
    """A process list without its jobs."""

    format: Literal["pbt-processes/1"]
    module: str
    train_dir: str
    policy: Policy
    container: Container | None


@dataclass(frozen=True, slots=True)
class Before:
    """What the files of a run set: `settings` by backend and field, `backends` those with files."""

    module: str
    train_dir: str
    policy: Policy
    container: Container | None
    backends: tuple[str, ...] = ("processes",)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def known(out: Path, folder: str) -> Before | None:
    """What the files below `out` set for the run of this folder; None without a process list."""
    try:
        head = msgspec.json.decode((out / folder / FILE).read_bytes(), type=_Head)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    there = {name: _files(out / folder, name) for name in available()}
    return Before(
        head.module,
        head.train_dir,
        head.policy,
        head.container,
        tuple(name for name, files in there.items() if files),
        {name: backend(name).known(files) for name, files in there.items() if files},
    )


def _files(folder: Path, name: str) -> dict[str, bytes]:
    """The files of one backend, relative to the folder of the run."""
    paths = [p for pattern in backend(name).OWNED for p in sorted(folder.glob(pattern))]
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def orphans(out: Path, owned: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
    """Paths that an earlier compilation left and this one does not make."""
    found = (str(path.relative_to(out)) for pattern in owned for path in out.glob(pattern))
    return sorted(path for path in found if path not in files)


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
    out: Path,
    old: Mapping[str, bytes | None],
    new: Mapping[str, bytes],
    target: str,
    root: Path | None = None,
) -> list[Diagnostic]:
    """PBT820 for each file below `out` that is not what it should be; `root` was `--out`."""
    where = printable(str(out if root is None else root))
    hint = f"run `pbt-compile {printable(target)} --out {where}` and commit the result"
    found = []
    for path, data in old.items():
        file = str(out / path)
        if path not in new:
            said, line = "is not made any more", None
        elif data is None:
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
