"""The spec files that are there already: what they set, whose they are, whether they are stale.

Must not know how they were made. Reads below `--out`, writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pbt_tui.backends import RECORDS
from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler.output import first_difference
from pbt_tui.compiler.rendering import available, backend
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BadSpec, Diagnostic, Where, printable
from pbt_tui.spec import Container, Policy, Processes

if TYPE_CHECKING:
    from pbt_tui.compiler.diff_report import Changed
_AGAIN = "compile again with `pbt-compile`"


class _Head(msgspec.Struct, frozen=True):
    """A process list without its jobs."""

    format: Literal["pbt-processes/1"]
    module: str
    train_dir: str
    policy: Policy
    container: Container | None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class PreviousCompilation:
    """What the files of a run set: `settings` by backend and field, `backends` those with files."""

    module: str
    train_dir: str
    policy: Policy
    container: Container | None
    backends: tuple[str, ...] = ("processes",)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def known(out: Path, folder: str) -> PreviousCompilation | None:
    """What the files below `out` set for the run of this folder; None without a process list.

    Raises `BadSpec` where a file does not tell its settings any more.
    """
    head = _head(out / folder / FILE)
    if head is None:
        return None
    there = {name: _files(out / folder, name) for name in available()}
    settings = {}
    for name, files in there.items():
        if files:
            try:
                settings[name] = backend(name).known(files)
            except BadSpec as e:
                e.where = Where(file=str(out / folder / (e.where.file or "")))
                raise
    return PreviousCompilation(
        head.module,
        head.train_dir,
        head.policy,
        head.container,
        tuple(name for name, files in there.items() if files),
        settings,
    )


def _head(path: Path) -> _Head | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Head)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def remade(folder: Path, spec: Processes, names: Sequence[str]) -> list[Diagnostic]:
    """PBT820 for each file beside a process list that is not what it and the settings make."""
    found = []
    for name in names:
        files = _files(folder, name)
        one = backend(name)
        if not files or one.SETTINGS is None:
            continue
        try:
            values = one.known(files)
            made = one.render(spec, msgspec.convert(values, one.SETTINGS))
        except (BadSpec, msgspec.ValidationError) as e:
            at = e.where.file if isinstance(e, BadSpec) else None
            said = e.what if isinstance(e, BadSpec) else "its settings cannot be read"
            found.append(finding("PBT820", said, where=Where(str(folder / (at or name)))))
            continue
        said = "is not what its process list and its settings make"
        for path in sorted({*files, *made}):
            if files.get(path) != made.get(path):
                old, new = files.get(path, b""), made.get(path, b"")
                where = Where(file=str(folder / path), line=first_difference(old, new))
                found.append(finding("PBT820", said, where=where, hint=_AGAIN))
    return found


def _files(folder: Path, name: str) -> dict[str, bytes]:
    """The files of one backend, relative to the folder of the run."""
    paths = [p for pattern in backend(name).OWNED for p in sorted(folder.glob(pattern))]
    paths = [p for p in paths if not p.as_posix().endswith(RECORDS)]
    found = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def orphans(out: Path, owned: Iterable[str], files: Mapping[str, bytes]) -> list[str]:
    """Paths that an earlier compilation left and this one does not make."""
    found = (str(path.relative_to(out)) for pattern in owned for path in out.glob(pattern))
    return sorted(path for path in found if path not in files and not path.endswith(RECORDS))


def foreign(out: Path, folder: str, spec: Processes) -> list[Diagnostic]:
    """PBT222 if the folder holds the run of another module (D10)."""
    before = _head(out / folder / FILE)
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
    found: Iterable[Changed],
    old: Mapping[str, bytes | None],
    new: Mapping[str, bytes],
    command: str,
) -> list[Diagnostic]:
    """PBT820 for each file that is not what it should be; `command` puts it right."""
    hint = f"run `{printable(command)}` and commit the result"
    said = []
    for one, (path, data) in zip(found, old.items(), strict=True):
        line = first_difference(data, new[path]) if data is not None and path in new else None
        words = one.words
        if one.how == "changed":
            words = "is not what `pbt-compile` would write"
            words += f": {one.words}" if one.words != one.how else ""
        said.append(finding("PBT820", words, where=Where(file=one.file, line=line), hint=hint))
    return said


def compiled(out: Path) -> list[tuple[Path, str | None, str]]:
    """The process lists below `out`, each with its module (None: it cannot be read) and suffix."""
    found: list[tuple[Path, str | None, str]] = []
    for path in sorted(out.glob(f"*/{FILE}")):
        head = _head(path)
        found.append((path, head.module if head else None, head.suffix if head else ""))
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
