"""What every runtime with a queue does, whoever runs the queue: one journal, one set of words.

Each job is a process, on a node of a real SLURM or in a pod of the double of OSMO's service.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import Place, job, until
from tests.followers.engines import Follower

GATE = "until [ -e go ]; do sleep 0.05; done"
LIVES = 'echo life >>"lives.$0"; '

elsewhere = pytest.mark.skipif(os.geteuid() != 0, reason="only root may name a host")


def lived(name: str, code: str) -> tuple[str, ...]:
    """A command that notes each of its lives."""
    return ("sh", "-c", LIVES + code, name)


def lives(place: Place) -> dict[str, int]:
    return {p.name[6:]: len(p.read_text().split()) for p in place.path.glob("lives.*")}


def of(place: Place, name: str) -> list[str]:
    """What the journal tells of a job, without times, ids and nodes."""
    told = []
    for event in place.events():
        if getattr(event, "job", None) != name:
            continue
        if isinstance(event, ev.AttemptEnded):
            told.append(f"ended {event.attempt} {event.outcome} {event.exit_code}")
        elif isinstance(event, ev.AttemptStarted):
            told.append(f"started {event.attempt} {event.restart or 0}")
        elif not isinstance(event, ev.AttemptWaiting):
            told.append(type(event).__name__)
    return told


def rows(place: Place) -> dict[str, dict[str, object]]:
    """The jobs, as `pbt-tui --once --json` has them."""
    words = [sys.executable, "-m", "pbt_tui.cli.tui", str(place.rundir.path), "--once", "--json"]
    done = subprocess.run(
        words, env=place.environ, cwd=place.path, capture_output=True, text=True, check=False
    )
    return {row["id"]: row for row in json.loads(done.stdout)["jobs"]}


def words(text: str) -> set[str]:
    """The lines of `pbt-run` about jobs and the run, without times, and ids of the engine."""
    text = re.sub(r"(?:SLURM|OSMO) [\w/-]+", "TASK", re.sub(r"after [0-9.]+s", "after T", text))
    return {line for line in text.splitlines() if line[:2] in ("✓ ", "✗ ") or "closed" in line}


def test_states_nodes_and_exit_codes(engine: Follower) -> None:
    place = engine.place
    spec = place.spec(
        job("a", *lived("a", GATE)), job("b", *lived("b", "exit 3")), job("c", *lived("c", "true"))
    )
    process = engine.start(spec)
    status = engine.until_running("a")
    assert status.node
    until(lambda: rows(place)["a"]["node"], "the row has no node")
    until(lambda: len(place.of(ev.AttemptEnded)) == 2)
    until(lambda: engine.status("b") is None, "an ended task is still shown as queued")
    place.write("go")
    said = engine.end(process)
    assert said.code == 4, said.all
    start = ["AttemptScheduled", "started 1 0"]
    assert of(place, "a") == [*start, "ended 1 succeeded 0"]
    assert of(place, "b") == [*start, "ended 1 failed 3"]
    assert of(place, "c") == [*start, "ended 1 succeeded 0"]
    assert {e.node for e in place.of(ev.AttemptStarted)} != {None}
    assert lives(place) == {"a": 1, "b": 1, "c": 1}
    assert {name: row["state"] for name, row in rows(place).items()} == {
        "a": "succeeded",
        "b": "failed",
        "c": "succeeded",
    }
    assert words(said.out) == {
        "✓ succeeded a after T",
        "✗ failed    b: TASK after T: exit 3",
        "✗ b: exit 3",
        "✓ succeeded c after T",
        "run `r` closed with failures after T: 3 jobs: 2 succeeded, 1 failed",
    }


def test_why_it_waits(engine: Follower) -> None:
    place = engine.place
    more = engine.is_narrow()
    process = engine.start(place.spec(job("a", GATE), job("b", GATE)), *more)
    running: str = until(lambda: next((n for n in "ab" if _state(engine, n) == "RUNNING"), ""))
    waits = "b" if running == "a" else "a"
    until(lambda: [e for e in place.of(ev.AttemptWaiting) if e.job == waits], "no reason was told")
    status = until(lambda: s if (s := engine.status(waits)) and s.reason else None)
    assert status.node is None
    row = until(lambda: r if (r := rows(place)[waits])["reason"] else None)
    assert row["state"] == "queued"
    place.write("go")
    assert engine.end(process).code == 0


def _state(engine: Follower, name: str) -> str:
    status = engine.status(name)
    return status.state if status else ""


def test_a_restart_by_the_engine_is_the_same_attempt(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", *lived("a", GATE))), *engine.restarts)
    engine.until_running("a")
    until(lambda: place.of(ev.AttemptStarted))
    engine.restart("a")
    until(lambda: "started 1 1" in of(place, "a"), "no restart was told")
    until(lambda: (s := engine.status("a")) and s.restarts == 1 and s.state == "RUNNING")
    place.write("go")
    said = engine.end(process)
    assert said.code == 0, said.all
    assert of(place, "a") == [
        "AttemptScheduled", "started 1 0", "started 1 1", "ended 1 succeeded 0",
    ]  # fmt: skip
    assert lives(place) == {"a": 2}
    assert place.jobs()["a"].tries == 0


def test_logs_come_while_their_jobs_run(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", f"echo one; {GATE}; echo two")))
    log = place.rundir.log("a", 1)
    until(lambda: log.exists() and "one\n" in log.read_text(), "no line came")
    place.write("go")
    assert engine.end(process).code == 0
    assert log.read_text().split() == ["one", "two"]


def test_cancelled_by_the_engine_s_own_command(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", GATE)))
    engine.until_running("a")
    until(lambda: place.of(ev.AttemptStarted))
    engine.cancel("a")
    assert engine.end(process).code == 4
    [end] = place.of(ev.AttemptEnded)
    assert end.outcome == "stopped"
    assert not place.of(ev.StopRequested)


def test_cancelled_and_retried_by_a_person(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", *lived("a", GATE))))
    engine.until_running("a")
    assert place.pbt(str(place.rundir.path), "--cancel", "a").code == 0
    engine.end(process)
    assert place.phases() == {"a": "cancelled"}
    place.write("go")
    said = engine.end(engine.start(str(place.rundir.path), "--retry", "a"))
    assert said.code == 0, said.all
    assert of(place, "a")[-3:] == ["AttemptScheduled", "started 2 0", "ended 2 succeeded 0"]
    assert engine.accepted() == 2
    assert lives(place) == {"a": 2}


@elsewhere
def test_killed_and_started_elsewhere(engine: Follower) -> None:
    place = engine.place
    spec = place.spec(job("a", *lived("a", GATE)), job("b", *lived("b", "exit 3")))
    first = engine.start(spec)
    engine.until_running("a")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = engine.start(spec, elsewhere=True)
    until(lambda: len(place.of(ev.ExecutorStarted)) == 2)
    engine.until_running("a")
    place.write("go")
    said = engine.end(second)
    assert said.code == 4, said.all
    assert [e.host for e in place.of(ev.ExecutorStarted)][1] == "elsewhere"
    assert {n: of(place, n)[-1] for n in "ab"} == {
        "a": "ended 1 succeeded 0",
        "b": "ended 1 failed 3",
    }
    assert engine.accepted() == 1
    assert lives(place) == {"a": 1, "b": 1}


def test_an_answer_to_a_submission_is_lost(engine: Follower) -> None:
    place = engine.place
    engine.loses_an_answer()
    process = engine.start(place.spec(job("a", *lived("a", GATE)), job("b", *lived("b", GATE))))
    engine.until_running("a")
    place.write("go")
    said = engine.end(process)
    assert said.code == 0, said.all
    assert engine.accepted() == 1
    assert lives(place) == {"a": 1, "b": 1}


@elsewhere
def test_killed_before_it_heard_of_its_submission(engine: Follower) -> None:
    place = engine.place
    engine.loses_an_answer()
    spec = place.spec(job("a", *lived("a", GATE)))
    first = engine.start(spec)
    until(engine.accepted, "nothing was submitted")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    second = engine.start(spec, elsewhere=True)
    engine.until_running("a")
    place.write("go")
    said = engine.end(second)
    assert said.code == 0, said.all
    assert engine.accepted() == 1
    assert lives(place) == {"a": 1}


def test_silence_is_nobody_s_failure(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", GATE), job("b", f"{GATE}; exit 3")))
    engine.until_running("a")
    engine.until_running("b")
    until(lambda: len(place.of(ev.AttemptStarted)) == 2)
    engine.answers("silent")
    picture = until(lambda: p if (p := engine.picture()) and p.stale else None)
    assert picture.attempts, "the last picture is kept"
    assert picture.error
    place.write("go")
    engine.answers("")
    said = engine.end(process)
    assert said.code == 4, said.all
    assert {n: of(place, n)[-1] for n in "ab"} == {
        "a": "ended 1 succeeded 0",
        "b": "ended 1 failed 3",
    }


@pytest.mark.parametrize("how", ["twice", "strange", "short"])
def test_answers_that_are_not_as_usual(engine: Follower, how: str) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", GATE), job("b", f"{GATE}; exit 3")))
    engine.until_running("a")
    until(lambda: len(place.of(ev.AttemptStarted)) == 2)
    polled = [_polled(engine)]
    engine.answers(how)
    until(lambda: _polled(engine) > polled[0])
    polled.append(_polled(engine))
    until(lambda: _polled(engine) > polled[1])
    assert not place.of(ev.AttemptEnded)
    place.write("go")
    said = engine.end(process)
    assert said.code == 4, said.all
    start = ["AttemptScheduled", "started 1 0"]
    assert of(place, "a") == [*start, "ended 1 succeeded 0"]
    assert of(place, "b") == [*start, "ended 1 failed 3"]
    assert engine.accepted() == 1


def _polled(engine: Follower) -> float:
    picture = engine.picture()
    return (picture.polled_at or 0.0) if picture else 0.0


def test_an_end_that_the_engine_tells_late(engine: Follower) -> None:
    place = engine.place
    process = engine.start(place.spec(job("a", GATE), job("b", f"{GATE}; exit 3")))
    engine.until_running("b")
    until(lambda: len(place.of(ev.AttemptStarted)) == 2)
    engine.answers("late")
    place.write("go")
    before = _polled(engine)
    until(lambda: _polled(engine) > before)
    engine.answers("")
    said = engine.end(process)
    assert said.code == 4, said.all
    assert {n: of(place, n)[-1] for n in "ab"} == {
        "a": "ended 1 succeeded 0",
        "b": "ended 1 failed 3",
    }
