"""A folder of the run goes away while 200 jobs run: exit 5, no job is blamed, none runs twice."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.errors import RunError, RuntimeUnavailable, UsageError
from pbt_tui.executor import run_dirs
from pbt_tui.executor.run_dirs import open_run
from pbt_tui.journal import events as ev
from pbt_tui.journal.file import Journal
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.spec import decode
from tests.executor.driver import ProcessDriver
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
    assert "hint: running jobs keep running" in said.err
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


def test_no_runtime_makes_the_folder_of_the_claims(tmp_path: Path) -> None:
    """It may go away after the executor has looked for it: an empty one would have no claims."""
    driver = ProcessDriver(tmp_path)
    driver.rundir.attempts.rmdir()
    driver.runtime.prepare([])
    assert not driver.rundir.attempts.exists()
    driver.rundir.path.rename(tmp_path / "away")
    with pytest.raises(RuntimeUnavailable, match="No such file"):
        driver.runtime.prepare([])
    assert not driver.rundir.path.exists()
    driver.runtime.close()


def test_nothing_is_made_where_a_run_directory_went_away(place: Place) -> None:
    with pytest.raises(UsageError, match="no such run directory"):
        open_run(place.rundir, None)
    assert list(place.path.iterdir()) == []


def test_what_came_back_is_not_removed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new run directory cannot be opened, and meanwhile an older one has come to its place."""
    target = place.spec(job("a", "true"))
    assert place.pbt(target).code == 0
    older = place.rundir.path.with_name("older")
    place.rundir.path.rename(older)

    def comes_back(*args: object) -> None:
        place.rundir.path.rename(place.rundir.path.with_name("new"))
        older.rename(place.rundir.path)
        raise RunError("it cannot be opened")

    monkeypatch.setattr(run_dirs, "replay_file", comes_back)
    spec = decode((place.path / target / "processes.json").read_bytes())
    with pytest.raises(RunError, match="it cannot be opened"):
        open_run(place.rundir, spec)
    assert place.phases() == {"a": "succeeded"}
    assert place.rundir.claim("a", 1).exists()


def started(place: Place) -> subprocess.Popen[str]:
    """An executor of four jobs that have begun, and end once there is a file `go`."""
    jobs = [job(f"j{i}", "until [ -e go ]; do sleep 0.02; done; exit 3") for i in range(4)]
    executor = place.start(place.spec(*jobs), stdout=subprocess.DEVNULL)
    place.wait_for(ev.AttemptStarted, 4)
    return executor


def ends_elsewhere(place: Place) -> None:
    """Lets the jobs end, and waits for the shell of one that cannot write its exit code."""
    place.write("go")
    until(lambda: any(c.startswith("sleep 1") for c in place.alive().values()), "nobody waits")


def test_the_claims_go_away_while_nothing_starts(place: Place) -> None:
    """Neither a start nor an end could meet it: the executor has to look."""
    executor = started(place)
    away = place.rundir.attempts.with_name("away")
    place.rundir.attempts.rename(away)
    said = place.end(executor)
    assert said.code == 5, said.err
    assert f"`{place.rundir.attempts}`: the folder of attempts was removed or moved" in said.err
    assert "hint: running jobs keep running; once it is back" in said.err
    ends_elsewhere(place)
    away.rename(place.rundir.attempts)
    assert place.pbt(str(place.rundir.path)).code == 4
    assert [event.exit_code for event in place.of(ev.AttemptEnded)] == [3] * 4, "none is lost"


def test_the_claims_are_replaced_by_a_copy(place: Place) -> None:
    """Shells that begin in between write into the folder that is no longer at the path."""
    executor = started(place)
    before = place.rundir.attempts.with_name("before")
    shutil.copytree(place.rundir.attempts, place.rundir.attempts.with_name("copy"))
    place.rundir.attempts.rename(before)
    place.rundir.attempts.with_name("copy").rename(place.rundir.attempts)
    said = place.end(executor)
    assert said.code == 5, said.err
    assert f"`{place.rundir.attempts}`: the folder of attempts was " in said.err
    place.write("go")
    assert place.pbt(str(place.rundir.path)).code == 4
    assert [event.exit_code for event in place.of(ev.AttemptEnded)] == [3] * 4


def test_no_end_is_recorded_while_the_claims_are_away(tmp_path: Path) -> None:
    """Each append looks, not only the loop: a claim in another folder would count as removed."""
    rundir = RunDir(tmp_path)
    rundir.attempts.mkdir()
    journal = Journal(rundir.journal)
    journal.watch(rundir.attempts)
    rundir.attempts.rename(tmp_path / "away")
    rundir.attempts.mkdir()
    with pytest.raises(RunError, match="the folder of attempts was replaced"):
        journal.append([ev.RequestRefused(seq=1, at=0.0, id="1-1", why="no")])
    assert rundir.journal.read_bytes() == b""
    rundir.attempts.rmdir()
    (tmp_path / "away").rename(rundir.attempts)
    journal.append([ev.RequestRefused(seq=1, at=0.0, id="1-1", why="no")])
    journal.close()
