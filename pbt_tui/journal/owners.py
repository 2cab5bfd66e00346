"""Whose files a run directory consists of, and whether this user trusts their owner.

A run directory decides which commands run and where their output goes. So an executor works only in
a directory of its own user, or in one that this user trusts by name. To look needs no trust.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path

from msgspec import Struct

from pbt_tui.errors import NotOurs, Where, printable
from pbt_tui.journal.run_dir import RunDir


class Trust(Struct, frozen=True):
    """What a user trusts, apart from what the user owns."""

    directories: tuple[Path, ...] = ()
    """Absolute paths of folders whose run directories are trusted, whoever owns them."""
    everything: bool = False
    """Whether all run directories are trusted."""
    share: bool = False
    """Whether new run directories are shared with their group, whose requests are obeyed."""

    def covers(self, path: Path) -> bool:
        """Whether `path` is in a trusted folder, or is one. Links are followed first.

        Example:
            >>> Trust((Path("/data/lab"),)).covers(Path("/data/lab/train_dir/ants/_pbt"))
            True
        """
        if self.everything:
            return True
        real = Path(os.path.realpath(path))
        trusted = [Path(os.path.realpath(folder)) for folder in self.directories]
        return any(folder == real or folder in real.parents for folder in trusted)


NOBODY_ELSE = Trust()
"""Trusts no other user."""


def own_uids() -> frozenset[int]:
    """Users whose files are as good as our own: this user and root.

    For root that is root alone, and with `sudo` also the user who called it, as in git.
    """
    me = os.geteuid()
    caller = os.environ.get("SUDO_UID", "") if me == 0 else ""
    more = {int(caller)} if caller.isascii() and caller.isdecimal() and len(caller) < 11 else set()
    return frozenset({me, 0} | more)


def check(rundir: RunDir, trust: Trust) -> None:
    """Raises `NotOurs` if the run directory, or a file of it, has an owner without trust.

    A run directory that does not exist passes. The owner of a link counts, and that of its target.
    """
    known: frozenset[int] | None = None
    for path in (
        rundir.path,
        rundir.spec,
        rundir.journal,
        rundir.lock,
        rundir.requests,
        rundir.logs,
        rundir.attempts,
    ):
        known = own_uids() if known is None else known
        for look in (os.lstat, os.stat):
            try:
                owner = look(path).st_uid
            except OSError:
                continue  # missing, or not to be entered: whoever opens it reports that
            if owner not in known:
                if trust.covers(rundir.path):
                    return
                raise _foreign(rundir, path, owner)


def _foreign(rundir: RunDir, path: Path, owner: int) -> NotOurs:
    what = "this run directory" if path == rundir.path else "this part of a run directory"
    here = shlex.quote(printable(str(rundir.path)))
    return NotOurs(
        f"{what} belongs to {_user(owner)}, and its jobs would run as {_user(os.geteuid())}",
        where=Where(file=str(path)),
        hint=f"look at it with `pbt-tui {here}`; if you trust its owner, pass `--trust {here}`, or "
        "name the directory in `trusted_directories` of your `~/.config/pbt/config.toml`",
    )


def _user(uid: int) -> str:
    try:
        return f"user `{printable(pwd.getpwuid(uid).pw_name)}` (uid {uid})"
    except KeyError:
        return f"the user with uid {uid}"


def obeyed(rundir: RunDir, trust: Trust) -> Callable[[int], bool]:
    """The function that tells whether a request of the user with this uid is obeyed.

    Those of `own_uids` are, and in a shared run directory those of the members of its group.
    """
    own = own_uids()
    group = _group(rundir.requests) if trust.share else None
    return lambda uid: uid in own or (group is not None and is_member(uid, group))


def _group(folder: Path) -> int | None:
    try:
        return folder.stat().st_gid
    except OSError:
        return None


@cache
def is_member(uid: int, gid: int) -> bool:
    """Whether the user is in the group, as the system's database of users says."""
    try:
        user = pwd.getpwuid(uid)
        grp.getgrgid(gid)
        return gid in os.getgrouplist(user.pw_name, user.pw_gid)
    except (KeyError, OSError):
        return False
