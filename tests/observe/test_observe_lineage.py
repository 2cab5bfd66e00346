"""Which member copied which: recorded trainings, with and without their output."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import AttemptLog, PopulationMonitor
from pbt_tui.observe.workspaces import Generation, LoadedCheckpoint, Start, reader
from pbt_tui.spec import Style
from tests.observe.conftest import Recorded
from tests.observe.lineages import at_once, inferred, spoken


def step(member: int, number: int, at: float, **more: Any) -> Generation:
    values = {
        "experiment_name": f"e{member}",
        "frame": number * 100,
        "objective": float(number),
        "params": {"a": 1.0, "b": 1.0, "c": 1.0},
        "checkpoint": None,
    }
    return Generation(member=member, generation=number, at=at, **{**values, **more})


def counted(lines: list[str]) -> tuple[int, int]:
    """Exploits and self-mutations, counted in the text by another rule than the product's."""
    pairs = [re.findall(r"\d+", x) for x in lines if re.match(r"Replacing (under\w+ )?policy", x)]
    exploits = sum(a != b for a, b in pairs)
    own = len(pairs) - exploits + sum("not sufficient to justify" in x for x in lines)
    return exploits, own


@pytest.mark.parametrize(("name", "truth"), [("isaacgymenvs", (8, 2)), ("isaaclab", (6, 0))])
def test_replayed_in_write_order_the_counts_are_those_of_the_output(
    request: pytest.FixtureRequest, tmp_path: Path, name: Style, truth: tuple[int, int]
) -> None:
    record = request.getfixturevalue(name)
    assert counted(record.stdout) == truth
    log = tmp_path / "log"
    log.touch()
    watch = PopulationMonitor(name, name, record.path)
    watch._logs[log], watch._followers[log] = MemberLog(), Follower(log)  # one of all members
    share = len(record.stdout) / len(record.files)
    done = 0
    for i, _ in enumerate(record.replay(), 1):
        upto = round(i * share)
        with log.open("a") as out:
            out.writelines(line + "\n" for line in record.stdout[done:upto])
        done = upto
        watch.poll({0: [AttemptLog(log)]})
    kinds = Counter(e.kind for e in watch.events)
    assert (kinds["exploit"], kinds["mutate"], kinds["relaunch"]) == (*truth, 0)
    assert all(e.source == "log" and e.confidence == 1 for e in watch.events)


def test_r4_the_log_gives_the_generation_that_was_copied(isaacgymenvs: Recorded) -> None:
    log = MemberLog()
    log.feed(Follower(isaacgymenvs.log(isaacgymenvs.root.with_name("log"))).block())
    said = [d.event for d in log.said]
    assert [(e.member, e.donor, e.generation, e.donor_generation) for e in said][:3] == [
        (0, 2, 4, 3),
        (1, 2, 5, 4),
        (0, 2, 6, 5),
    ]


def test_without_output_restarts_are_found_in_the_metadata(
    isaacgymenvs: Recorded, isaaclab: Recorded
) -> None:
    found = inferred(reader("isaacgymenvs", isaacgymenvs.all()).poll(), "isaacgymenvs")
    assert [(e.kind, e.member, e.donor, e.generation, e.donor_generation) for e in found] == [
        ("exploit", 0, 2, 4, 3),
        ("exploit", 1, 2, 5, 4),
        ("mutate", 0, None, 8, None),
        ("mutate", 0, None, 10, None),
        ("exploit", 0, 2, 12, 11),
        ("mutate", 1, None, 12, None),
    ]
    assert all(e.source == "metadata" and e.confidence < 1 for e in found)
    found = inferred(reader("isaaclab", isaaclab.all()).poll(), "isaaclab")
    assert [(e.kind, e.member) for e in found] == [
        ("exploit", m) for m in (2, 0, 0, 0, 2)
    ]  # the sixth came after its member's last file
    assert [e.donor for e in found][1:] == [2, 3, 3, 3]


def test_a_start_without_a_change_is_seen_by_its_folder() -> None:
    steps = [step(0, 1, 10.0), step(0, 2, 20.0), step(0, 9, 90.0)]
    assert inferred(steps, "isaacgymenvs") == []
    found = inferred(steps, "isaacgymenvs", [(0, 5.0), (1, 30.0), (0, 30.0)])
    assert [(e.kind, e.generation, e.confidence) for e in found] == [("restart", 2, 1.0)]


