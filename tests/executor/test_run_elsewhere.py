"""A run directory that was copied or moved never works where it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.journal import Tail
from pbt_tui.journal import events as ev
from tests.executor.running import WAITS, Place, Said, job, until
from tests.shelf.scrub import unsealed

RAN = 'echo "$PWD" >>ran; [ -e good ]'
"""Says where it ran, and fails until `good` exists there."""


def there(place: Place, path: Path) -> Place:
    """The same runs at another path; what it starts is cleaned with `place`."""
    other = Place(path)
    other.mark, other.environ = place.mark, dict(place.environ)
    return other


def failed_once(place: Place, **policy: Any) -> str:
    """A run whose only job has failed, in `orig`."""
    orig = there(place, place.path / "orig")
    orig.path.mkdir()
    assert orig.pbt(orig.spec(job("j", RAN), **policy)).code == 4
    return "orig"


def copied(place: Place, how: str) -> Place:
    copy = there(place, place.path / "copy")
    orig = place.path / "orig"
    match how:
        case "cp -a":
            subprocess.run(["cp", "-a", orig, copy.path], check=True)
        case "by content":  # as rsync and object stores do: new inodes, new times
            shutil.copytree(orig, copy.path, copy_function=shutil.copyfile)
        case "hard links":  # as `cp -al` and snapshots by rsync do: the journal has the same inode
            subprocess.run(["cp", "-al", orig, copy.path], check=True)
        case "symlinked parent":
            (place.path / "real").mkdir()
            subprocess.run(["cp", "-a", orig, place.path / "real" / "c"], check=True)
            copy.path.symlink_to(place.path / "real" / "c")
    return copy


def refused(said: Said, words: str) -> None:
    assert said.code == 5, said.all
    assert words in said.err
    assert "--rehome" in said.err
    assert said.out == ""


@pytest.mark.parametrize("how", ["cp -a", "by content", "hard links", "symlinked parent"])
def test_a_copy_never_works_in_the_original(place: Place, how: str) -> None:
    failed_once(place)
    orig, copy = there(place, place.path / "orig"), copied(place, how)
    before = copy.rundir.journal.read_bytes()
    for words in (
        ("train_dir/r", "--failed"),
        ("specs", "--failed"),
        (str(copy.rundir.path), "--retry", "j"),
        ("train_dir/r", "--failed", "--detach"),
        ("train_dir/r", "--dry_run"),
    ):
        refused(copy.pbt(*words), f"this run directory was copied from `{orig.rundir.path}`")
    assert copy.rundir.journal.read_bytes() == before
    assert list(copy.rundir.requests.iterdir()) == []
    assert copy.pbt("train_dir/r").code == 4, "a closed run repeats its code: nothing is started"

    if how == "hard links":
        return  # its journal is the original's: nothing may be written
    copy.write("good")
    assert copy.pbt("train_dir/r", "--failed", "--rehome").code == 0
    assert (copy.path / "ran").read_text().split()[-1] == os.path.realpath(copy.path)
    assert len((orig.path / "ran").read_text().split()) == 1, "nothing ran at the original"
    assert orig.rundir.journal.read_bytes() == before
    moved = copy.of(ev.RunRehomed)[0]
    opened = copy.of(ev.RunOpened)[0]
    assert moved.run_id != opened.run_id
    assert (moved.old_cwd, moved.old_train_dir) == (opened.cwd, opened.train_dir)
    assert Path(moved.cwd).samefile(copy.path)
    assert Path(moved.train_dir).samefile(copy.path / "train_dir")
    assert moved.inode == copy.rundir.journal.stat().st_ino
    good = (copy.path / "good").stat().st_mtime
    assert good <= moved.files_at <= copy.rundir.journal.stat().st_mtime
    (copy.path / "good").unlink()
    assert copy.pbt("train_dir/r", "--retry", "j").code == 4, "it is at its place from now on"
    assert len(copy.of(ev.RunRehomed)) == 1


def test_a_copy_with_hard_links_is_no_second_run(place: Place) -> None:
    failed_once(place)
    copy = copied(place, "hard links")
    said = copy.pbt("train_dir/r", "--failed", "--rehome")
    assert said.code == 5
    assert "its journal is the file of another run directory" in said.err


def test_a_moved_directory_goes_on_where_it_is(place: Place) -> None:
    failed_once(place)
    orig, away = place.path / "orig", there(place, place.path / "away")
    orig.rename(away.path)
    said = away.pbt("train_dir/r", "--failed")
    refused(said, f"this run directory was moved from `{orig}/train_dir/r/_pbt`")
    away.write("good")
    # Called from elsewhere: the folder of the jobs is derived from the old one.
    assert place.pbt(str(away.rundir.path), "--failed", "--rehome").code == 0
    assert (away.path / "ran").read_text().split() == [str(orig), str(away.path)]
    assert not orig.exists()


def test_a_renamed_parent_and_back(place: Place) -> None:
    failed_once(place)
    orig, away = place.path / "orig", there(place, place.path / "away")
    orig.rename(away.path)
    refused(away.pbt("train_dir/r", "--failed"), "was moved from")
    away.path.rename(orig)
    back = there(place, orig)
    back.write("good")
    assert back.pbt("train_dir/r", "--failed").code == 0
    assert back.of(ev.RunRehomed) == []


def test_a_link_to_the_same_directory_goes_on(place: Place) -> None:
    failed_once(place)
    link = there(place, place.path / "link")
    link.path.symlink_to("orig")
    (place.path / "orig" / "good").touch()
    assert link.pbt("train_dir/r", "--failed").code == 0
    orig = str(place.path / "orig")
    assert (place.path / "orig" / "ran").read_text().split() == [orig, orig]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_bind_mount_of_the_same_directory_goes_on(place: Place) -> None:
    failed_once(place)
    mounted = there(place, place.path / "mounted")
    mounted.path.mkdir()
    if subprocess.run(
        ["mount", "--bind", place.path / "orig", mounted.path], check=False
    ).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        mounted.write("good")
        assert mounted.pbt("train_dir/r", "--failed").code == 0
        orig = str(place.path / "orig")
        assert (mounted.path / "ran").read_text().split() == [orig, orig]
    finally:
        subprocess.run(["umount", "-l", mounted.path], check=True)


def test_a_restored_directory_is_at_its_place(place: Place) -> None:
    """Removed, and restored from a copy: the journal has another inode, which is recorded."""
    failed_once(place)
    orig = there(place, place.path / "orig")
    copied(place, "by content")
    shutil.rmtree(orig.path)
    (place.path / "copy").rename(orig.path)
    orig.write("good")
    assert orig.pbt("train_dir/r", "--failed").code == 0
    first, restored = orig.of(ev.ExecutorStarted)
    assert (first.inode, first.files_at) == (msgspec.UNSET, msgspec.UNSET)
    assert restored.inode == orig.rundir.journal.stat().st_ino
    good = (orig.path / "good").stat().st_mtime
    assert good <= restored.files_at <= orig.rundir.journal.stat().st_mtime
    assert orig.state().moved_at == restored.files_at
    assert orig.state().inode == orig.rundir.journal.stat().st_ino


def test_a_copy_whose_original_is_gone_is_a_copy(place: Place) -> None:
    failed_once(place)
    copy = copied(place, "by content")
    shutil.rmtree(place.path / "orig")
    refused(copy.pbt("train_dir/r", "--failed"), "was copied from")


def test_a_copy_beside_the_original_is_a_copy(place: Place) -> None:
    """The same train_dir: container names and attempt files of both would mix."""
    failed_once(place)
    orig = there(place, place.path / "orig")
    beside = orig.rundir.path.with_name("_pbt_copy")
    shutil.copytree(orig.rundir.path, beside)
    refused(orig.pbt(str(beside), "--failed"), "was copied from")


def test_what_fresh_put_aside_is_no_copy(place: Place) -> None:
    failed_once(place)
    orig = there(place, place.path / "orig")
    orig.write("good")
    assert orig.pbt("specs", "--fresh").code == 0
    assert orig.pbt(f"{orig.rundir.path}.1", "--failed").code == 0


def absolute(place: Place, *jobs: object) -> Place:
    """A run in `orig` whose spec names its train_dir as an absolute path."""
    orig = there(place, place.path / "orig")
    orig.path.mkdir()
    orig.spec(*jobs)  # type: ignore[arg-type]
    file = orig.path / "specs" / "processes.json"
    file.write_bytes(
        file.read_bytes().replace(
            b'"train_dir":"train_dir"', f'"train_dir":"{orig.path}/train_dir"'.encode()
        )
    )
    assert orig.pbt("specs").code == 4
    return orig


@pytest.mark.parametrize("way", ["argv", "env", "relative"])
def test_an_old_place_in_the_spec_is_named_with_its_jobs(place: Place, way: str) -> None:
    old = place.path / "orig" / "train_dir"
    match way:
        case "argv":
            named = job("a", "sh", "-c", "exit 1", f"--train_dir={old}/x")
        case "env":
            named = job("a", "exit 1", env={"OUT": f"sub:{old}"})
        case _:
            named = job("a", "sh", "-c", "exit 1", "--out", "../orig/train_dir/x")
    orig = absolute(place, named, job("b", "exit 1"))
    copy = copied(place, "cp -a")
    before = copy.rundir.journal.read_bytes()
    refused(copy.pbt("train_dir/r", "--failed"), f"was copied from `{orig.rundir.path}`")
    said = copy.pbt("train_dir/r", "--failed", "--rehome")
    assert said.code == 5
    what = "env" if way == "env" else "argv"
    assert f"the old place `{old}` is named by {what} of `a`" in said.err
    assert "`b`" not in said.err
    assert f"hint: compile again with `--train_dir {copy.path}/train_dir`" in said.err
    assert "--fresh" in said.err
    assert copy.rundir.journal.read_bytes() == before


def test_an_absolute_train_dir_that_no_job_names(place: Place) -> None:
    orig = absolute(place, job("j", RAN))
    copy = copied(place, "cp -a")
    copy.write("good")
    assert copy.pbt("train_dir/r", "--failed", "--rehome").code == 0
    assert (copy.path / "ran").read_text().split()[-1] == str(copy.path)
    assert len((orig.path / "ran").read_text().split()) == 1


def test_a_train_dir_copied_within_its_folder(place: Place) -> None:
    """The jobs write to `train_dir`, relative to where they start: that is the original's."""
    failed_once(place)
    orig = there(place, place.path / "orig")
    shutil.copytree(orig.path / "train_dir", orig.path / "other")
    said = orig.pbt("other/r", "--failed", "--rehome")
    assert said.code == 5
    assert "its jobs write to `train_dir` of the folder in which they start" in said.err
    assert f"compile again with `--train_dir {orig.path}/other`" in said.err


