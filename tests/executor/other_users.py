"""Other users and small disks, for tests that root runs: made for a test, and removed after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.executor import running

_PROGRAMS = ("setpriv", "useradd", "userdel", "groupadd", "groupdel")
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, _PROGRAMS)),
    reason="only root becomes another user",
)


@contextmanager
def open_place() -> Iterator[running.Place]:
    """A place that other users may enter: only its owner enters pytest's `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for place in running.cleaned(Path(folder)):
            place.environ["XDG_CONFIG_HOME"] = f"{folder}/config"
            place.environ.pop("SUDO_UID", None)
            yield place


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """An empty file system of 60 MB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs root to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@dataclass(frozen=True)
class OtherUser:
    """A user of the system. `group` is the one group that the user is in."""

    name: str
    uid: int
    group: int

    @property
    def become(self) -> tuple[str, ...]:
        """The words before a command that this user runs.

        The user may read where this Python and the project lie, and write nothing of others.
        """
        reads = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        whose = (f"--reuid={self.uid}", f"--regid={self.group}", "--clear-groups")
        return ("setpriv", *whose, *reads)

    def gets(self, folder: Path) -> None:
        """Gives a folder and all in it to the user."""
        subprocess.run(["chown", "-hR", f"{self.uid}:{self.group}", str(folder)], check=True)


def _retried(*words: str) -> None:
    """The database of users is locked while another test changes it."""
    for _ in range(50):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        subprocess.run(["sleep", "0.2"], check=True)
    raise AssertionError(done.stderr)


@contextmanager
def group() -> Iterator[int]:
    """A new group, by its number."""
    name = f"pbt-{uuid.uuid4().hex[:8]}"
    _retried("groupadd", name)
    try:
        text = subprocess.run(["getent", "group", name], capture_output=True, text=True, check=True)
        yield int(text.stdout.split(":")[2])
    finally:
        _retried("groupdel", name)


@contextmanager
def user(of: int) -> Iterator[OtherUser]:
    """A new user in group `of` alone."""
    name = f"pbt-{uuid.uuid4().hex[:8]}"
    _retried("useradd", "--no-create-home", "--no-user-group", "--gid", str(of), name)
    try:
        text = subprocess.run(["id", "-u", name], capture_output=True, text=True, check=True)
        yield OtherUser(name, int(text.stdout), of)
    finally:
        _retried("userdel", name)
