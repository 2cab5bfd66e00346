"""A population through the double, whose pods are processes: compiled, submitted, followed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.spec import Container, decode, encode
from tests.executor.running import until
from tests.executor.test_run_continued import attempts, lives, newest, of_disk, population
from tests.executor.test_run_continued import wait_for_generation as wait
from tests.osmo.osmo_place import OsmoPlace, placed
from tests.osmo.test_osmo_population import QUICK


def quick(path: Path) -> Path:
    """A folder with a fast `sleep`: a lead looks for marks each 10 seconds."""
    folder = path / "quick"
    folder.mkdir()
    (folder / "sleep").write_text(QUICK.format(sleep=shutil.which("sleep")))
    (folder / "sleep").chmod(0o755)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OsmoPlace]:
    with placed(tmp_path, execute=True) as found:
        assert found.double.pods is not None
        found.double.pods.folder = str(tmp_path)
        mark = found.mark.partition("=")
        found.double.pods.environ |= {mark[0]: mark[2], "PATH": f"{quick(tmp_path)}:/usr/bin:/bin"}
        found.options += ("--osmo_lead_wait", "7d")  # longer than a test, also with a fast `sleep`
        # the workspace and the run are in one folder that every pod has
        found.shared = tmp_path
        found.rundir = type(found.rundir).of(tmp_path / "train_dir", "r")
        yield found


def members(place: OsmoPlace, count: int, **policy: Any) -> str:
    target = population(place, count, **policy)
    file = place.path / target / "processes.json"
    spec = decode(file.read_bytes())
    spec = msgspec.structs.replace(
        spec,
        train_dir=str(place.path / "train_dir"),
        container=Container(image="acme/trainer:1"),
    )
    file.write_bytes(encode(spec))
    return target


def only(place: OsmoPlace) -> str:
    until(lambda: place.double.table, "nothing was submitted")
    [ident] = place.double.table
    return ident


def shown(place: OsmoPlace) -> Any:
    words = [sys.executable, "-m", "pbt_tui.cli.tui", str(place.rundir.path), "--once", "--json"]
    done = subprocess.run(
        words, cwd=place.path, env=place.environ, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)


def test_a_population_runs_to_its_end(place: OsmoPlace) -> None:
    place.write("go")
    said = place.end(place.on_osmo(members(place, 3)))
    assert said.code == 0, said.all
    [workflow] = place.double.table.values()
    assert workflow.state == "COMPLETED"
    assert [task.lead for task in workflow.tasks.values()] == [True, False, False]
    assert {e.exit_code for e in place.of(ev.AttemptEnded)} == {0}
    found = shown(place)
    assert found["state"] == "closed"
    assert {row["state"] for row in found["jobs"]} == {"succeeded"}
    [one] = found["populations"]
    assert [m["generation"] for m in one["members"]] == [40, 40, 40]
    assert [len(lives(place, member)) for member in range(3)] == [1, 1, 1]


def test_a_preempted_member_goes_on_in_a_new_workflow(place: OsmoPlace) -> None:
    target = members(place, 3, retries=2, retry_on=("lost",), retry_delay=0.0)
    process = place.on_osmo(target)
    wait(place, 4, 0, 1, 2)
    ident = only(place)
    until(lambda: len(place.of(ev.AttemptStarted)) == 3)
    assert place.double.pods is not None
    place.double.pods.preempt(ident, "tm1")
    until(lambda: len(place.double.table) == 2, "nothing was submitted again")
    wait(place, 8, 1)
    place.write("go")
    said = place.end(process)
    assert said.code == 0, said.all
    assert lives(place, 1) == [(1, 0), (5, 4000)]
    assert lives(place, 0) == lives(place, 2) == [(1, 0)]
    first, second = attempts(place, "m1")
    assert first.outcome == "lost"
    assert "preempted" in (first.detail or "")
    assert (second.why or "").startswith("goes on from generation 4 of member 1 (frame 4")
    [again] = [w for w in place.double.table.values() if w.id != ident]
    assert list(again.tasks) == ["tm1"]


def test_a_member_that_osmo_starts_again_continues(place: OsmoPlace) -> None:
    """By OSMO's own restart, within the attempt: as a requeue of SLURM."""
    place.double.retries = 3
    place.options += ("--osmo_reschedule", "3006")
    process = place.on_osmo(members(place, 2))
    wait(place, 4, 0, 1)
    ident = only(place)
    until(lambda: len(place.of(ev.AttemptStarted)) == 2)
    assert place.double.pods is not None
    place.double.pods.preempt(ident, "tm1")
    wait(place, 8, 1)
    until(lambda: place.jobs()["m1"].attempts[-1].source)
    [attempt] = attempts(place, "m1")
    assert (attempt.restarts, of_disk(place, attempt.source, 4)) == (1, True)
    assert attempts(place, "m0")[0].source is None
    place.double.pods.preempt(ident, "tm1")
    wait(place, 12, 1)
    until(lambda: of_disk(place, attempts(place, "m1")[0].source, 8))
    place.write("go")
    said = place.end(process)
    assert said.code == 0, said.all
    assert lives(place, 1) == [(1, 0), (5, 4000), (9, 8000)]
    assert lives(place, 0) == [(1, 0)]
    assert len(place.double.table) == 1


def test_a_stopped_population_goes_on_elsewhere(place: OsmoPlace) -> None:
    process = place.on_osmo(members(place, 2))
    wait(place, 4, 0, 1)
    until(lambda: len(place.of(ev.AttemptStarted)) == 2)
    assert place.pbt(str(place.rundir.path), "--stop").code == 0
    place.end(process)
    assert [newest(place, member) for member in (0, 1)] == [4, 4]
    place.write("go")
    said = place.end(place.on_osmo(str(place.rundir.path)))
    assert said.code == 0, said.all
    assert [lives(place, member) for member in (0, 1)] == [[(1, 0), (5, 4000)]] * 2
