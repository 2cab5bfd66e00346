"""Copies of a run directory have its run id: they never touch the containers of the original."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker import request as containers
from tests.docker.containers_driver import ContainerDriver, Drive
from tests.docker.docked import GATE, Docked
from tests.docker.engines import close
from tests.executor.running import job


def state(engine: Any, handle: str) -> str:
    found: str = engine.inspect_container(handle)["State"]["Status"]
    return found


@pytest.fixture
def copy(drive: Drive) -> tuple[ContainerDriver, ContainerDriver, str]:
    """A run directory with a live container, a copy of it, and the container."""
    original = drive().prepare()
    original.start("sleep", "1000")
    handle = original.begin()
    elsewhere = original.folder / "copy"
    shutil.copytree(original.folder / "train_dir", elsewhere / "train_dir")
    return original, ContainerDriver(elsewhere, original.run_id), handle


@pytest.mark.parametrize("journal", ["says it is active", "does not have it"])
def test_a_resumed_copy_leaves_the_containers_of_the_original(
    copy: tuple[ContainerDriver, ContainerDriver, str], engine: Any, journal: str
) -> None:
    original, copied, handle = copy
    copied.prepare()
    asked = [("job", 1, handle)] if journal == "says it is active" else []
    with pytest.raises(RuntimeUnavailable, match="this run directory is a copy of it") as caught:
        copied.runtime.survey(asked)
    assert f"`{original.rundir.path}`" in str(caught.value)
    close(copied)
    assert state(engine, handle) == "running"


def test_a_copy_that_gives_an_attempt_the_same_name_starts_nothing(
    copy: tuple[ContainerDriver, ContainerDriver, str], engine: Any
) -> None:
    """The original began it after the copy had looked."""
    _, copied, handle = copy
    copied.prepare()
    copied.start("sleep", "1000")
    with pytest.raises(RuntimeUnavailable, match="is a copy of it"):
        copied.wait(lambda: False)
    close(copied)
    assert state(engine, handle) == "running"


def test_links_and_moves_are_no_copies(drive: Drive, engine: Any) -> None:
    first = drive().prepare()
    first.start("sleep", "1000")
    handle = first.begin()
    close(first)
    link = first.folder / "link"
    link.symlink_to(first.folder)
    linked = ContainerDriver(link, first.run_id).prepare()
    (seen,) = linked.runtime.survey([("job", 1, handle)])
    assert seen.state == "alive"
    close(linked)
    moved = first.folder / "moved"
    moved.mkdir()
    (first.folder / "train_dir").rename(moved / "train_dir")
    there = ContainerDriver(moved, first.run_id).prepare()
    (seen,) = there.runtime.survey([("job", 1, handle)])
    assert seen.state == "alive"
    close(there)


@pytest.mark.parametrize(
    ("status", "known", "words"),
    [
        ("running", True, "the journal says that attempt `job.1` has ended"),
        ("running", False, "attempt `job.1`, which the journal does not have"),
        ("exited", False, "attempt `job.1`, which the journal does not have"),
        ("paused", True, "the journal says that attempt `job.1` has ended"),
    ],
)
def test_a_survey_removes_nothing_that_the_journal_cannot_explain(
    drive: Drive, engine: Any, status: str, known: bool, words: str
) -> None:
    """A journal that was restored from a backup, for instance."""
    first = drive().prepare()
    first.start("sleep", "1000")
    handle = first.begin()
    name = containers.container_name(first.run_id, "job", 1)
    close(first)
    if status == "paused":
        engine.pause(handle)
    if status == "exited":
        engine.kill(handle)
        engine.wait(handle)
    driver = drive().prepare()
    driver.runtime._config._has = lambda job, attempt: known
    with pytest.raises(RuntimeUnavailable) as caught:
        driver.runtime.survey([])
    assert words in str(caught.value)
    assert f"docker rm --force {name}" in (caught.value.hint or "")
    close(driver)
    assert state(engine, handle) == status
    if status == "paused":
        engine.unpause(handle)


def test_pbt_run_of_an_older_journal_ends_with_5(docked: Docked) -> None:
    """Its container goes on, and once the journal is back, it is followed."""
    target = docked.spec(job("j", GATE))
    run = docked.start(target)
    docked.wait_for(ev.AttemptStarted)
    run.kill()
    run.communicate()
    journal = docked.rundir.journal
    whole = journal.read_bytes()
    kept = [one for one in whole.splitlines(keepends=True) if b'"attempt_' not in one]
    journal.write_bytes(b"".join(kept[:1]))
    said = docked.pbt(str(docked.rundir.path))
    assert said.code == 5, said.all
    assert "which the journal does not have" in said.err
    journal.write_bytes(whole)
    (found,) = docked.inspected().values()
    assert found["State"]["Status"] == "running"
    docked.write("go")
    said = docked.pbt(str(docked.rundir.path))
    assert said.code == 0, said.all


def test_a_container_that_began_meanwhile_is_not_cleaned(drive: Drive, engine: Any) -> None:
    from pbt_tui.runtimes.docker.leftovers import RUNS, clean

    driver = drive().prepare()
    driver.start("sleep", "1000")
    handle = driver.begin()
    assert clean([handle], force=False) == {handle: RUNS}
    assert state(engine, handle) == "running"
