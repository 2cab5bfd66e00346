"""A folder of the run goes away while 200 jobs run: exit 5, no job is blamed, none runs twice."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from tests.executor.running import Place, job, until

JOBS = 200


def target(place: Place) -> str:
    # Each says that it ran, and ends after its folder may have moved.
    jobs = [job(f"j{i:03}", f"echo j{i:03} >>ran; sleep 0.05") for i in range(JOBS)]
    return place.spec(*jobs, max_parallel=8)


def ran(place: Place) -> Counter[str]:
    return Counter((place.path / "ran").read_text().split())


def outcomes(place: Place) -> set[str]:
    return {event.outcome for event in place.of(ev.AttemptEnded)}


@pytest.mark.parametrize(
    "folder",
    [
        lambda rundir: rundir.logs,
        lambda rundir: rundir.attempts,
        lambda rundir: rundir.requests,
        lambda rundir: rundir.path,
    ],
    ids=["logs", "attempts", "requests", "_pbt"],
)
def test_a_folder_that_is_moved_away(place: Place, folder: Callable[[RunDir], object]) -> None:
    moved = folder(place.rundir)
    assert isinstance(moved, type(place.path))
    executor = place.start(target(place), stdout=subprocess.DEVNULL)
    place.wait_for(ev.AttemptEnded, 20)
    away = moved.with_name("away")
    moved.rename(away)
    said = place.end(executor)
    away.rename(moved)
    assert said.code == 5, said.err
    assert f"`{moved}" in said.err, "it says which folder"
    assert "hint: running jobs go on" in said.err
    assert outcomes(place) == {"succeeded"}
    again = place.pbt(str(place.rundir.path))
    assert again.code == 0, again.all
    assert outcomes(place) == {"succeeded"}, "no job is to blame"
    assert ran(place) == Counter({f"j{i:03}": 1 for i in range(JOBS)})


def test_the_claims_are_removed(place: Place) -> None:
    executor = place.start(target(place), stdout=subprocess.DEVNULL)
    place.wait_for(ev.AttemptEnded, 20)
    gone = place.rundir.attempts.with_name("gone")  # at once: shims write into it all the time
    place.rundir.attempts.rename(gone)
    shutil.rmtree(gone)
    said = place.end(executor)
    assert said.code == 5, said.err
    assert f"`{place.rundir.attempts}" in said.err
    assert not place.rundir.attempts.exists()
    place.rundir.attempts.mkdir()  # a person's word that they are gone for good
    again = place.pbt(str(place.rundir.path), "--retries", "1", "--retry_on", "lost")
    assert again.code == 0, again.all
    # What ran while its claim was removed is lost, and was tried again only after its end.
    assert set(ran(place)) == {f"j{i:03}" for i in range(JOBS)}
    assert outcomes(place) <= {"succeeded", "lost"}
    lost = sum(event.outcome == "lost" for event in place.of(ev.AttemptEnded))
    assert lost <= 8, "no more than ran at once"


def test_no_code_is_lost_while_the_claims_are_away(place: Place) -> None:
    """The jobs end without an executor, and then one starts while their files are away."""
    jobs = [job(f"j{i}", "until [ -e go ]; do sleep 0.02; done; exit 3") for i in range(4)]
    executor = place.start(place.spec(*jobs), stdout=subprocess.DEVNULL)
    place.wait_for(ev.AttemptStarted, 4)
    executor.kill()
    executor.communicate()
    place.write("go")
    until(lambda: not place.alive())
    away = place.rundir.attempts.with_name("away")
    place.rundir.attempts.rename(away)
    said = place.pbt(str(place.rundir.path))
    assert said.code == 5, said.all
    assert "cannot tell what became of 4 active attempts: no such file" in said.err
    assert not place.rundir.attempts.exists()
    assert place.of(ev.AttemptEnded) == []
    away.rename(place.rundir.attempts)
    assert place.pbt(str(place.rundir.path)).code == 4
    assert [event.exit_code for event in place.of(ev.AttemptEnded)] == [3] * 4


def test_a_folder_that_comes_back_before_a_job_ends_costs_nothing(place: Place) -> None:
    jobs = [job(f"j{i}", "until [ -e go ]; do sleep 0.02; done; exit 3") for i in range(4)]
    executor = place.start(place.spec(*jobs), stdout=subprocess.DEVNULL)
    place.wait_for(ev.AttemptStarted, 4)
    away = place.rundir.attempts.with_name("away")
    place.rundir.attempts.rename(away)
    place.write("go")
    until(lambda: any(c.startswith("sleep 1") for c in place.alive().values()), "nobody waits")
    away.rename(place.rundir.attempts)
    said = place.end(executor)
    assert said.code == 4, said.all
    assert {event.exit_code for event in place.of(ev.AttemptEnded)} == {3}
