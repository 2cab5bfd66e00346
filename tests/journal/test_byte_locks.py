"""Locks on bytes of the journal: with real processes, which inherit them and are killed."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.errors import RunBusy
from pbt_tui.journal import byte_locks


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.touch()
    return path


@pytest.fixture
def child(journal: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the descriptor of attempt 7, in a session of its own, and nothing else."""
    fd = byte_locks.hold(journal, 7)
    command = ["env", "-i", "setsid", "--wait", "sleep", "60"]
    process = subprocess.Popen(command, pass_fds=[fd])
    os.close(fd)
    yield process
    process.kill()
    process.wait()


def test_a_child_that_inherits_the_descriptor_is_the_attempt(
    journal: Path, child: subprocess.Popen[bytes]
) -> None:
    assert byte_locks.is_held(journal, 7) is True
    assert [n for n in range(1, 20) if byte_locks.is_held(journal, n)] == [7]
    assert byte_locks.is_held(journal, 7) is True, "opening and closing the journal drops nothing"
    child.kill()
    child.wait()
    assert byte_locks.is_held(journal, 7) is False


def test_an_attempt_may_be_marked_while_another_executor_writes(journal: Path) -> None:
    with journal.open("ab") as writer:
        assert byte_locks.own(writer.fileno(), journal)
        fds = [byte_locks.hold(journal, seq) for seq in (1, 2, 2)]
        os.close(fds.pop())
        assert byte_locks.is_held(journal, 2) is True, "two hold it, one is left"
        for fd in fds:
            os.close(fd)
        assert byte_locks.is_held(journal, 1) is byte_locks.is_held(journal, 2) is False


def test_one_writer(journal: Path) -> None:
    with journal.open("ab") as first, journal.open("ab") as second:
        assert byte_locks.own(first.fileno(), journal)
        assert byte_locks.own(first.fileno(), journal)
        with pytest.raises(RunBusy, match="another executor writes its journal") as caught:
            byte_locks.own(second.fileno(), journal)
        assert caught.value.exit_code == 5
        first.close()
        assert byte_locks.own(second.fileno(), journal)


def test_the_writer_is_no_attempt(journal: Path) -> None:
    with journal.open("ab") as writer:
        assert byte_locks.own(writer.fileno(), journal)
        assert not any(byte_locks.is_held(journal, seq) for seq in (0, 1, 2))


def test_attempts_beyond_the_last_line(journal: Path) -> None:
    fds = [byte_locks.hold(journal, seq) for seq in (3, 9)]
    found = [byte_locks.held_after(journal, seq) for seq in (0, 2, 3, 8, 9)]
    assert found == [3, 3, 9, 9, None]
    for fd in fds:
        os.close(fd)
    assert byte_locks.held_after(journal, 0) is None


@pytest.mark.parametrize("number", ["ENOLCK", "EINVAL", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_such_locks(
    journal: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    def fails(fd: int, command: int, argument: bytes) -> bytes:
        raise OSError(getattr(errno, number), "none")

    monkeypatch.setattr(fcntl, "fcntl", fails)
    with journal.open("ab") as writer:
        assert byte_locks.own(writer.fileno(), journal) is False
    assert byte_locks.is_held(journal, 1) is None
    with pytest.raises(OSError, match="none"):
        byte_locks.hold(journal, 1)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        byte_locks.hold(tmp_path / "none", 1)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="regular"):
        byte_locks.is_held(tmp_path / "fifo", 1)
