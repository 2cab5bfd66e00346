"""Writes files below `--out`, all of them or none, and shows what would change as a diff.

All paths are relative to `--out`. Must not know what the files contain.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pbt_tui.errors import UsageError
from pbt_tui.files import folders
from pbt_tui.files.faults import ForeignFile, reason
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.files.writing import create

_MANY = 100
"""From this many files on, one `sync` replaces an `fsync` of each: 1 s for ten thousand, not 40."""


def write(out: Path, files: Mapping[str, bytes], gone: Sequence[str] = ()) -> list[str]:
    """Makes `out` hold `files`, and nothing at the paths `gone`; returns the paths that changed.

    All files are written to a staging folder and synced before the first rename. If a rename
    fails, the earlier ones are undone. Raises `UsageError` (2); then nothing has changed.
    """
    made: list[Path] = []
    stage: Path | None = None
    try:
        changed = [path for path, data in files.items() if _read(out, path) != data]
        if not changed and not gone:
            return []
        _folders(out, made)
        stage = out / f".pbt-{os.urandom(6).hex()}"
        folders.make(stage, 0o700)
        for k, path in enumerate(changed):
            _write(stage / f"{k}.new", files[path], sync=len(changed) <= _MANY)
        if len(changed) > _MANY:
            os.sync()
        for path in changed:
            _folders((out / path).parent, made)
        _swap(out, changed, gone, stage)
    except OSError as e:
        for folder in reversed(made):
            if stage is not None:
                _remove(stage)
            with contextlib.suppress(OSError):
                folders.remove_folder(folder)
        raise _unwritable(out, e) from e
    finally:
        if stage is not None:
            _remove(stage)
    changed += gone
    for folder in {(out / path).parent for path in changed} | {f.parent for f in made}:
        _sync_folder(folder)
    return changed


def check_writable(out: Path) -> None:
    """Raises `UsageError` (2) if `out` cannot be written; called before any module is loaded."""
    nearest = out
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise UsageError(f"cannot write `{out}`: `{nearest}` is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write `{out}`: permission denied")


def diff(out: Path, files: Mapping[str, bytes], old: Mapping[str, bytes | None]) -> Iterator[str]:
    """Unified diff, line by line, from the files on disk (`old`, from `stale`) to `files`."""
    from pbt_tui.compiler.text_diff import unified

    for path, data in old.items():
        yield from unified(data, files.get(path), str(out / path))


def stale(
    out: Path, files: Mapping[str, bytes], gone: Sequence[str] = ()
) -> dict[str, bytes | None]:
    """Paths whose content differs from `files`, with the content on disk; None: no such file."""
    try:
        on_disk = [(path, _read(out, path)) for path in (*files, *gone)]
    except OSError as e:
        raise UsageError(f"cannot read `{e.filename}`: {reason(e)}") from None
    return {path: old for path, old in on_disk if old != files.get(path)}


def first_difference(old: bytes, new: bytes) -> int:
    """The number of the first line that differs, from 1."""
    a, b = old.split(b"\n"), new.split(b"\n")
    for k, (x, y) in enumerate(zip(a, b, strict=False)):
        if x != y:
            return k + 1
    return min(len(a), len(b)) + 1


def _read(out: Path, path: str) -> bytes | None:
    try:
        return read_regular(out / path, SPEC_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _folders(path: Path, made: list[Path]) -> None:
    """Makes `path` and its parents; adds the new folders to `made`, so that they can be removed."""
    if path.is_dir():
        return
    _folders(path.parent, made)
    folders.make(path)
    made.append(path)


def _write(path: Path, data: bytes, *, sync: bool) -> None:
    # executable by everybody who may read it
    create(path, data, 0o777 if data.startswith(b"#!") else 0o666, sync=sync)


def _swap(out: Path, changed: list[str], gone: Sequence[str], stage: Path) -> None:
    """Renames everything into place; if a rename fails, restores the previous files."""
    done: list[tuple[Path, Path | None]] = []
    try:
        for k, path in enumerate(gone):
            kept_aside = stage / f"{k}.gone"
            folders.rename(out / path, kept_aside)
            done.append((out / path, kept_aside))
        for k, path in enumerate(changed):
            target, old = out / path, stage / f"{k}.old"
            kept = target.exists() and len(changed) + len(gone) > 1
            if kept:
                mode = target.stat().st_mode & 0o777
                create(old, read_regular(target, SPEC_BYTES), mode)
            folders.rename(stage / f"{k}.new", target)
            done.append((target, old if kept else None))
    except OSError:
        for target, before in reversed(done):
            with contextlib.suppress(OSError):
                folders.remove(target) if before is None else folders.rename(before, target)
        raise


def _remove(stage: Path) -> None:
    """Removes the staging folder and its files, without `shutil`, which takes 3 ms to import."""
    with contextlib.suppress(OSError):
        for path in stage.iterdir():
            folders.remove(path)
        folders.remove_folder(stage)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # the files are written
        folders.sync(folder)


def _unwritable(out: Path, e: OSError) -> UsageError:
    place = e.filename if isinstance(e, ForeignFile) else out
    return UsageError(f"cannot write `{place}`: {reason(e)}", hint="nothing was changed")
