"""How groups end, fail and start again in containers, each statement about them on a real engine.

`test_group_semantics` has the same statements as decisions.
"""

from __future__ import annotations

import json
from typing import Any

from pbt_tui.journal import events as ev
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import Docked
from tests.executor.running import until
from tests.osmo_local.test_in_containers import place

FOR_EVER = "sleep 9999"
ONCE = "[ -e /shared/{0} ] || {{ touch /shared/{0}; exit 75; }}; "
"""Exits with 75 when it starts for the first time."""
GATE = "until [ -e /shared/go ]; do sleep 0.1; done"


def task(name: str, script: str, **more: Any) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return {"name": name, "image": BUSYBOX, "command": command, "volumeMounts": [SHARED], **more}


def group(name: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "tasks": [{**tasks[0], "lead": True}, *tasks[1:]], **more}


SHARED = "@shared:/shared"
AGAIN = {"exitActions": {"RESCHEDULE": "75"}}
FOUR_ENDS = (
    group("ignores", task("a1", GATE), task("b1", "exit 3")),
    group("together", task("a2", FOR_EVER), task("b2", "exit 3"), ignoreNonleadStatus=False),
    group("alone", task("a3", GATE), task("b3", ONCE.format("b3") + FOR_EVER, **AGAIN)),
    group("again", task("a4", ONCE.format("a4") + GATE, **AGAIN), task("b4", FOR_EVER)),
)
"""The group ignores a failure; it fails with one; a task starts again alone; all do."""


def started(docked: Docked, name: str, groups: object, *options: str, **more: object) -> Any:
    """Starts a workflow whose tasks share a folder of this machine."""
    (docked.path / "shared").mkdir()
    text = json.dumps(groups).replace("@shared", str(docked.path / "shared"))
    head = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in more.items())
    target = place(docked, name, f"workflow:\n  name: {name}\n{head}  groups: {text}\n")
    return docked.start(target, "--grace", "1", *options)


def test_groups_end_fail_and_start_again_as_their_lead_says(docked: Docked) -> None:
    process = started(docked, "ends", FOUR_ENDS, "--retries", "1")

    def attempts() -> dict[str, int]:
        return {name: len(job.attempts) for name, job in docked.jobs().items()}

    until(lambda: {"b1", "a2", "b2"} <= {e.job for e in docked.of(ev.AttemptEnded)}, "no ends")
    docked.wait_for(ev.AttemptStarted, 8 + 3)
    (docked.path / "shared/go").touch()
    said = docked.end(process)
    assert said.code == 4, said.all
    assert docked.phases() == {
        "a1": "succeeded", "b1": "failed",  # of no group: its failure changes nothing
        "a2": "failed", "b2": "failed",
        "a3": "succeeded", "b3": "succeeded",
        "a4": "succeeded", "b4": "succeeded",
    }  # fmt: skip
    assert attempts() == {f"{x}{k}": 1 for k in (1, 2) for x in "ab"} | {
        "a3": 1, "b3": 2, "a4": 2, "b4": 2,
    }  # fmt: skip
    stops = {(e.job, e.attempt): e.why for e in docked.of(ev.StopRequested)}
    assert stops == {
        ("a2", 1): "group_end",
        ("b4", 1): "group_again", ("b4", 2): "group_end",
        ("b3", 2): "group_end",
    }  # fmt: skip
    ends = docked.ended()
    assert (ends["b3", 2].outcome, ends["b4", 2].outcome) == ("succeeded", "succeeded")
    assert ends["b4", 1].outcome == "interrupted"


def test_a_group_whose_time_is_over_has_failed_and_is_not_started_again(docked: Docked) -> None:
    rules = {"exitActions": {"RESCHEDULE": "1-255"}}
    late = group("late", task("a", FOR_EVER, **rules), task("b", FOR_EVER))
    process = started(docked, "late", [late], "--retries", "1", timeout={"exec_timeout": "3s"})
    said = docked.end(process)
    assert said.code == 4, said.all
    assert docked.phases() == {"a": "failed", "b": "failed"}
    ends = docked.ended()
    assert set(ends) == {("a", 1), ("b", 1)}, "no task is started again"
    assert ends["a", 1].cause == "timeout"
    limits = {e.why for e in docked.of(ev.StopRequested)}
    assert limits <= {"timeout", "group_end"}


def test_a_task_whose_container_is_taken_away_starts_again_where_its_rules_say_so(
    docked: Docked,
) -> None:
    taken = {"exitActions": {"RESCHEDULE": "3001"}}
    process = started(
        docked, "taken", [group("g", task("a", GATE), task("b", FOR_EVER, **taken))],
        "--retries", "1",
    )  # fmt: skip
    docked.wait_for(ev.AttemptStarted, 2)
    docked.api.remove_container(docked.handles()["b", 1], force=True)
    docked.wait_for(ev.AttemptStarted, 3)
    (docked.path / "shared/go").touch()
    said = docked.end(process)
    assert said.code == 0, said.all
    assert docked.ended()["b", 1].outcome == "lost"
    assert docked.phases() == {"a": "succeeded", "b": "succeeded"}
