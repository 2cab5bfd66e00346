"""Writes files below `--out`, all of them or none, and shows what would change as a diff.

All paths are relative to `--out`. Must not know what the files contain.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pbt_tui.errors import UsageError

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
        stage.mkdir(mode=0o700)
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
                folder.rmdir()
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
        raise UsageError(f"cannot read `{e.filename}`: {_reason(e)}") from None
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
        return (out / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _folders(path: Path, made: list[Path]) -> None:
    """Makes `path` and its parents; adds the new folders to `made`, so that they can be removed."""
    if path.is_dir():
        return
    _folders(path.parent, made)
    path.mkdir(exist_ok=True)
    made.append(path)


def _write(path: Path, data: bytes, *, sync: bool) -> None:
    with path.open("wb") as f:
        f.write(data)
        f.flush()
        if sync:
            os.fsync(f.fileno())
    if data.startswith(b"#!"):
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2)  # executable by everybody who may read it


def _swap(out: Path, changed: list[str], gone: Sequence[str], stage: Path) -> None:
    """Renames everything into place; if a rename fails, restores the previous files."""
    done: list[tuple[Path, Path | None]] = []
    try:
        for k, path in enumerate(gone):
            kept_aside = stage / f"{k}.gone"
            (out / path).replace(kept_aside)
            done.append((out / path, kept_aside))
        for k, path in enumerate(changed):
            target, old = out / path, stage / f"{k}.old"
            kept = target.exists() and len(changed) + len(gone) > 1
            if kept:
                import shutil

                shutil.copy2(target, old)
            (stage / f"{k}.new").replace(target)
            done.append((target, old if kept else None))
    except OSError:
        for target, before in reversed(done):
            with contextlib.suppress(OSError):
                target.unlink() if before is None else before.replace(target)
        raise


def _remove(stage: Path) -> None:
    """Removes the staging folder and its files, without `shutil`, which takes 3 ms to import."""
    with contextlib.suppress(OSError):
        for path in stage.iterdir():
            path.unlink()
        stage.rmdir()


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(
        OSError
    ):  # some file systems cannot sync folders; the files are written
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _unwritable(out: Path, e: OSError) -> UsageError:
    return UsageError(f"cannot write `{out}`: {_reason(e)}", hint="nothing was changed")


def _reason(e: OSError) -> str:
    text = e.strerror or str(e)
    return text[:1].lower() + text[1:]
