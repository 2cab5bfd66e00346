"""Alarms of unhealthy populations, and none for healthy ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.health import alarms
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.population_status import MemberAttempt, PopulationStatus
from pbt_tui.observe.rounds import MemberLogState, Round
from pbt_tui.observe.trainer_settings import settings
from pbt_tui.observe.workspaces import Generation, UnreadableGeneration
from pbt_tui.populations import STYLES
from pbt_tui.populations import ExchangeSettings as Settings
from pbt_tui.spec import Style
from tests.observe.conftest import Recorded
from tests.observe.test_member_folders import write


def step(member: int, number: int, at: float | None = None, **more: Any) -> Generation:
    values = {
        "experiment_name": f"e{member}",
        "frame": number * 100,
        "objective": 10.0 * (member + 1) * number,
        "params": {},
        "checkpoint": None,
    }
    at = number * 10.0 + member if at is None else at
    return Generation(member=member, generation=number, at=at, **{**values, **more})


def lives(members: Sequence[int], numbers: Sequence[int] = range(1, 7)) -> list[Generation]:
    return [step(m, n) for m in members for n in numbers]


def status_of(
    steps: Sequence[Generation], style: str = "isaacgymenvs", size: int = 4, **more: Any
) -> PopulationStatus:
    newest = max((g.at for g in steps), default=0.0)
    states = dict.fromkeys(range(size), "running")
    values = {"states": states, "now": newest + 1, "settings": Settings(), **more}
    lineage = PopulationLineage(STYLES.get(style))
    lineage.update(steps)
    values = {"events": lineage.events, "relaunched": lineage.relaunched(), **values}
    return PopulationStatus(style=style, size=size, members=lineage.steps, **values)


def codes(found: PopulationStatus) -> list[str]:
    return [a.code for a in alarms(found)]


def test_recorded_populations_are_well(isaacgymenvs: Recorded, isaaclab: Recorded) -> None:
    for record, style in ((isaacgymenvs, "isaacgymenvs"), (isaaclab, "isaaclab")):
        watch = PopulationMonitor("p", style, record.path)
        for _ in record.replay():
            watch.poll()
            watch.row({}, watch.newest() or 0.0)  # nothing in between raises either
        found = watch.row({}, watch.newest() or 0.0)
        assert [a.code for a in found.alarms] == []
        assert found.best is not None
        assert found.best.member == 3


def test_p2_four_of_eight_never_started() -> None:
    states = {m: "running" if m < 4 else "waiting" for m in range(8)}
    found = alarms(status_of(lives(range(4)), size=8, states=states))
    assert [(a.code, a.level) for a in found] == [
        ("never_started", "error"),
        ("cannot_exchange", "error"),
    ]
    assert found[0].members == (4, 5, 6, 7)
    assert found[0].message == "4 of 8 members never started: members 4, 5, 6, 7"
    # one of eight is enough to hold the one place there is; its name is said
    states = {m: "running" if m < 7 else "waiting" for m in range(8)}
    found = alarms(status_of(lives(range(7)), size=8, states=states))
    assert [a.code for a in found] == ["never_started", "cannot_exchange"]
    assert "member 7, never seen" in found[1].message
    # Isaac Lab goes on without them
    lab = status_of(lives(range(4)), "isaaclab", 8, states=states)
    assert "cannot_exchange" not in codes(lab)


def test_a_late_member_is_no_alarm() -> None:
    assert codes(status_of(lives(range(3), [1]))) == []
    states = dict.fromkeys(range(4), "running")
    assert codes(status_of(lives(range(3), [1, 2]), states=states)) == []


def test_p3_an_objective_nobody_can_read() -> None:
    steps = [step(m, n, unreadable=True) for m in range(4) for n in (1, 2)]
    found = alarms(status_of(steps, "isaaclab"))
    assert [(a.code, a.level, a.members) for a in found] == [
        ("objective_unreadable", "error", (0, 1, 2, 3))
    ]
    assert "tensor or an array scalar" in found[0].message
    logs = {0: MemberLogState(blind=3)}
    assert codes(status_of(lives(range(4)), "isaaclab", logs=logs)) == ["objective_unreadable"]


@pytest.mark.parametrize("text", [".nan", "nan", "-.inf", "1e400"])
def test_an_objective_that_is_no_finite_number_is_called_by_what_it_is(
    text: str, tmp_path: Path
) -> None:
    for member in range(3):
        for number in (1, 2):
            file = write(tmp_path, member, number, 1.0)
            if (member, number) == (1, 2):
                file.write_text(
                    file.read_text().replace("true_objective: 1.0", f"true_objective: {text}")
                )
    monitor = PopulationMonitor("p", "isaaclab", tmp_path)
    monitor.poll()
    found = [a for a in monitor.row({}, 0.0).alarms if a.code == "objective_unreadable"]
    assert [(a.level, a.members) for a in found] == [("error", (1,))]
    assert found[0].message == (
        f"the objective of member 1 is no finite number (`{shown(text)}`): a comparison with it "
        "says nothing, so nobody is replaced, or the wrong member"
    )


def shown(text: str) -> str:
    return {".nan": "nan", "-.inf": "-inf"}.get(text, text)


def test_p4_a_file_that_stays_cut() -> None:
    cut = [UnreadableGeneration(2, Path("/w/002/000001.yaml"), "key `params` is missing")]
    found = alarms(status_of(lives(range(4)), unreadable=cut))
    assert [(a.code, a.level, a.members) for a in found] == [
        ("objective_unreadable", "warning", (2,))
    ]


def test_p5_relaunched() -> None:
    steps = [*lives(range(4)), step(0, 2, 99.0, experiment_name="again")]
    found = status_of(steps)
    assert "relaunched" in codes(found)
    assert next(a for a in alarms(found) if a.code == "relaunched").members == (0,)


def test_p6_the_best_folder_kept_the_worst() -> None:
    found = alarms(status_of(lives(range(4)), wrong_best=[1, 3]))
    assert [(a.code, a.level, a.members) for a in found] == [
        ("best_folder_wrong", "warning", (1, 3))
    ]
    assert found[0].message.startswith("`best1`, `best3` kept a worse file than there was")


def test_p10_frames_fall_back_to_a_donors() -> None:
    steps = lives(range(4))
    back = [step(0, 4, 70.0, experiment_name="b"), step(0, 5, 80.0, experiment_name="b")]
    found = status_of(steps + back, "isaaclab")
    assert "frame_fallback" in codes(found)
    again = [step(0, n, 70.0 + n, experiment_name="b") for n in (1, 2)]
    found = status_of(steps + again, "isaaclab")
    assert "frame_fallback" not in codes(found)
    assert "relaunched" in codes(found)


def test_r3_a_dead_member_blocks_the_selection() -> None:
    steps = lives(range(4))
    states = {0: "failed", 1: "running", 2: "running", 3: "running"}
    found = alarms(status_of(steps, states=states, now=60.0 + 3600))
    assert [a.code for a in found][:2] == ["member_ended", "cannot_exchange"]
    assert found[0].level == "error"
    assert "the worst place is held by member 0, last seen 60 min ago" in found[1].message
    # one of the two worst places is still held by a living one
    two = Settings(worst=0.5)
    assert "cannot_exchange" not in codes(status_of(steps, states=states, settings=two))
    # a dead member among the best blocks nobody
    states = {0: "running", 1: "running", 2: "running", 3: "failed"}
    assert "cannot_exchange" not in codes(status_of(steps, states=states))


def test_nobody_is_silent_in_a_population_that_was_ended() -> None:
    ended = {m: "cancelled" if m else "succeeded" for m in range(4)}
    assert codes(status_of(lives(range(4)), states=ended, now=9999.0)) == []
    ended[3] = "failed"
    assert codes(status_of(lives(range(4)), states=ended, now=9999.0)) == []
    one = ended | {2: "running"}
    found = status_of(lives(range(4)), states=one, now=60.0 + 40)
    assert "stale_member" in codes(found)
    assert next(a for a in alarms(found) if a.code == "stale_member").members == (2,)


def test_a_member_that_was_killed_is_not_silent() -> None:
    states = dict.fromkeys(range(3), "running") | {3: "failed"}
    attempts = {3: MemberAttempt(10.0, "was killed by SIGKILL")}
    found = alarms(status_of(lives(range(4)), states=states, attempts=attempts))
    assert [(a.code, a.members) for a in found] == [("member_ended", (3,))]
    assert found[0].message == (
        "member 3 was killed by SIGKILL at generation 6; its weights still count; "
        "`r` continues it from there"
    )
    refused = alarms(status_of(lives(range(4)), states=states | {3: "skipped"}))
    assert refused[0].message.startswith("member 3 cannot be continued at generation 6;")
    waits = states | {3: "waiting"}  # for its retry
    assert codes(status_of(lives(range(4)), states=waits, attempts=attempts, now=999.0))[:1] != [
        "never_started"
    ]
    begun = attempts | {3: MemberAttempt(None, "was killed by SIGKILL")}
    late = status_of(lives(range(3)), states=waits, attempts=begun)
    assert "never_started" in codes(late)
    late = status_of(lives(range(3)), states=waits, attempts=attempts)
    assert "never_started" not in codes(late)


def test_a_member_that_starts_is_not_silent() -> None:
    steps = lives(range(4))
    starting = dict.fromkeys(range(4), "starting")
    assert codes(status_of(steps, states=starting, now=9999.0)) == []
    attempts = {m: MemberAttempt(1000.0, None) for m in range(4)}
    assert codes(status_of(steps, attempts=attempts, now=1100.0)) == []
    assert "stale_member" in codes(status_of(steps, attempts=attempts, now=1200.0))
    folder = dict.fromkeys(range(4), 1000.0)  # the configuration of a start, on a plain folder
    assert codes(status_of(steps, states={}, starts=folder, now=1100.0)) == []
    assert codes(status_of(steps, states={}, now=60.0 + 100)) == []
    found = alarms(status_of(steps, states={}, now=60.0 + 400))
    assert "silent or finished: members 0, 1" in next(
        a.message for a in found if a.code == "stale_member"
    )


@pytest.mark.parametrize("halted", ["paused", "suspended"])
def test_a_member_that_an_engine_has_stopped_for_now_is_not_silent(halted: str) -> None:
    states = {0: halted, 1: "running", 2: "succeeded", 3: "succeeded"}
    (found,) = alarms(status_of(lives(range(4)), states=states, now=60.0 + 3600))
    assert (found.code, found.members) == ("stale_member", (1,))


def test_silence_is_judged_against_restarts() -> None:
    steps = lives(range(4))
    assert codes(status_of(steps, now=70.0)) == []
    found = alarms(status_of(steps, now=60.0 + 40))
    assert [(a.code, a.level) for a in found if a.code == "stale_member"] == [
        ("stale_member", "warning")
    ]
    after = range(4)
    assert codes(status_of(steps, now=60.0 + 120, restarting=after)) == []
    assert "stale_member" in codes(status_of(steps, now=60.0 + 400, restarting=after))
    ended = dict.fromkeys(range(4), "succeeded")
    assert codes(status_of(steps, now=1e9, states=ended)) == []


def test_r2_exchanges_that_break_off() -> None:
    found = alarms(status_of(lives(range(4)), logs={1: MemberLogState(aborted=6)}))
    assert [a.code for a in found] == ["cannot_exchange"]
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" in found[0].message


def test_why_nothing_happens() -> None:
    early = Settings(initial_delay=20e6)
    found = alarms(status_of(lives(range(4)), settings=early))
    assert [(a.code, a.level) for a in found] == [("before_start", "note")]
    assert found[0].message == "waits for 20M frames before the first exchange, now at 600"
    assert (
        codes(
            status_of(lives(range(4)), settings=early, logs={0: MemberLogState(initial_delay=50)})
        )
        == []
    )
    assert codes(status_of([])) == ["before_start"]
    states = dict.fromkeys(range(8), "running")
    few = status_of(lives(range(3), [1]), size=8, states=states)
    assert codes(few) == ["too_few_members"]
    assert alarms(few)[0].message == "needs 5 of 8 members with a generation, 3 have one"
    same = [step(m, n, objective=5.0 + m * 0.001) for m in range(4) for n in range(1, 7)]
    assert codes(status_of(same)) == ["within_threshold"]
    assert codes(status_of(same, "isaaclab", settings=Settings(std=0.1))) == ["within_threshold"]
    assert codes(status_of(lives(range(4)), "isaaclab", settings=Settings(std=0.1))) == []


def test_the_members_own_numbers_are_shown_while_nothing_happens() -> None:
    told = Round(6, {0: 75.5, 1: 75.0, 2: 75.3}, 75.27, 74.9, 75.7, (), ())
    logs = {0: MemberLogState(round=Round(5)), 2: MemberLogState(round=told)}
    found = alarms(status_of(lives(range(4)), "isaaclab", settings=Settings(std=0.1), logs=logs))
    assert [(a.code, a.level, a.members) for a in found] == [("last_round", "note", (2,))]
    assert found[0].message == (
        "member 2 at generation 6: mean 75.27, leaders above 75.7: none, underperformers below "
        "74.9: none, member 1 missed it by 0.1"
    )
    own = Round(6, best=(0, 2), worst=(1,), difference=1.46875, needed=1.6375)
    found = alarms(status_of(lives(range(4)), logs={1: MemberLogState(round=own)}))
    assert found[-1].message == (
        "member 1 at generation 6: best: 0, 2, worst: 1, the best of them was better by 1.469, "
        "1.637 is needed"
    )


def test_a_round_that_an_exception_ended_is_an_alarm() -> None:
    logs = {2: MemberLogState(skipped=3, exception="could not convert string to float: 'x'")}
    found = alarms(status_of(lives(range(4)), "isaaclab", logs=logs))
    assert [(a.code, a.level, a.members) for a in found] == [("rounds_skipped", "error", (2,))]
    assert found[0].message == (
        "member 2 skipped its last 3 rounds after an exception: could not convert string to "
        "float: 'x'"
    )


def test_an_ended_population_needs_no_excuse() -> None:
    states: Mapping[int, str] = dict.fromkeys(range(4), "failed")
    same = [step(m, 1, objective=5.0) for m in range(4)]
    assert "within_threshold" not in codes(status_of(same, states=states))


@pytest.mark.parametrize(
    ("style", "argv", "expected"),
    [
        ("isaacgymenvs", ["python"], 20e6),
        ("isaacgymenvs", ["pbt.initial_delay=5_000", "pbt.initial_delay=7e3"], 7000),
        ("isaacgymenvs", ["pbt.initial_delay=oops"], 20e6),
        ("sample_factory", ["--pbt_start_mutation", "1000"], 1000),
        ("sample_factory", ["--pbt_start_mutation=1000"], 1000),
        ("isaaclab", ["agent.pbt.threshold_std=0.3"], None),
    ],
)
def test_settings_come_from_the_command(style: Style, argv: list[str], expected: float) -> None:
    assert settings(style, argv).initial_delay == expected