def test_fresh_in_a_copy_starts_in_the_copy(place: Place) -> None:
    failed_once(place)
    copy = copied(place, "cp -a")
    copy.write("good")
    said = place.pbt(str(copy.rundir.path), "--fresh")
    assert said.code == 5, "from another folder, its relative train_dir is another place"
    assert "which is not this place" in said.err
    assert copy.pbt("train_dir/r", "--fresh").code == 0
    assert (copy.path / "ran").read_text().split()[-1] == str(copy.path)
    assert len((place.path / "orig" / "ran").read_text().split()) == 1


def test_fresh_from_another_folder_keeps_the_folders_of_the_run(place: Place) -> None:
    failed_once(place)
    orig = there(place, place.path / "orig")
    orig.write("good")
    assert place.pbt(str(orig.rundir.path), "--fresh").code == 0
    opened = orig.of(ev.RunOpened)[0]
    assert (opened.cwd, opened.train_dir) == (str(orig.path), str(orig.path / "train_dir"))
    assert not (place.path / "train_dir").exists()


def killed_while_running(place: Place) -> Place:
    orig = there(place, place.path / "orig")
    orig.path.mkdir()
    executor = orig.start(orig.spec(job("j", f'{WAITS}; echo "$PWD" >>ran'), job("k", "true")))
    orig.wait_for(ev.AttemptStarted, 2)
    until(lambda: orig.phases()["k"] == "succeeded")
    os.kill(executor.pid, signal.SIGKILL)
    executor.communicate()
    return orig


