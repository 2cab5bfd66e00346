"""Modes of what is created in a run directory, and what is never written to."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbt_tui.errors import NotOurs
from pbt_tui.files import permissions
from pbt_tui.files.atomic import replace
from pbt_tui.files.permissions import make_folder, make_folders, open_log
from pbt_tui.journal import RunDir


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


@pytest.mark.parametrize(("umask", "folder", "file"), [(0, "0755", "0644"), (0o77, "0700", "0600")])
def test_nobody_else_writes(tmp_path: Path, umask: int, folder: str, file: str) -> None:
    os.umask(umask)
    rundir = RunDir(tmp_path / "_pbt")
    make_folders(rundir.path, rundir.folders, share=False)
    replace(rundir.progress, b"{}", sync=False)
    os.close(open_log(rundir.log("a", 1)))
    assert [mode(p) for p in (rundir.path, rundir.logs, rundir.requests)] == [folder] * 3
    assert [mode(p) for p in (rundir.progress, rundir.log("a", 1))] == [file] * 2


def test_shared_with_the_group(tmp_path: Path) -> None:
    os.umask(0o077)
    rundir = RunDir.of(tmp_path / "train_dir", "r")
    make_folders(rundir.path, rundir.folders, share=True)
    make_folder(rundir.slurm)
    replace(rundir.progress, b"{}", sync=False)
    os.close(open_log(rundir.log("a", 1)))
    assert [mode(p) for p in (rundir.path, rundir.logs, rundir.slurm)] == ["2770"] * 3
    assert [mode(p) for p in (rundir.progress, rundir.log("a", 1))] == ["0660"] * 2
    assert [mode(p) for p in (tmp_path / "train_dir", rundir.path.parent)] == ["2750"] * 2


def test_what_exists_keeps_its_mode(tmp_path: Path) -> None:
    rundir = RunDir(tmp_path / "_pbt")
    rundir.logs.mkdir(parents=True)
    rundir.path.chmod(0o711)
    make_folders(rundir.path, rundir.folders, share=True)
    assert (mode(rundir.path), mode(rundir.logs)) == ("0711", "0777")


def test_a_log_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "a.1.log"
    for text in (b"one\n", b"two\n"):
        fd = open_log(path)
        assert os.get_blocking(fd)
        os.write(fd, text)
        os.close(fd)
    assert path.read_text() == "one\ntwo\n"


def linked(path: Path) -> None:
    (path.parent / "victim").write_text("ours")
    path.symlink_to(path.parent / "victim")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def hard_linked(path: Path) -> None:
    (path.parent / "victim").write_text("ours")
    path.hardlink_to(path.parent / "victim")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (linked, "it is a link"),
        (dangling, "it is a link"),
        (hard_linked, "several names"),
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
    ],
)
def test_what_another_user_may_have_prepared(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    path = tmp_path / "a.1.log"
    make(path)
    with pytest.raises(NotOurs, match=why) as caught:
        open_log(path)
    assert caught.value.exit_code == 5
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("make", [linked, dangling, hard_linked, os.mkfifo])
def test_a_prepared_temporary_file_is_not_written_to(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / ".x.json")
    replace(tmp_path / "x.json", b"new", sync=False)
    assert (tmp_path / "x.json").read_text() == "new"
    assert not (tmp_path / "x.json").is_symlink()
    if (tmp_path / "victim").exists():
        assert (tmp_path / "victim").read_text() == "ours"


def test_the_umask_for_other_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for own, others in ((0, 0o022), (0o077, 0o077), (0o002, 0o022)):
        monkeypatch.setattr(permissions, "umask", lambda own=own: own)
        assert permissions.umask_in(tmp_path) == others
    tmp_path.chmod(0o2770)
    assert permissions.umask_in(tmp_path) == 0o007
