"""Requests to a local run, detached or not."""

from __future__ import annotations

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from tests.executor.running import WAITS, Place, Said, job, until

# -- requests --------------------------------------------------------------------------------------


def asked(said: Said) -> str:
    assert said.code == 0, said.all
    return said.out


def test_cancel_kill_and_retry(place: Place) -> None:
    target = place.spec(job("a", WAITS), job("b", f"trap '' TERM; {WAITS}"), job("c"), grace=3600.0)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    here = str(place.rundir.path)
    assert asked(place.pbt(here, "--cancel", "a")) == "accepted: cancel a\n"
    until(lambda: place.phases()["a"] == "cancelled")
    assert asked(place.pbt(here, "--kill", "b")) == "accepted: kill b\n"
    until(lambda: place.phases()["b"] == "cancelled")
    said = place.end(executor)
    assert said.code == 4
    assert "⊘ stopped   a: pid " in said.out
    assert "asked     cancel a (by " in said.out
    assert place.state().closed == "cancelled"
    place.write("go")
    assert place.pbt(here, "--retry", "a", "b").code == 0, "a closed run is reopened by it"


def test_hold_and_release(place: Place) -> None:
    target = place.spec(job("a", WAITS), job("b", WAITS), max_parallel=1)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    here = str(place.rundir.path)
    asked(place.pbt(here, "--hold"))
    place.write("go")
    until(lambda: place.phases()["a"] == "succeeded")
    assert place.phases()["b"] == "waiting"
    asked(place.pbt(here, "--release"))
    assert place.end(executor).code == 0


def test_a_refused_request_says_why(place: Place) -> None:
    target = place.spec(job("a", WAITS))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    said = place.pbt(str(place.rundir.path), "--cancel", "nobody")
    assert said.code == 2
    assert "no such job: `nobody`" in said.err
    (place.rundir.requests / "1-1.json").write_text("{ damaged")
    place.wait_for(ev.RequestRefused)
    until(lambda: not list(place.rundir.requests.iterdir()))
    place.write("go")
    assert "refused   a request" in place.end(executor).out


def test_a_stop_left_before_the_executor_is_not_for_it(place: Place) -> None:
    from pbt_tui.journal import requests

    assert place.pbt(place.spec(job("a", "[ -e go ]"))).code == 4
    requests.ask(place.rundir, "stop")
    place.write("go")
    assert place.pbt(str(place.rundir.path), "--failed").code == 0
    (refused,) = place.of(ev.RequestRefused)
    assert refused.why == "requested before this executor started"


def test_a_signal_before_the_first_turn_stops_this_executor(place: Place) -> None:
    place.write(
        "early.py",
        "import os, signal\n"
        "from pbt_tui.cli.run import entry\n"
        "from pbt_tui.executor.loop import Loop\n"
        "refuse = Loop.refuse_old_stops\n"
        "def early(loop):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    refuse(loop)\n"
        "Loop.refuse_old_stops = early\n"
        "entry()\n",
    )
    place.module = "early"
    assert place.pbt(place.spec(job("a", WAITS))).code == 130
    assert place.of(ev.AttemptStarted) == []


def test_asking_where_nobody_executes(place: Place) -> None:
    executor = place.start(place.spec(job("a", WAITS)))
    place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    here = str(place.rundir.path)
    for option in ("--hold", "--stop", "--release"):
        said = place.pbt(here, option)
        assert said.code == 5
        assert "this run has no executor" in said.err
    place.write("go")
    assert place.pbt(here).code == 0
    for asked in (["--hold"], ["--stop"], ["--cancel", "a"]):
        said = place.pbt(here, *asked)
        assert (said.code, said.err) == (0, f"nothing to {asked[0][2:]}: the run is closed\n")
    assert len(place.of(ev.ExecutorStarted)) == 2
    assert list(place.rundir.requests.iterdir()) == []


def test_cancel_all_ends_what_a_killed_executor_left(place: Place) -> None:
    target = place.spec(job("a", "sleep 1000"), job("b", "sleep 1000"), max_parallel=1)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    refused = place.pbt(target, "--fresh")
    assert refused.code == 5
    assert "1 of its attempts may still be running" in refused.err
    said = place.pbt(str(place.rundir.path), "--cancel")
    assert said.code == 4
    assert not place.alive()
    assert place.phases() == {"a": "cancelled", "b": "cancelled"}
    assert place.pbt(target, "--fresh", "--dry_run").code == 0


# -- detached, dry ---------------------------------------------------------------------------------


def test_detached_errors_come_back(place: Place) -> None:
    target = place.spec(job("j"), num_gpus=2, experiments_per_gpu=1)
    said = place.pbt(target, "--detach", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "`--num_gpus 2` was given" in said.err
    assert said.out == ""
    assert not (place.path / "train_dir").exists()


def test_detached_run_can_be_stopped_and_taken_up(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    assert place.pbt(target, "--detach").code == 0
    place.wait_for(ev.AttemptStarted)
    here = str(place.rundir.path)
    assert asked(place.pbt(here, "--stop")) == "accepted: stop\n"
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert "go on with" in place.rundir.executor_log.read_text()
    place.write("go")
    assert place.pbt(here, "--detach").code == 0
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert place.state().closed == "succeeded"
