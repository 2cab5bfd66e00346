"""The lineage does not depend on the order in which it became known, and its index does not err."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.workspaces import Generation, LoadedCheckpoint, Start, reader
from pbt_tui.populations import STYLES
from tests.observe.conftest import Recorded
from tests.observe.lineages import at_once


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab"])
def test_at_each_step_of_a_recorded_tree_it_is_the_same_as_from_nothing(
    request: pytest.FixtureRequest, style: str
) -> None:
    record: Recorded = request.getfixturevalue(style)
    text = ("\n".join(record.stdout) + "\n").encode()
    found = reader(style, record.path)
    lineage, log = PopulationLineage(STYLES.get(style)), MemberLog()
    known: list[Generation] = []
    done = 0
    for i, _ in enumerate(record.replay(), 1):
        new = found.poll()
        known += new
        upto = text.find(b"\n", len(text) * i // len(record.files) - 1) + 1 or len(text)
        log.feed(text[done:upto])
        done = max(done, upto)
        lineage.update(new, logs=[log])
        assert lineage.events == at_once(style, known, texts=[(None, -inf, inf, text[:done])])
    assert len(lineage.events) >= 6


def life(rng: random.Random, style: str) -> tuple[list[Generation], list[Start]]:
    """Generations of a population with copies, falls, relaunches and constant names."""
    generations, starts = [], []
    constant = rng.random() < 0.3
    clock, size = 100.0, rng.randint(2, 5)
    state: list[dict[str, Any]] = [
        {"number": 0, "life": 0, "params": {"a": 1.0, "b": 1.0}} for _ in range(size)
    ]
    for _ in range(rng.randint(5, 40)):
        member = rng.randrange(size)
        mine = state[member]
        clock += rng.choice((0.0, 0.5, 3.0))
        if rng.random() < 0.25 and mine["number"]:
            donor = rng.randrange(size)
            mine["life"] += 1
            what = rng.random()
            loaded = None
            if what < 0.15:
                mine["number"] = 0
            elif style == "isaaclab" and what < 0.8:
                mine["number"] = state[donor]["number"]
                loaded = LoadedCheckpoint("/w", donor, mine["number"])
            if rng.random() < 0.7:
                mine["params"] = dict(state[donor]["params"], a=rng.choice((1.0, 2.0, 3.0)))
            if rng.random() < 0.4:
                clock += 0.1
                starts.append(Start(member, clock, f"e{mine['life']}", loaded))
        mine["number"] += rng.choice((1, 1, 1, 2))
        number = mine["number"]
        generations.append(
            Generation(
                member=member, generation=number,
                experiment_name="e" if constant else f"e{mine['life']}",
                frame=number * 100, objective=rng.choice((None, float(number), rng.random())),
                params=dict(mine["params"]), at=clock, checkpoint=None,
                step=number * 10 + 1001 * mine["life"] if style == "sample_factory" else None,
            )
        )  # fmt: skip
    return generations, starts


def words(rng: random.Random, generations: Sequence[Generation], member: int) -> bytes:
    """A log in Isaac Lab's words that speaks of some of a member's generations."""
    lines = []
    for g in generations:
        if g.member != member or rng.random() < 0.2:
            continue
        lines.append(f"Policy {member}, frames_left 9, PBT it {g.generation}")
        if rng.random() < 0.7:
            row = f"| {member}      | OK     | 1.5 | {g.generation}    | {g.frame}  "
            lines.append(f"{row}| {g.experiment_name} | p | y |")
        if rng.random() < 0.5:
            lines.append(f"Replacing policy {member} with {rng.randrange(3)}.")
            if rng.random() < 0.5:
                lines.append(f"=> loading checkpoint '/w/00{rng.randrange(3)}/000002.pth'")
    return "".join(line + "\n" for line in lines).encode()


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab", "sample_factory"])
def test_whatever_becomes_known_first_the_events_are_the_same(style: str) -> None:
    for seed in range(150):
        rng = random.Random(seed)
        generations, starts = life(rng, style)
        begins = [g.at for g in generations if g.member == 0]
        cut = rng.choice(begins) if begins else 0.0
        first = [g for g in generations if g.at <= cut]
        second = [g for g in generations if g.at > cut]
        texts = [] if style == "sample_factory" else [
            (0, -inf, cut, words(rng, first, 0)), (0, cut, inf, words(rng, second, 0)),
        ]  # fmt: skip
        attempts = [(0, cut)] if texts and rng.random() < 0.5 else []
        lineage = PopulationLineage(STYLES.get(style))
        logs = [MemberLog(member, since) for member, since, _, _ in texts]
        waiting: list[tuple[str, Any]] = [("generation", g) for g in generations]
        waiting += [("start", s) for s in starts]
        waiting += [("attempt", a) for a in attempts]
        if rng.random() < 0.7:  # nearly in order, as polls see it
            waiting.sort(key=lambda w: getattr(w[1], "at", cut) + rng.choice((0.0, 0.0, 4.0)))
        else:
            rng.shuffle(waiting)
        fed = [0] * len(texts)
        known: dict[str, list[Any]] = {"generation": [], "start": [], "attempt": []}
        while waiting:
            batch = [waiting.pop(0) for _ in range(min(len(waiting), rng.randint(1, 4)))]
            new: dict[str, list[Any]] = {
                kind: [thing for what, thing in batch if what == kind] for kind in known
            }
            for kind, things in new.items():
                known[kind] += things
            read = []
            for i, log in enumerate(logs):
                text = texts[i][3]
                upto = text.find(b"\n", rng.randint(fed[i], len(text))) + 1 or len(text)
                if not waiting:
                    upto, log.until = len(text), texts[i][2]
                log.feed(text[fed[i] : upto])
                fed[i] = max(fed[i], upto)
                read.append(log)
            lineage.update(new["generation"], new["start"], read, (), new["attempt"])
            if rng.random() < 0.3 or not waiting:
                said = [
                    (t[0], t[1], log.until, t[3][:upto])
                    for t, log, upto in zip(texts, logs, fed, strict=True)
                ]
                whole = at_once(
                    style, known["generation"], known["start"], said, (), known["attempt"]
                )  # fmt: skip
                assert lineage.events == whole, seed


def test_the_index_finds_what_a_search_finds() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        generations, _ = life(rng, "isaaclab")
        mine = [g for g in generations if g.member == 0]
        steps = MemberSteps()
        for g in rng.sample(mine, len(mine)):
            steps.add(g)
        for g in rng.sample(mine, len(mine) // 3):
            steps.remove(g)
            mine.remove(g)
        assert sorted(map(id, steps.steps)) == sorted(map(id, mine))
        assert [g.at for g in steps.steps] == sorted(g.at for g in mine)
        for number in range(30):
            for at in (99.0, 110.0, 130.0, 1e9):
                seen = [g for g in steps.steps if g.generation <= number and g.at <= at]
                wanted = max(seen, key=lambda g: g.generation, default=None)
                if wanted is not None:
                    wanted = [g for g in seen if g.generation == wanted.generation][-1]
                assert steps.newest_at_most(number, at) is wanted


def test_events_of_the_history_stand_in_for_a_lost_log(tmp_path: Path) -> None:
    from pbt_tui.observe.history import HistoryReader, HistoryWriter

    generations = [
        Generation(
            member=m, generation=n, experiment_name=f"e{m}", frame=n * 100,
            objective=float(n), params={}, at=n * 10.0 + m, checkpoint=None,
        )
        for n in range(1, 5) for m in range(2)
    ]  # fmt: skip
    text = (
        b"Policy 1: New pbt iteration 2!\nPolicy 1: Loading policy-0 000002.yaml\n"
        b"Replacing underperforming policy 1 with 0\n=> loading checkpoint '/t/000002.pth'\n"
    )
    before = at_once("isaacgymenvs", generations, texts=[(1, -inf, inf, text)])
    assert [(e.kind, e.donor, e.donor_generation, e.applied) for e in before] == [
        ("exploit", 0, 2, True)
    ]

    path = tmp_path / "populations.jsonl"
    writer = HistoryWriter("p", reader("isaacgymenvs", tmp_path), path)
    writer.keep(before)
    size = path.stat().st_size
    writer.keep(before)
    again = HistoryWriter("p", reader("isaacgymenvs", tmp_path), path)
    again.poll()
    again.keep(before)
    assert path.stat().st_size == size
    kept = HistoryReader(path).take_events("p")
    assert at_once("isaacgymenvs", generations, kept=kept) == before
    assert at_once("isaacgymenvs", generations) == []
    for cut in range(len(generations)):  # also if the event is read before its generation
        lineage = PopulationLineage(STYLES.get("isaacgymenvs"))
        lineage.update(generations[:cut])
        lineage.update(kept=kept)
        lineage.update(generations[cut:])
        assert lineage.events == before
