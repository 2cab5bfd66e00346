"""Reads the user's own file `~/.config/pbt/config.toml`: which run directories the user trusts.

`monitor_config` reads how the user wants the monitor, from the table `[monitor]` of the same file.

No file of a project and no run directory can grant trust, because another user may have written it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import Diagnostic, UsageError, Where, printable
from pbt_tui.files.regular import open_regular
from pbt_tui.journal.owners import Trust, own_uids
from pbt_tui.settings import near

if TYPE_CHECKING:
    from pbt_tui.cli.monitor_config import MonitorTable

LARGEST = 1 << 20
"""Bytes of the largest file that is read."""
EVERYTHING = "*"
"""Among the trusted directories: all of them."""
MONITOR = "monitor"
"""The table of the monitor, which only the monitor checks."""
_KEYS = ("trusted_directories", "share_with_group", MONITOR)


def trust(given: Sequence[str] = (), *, warn: bool = True) -> Trust:
    """What the user trusts: by the configuration file, and by `--trust DIR`.

    Args:
        given: The values of `--trust`.
        warn: Whether to print a warning if the file is there and cannot be believed.

    Raises:
        UsageError: The file is no such configuration, or a DIR is no directory.
    """
    path = config_path()
    data, found = (None, ()) if path is None else _read(path, own_uids())
    configured = Trust() if data is None else _parse(_table(data, str(path)), str(path))
    if warn:
        _warn(found)
    folders = []
    for text in given:
        folder = Path(text)
        if not folder.is_dir():
            raise UsageError(f"`--trust`: no such directory: `{printable(text)}`")
        folders.append(folder.absolute())
    directories = (*configured.directories, *folders)
    return Trust(directories, configured.everything, configured.share)


def monitor_table() -> tuple[MonitorTable | None, tuple[Diagnostic, ...]]:
    """The table of the monitor, and a warning if the file is there and cannot be believed.

    Raises:
        UsageError: The file is no configuration.
    """
    from pbt_tui.cli.monitor_config import MonitorTable

    path = config_path()
    data, found = (None, ()) if path is None else _read(path, own_uids())
    if data is None:
        return None, found
    table = _table(data, str(path))
    _parse(table, str(path))
    if MONITOR not in table:
        return None, found
    return MonitorTable(table[MONITOR], str(path), data.decode(errors="replace")), found


def config_path() -> Path | None:
    """`pbt/config.toml` in `$XDG_CONFIG_HOME` if that is an absolute path, else in `~/.config`.

    None without a home: no file of the current folder is this user's configuration.
    """
    base = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(base) if base.startswith("/") else Path("~/.config").expanduser()
    except RuntimeError:  # neither `HOME` nor a known user
        return None
    return folder / "pbt" / "config.toml" if folder.is_absolute() else None


@cache
def _warn(found: tuple[Diagnostic, ...]) -> None:
    """Prints the warnings, each once."""
    if found:
        from pbt_tui.cli.report import say

        say(found)


def _read(path: Path, own: frozenset[int]) -> tuple[bytes | None, tuple[Diagnostic, ...]]:
    """The bytes of the file, and a warning if it is not believed.

    A file is believed if this user or root owns it, and not everybody may write it.
    """
    where = Where(file=str(path))
    try:
        fd = open_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, ()
    except PermissionError:
        return None, (_unbelieved("this user may not read it", where),)
    except OSError as e:
        reason = (e.strerror or str(e)).lower()
        raise UsageError(f"cannot be read: {reason}", where=where) from None
    with os.fdopen(fd, "rb") as file:
        about = os.fstat(fd)
        if about.st_uid not in own:
            return None, (_unbelieved(f"it belongs to uid {about.st_uid}", where),)
        if about.st_mode & stat.S_IWOTH:
            return None, (_unbelieved("everybody may write it", where),)
        try:
            data = file.read(LARGEST + 1)
        except OSError as e:
            reason = (e.strerror or str(e)).lower()
            raise UsageError(f"cannot be read: {reason}", where=where) from None
    if len(data) > LARGEST:
        raise UsageError(f"larger than {LARGEST >> 10} KiB", where=where)
    return data, ()


def _unbelieved(why: str, where: Where) -> Diagnostic:
    return Diagnostic("warning", f"this configuration has no effect: {why}", where=where)


def _table(data: bytes, file: str) -> dict[str, Any]:
    from pbt_tui.settings.settings_file import parse_toml

    return parse_toml(data, file)


def _parse(table: dict[str, Any], file: str) -> Trust:
    for key in table:
        if key not in _KEYS:
            where = Where(file, pointer=key)
            raise UsageError("there is no such setting", where=where, hint=near(key, _KEYS))
    names = table.get("trusted_directories", [])
    share = table.get("share_with_group", False)
    if not isinstance(share, bool):
        raise UsageError("expected true or false", where=Where(file, pointer="share_with_group"))
    if not isinstance(names, list):
        where = Where(file, pointer="trusted_directories")
        raise UsageError("expected a list of absolute paths", where=where)
    for number, name in enumerate(names):
        if not _is_directory_name(name):
            where = Where(file, pointer=f"trusted_directories.{number}")
            raise UsageError(f'expected an absolute path, or "{EVERYTHING}"', where=where)
    folders = tuple(Path(name) for name in names if name != EVERYTHING)
    return Trust(folders, EVERYTHING in names, share)


def _is_directory_name(name: Any) -> bool:
    if not isinstance(name, str) or "\0" in name:
        return False
    return name == EVERYTHING or name.startswith("/")