def test_active_attempts_of_a_copy_belong_to_the_original(place: Place) -> None:
    """They are neither adopted nor stopped, and the original picks them up."""
    orig = killed_while_running(place)
    copy = copied(place, "cp -a")
    # The original goes on, and the copy got a later attempt file than its journal knows.
    shutil.copy(orig.rundir.claim("j", 1), copy.rundir.claim("j", 2))
    (copy.rundir.requests / "1-1.json").write_text('{"id":"1-1","action":"cancel"}')
    copy.write("go")
    said = copy.pbt("train_dir/r", "--rehome")
    assert said.code == 0, said.all
    first, second = copy.jobs()["j"].attempts
    assert (first.outcome, second.outcome) == ("interrupted", "succeeded")
    assert f"it belongs to the run in {orig.rundir.path}" in str(first.detail)
    assert copy.jobs()["j"].tries == 0
    assert len(copy.jobs()["k"].attempts) == 1
    assert (copy.path / "ran").read_text().split() == [str(copy.path)]
    assert copy.of(ev.RequestAccepted) == []

    assert not (orig.path / "ran").exists(), "the original's job still waits"
    orig.write("go")
    assert orig.pbt("specs").code == 0
    assert (orig.path / "ran").read_text().split() == [str(orig.path)]
    assert len(orig.jobs()["j"].attempts) == 1