def test_p5_a_new_life_is_a_relaunch_and_a_copy_is_not() -> None:
    old = [step(0, n, n * 10.0) for n in range(1, 7)]
    new = [step(0, n, 100.0 + n, experiment_name="e0b") for n in (2, 4)]
    found = inferred(old + new, "isaacgymenvs")
    assert [(e.kind, e.generation, e.confidence) for e in found] == [("relaunch", 2, 1.0)]
    lab = [step(0, n, 100.0 + n, experiment_name="e0b") for n in (1, 2)]
    assert [e.kind for e in inferred(old + lab, "isaaclab")] == ["relaunch"]
    donor = [step(1, n, n * 30.0, objective=99.0) for n in range(1, 4)]
    fallen = [step(0, 4, 101.0, experiment_name="e0b")]
    found = inferred(old + donor + fallen, "isaaclab")
    assert [(e.kind, e.donor, e.donor_generation) for e in found] == [("exploit", 1, 3)]


def test_a_constant_name_does_not_hide_a_new_life() -> None:
    """As `agent.params.config.full_experiment_name` gives it; the new files replace the old."""
    old = [step(0, n, n * 10.0) for n in range(3, 7)]
    for style in ("isaaclab", "rl_games", "isaacgymenvs"):
        for params in ({"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 2.0}):
            new = [step(0, n, 100.0 + n, params=params) for n in (1, 2)]
            found = inferred(old + new, style)
            assert [(e.kind, e.generation, e.at) for e in found] == [("relaunch", 1, 101.0)]
    fallen = [step(0, 4, 101.0, params={"a": 2.0})]
    donor = [step(1, n, n * 30.0, objective=99.0) for n in range(1, 4)]
    assert [e.kind for e in inferred([*old[2:], *fallen, *donor], "isaaclab")] == ["exploit"]
    assert [e.kind for e in inferred([*old[2:], *fallen, *donor], "isaacgymenvs")] == ["relaunch"]
    assert inferred([step(0, n, 10.0 + n) for n in (0, 1, 2)], "isaaclab") == []


def copied(member: int, donor: int, generation: int) -> str:
    return (
        f"Policy {member}: New pbt iteration {generation}!\n"
        f"Replacing underperforming policy {member} with {donor}\n"
    )


def test_the_order_is_that_of_the_decisions() -> None:
    """Also of members that have not written a generation since."""
    steps = [step(0, 1, 10.0), step(1, 1, 11.0), step(0, 2, 20.0), step(1, 2, 21.0)]
    steps.append(step(1, 3, 31.0))
    text = copied(1, 0, 2) + copied(0, 1, 1) + copied(0, 1, 2)
    found = at_once("isaacgymenvs", steps, texts=[spoken(text)])
    assert [(e.member, e.generation) for e in found] == [(0, 1), (0, 2), (1, 2)]


def test_sample_factory_from_log_and_from_numbers() -> None:
    steps = [step(1, n, n * 10.0, step=s) for n, s in ((1, 10), (2, 20), (3, 1031), (4, 3043))]
    steps += [step(0, 1, 5.0, step=10), step(0, 2, 15.0, step=20)]
    found = inferred(steps, "sample_factory")
    assert [(e.member, e.generation) for e in found] == [(1, 2), (1, 3), (1, 3)]
    head = f"[{datetime.fromtimestamp(22.0):%Y-%m-%d %H:%M:%S},000][1]"  # noqa: DTZ006
    asked = f"{head} Asking learner 1 to load model from 0\n"
    (event,) = at_once("sample_factory", steps, texts=[spoken(asked)])
    assert (event.member, event.donor, event.generation, event.donor_generation) == (1, 0, 2, 2)
    assert event.applied is None  # asked, not done
    done = f"{head} Loading state from checkpoint ./t/checkpoint_p0/checkpoint_000000010_7.pth...\n"
    (event,) = at_once("sample_factory", steps, texts=[spoken(asked + done)])
    assert (event.applied, event.donor_generation) == (True, 1)  # the file that it names
    begun = f"{head} Saving configuration to ./t/config.json...\n"
    (event,) = at_once("sample_factory", steps, texts=[spoken(asked + begun + done)])
    assert event.applied is False  # the next start loads its own


def test_an_event_of_the_history_is_that_of_the_log_where_two_checkpoints_have_one_frame() -> None:
    """A copy of Sample-Factory raises the step alone, and the history has no step of an event."""
    steps = [step(1, 1, 10.0, step=10), step(1, 1, 20.0, step=1011), step(0, 1, 5.0, step=10)]
    head = f"[{datetime.fromtimestamp(22.0):%Y-%m-%d %H:%M:%S},000][1]"  # noqa: DTZ006
    log = spoken(f"{head} Asking learner 1 to load model from 0\n")
    expected = [e for e in at_once("sample_factory", steps, texts=[log]) if e.source == "log"]
    assert len(expected) == 1
    kept = at_once("sample_factory", steps, texts=[log], kept=expected)
    assert [e for e in kept if e.source == "log"] == expected


def test_r12_a_copy_that_sample_factory_could_not_load_did_not_happen() -> None:
    steps = [step(m, 1, 5.0 + m, step=10) for m in range(3)]
    head = f"[{datetime.fromtimestamp(22.0):%Y-%m-%d %H:%M:%S},000][1]"  # noqa: DTZ006
    asked = "".join(f"{head} Asking learner {m} to load model from 0\n" for m in (1, 2))
    loading = (
        f"{head} Loading state from checkpoint ./checkpoint_p0/checkpoint_000000010_7.pth...\n"
    )
    tries = "".join(
        f"{loading}{head} Could not load from checkpoint, attempt {n}\n" for n in (0, 1)
    )
    again = f"{tries}{loading}{head} Loaded experiment state at self.train_step=10\n"
    failed = (
        f"{tries}{loading}{head} Could not load from checkpoint, attempt 2\n"
        f"{head} Did not load from checkpoint, starting from scratch!\n"
    )
    for told, applied in ((failed + again, [False, True]), (again + failed, [True, False])):
        found = at_once("sample_factory", steps, texts=[spoken(asked + told)])
        assert [(e.member, e.applied) for e in found] == [(1, applied[0]), (2, applied[1])]
        log = MemberLog()
        log.feed((asked + told).encode())
        assert {m: state.aborted for m, state in log.states.items()} == {
            applied.index(False) + 1: 1
        }


def test_r4_without_the_words_the_files_tell_which_generation_was_copied() -> None:
    steps = [step(0, 1, 10.0), step(0, 2, 30.0), step(0, 3, 50.0)]
    steps += [step(1, n, n * 8.0) for n in range(1, 9)]
    found = at_once("isaacgymenvs", steps, texts=[spoken(copied(0, 1, 2), 0)])
    assert [(e.donor_generation, e.at) for e in found] == [(2, 50.0)]  # not 3, not 8


def test_where_the_log_is_silent_the_metadata_speaks() -> None:
    steps = [step(0, n, n * 10.0, params={"a": float(n)}) for n in (1, 2, 3, 4)]
    assert [e.generation for e in inferred(steps, "isaacgymenvs")] == [1, 2, 3]
    text = (
        "Policy 0: New pbt iteration 2!\nPolicy 0: Difference in objective value (2 vs 1) is not "
        "sufficient to justify replacement,1.0, 2.5, 1.25, 0.1\nPolicy 0: New pbt iteration 3!\n"
    )
    found = at_once("isaacgymenvs", steps, texts=[spoken(text, 0)])
    assert [(e.generation, e.source, e.at) for e in found] == [
        (1, "metadata", 20.0),
        (2, "log", 30.0),  # it is heard at 3, and says nothing
    ]


def test_r2_an_exchange_that_broke_off_did_not_happen(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "Policy 1: New pbt iteration 4!\nReplacing underperforming policy 1 with 2\n"
        "Replacing 300 with 400...\nPolicy 1: Aborting restart because of the checkpoint\n"
    )
    seen = MemberLog(1)
    seen.feed(Follower(log).block())
    assert [d.event.applied for d in seen.said] == [False]
    assert seen.states[1].aborted == 1


def test_what_is_announced_is_told_from_what_is_carried_out() -> None:
    def told(style: str, text: str, *later: Generation, until: float = inf) -> object:
        steps = [step(0, 1, 10.0), step(1, 1, 11.0), *later]
        (event,) = at_once(style, steps, texts=[(0, -inf, until, text.encode())])
        return event.applied

    lab = "Policy 0, frames_left 9, PBT it 1\nReplacing policy 0 with 1.\n"
    loaded = "=> loading checkpoint '/w/ws/00{}/000001.pth'\n"
    assert told("isaaclab", lab) is None
    assert told("isaaclab", lab, until=50.0) is False  # its attempt ended before it came up
    assert told("isaaclab", lab + loaded.format(1)) is True
    assert told("isaaclab", lab + loaded.format(1), until=50.0) is True
    assert told("isaaclab", lab + loaded.format(0), until=50.0) is False  # its own weights
    assert told("isaaclab", lab, step(0, 2, 20.0, experiment_name="next")) is True
    assert told("isaaclab", lab, step(0, 2, 20.0)) is None
    ige = copied(0, 1, 1)
    assert told("isaacgymenvs", ige, step(0, 2, 20.0, params={"a": 2.0})) is True


def test_a_start_names_the_donor_and_its_generation_without_a_log() -> None:
    steps = [step(0, n, n * 10.0) for n in (1, 2)] + [step(1, n, n * 10.0 + 1) for n in (1, 2)]
    steps += [step(0, 3, 40.0, experiment_name="next"), step(1, 3, 41.0, experiment_name="own")]
    starts = [
        Start(0, 30.0, "next", LoadedCheckpoint("/w/001/000002.pth", 1, 2)),
        Start(1, 30.0, "own", LoadedCheckpoint("/w/001/000002.pth", 1, 2)),
    ]
    found = at_once("isaaclab", steps, starts)
    assert [(e.kind, e.member, e.donor, e.donor_generation) for e in found] == [
        ("exploit", 0, 1, 2),
        ("restart", 1, None, None),
    ]
    assert {(e.source, e.confidence) for e in found} == {("file", 1.0)}
    text = "Policy 0, frames_left 9, PBT it 2\nReplacing policy 0 with 1.\n"
    found = at_once("isaaclab", steps, starts, [spoken(text, 0)])
    assert (found[0].source, found[0].applied, found[0].donor_generation) == ("log", True, 2)
    own = [Start(0, 30.0, "next", LoadedCheckpoint("/w/000/000002.pth", 0, 2))]
    found = at_once("isaaclab", steps[:-1], own, [spoken(text, 0)])
    assert [(e.source, e.applied) for e in found] == [("log", False)]  # a retry, not the copy


def test_an_attempt_of_the_executor_is_no_copy() -> None:
    steps = [step(0, 1, 10.0), step(1, 1, 11.0), step(0, 2, 40.0, experiment_name="next")]
    assert [e.kind for e in inferred(steps, "isaaclab")] == ["mutate"]
    found = at_once("isaaclab", steps, attempts=[(0, 30.0)])
    assert [(e.kind, e.generation) for e in found] == [("restart", 1)]


def test_after_a_relaunch_an_old_decision_stays_with_its_generation() -> None:
    old = [step(0, n, n * 10.0) for n in (1, 2, 3)]
    new = [step(0, n, 100.0 + n * 10, experiment_name="again") for n in (1, 2, 3)]
    peer = [step(1, n, n * 10.0 - 5) for n in (1, 2, 3)]
    logs = [
        (0, -inf, 50.0, copied(0, 1, 2).encode()), (0, 60.0, inf, copied(0, 1, 1).encode()),
    ]  # fmt: skip
    found = at_once("isaacgymenvs", [*old, *new, *peer], texts=logs)
    assert [(e.kind, e.generation, e.experiment_name) for e in found] == [
        ("exploit", 2, "e0"),
        ("relaunch", 1, "again"),
        ("exploit", 1, "again"),
    ]


def test_a_log_is_read_once_and_in_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    text = b"noise\r\x1b[0m\nReplacing policy 2 with 1. Replacing\n" * 40
    follower, seen = Follower(log), MemberLog(2)
    for cut in range(0, len(text), 7):
        log.write_bytes(text[:cut])
        seen.feed(follower.block())
    log.write_bytes(text)
    seen.feed(follower.block())
    assert len(seen.said) == 40
    log.write_bytes(b"Replacing policy 2 with 3.\n")  # replaced: from the beginning
    seen.feed(follower.block())
    assert seen.said[-1].event.donor == 3


def test_of_a_huge_log_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"Replacing policy 2 with 1.\n" * 100)
    follower = Follower(log, first=60)
    assert len(follower.lines()) == 2
    assert follower.cut
    one = tmp_path / "one"
    one.write_bytes(b"x" * 3000)
    follower = Follower(one)
    assert [len(x.raw) for x in follower.lines(1000)] == [1000]
