"""Who executes a run: two real processes, and a lock that dies with its holder."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from pbt_tui.errors import RunBusy, RunError
from pbt_tui.journal import lock

HOLDER = """
import sys
from pathlib import Path
from pbt_tui.errors import RunBusy
from pbt_tui.journal import lock
path = Path(sys.argv[1])
try:
    lock.acquire(path)
    print("held", flush=True)
except RunBusy as e:
    print(e, flush=True)
for word in sys.stdin:
    if word == "release\\n":
        lock.release(path)
        print("released", flush=True)
    else:
        print(lock.holder(path), flush=True)
"""


class Other:
    """Another process that tries to take the lock."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self.first = self.hears()

    @property
    def pid(self) -> int:
        return self.process.pid

    def hears(self) -> str:
        out: IO[str] | None = self.process.stdout
        assert out is not None
        return out.readline().strip()

    def told(self, word: str) -> str:
        into: IO[str] | None = self.process.stdin
        assert into is not None
        into.write(f"{word}\n")
        into.flush()
        return self.hears()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    found = tmp_path / "_pbt" / "lock"
    found.parent.mkdir()
    yield found
    lock.release(found)


def test_one_at_a_time_and_named(path: Path) -> None:
    other = Other(path)
    assert other.first == "held"
    assert lock.holder(path) == other.pid
    with pytest.raises(RunBusy, match=f"pid {other.pid}") as caught:
        lock.acquire(path)
    assert caught.value.exit_code == 5
    assert str(path.parent) in str(caught.value)
    assert lock.holder(path) == other.pid, "asking and failing took nothing from it"
    assert other.told("release") == "released"
    assert lock.holder(path) is None
    lock.acquire(path)
    assert other.told("who") == str(os.getpid())
    other.end()


def test_a_killed_holder_frees_it(path: Path) -> None:
    other = Other(path)
    assert other.first == "held"
    other.end()
    assert lock.holder(path) is None
    lock.acquire(path)
    third = Other(path)
    assert f"pid {os.getpid()}" in third.first
    third.end()


def test_asking_never_lets_go_of_our_own(path: Path) -> None:
    """Closing any descriptor of the file would: so the file is not opened again."""
    lock.acquire(path)
    lock.acquire(path)
    assert lock.holder(path) == os.getpid()
    other = Other(path)
    assert f"pid {os.getpid()}" in other.first
    other.end()
    lock.release(path)
    lock.release(path)
    assert lock.holder(path) is None


def test_nobody_and_nothing(path: Path, tmp_path: Path) -> None:
    assert lock.holder(path) is None, "no file"
    path.touch()
    assert lock.holder(path) is None, "a file, no lock"
    with pytest.raises(FileNotFoundError):
        lock.acquire(tmp_path / "no" / "lock")


def test_the_lock_of_what_was_put_aside_is_not_ours(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--fresh` renames the directory between our opening of the file and our lock."""
    real = fcntl.lockf
    moved: list[Path] = []

    def late(fd: int, kind: int) -> None:
        if not moved:
            moved.append(path.parent.rename(path.parent.with_name("_pbt.1")))
            path.parent.mkdir()
        real(fd, kind)

    monkeypatch.setattr(fcntl, "lockf", late)
    lock.acquire(path)
    assert path.exists()
    other = Other(path)
    assert f"pid {os.getpid()}" in other.first
    other.end()


def test_a_file_system_without_locks_is_no_other_executor(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(fd: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", fails)
    with pytest.raises(RunError, match="has no locks: no locks available"):
        lock.acquire(path)


def test_a_holder_that_goes_between_two_looks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.lockf
    refused: list[int] = []

    def once(fd: int, kind: int) -> None:
        if not refused:
            refused.append(1)
            raise BlockingIOError
        real(fd, kind)

    monkeypatch.setattr(fcntl, "lockf", once)
    lock.acquire(path)
    assert lock.holder(path) == os.getpid()


def test_a_holder_of_another_host(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_holder_pid", lambda fd: 0)
    monkeypatch.setattr(fcntl, "lockf", lambda fd, kind: (_ for _ in ()).throw(BlockingIOError()))
    with pytest.raises(RunBusy, match="a process of another host"):
        lock.acquire(path)
