"""`pbt-run --backend osmo` from the start to the end, against the double of the service."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import job, until
from tests.osmo.osmo_place import OsmoPlace, placed


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OsmoPlace]:
    with placed(tmp_path) as found:
        yield found


@pytest.mark.parametrize("rest", [False, True], ids=["client", "rest"])
def test_a_sweep_runs(tmp_path: Path, rest: bool) -> None:
    with placed(tmp_path, rest=rest, execute=True) as place:
        spec = place.spec(job("a", "echo one; echo two"), job("b", "echo '{{ x }}'; exit 3"))
        said = place.end(place.on_osmo(spec))
        assert said.code == 4, said
        assert place.double.doubles() == []
        ends = place.ends()
        assert (ends["a"].outcome, ends["b"].exit_code) == ("succeeded", 3)
        assert (place.rundir.logs / "a.1.log").read_text() == "one\ntwo\n"
        assert (place.rundir.logs / "b.1.log").read_text() == "{{ x }}\n"
        if rest:
            texts = (p.read_text() for p in place.rundir.path.rglob("*") if p.is_file())
            assert str(place.double.token) not in "".join(texts)


def only(place: OsmoPlace) -> str:
    """The id of the only workflow, once the service has it and the executor knows it."""
    until(lambda: [r for r in place.records() if r.id], "no id was recorded")
    [ident] = place.double.table
    return ident


def test_an_executor_that_is_killed_costs_nothing(place: OsmoPlace) -> None:
    place.double.plans = ["lost"]
    spec = place.spec(job("a"), job("b"))
    first = place.on_osmo(spec)
    until(lambda: place.double.table, "nothing was submitted")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    second = place.on_osmo(spec)
    ident = only(place)
    for task in ("ta", "tb"):
        place.double.put(ident, task, state="RUNNING")
    until(lambda: len(place.of(ev.AttemptStarted)) == 2, "no start was seen")
    place.double.put(ident, "ta", state="COMPLETED", code=0)
    os.kill(second.pid, signal.SIGKILL)
    second.communicate()
    place.double.put(ident, "tb", state="COMPLETED", code=0)
    said = place.end(place.on_osmo(spec))
    assert said.code == 0, said
    assert len(place.double.table) == 1
    assert {e.attempt for e in place.of(ev.AttemptEnded)} == {1}


@pytest.mark.parametrize("rest", [False, True], ids=["client", "rest"])
def test_a_log_comes_while_its_workflow_runs(tmp_path: Path, rest: bool) -> None:
    """The client holds lines back while it writes into a pipe, and a stream does not end."""
    with placed(tmp_path, rest=rest) as place:
        process = place.on_osmo(place.spec(job("a")))
        ident = only(place)
        place.double.put(ident, "ta", state="RUNNING")
        place.double.say(ident, "ta", "epoch 1")
        log = place.rundir.logs / "a.1.log"
        until(lambda: log.exists() and log.read_text() == "epoch 1\n", "no line was copied")
        place.double.say(ident, "ta", "epoch 2")
        until(lambda: log.read_text() == "epoch 1\nepoch 2\n", "the next line was not copied")
        place.double.put(ident, "ta", state="COMPLETED", code=0)
        assert place.end(process).code == 0
        assert log.read_text() == "epoch 1\nepoch 2\n"


@pytest.mark.parametrize("rest", [False, True], ids=["client", "rest"])
def test_a_lost_answer_is_looked_up_in_every_pool(tmp_path: Path, rest: bool) -> None:
    """Without being asked for all, the service lists the default pool of the user alone."""
    with placed(tmp_path, rest=rest) as place:
        place.double.plans = ["lost"]
        process = place.on_osmo(place.spec(job("a")))
        ident = only(place)
        place.double.put(ident, "ta", state="COMPLETED", code=0)
        assert place.end(process).code == 0
        assert list(place.double.table) == [ident]


def test_a_cancel_ends_the_workflow_and_a_retry_is_a_new_one(place: OsmoPlace) -> None:
    place.double.deaf = True  # `osmo workflow cancel` says nothing of it
    spec = place.spec(job("a"), job("b"))
    process = place.on_osmo(spec)
    ident = only(place)
    assert place.pbt(str(place.rundir.path), "--cancel", "a").code == 0
    until(lambda: any(e.job == "a" for e in place.of(ev.StopRequested)), "nothing was stopped")
    assert place.double.table[ident].cancels == 0  # the other job goes on
    assert place.pbt(str(place.rundir.path), "--cancel", "b").code == 0
    until(lambda: place.double.table[ident].cancels > 1, "the cancel was not repeated")
    place.double.deaf = False
    said = place.end(process)
    assert said.code != 0
    assert {e.outcome for e in place.ends().values()} == {"stopped"}
    again = place.on_osmo(str(place.rundir.path), "--retry", "a")
    new = str(until(lambda: next((i for i in place.double.table if i != ident), ""), "no retry"))
    assert new.rpartition("-")[0] != ident.rpartition("-")[0]
    assert list(place.double.table[new].tasks) == ["ta"]
    place.double.put(new, "ta", state="COMPLETED", code=0)
    place.end(again)
    assert place.ends()["a"].outcome == "succeeded"


def test_a_refused_login_is_told(place: OsmoPlace) -> None:
    place.double.down = 401
    said = place.end(place.on_osmo(place.spec(job("a"))))
    assert said.code == 5, said
    assert "OSMO refused the login" in said.err
    assert "osmo login" in said.err


def test_a_refused_workflow_is_told(place: OsmoPlace) -> None:
    place.double.plans = ["429", "refused"]
    said = place.end(place.on_osmo(place.spec(job("a"))))
    assert said.code == 4, said
    end = place.ends()["a"]
    assert end.outcome == "refused"
    assert end.detail == "OSMO refused the workflow: no such platform"


def test_a_silent_service_is_nobodys_failure(place: OsmoPlace) -> None:
    process = place.on_osmo(place.spec(job("a")))
    ident = only(place)
    place.double.put(ident, "ta", state="RUNNING")
    until(lambda: place.of(ev.AttemptStarted), "no start was seen")
    place.double.down = 503
    until(lambda: (found := place.picture()) is not None and found.stale, "not told")
    queries = place.double.calls["query"]
    place.double.put(ident, "ta", state="COMPLETED", code=0)
    place.double.down = None
    assert place.end(process).code == 0
    assert place.double.calls["query"] > queries


def test_a_double_is_told(place: OsmoPlace) -> None:
    place.double.plans = ["lost"]
    process = place.on_osmo(place.spec(job("a")))
    until(lambda: place.double.table, "nothing was submitted")
    [one] = place.double.table.values()
    place.double.submit(one.text)
    until(lambda: [r for r in place.records() if r.id], "no id was recorded")
    [record] = place.records()
    assert record.id == one.id
    place.double.put(one.id, "ta", state="COMPLETED", code=0)
    said = place.end(process)
    assert f"osmo workflow cancel {one.name}-2" in said.out + said.err


def test_a_dry_run_calls_nothing(place: OsmoPlace) -> None:
    said = place.pbt(place.spec(job("a")), *place.options, "--osmo_shared", "/mnt", "--dry_run")
    assert said.code == 0, said
    assert "osmo workflow submit " in said.out
    assert not place.calls.exists()
