"""A container that somebody has paused is told as paused, for how long, and goes on or ends."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.journal import events as ev
from pbt_tui.observe import pauses
from pbt_tui.observe.queue_status import key
from pbt_tui.runtimes.docker.pause_record import PauseRecord
from pbt_tui.spec import Population, decode, encode
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import job as job_page
from pbt_tui.tui.text import Frame, plain
from tests.docker.docked import GATE, TELLS, Docked
from tests.executor.running import job, until


def recorded(docked: Docked, name: str) -> pauses.Pause | None:
    return pauses.read(docked.rundir.paused).get(key(name, 1))


def snapshot(docked: Docked) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docked.once("--json").out)
    return found


def states(docked: Docked) -> dict[str, str]:
    return {row["id"]: row["state"] for row in snapshot(docked)["jobs"]}


def page(docked: Docked, name: str, later: float = 0.0) -> str:
    follower = JournalFollower(docked.rundir)
    follower.read_all()
    model = Model(follower)
    found = model.state.by_id[name]
    lines = job_page.page(
        found,
        model.state,
        Frame(100, 40, time.time() + later),
        rundir=docked.rundir,
        log=(),
        pause=model.pause(found),
    )
    return "\n".join(map(plain, lines))


def members(docked: Docked, spec: str) -> str:
    """The same spec, whose jobs are the members of one population."""
    file = docked.path / spec / "processes.json"
    found = decode(file.read_bytes())
    jobs = tuple(
        msgspec.structs.replace(one, population="p", member=number)
        for number, one in enumerate(found.jobs)
    )
    group = Population("p", "isaacgymenvs", len(jobs), "train_dir/w", tuple(j.id for j in jobs))
    file.write_bytes(encode(msgspec.structs.replace(found, jobs=jobs, populations=(group,))))
    return spec


def test_a_paused_container_is_told_until_it_goes_on(docked: Docked) -> None:
    docked_spec = members(docked, docked.spec(job("a", GATE), job("b", GATE)))
    run = docked.start(docked_spec)
    until(lambda: len(docked.handles()) == 2)
    handle = docked.handles()["a", 1]
    assert states(docked) == {"a": "running", "b": "running"}
    before = time.time()
    docked.api.pause(handle)
    until(lambda: recorded(docked, "a") is not None)
    shown = snapshot(docked)
    assert states(docked) == {"a": "paused", "b": "running"}
    times = {row["id"]: row["paused_at"] for row in shown["jobs"]}
    assert before - 1 < times["a"] < time.time() + 1
    assert times["b"] is None
    (row,) = shown["populations"]
    assert [member["state"] for member in row["members"]] == ["paused", "running"]
    assert [member["paused_at"] for member in row["members"]] == [times["a"], None]
    assert shown["queue"] is None
    text = docked.once().out
    assert re.search(r"^ *a +‖ paused .* paused for <1m", text, re.M), text
    assert re.search(r"^ *b +● running", text, re.M), text
    assert f"paused for 1m; `docker unpause {handle[:12]}` lets it go on" in page(docked, "a", 60)
    assert "paused for" not in page(docked, "b")
    docked.api.unpause(handle)
    until(lambda: recorded(docked, "a") is None)
    assert states(docked) == {"a": "running", "b": "running"}
    assert list(pauses.went_on(docked.rundir.paused)) == ["a.1"]
    docked.write("go")
    assert docked.end(run).code == 0
    assert pauses.went_on(docked.rundir.paused) == {}


def test_what_was_paused_and_what_went_on_meanwhile_is_found_on_resume(docked: Docked) -> None:
    run = docked.start(docked.spec(job("a", GATE), job("b", GATE), job("c", GATE)))
    until(lambda: len(docked.handles()) == 3)
    a, b, c = (docked.handles()[name, 1] for name in "abc")
    docked.api.pause(a)
    docked.api.pause(c)
    until(lambda: len(pauses.read(docked.rundir.paused)) == 2)
    old = recorded(docked, "c")
    run.kill()
    run.communicate()
    docked.api.unpause(a)
    docked.api.pause(b)
    assert states(docked) == {"a": "paused", "b": "running", "c": "paused"}, "as it was seen last"
    run = docked.start(str(docked.rundir.path))
    until(lambda: recorded(docked, "b") is not None and recorded(docked, "a") is None)
    assert states(docked) == {"a": "running", "b": "paused", "c": "paused"}
    found = recorded(docked, "b")
    assert found is not None
    assert found.since is not None, "the engine remembers"
    assert recorded(docked, "c") == old
    docked.api.unpause(b)
    docked.api.unpause(c)
    docked.write("go")
    assert docked.end(run).code == 0
    assert pauses.read(docked.rundir.paused) == {}


def test_a_paused_job_is_cancelled_with_its_grace(docked: Docked) -> None:
    script = f"{TELLS}; trap 'echo saved; exit 0' TERM; while :; do sleep 0.1; done"
    run = docked.start(docked.spec(job("a", "sh", "-c", script, "a")))
    docked.wait_for(ev.AttemptStarted)
    until(lambda: docked.ran("a") != [])
    docked.api.pause(docked.handles()["a", 1])
    until(lambda: recorded(docked, "a") is not None)
    assert docked.pbt(str(docked.rundir.path), "--cancel", "a").code == 0
    assert docked.end(run).code == 4
    ended = docked.ended()["a", 1]
    assert (ended.outcome, ended.exit_code) == ("stopped", 0)
    assert docked.log("a") == "saved\n"
    assert pauses.read(docked.rundir.paused) == {}


def test_the_time_limit_reaches_a_paused_job(docked: Docked) -> None:
    run = docked.start(docked.spec(job("a", GATE), timeout=3.0, grace=1.0))
    docked.wait_for(ev.AttemptStarted)
    docked.api.pause(docked.handles()["a", 1])
    assert docked.end(run).code == 4
    assert docked.ended()["a", 1].cause == "timeout"


def test_a_record_keeps_what_an_earlier_executor_knew(tmp_path: Path) -> None:
    path = tmp_path / "paused.json"
    first = PauseRecord(path)
    first.begin(("a", 1), 5.0)
    first.begin(("b", 1), 6.0)
    second = PauseRecord(path)
    assert not second.knows(("a", 1)), "it may have gone on"
    second.begin(("a", 1), None)
    second.begin(("c", 1), None)
    second.end(("b", 1))
    found = {"a.1": pauses.Pause(5.0), "c.1": pauses.Pause(None)}
    assert pauses.read(path) == found
    before = time.time()
    second.goes_on(("a", 1))
    second.goes_on(("d", 1))  # it was never paused
    assert pauses.read(path) == {"c.1": pauses.Pause(None)}
    (at,) = PauseRecord(path)._went_on.values()
    assert pauses.went_on(path) == {"a.1": at}
    assert before <= at <= time.time()
    second.end(("a", 1))
    assert pauses.went_on(path) == {}
    path.write_bytes(b"[" * 100_000)
    assert pauses.read(path) == {}
    assert pauses.went_on(path) == {}
