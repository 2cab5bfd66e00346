from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.compiler import output
from pbt_tui.errors import UsageError
from pbt_tui.files import disk

FILES = {"ant/processes.json": b"1\n2\n", "ant/slurm/index.json": b"{}\n"}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_files_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    out = tmp_path / "a" / "specs"
    assert output.write(out, FILES) == list(FILES)
    assert tree(out) == FILES
    assert (out / "ant/processes.json").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_right_is_not_touched(tmp_path: Path) -> None:
    output.write(tmp_path, FILES)
    before = (tmp_path / "ant/processes.json").stat()
    assert output.write(tmp_path, {**FILES, "ant/slurm/index.json": b"new"}) == [
        "ant/slurm/index.json"
    ]
    after = (tmp_path / "ant/processes.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert output.write(tmp_path, {**FILES, "ant/slurm/index.json": b"new"}) == []


def test_files_of_people_stay(tmp_path: Path) -> None:
    (tmp_path / "ant").mkdir()
    (tmp_path / "ant/README").write_text("mine")
    output.write(tmp_path, FILES)
    assert tree(tmp_path) == {**FILES, "ant/README": b"mine"}


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    old = {"ant/processes.json": b"old"}
    output.write(tmp_path, old)
    (tmp_path / "ant/slurm/index.json").mkdir(parents=True)
    with pytest.raises(UsageError) as e:
        output.write(tmp_path, FILES)
    assert "not a regular file" in str(e.value)
    assert e.value.exit_code == 2
    assert e.value.hint == "nothing was changed"
    assert tree(tmp_path) == old


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_failed_rename_takes_the_others_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    old = {"a": b"old a", "c": b"old c"}
    output.write(tmp_path, old)
    real = os.rename
    calls = 0

    def rename(path: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise OSError(16, "Device or resource busy")
        real(path, target)

    monkeypatch.setattr(disk.calls, "rename", rename)
    with pytest.raises(UsageError, match="device or resource busy"):
        output.write(tmp_path, {"a": b"new a", "b": b"new b", "c": b"new c"})
    assert tree(tmp_path) == old


@pytest.mark.parametrize("out", ["/proc/specs", "/dev/null", "/dev/null/specs", "/dev/full"])
def test_folders_that_can_never_be(out: str) -> None:
    def write() -> None:
        output.check_writable(Path(out))
        output.write(Path(out), FILES)

    with pytest.raises(UsageError, match="cannot write"):
        write()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "specs").write_text("mine")
    for out in (tmp_path / "specs", tmp_path / "specs" / "inner"):
        with pytest.raises(UsageError, match="is not a folder"):
            output.check_writable(out)
        with pytest.raises(UsageError):
            output.write(out, FILES)
    (tmp_path / "ant").write_text("mine")
    with pytest.raises(UsageError):
        output.write(tmp_path, FILES)
    assert tree(tmp_path) == {"specs": b"mine", "ant": b"mine"}


FULL = """
import resource, sys
from pathlib import Path
from pbt_tui.compiler import output
from pbt_tui.errors import UsageError
from pbt_tui.files import disk
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    output.write(Path(sys.argv[1]), {"ant/processes.json": b"x" * 5000, "ant/a": b"1"})
except UsageError as e:
    print(e)
"""


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "specs"
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(out)], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"cannot write `{out}`: file too large\n"
    assert not out.exists()
    output.write(out, {"ant/processes.json": b"old"})
    subprocess.run([sys.executable, "-c", FULL, str(out)], check=True, capture_output=True)
    assert tree(out) == {"ant/processes.json": b"old"}


KILLED = """
import os, signal, sys
from pathlib import Path
from pbt_tui.compiler import output
from pbt_tui.files import disk
target, count = sys.argv[1], int(sys.argv[2])
done = 0
def rename(path, to):
    global done
    done += 1
    if done > count:
        os.kill(os.getpid(), signal.SIGKILL)
    os.rename(path, to)
disk.calls.rename = rename
output.write(Path(target), {"processes.json": b"new" * 1000})
"""


def test_killed_before_the_rename_leaves_the_old_file_whole(tmp_path: Path) -> None:
    output.write(tmp_path, {"processes.json": b"old"})
    run = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "0"], check=False)
    assert run.returncode == -signal.SIGKILL
    assert (tmp_path / "processes.json").read_bytes() == b"old"
    assert output.write(tmp_path, {"processes.json": b"new"}) == ["processes.json"]


def test_diff_and_stale(tmp_path: Path) -> None:
    assert output.stale(tmp_path, FILES) == dict.fromkeys(FILES)
    output.write(tmp_path, FILES)
    assert output.stale(tmp_path, FILES) == {}
    (tmp_path / "ant/processes.json").write_bytes(b"1\n3\n")
    old = output.stale(tmp_path, FILES)
    assert old == {"ant/processes.json": b"1\n3\n"}
    name = tmp_path / "ant/processes.json"
    assert "".join(output.diff(tmp_path, FILES, old)) == (
        f"--- {name}\n+++ {name}\n@@ -1,2 +1,2 @@\n 1\n-3\n+2\n"
    )
    lines = "".join(output.diff(tmp_path, {"x": b"1\n"}, {"x": None}))
    assert lines == f"--- /dev/null\n+++ {tmp_path / 'x'}\n@@ -0,0 +1 @@\n+1\n"


def test_diff_of_a_file_without_its_last_newline(tmp_path: Path) -> None:
    text = "".join(output.diff(tmp_path, {"x": b"1\n"}, {"x": b"1"}))
    assert text.endswith("-1\n\\ No newline at end of file\n+1\n")


def test_first_difference() -> None:
    assert output.first_difference(b"a\nb\n", b"a\nc\n") == 2
    assert output.first_difference(b"a\n", b"a\nc\n") == 2
    assert output.first_difference(b"", b"a\n") == 1
