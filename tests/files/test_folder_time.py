"""The time of a folder's file system, which may be another one than this machine's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbt_tui.files import disk
from pbt_tui.files.folder_time import time_of


def test_it_is_the_time_that_a_file_gets(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.touch()
    at = time_of(tmp_path)
    after.touch()
    assert at is not None
    assert before.stat().st_mtime <= at <= after.stat().st_mtime
    assert sorted(tmp_path.iterdir()) == [after, before]


def test_it_is_unknown_where_no_file_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert time_of(tmp_path / "none") is None
    left = tmp_path / f".time-{os.getpid()}"
    left.touch()  # of a process that was killed
    assert time_of(tmp_path) is None
    assert time_of(tmp_path) is not None

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.calls, "fstat", full)
    assert time_of(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
