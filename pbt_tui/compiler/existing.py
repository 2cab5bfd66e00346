"""Reads the spec files of earlier compilations: their settings, their module, stale files.

Writes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from pbt_tui.backends import BACKENDS, Backend, visible
from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler import line_endings
from pbt_tui.compiler.output import first_difference
from pbt_tui.compiler.project import same_module
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BadSpec, Diagnostic, Where, command, printable
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.spec import Container, Policy, Processes

if TYPE_CHECKING:
    from pbt_tui.compiler.diff_report import Changed


class _Head(msgspec.Struct, frozen=True):
    """The part of a process list that is read here: all but its jobs."""

    format: Literal["pbt-processes/1"]
    module: str
    train_dir: str
    policy: Policy
    container: Container | None
    suffix: str = ""
    command_prefix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviousCompilation:
    """The settings of a run, read from its files; `backends` are those that have files there."""

    module: str
    train_dir: str
    policy: Policy
    container: Container | None
    backends: tuple[str, ...] = ("processes",)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    command_prefix: tuple[str, ...] = ()


def known(out: Path, folder: str) -> PreviousCompilation | None:
    """The earlier compilation in the folder `folder` below `out`; None without a process list.

    Raises `BadSpec` if the settings cannot be read from a file.
    """
    head = _head(out / folder / FILE)
    if head is None:
        return None
    settings = {}
    for backend, files in with_files(out / folder):
        try:
            settings[backend.name] = backend.known(files)
        except BadSpec as e:
            e.where = Where(file=str(out / folder / (e.where.file or "")))
            raise
    return PreviousCompilation(
        head.module,
        head.train_dir,
        head.policy,
        head.container,
        tuple(settings),
        settings,
        head.command_prefix,
    )


def _head(path: Path) -> _Head | None:
    try:
        return msgspec.json.decode(read_regular(path, SPEC_BYTES), type=_Head)
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def with_files(folder: Path) -> Iterator[tuple[Backend, dict[str, bytes]]]:
    """The backends that have files in the folder of a run, with these files by relative path.

    A subfolder that belongs to no built-in backend is looked up as the name of an installed one.
    """
    for name in (*BACKENDS.built_in, *installed(folder)):
        backend = BACKENDS.get(name)
        if files := _files(folder, backend):
            yield backend, files


def installed(folder: Path) -> list[str]:
    """The backends of installed packages that have a subfolder in the folder of a run."""
    built_in = {pattern.partition("/")[0] for b in _built_in() for pattern in b.owned}
    try:
        inside = sorted(path.name for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []
    return [name for name in inside if name not in built_in and name in BACKENDS]


def _built_in() -> list[Backend]:
    return [BACKENDS.get(name) for name in BACKENDS.built_in]


def _files(folder: Path, backend: Backend) -> dict[str, bytes]:
    found = {}
    for path in (p for pattern in backend.owned for p in sorted(visible(folder, pattern))):
        name = str(path.relative_to(folder))
        if name not in backend.records:
            with contextlib.suppress(OSError):
                found[name] = read_regular(path, SPEC_BYTES)
    return found


def orphans(
    out: Path, owned: Iterable[str], files: Collection[str], records: Collection[str] = ()
) -> list[str]:
    """Paths that an earlier compilation wrote and this one does not, without `records`."""
    found = (str(path.relative_to(out)) for pattern in owned for path in visible(out, pattern))
    return sorted(path for path in found if path not in files and path not in records)


def foreign(out: Path, folder: str, spec: Processes) -> list[Diagnostic]:
    """PBT222 if the folder contains the run of another module (D10)."""
    before = _head(out / folder / FILE)
    if before is None or same_module(before.module, spec.module):
        return []
    place = out / folder
    message = (
        f"`{printable(str(place))}` was compiled from `{printable(before.module)}`: "
        f"two modules have the run name `{printable(spec.run)}` and would share `train_dir`"
    )
    hint = (
        f"pass `--experiment_suffix NAME`, or remove `{printable(str(place))}` if the module has "
        "moved; to run failed jobs again, no module is needed: "
        f"`{command('pbt-run', place, '--failed')}`"
    )
    return [finding("PBT222", message, where=Where(file=spec.module), hint=hint)]


def stale(
    found: Iterable[Changed],
    old: Mapping[str, bytes | None],
    new: Mapping[str, bytes],
    out: Path,
    command: str,
) -> list[Diagnostic]:
    """PBT820 or PBT812 for each file that differs; `command` is what would write `out` anew."""
    hint = f"run `{printable(command)}` and commit the result"
    message = []
    for one, (path, data) in zip(found, old.items(), strict=True):
        if line_endings.only(data, new.get(path)):
            message.append(line_endings.found(one.file, out, command))
            continue
        line = None
        if data is not None and path in new:
            line = first_difference(line_endings.unix(data), new[path])
        words = one.words
        if one.how == "changed" and _is_earlier(one):
            words = "was written by an earlier version: compile again"
        elif one.how == "changed":
            words = "is not what `pbt-compile` would write"
            words += f": {one.words}" if one.words != one.how else ""
        message.append(finding("PBT820", words, where=Where(file=one.file, line=line), hint=hint))
    return message


def _is_earlier(change: Changed) -> bool:
    """Whether the file differs only in seed and module, which earlier versions wrote otherwise."""
    return bool(change.inside) and all(
        (c.name == "seed" and c.how == "added")
        or (
            c.name == "module"
            and same_module(*((text or "").strip('"') for text in (c.old, c.new)))
        )
        for c in change.inside
        if c.what == "setting" or c.name
    )


def compiled(out: Path) -> list[tuple[Path, str | None, str]]:
    """The process lists below `out`, each with its module (None if unreadable) and its suffix."""
    found: list[tuple[Path, str | None, str]] = []
    for path in sorted(out.glob(f"*/{FILE}")):
        head = _head(path)
        found.append((path, head.module if head else None, head.suffix if head else ""))
    return found


def shared_folders(specs: Mapping[str, Processes]) -> list[Diagnostic]:
    """PBT223 where jobs of two process lists write to the same directory (D10)."""
    if len(specs) < 2:  # a hundred thousand jobs need no look
        return []
    owner: dict[tuple[str, str], str] = {}
    found = []
    for file, spec in specs.items():
        for folder in dict.fromkeys(job.dir for job in spec.jobs):
            other = owner.setdefault((spec.train_dir, folder), file)
            if other != file:
                message = f"directory `{printable(folder)}` is also used by `{printable(other)}`"
                found.append(finding("PBT223", message, where=Where(file=file)))
    return found


def keeps_name(before: str, module: str) -> bool:
    """Whether the spec keeps `before` as its module: the same module, and not an absolute path."""
    return same_module(before, module) and not Path(before).is_absolute()