def test_active_attempts_of_a_moved_directory(place: Place) -> None:
    orig = killed_while_running(place)
    away = there(place, place.path / "away")
    orig.path.rename(away.path)
    said = away.pbt("train_dir/r", "--rehome")
    assert said.code == 5
    assert "it was moved, and `j` may still be running" in said.err
    assert f"hint: move it back to `{orig.rundir.path}` and end them there first" in said.err
    away.path.rename(orig.path)
    orig.write("go")
    until(lambda: "exit" in orig.rundir.claim("j", 1).read_text())
    orig.path.rename(away.path)
    said = away.pbt("train_dir/r", "--rehome")
    assert said.code == 0, said.all
    assert [a.outcome for a in away.jobs()["j"].attempts] == ["succeeded"], "its code is not lost"


def test_rehome_where_nothing_was_moved_changes_nothing(place: Place) -> None:
    failed_once(place)
    orig = there(place, place.path / "orig")
    before = orig.rundir.journal.read_bytes()
    assert orig.pbt("train_dir/r", "--rehome").code == 4
    assert orig.rundir.journal.read_bytes() == before
    for other in ("--fresh", "--dry_run"):
        assert orig.pbt("train_dir/r", "--rehome", other).code == 2


def test_looking_at_a_copy_needs_nothing(place: Place) -> None:
    failed_once(place)
    copy = copied(place, "cp -a")
    command = ["-m", "pbt_tui.cli.tui", "train_dir/r", "--once", "--json"]
    done = subprocess.run(
        [sys.executable, *command],
        env=copy.environ, cwd=copy.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert json.loads(done.stdout)["run"] == "r"


def test_the_event_on_stdout(place: Place) -> None:
    failed_once(place)
    copy = copied(place, "cp -a")
    copy.write("good")
    said = copy.pbt("train_dir/r", "--failed", "--rehome", "--json")
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert lines[0]["event"] == "run_rehomed"
    assert [line["seq"] for line in lines] == [e.seq for e in copy.events()][-len(lines) :]


def test_journals_of_earlier_versions_have_no_inode(place: Place) -> None:
    failed_once(place)
    orig = there(place, place.path / "orig")
    lines = unsealed(orig.rundir.journal.read_bytes()).splitlines()
    first = msgspec.json.decode(lines[0])
    first.pop("inode")
    lines[0] = msgspec.json.encode(first)
    orig.rundir.journal.write_bytes(b"\n".join(lines) + b"\n")
    copy = copied(place, "by content")
    refused(copy.pbt("train_dir/r", "--failed"), "was copied from")
    (orig.path / "good").touch()
    assert orig.pbt("train_dir/r", "--failed").code == 0
    assert orig.state().inode == orig.rundir.journal.stat().st_ino
    assert Tail(orig.rundir.journal).read_all()[0].inode is msgspec.UNSET  # type: ignore[union-attr]
    away = there(place, place.path / f"away-{uuid.uuid4().hex[:4]}")
    orig.path.rename(away.path)
    refused(away.pbt("train_dir/r", "--failed"), "was moved from")
