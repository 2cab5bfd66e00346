"""`pbt-run` and its run directory: held, foreign, unwritable, on a full disk."""

from __future__ import annotations

import os
import resource

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import WAITS, Place, job, module, until


def test_held_by_another_executor(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    for words in ((target,), (target, "--fresh"), (target, "--detach")):
        said = place.pbt(*words)
        assert said.code == 5
        assert f"this run is already being executed: pid {executor.pid}" in said.err
    place.write("go")
    assert place.end(executor).code == 0


def test_belonging_to_another_spec_names_the_jobs(place: Place) -> None:
    assert place.pbt(place.spec(job("a"), job("b"), job("c"))).code == 0
    other = place.spec(job("a"), job("b", "exit 1"), job("d"), name="other")
    before = place.rundir.journal.read_bytes()
    for words in ((other,), (other, "--failed"), (other, "--dry_run")):
        said = place.pbt(*words)
        assert said.code == 5
        assert "added: `d`; removed: `c`; changed: `b`" in said.err
        assert "--fresh" in said.err
    assert place.rundir.journal.read_bytes() == before
    assert list(place.rundir.requests.iterdir()) == []
    assert place.pbt(other, "--fresh").code == 4


def test_a_spec_edited_in_the_run_directory_is_not_executed(place: Place) -> None:
    target = place.spec(job("a"), job("b", "echo b >>ran; exit 1"))
    assert place.pbt(target).code == 4
    kept = place.rundir.spec.read_bytes()
    before = place.rundir.journal.read_bytes()
    for edited, jobs in (
        (kept.replace(b"echo b >>ran", b"echo X >>ran"), "changed: `b`"),
        (kept.replace(b'"e"', b'"f"'), "changed: `a`, `b`"),
    ):
        assert edited != kept
        place.rundir.spec.write_bytes(edited)
        said = place.pbt(target, "--failed")
        assert said.code == 5
        assert f"was changed after the run was opened with it: {jobs}" in said.err, said.err
        said = place.pbt(str(place.rundir.path), "--failed")
        assert said.code == 5
        assert "spec.json`: it was changed after the run was opened with it" in said.err
    assert place.rundir.journal.read_bytes() == before
    assert (place.path / "ran").read_text() == "b\n"
    place.rundir.spec.write_bytes(kept)
    assert place.pbt(target, "--failed").code == 4
    assert (place.path / "ran").read_text() == "b\nb\n"


def test_policy_may_change_between_calls(place: Place) -> None:
    assert place.pbt(place.spec(job("j", "[ -e go ]"))).code == 4
    place.write("go")
    again = place.spec(job("j", "[ -e go ]"), grace=5.0, timeout=100.0)
    assert place.pbt(again, "--failed", "--retries", "1").code == 0
    policy = place.of(ev.ExecutorStarted)[-1].policy
    assert (policy.grace, policy.timeout, policy.retries) == (5.0, 100.0, 1)
    assert place.pbt(str(place.rundir.path), "--retry", "j").code == 0
    assert place.of(ev.ExecutorStarted)[-1].policy.retries == 1, "it keeps what it had"


@pytest.mark.parametrize("where", ["file/deeper", "/proc/nothing/here"])
def test_an_unwritable_train_dir(place: Place, where: str) -> None:
    place.write("file")
    target = module(place, "Experiment('a', 'true', [{}])")
    said = place.pbt(target, "--train_dir", where)
    assert said.code == 5
    assert said.err.startswith("error: ")
    assert "cannot create the run directory" in said.err
    assert "hint: pass another `--train_dir`" in said.err
    assert said.out == ""


def test_the_folder_of_a_job_that_cannot_be_made(place: Place) -> None:
    (place.path / "train_dir").mkdir()
    place.write("train_dir/taken")
    said = place.pbt(place.spec(job("a", folder="taken/x"), job("b")))
    assert said.code == 5
    assert "taken" in said.err
    assert [p.name for p in (place.path / "train_dir").iterdir()] == ["taken"]


def test_a_full_disk_performs_nothing_and_loses_nothing(place: Place) -> None:
    """A limit on file sizes stands for the disk: the append fails in the middle of a line."""
    names = [f"j{i:02}" for i in range(12)]
    target = place.spec(*(job(n, f"echo {n} >>ran.{n}") for n in names), max_parallel=2)

    def tight() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))

    said = place.pbt(target, preexec_fn=tight)
    assert said.code == 5
    assert f"`{place.rundir.journal}`: cannot write the journal: file too large" in said.err
    assert "hint: running jobs keep running" in said.err
    assert not place.rundir.journal.read_bytes().endswith(b"\n"), "a torn line is on disk"
    assert place.pbt(target).code == 0
    for name in names:
        assert (place.path / f"ran.{name}").read_text() == f"{name}\n"
    assert all(len(found.attempts) == 1 for found in place.state().jobs)


def test_a_full_disk_truly(place: Place) -> None:
    """The same on a small file system, where we may mount one."""
    small = place.path / "train_dir"
    small.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=72m tmpfs {small} 2>/dev/null"):
        pytest.skip("no file system can be mounted here")
    try:
        filler = job("a", "head -c 100M /dev/zero >train_dir/big; exit 0")
        names = [f"j{i:02}" for i in range(60)]
        target = place.spec(filler, *(job(n, f"echo x >>ran.{n}") for n in names), max_parallel=1)
        said = place.pbt(target)
        assert said.code == 5
        assert "no space left on device" in said.err
        refused = place.pbt(target)
        assert refused.code == 5
        assert "the disk is full: " in refused.err
        (small / "big").unlink()
        assert place.pbt(target).code == 0
        assert all((place.path / f"ran.{n}").read_text() == "x\n" for n in names)
        until(lambda: not place.alive())
    finally:
        os.system(f"umount -l {small}")
