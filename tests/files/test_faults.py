"""The errors of the file layer are told apart, and each is told to people in words."""

from __future__ import annotations

import errno
import os

import pytest

from pbt_tui.files.faults import FaultKind, ForeignFile, cannot_go_on, fault_kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EMFILE, "full"),
        (errno.ENOENT, "gone"),
        (errno.ESTALE, "gone"),
        (errno.ENOTDIR, "gone"),
        (errno.EIO, "gone"),
        (errno.EINTR, "gone"),
        (errno.EACCES, "foreign"),
        (errno.EPERM, "foreign"),
        (errno.EROFS, "foreign"),
        (errno.ELOOP, "foreign"),
        (errno.EBADF, "ours"),
        (errno.EFAULT, "ours"),
        (errno.EINVAL, "foreign"),
        (4242, "gone"),
    ],
)
def test_the_kind_of_an_error(code: int, kind: FaultKind) -> None:
    assert fault_kind(OSError(code, os.strerror(code))) == kind


def test_a_foreign_file_is_foreign_whatever_its_number() -> None:
    assert fault_kind(ForeignFile(errno.EINVAL, "not a regular file")) == "foreign"


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "no space left on device",
            "free disk space",
        ),
        (OSError(errno.ESTALE, "Stale file handle"), "stale file handle", "once it is back"),
        (OSError(errno.ELOOP, "Too many symbolic links"), "it is a link", "may write there"),
    ],
)
def test_what_a_person_reads(error: OSError, said: str, hint: str) -> None:
    found = cannot_go_on(error, "cannot write the journal", "/runs/journal.jsonl")
    assert str(found) == f"`/runs/journal.jsonl`: cannot write the journal: {said}"
    assert hint in str(found.hint)
    assert found.exit_code == 5


def test_a_bug_stays_an_exception() -> None:
    error = OSError(errno.EBADF, "Bad file descriptor")
    with pytest.raises(OSError, match="Bad file descriptor"):
        cannot_go_on(error, "cannot write the journal", "/runs/journal.jsonl")
