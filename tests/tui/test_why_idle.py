"""Why a GPU was idle: at each moment of a night, from its journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import RunState
from pbt_tui.journal.state_history import state_at
from pbt_tui.tui.journal_follower import JournalFollower, read_spec
from pbt_tui.tui.timeline_rows import TimelineRows
from pbt_tui.tui.why_idle import PastMoment, certain_death, job_text, node_text, slot_text
from tests.tui import journals
from tests.tui.timelines import Night, hour, night


def rows_of(told: Night | journals.Story, holder: int | None = 5001) -> TimelineRows:
    follower = JournalFollower(told.rundir, who=lambda rundir: holder)
    follower.read_all()
    rows = TimelineRows(follower)
    rows.update(None, by_node=False, clock=told.at)
    return rows


def state_then(told: Night | journals.Story, moment: float) -> RunState:
    return state_at(told.rundir.journal, read_spec(told.rundir), moment)


def asked(told: Night, clock: str, holder: int | None = 5001) -> PastMoment:
    rows = rows_of(told, holder)
    at = hour(clock)
    return PastMoment(state_then(told, at), rows.spans, at, hour("10:00"))


@pytest.mark.parametrize(
    ("gpu", "clock", "words"),
    [
        (1, "23:55", "held by ada since 2025-10-08 23:10:00 until 00:20:00"),
        (2, "02:30", "drained since 02:10:00 until 07:12:00: ECC errors"),
        (0, "03:00", "and no executor ran from 02:58:00 to 07:12:00: the last one was killed"),
        (1, "07:45", "`07_ant` needs 2 GPUs, only 1 free (3 jobs wait); nothing overtakes it"),
        (2, "10:20", "no job waited: the last 1 job was active"),
    ],
)
def test_each_reason_of_the_night(gpu: int, clock: str, words: str, tmp_path: Path) -> None:
    told = night(tmp_path / "_pbt")
    moment = asked(told, clock)
    assert words in slot_text(moment, moment.then.slots.gpus[gpu])


def test_of_a_job_that_waited(tmp_path: Path) -> None:
    told = night(tmp_path / "_pbt")
    assert job_text(asked(told, "03:00"), "08_ant").startswith("no executor ran from 02:58:00")
    assert job_text(asked(told, "23:55"), "08_ant").startswith("held by ada since")
    assert job_text(asked(told, "22:00"), "08_ant") == "3 are active: max_parallel 3"
    assert job_text(asked(told, "01:00"), "02_ant") == "tries again in 5m00 (try 2)"
    assert job_text(asked(told, "03:00"), "nobody") == ""


def test_an_executor_that_died(tmp_path: Path) -> None:
    """Where a job could have started, or had ended, none ran; else the rule comes first."""
    told = night(tmp_path / "_pbt")
    told.by("10:40")
    rows = rows_of(told, holder=None)
    (gap,) = (span for span in rows.spans if span.kind == "no_executor" and span.is_open)
    assert gap.begin == hour("10:00")
    moment = PastMoment(state_then(told, hour("10:30")), rows.spans, hour("10:30"), told.at)
    text = slot_text(moment, moment.then.slots.gpus[2])
    assert text == "no job waited; and no executor has run since 10:00:00"
    moment.dead_since = hour("10:20")
    assert slot_text(moment, moment.then.slots.gpus[2]) == "no executor has run since 10:00:00"
    assert certain_death(gap, [hour("09:00"), hour("10:15"), hour("10:12")]) == hour("10:12")


def test_a_job_that_could_start_proves_that_no_executor_ran(tmp_path: Path) -> None:
    told = Night(tmp_path / "_pbt", journals.spec(3), at=hour("01:00"), gpus=2)
    told.opened().executor()
    told.begin("00_ant_pbt", 0)
    told.by("05:00").executor(pid=2, host="node8")
    told.flush()
    moment = asked(told, "03:00")
    assert slot_text(moment, moment.then.slots.gpus[1]) == (
        "no executor ran from 01:00:02 to 05:00:00: the next one ran on another machine"
    )


def test_an_end_that_the_executor_had_not_seen_yet(tmp_path: Path) -> None:
    told = Night(tmp_path / "_pbt", journals.spec(3), at=hour("01:00"), gpus=1)
    told.opened().executor()
    for name in ("00_ant_pbt", "01_ant_pbt"):
        told.begin(name, 0)
    told.by("03:00").write(
        ev.AttemptEnded, job="00_ant_pbt", attempt=1, outcome="succeeded", exit_code=0,
        ended_at=hour("02:00"),
    )  # fmt: skip
    told.flush()
    moment = asked(told, "02:30")
    text = "`00_ant_pbt` had ended; the executor had not recorded that yet"
    assert slot_text(moment, moment.then.slots.gpus[0]) == text
    later = asked(told, "03:00")
    assert slot_text(later, later.then.slots.gpus[0]).startswith("`02_ant_pbt` is next in line")


def test_others_hold_it_now(tmp_path: Path) -> None:
    told = Night(tmp_path / "_pbt", journals.spec(1), at=hour("01:00"), gpus=1)
    told.opened().executor()
    told.flush()
    moment = asked(told, "01:00")
    held = {"GPU-00000000": "held by run `ant`, pid 4117"}
    assert slot_text(moment, moment.then.slots.gpus[0], held) == held["GPU-00000000"]


def test_a_cluster_decides_for_its_nodes(tmp_path: Path) -> None:
    told = journals.arrays(tmp_path / "_pbt")
    rows = rows_of(told)
    moment = PastMoment(state_then(told, told.at), rows.spans, told.at, told.at)
    assert node_text(moment) == (
        "9 attempts wait in the cluster's queue: Priority ×6, Resources ×2, BeginTime ×1"
    )


def test_the_state_of_a_moment_has_what_was_recorded_by_then(tmp_path: Path) -> None:
    told = night(tmp_path / "_pbt")
    at = hour("00:20")
    assert state_then(told, at - 0.1).held
    assert not state_then(told, at).held
    assert state_then(told, 0.0).seq == 0
    assert state_then(told, 1e12).seq == told.seq
