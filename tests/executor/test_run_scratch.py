"""Members that begin anew, and what the console says of those that go on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import Place
from tests.executor.test_run_continued import (
    WORKSPACE,
    attempts,
    lives,
    newest,
    pid_of,
    population,
    wait_for_generation,
)


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """The folder as a mount of itself; skips the test where nothing can be mounted."""
    if subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def stopped(place: Place) -> str:
    """A population of two that was stopped after some generations."""
    target = population(place, 2)
    executor = place.start(target)
    wait_for_generation(place, 4, 0, 1)
    executor.send_signal(signal.SIGINT)
    assert place.end(executor).code == 130
    return target


def test_the_console_says_what_each_member_goes_on_from(place: Place) -> None:
    stopped(place)
    before = [newest(place, member) for member in (0, 1)]
    place.write("go")
    said = place.pbt("train_dir/r")
    assert said.code == 0, said.all
    started = [line for line in said.out.splitlines() if line.startswith("  started ")]
    for member, number in enumerate(before):
        [line] = [text for text in started if f" m{member}: " in text]
        assert f", attempt 2: goes on from generation {number} of member {member} (frame " in line


def test_a_fresh_run_from_scratch_puts_aside_what_the_old_one_left(place: Place) -> None:
    """Without it, a fresh run is refused beside the folders of the old one."""
    target = stopped(place)
    place.write("go")
    refused = place.pbt(target, "--fresh")
    assert refused.code == 5, refused.all
    assert "PBT450" in refused.err
    assert "`--fresh --from_scratch`" in refused.err
    assert place.rundir.is_run(), "it was checked before the old run was put aside"
    assert not place.rundir.path.with_name("_pbt.1").exists()
    assert len(attempts(place, "m0")) == 1
    said = place.pbt(target, "--fresh", "--from_scratch")
    assert said.code == 0, said.all
    assert [lives(place, member) for member in (0, 1)] == [[(1, 0), (1, 0)]] * 2
    for member in (0, 1):
        assert len(attempts(place, f"m{member}")) == 1
        aside = place.path / WORKSPACE / f"{member:03d}.before-1"
        assert sorted(path.stem for path in aside.glob("*.yaml"))[-1] >= "000004"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_folder_that_cannot_be_put_aside_fails_its_member_alone(place: Place) -> None:
    """It is a mount, which the kernel does not rename: nothing is begun beside it."""
    executor = place.start(population(place, 2))
    wait_for_generation(place, 4, 0, 1)
    os.kill(pid_of(place, "m1"), signal.SIGKILL)
    place.wait_for(ev.AttemptEnded)
    folder = place.path / WORKSPACE / "001"
    with mounted(folder):
        said = place.pbt("train_dir/r", "--retry", "m1", "--from_scratch")
        assert said.code == 0, said.all
        place.write("go")
        said = place.end(executor)
    assert said.code == 4, said.all
    assert place.phases() == {"m0": "succeeded", "m1": "failed"}
    last = attempts(place, "m1")[-1]
    assert (last.outcome, last.started_at) == ("refused", None)
    assert str(folder) in (last.detail or "")
    assert "cannot be put aside" in said.out
    assert lives(place, 1) == [(1, 0)]
    said = place.pbt("train_dir/r", "--retry", "m1")
    assert said.code == 0, said.all
    assert lives(place, 1) == [(1, 0), (1, 0)], "it is still owed"
