"""Recorded real trainings: what their own output says is found, at each step and without alarm."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.observe.history import HistoryWriter, decided, events
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.population_monitor import AttemptLog, PopulationMonitor
from pbt_tui.observe.workspaces import reader
from tests.observe.conftest import BEGIN
from tests.observe.lineages import at_once

DATA = Path(__file__).parent.parent / "data" / "trainings"
_FILE = re.compile(r"/([0-9]{3})/([0-9]+)\.yaml$")
_ROUND = re.compile(r"PBT it ([0-9]+)|New pbt iteration ([0-9]+)!")
_LOADED = re.compile(r"=> loading checkpoint .*/([0-9]{3})/([0-9]+)\.pth")

Copy = tuple[int, int | None, int | None]
"""Member, donor, and the member's generation."""


class Training:
    """One record, written to disk again in its order, with the output of its members."""

    def __init__(self, name: str, root: Path) -> None:
        self.record: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
        self.root = root
        self.workspace = root / self.record["workspace"]
        self.lines: dict[str, list[str]] = self.record["logs"]
        self.done = dict.fromkeys(self.lines, 0)

    def logs(self, *, ended: bool = False) -> dict[int, list[AttemptLog]]:
        found: dict[int, list[AttemptLog]] = {}
        for name in sorted(self.lines):
            since = self.record.get("attempts", {}).get(name)
            until = self.record.get("killed", {}).get(name)
            begin = -inf if since is None else BEGIN + since / 1000
            over = until is not None and (ended or bool(self.done.get("member1.1")))
            end = BEGIN + until / 1000 if over else inf
            if since is None or self.done[name]:
                found.setdefault(int(name[6]), []).append(AttemptLog(self.root / name, begin, end))
        return found

    def said(self) -> list[tuple[int | None, float, float, bytes]]:
        """The same for `at_once`."""
        return [
            (member, log.since, log.until, log.path.read_bytes() if log.path.exists() else b"")
            for member, logs in self.logs().items()
            for log in logs
        ]

    def play(self) -> Iterator[None]:
        """Writes the files in order; each with what its member's output says about it."""
        for path, ms, text in self.record["files"]:
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            os.utime(target, (BEGIN + ms / 1000,) * 2)
            if written := _FILE.search(path):
                self._speak(int(written[1]), int(written[2]), ms)
            yield
        for name in self.lines:
            self._print(name, len(self.lines[name]))
        yield

    def _speak(self, member: int, number: int, ms: float) -> None:
        for name in sorted(self.lines, reverse=True):
            since = self.record.get("attempts", {}).get(name, -inf)
            if int(name[6]) != member or ms < since:
                continue
            lines, begin = self.lines[name], self.done[name]
            rounds = [i for i in range(begin, len(lines)) if _ROUND.search(lines[i])]
            if rounds and str(number) in _ROUND.findall(lines[rounds[0]])[0]:
                self._print(name, rounds[1] - 1 if len(rounds) > 1 else len(lines))
            return

    def _print(self, name: str, upto: int) -> None:
        with (self.root / name).open("a") as out:
            out.writelines(line + "\n" for line in self.lines[name][self.done[name] : upto])
        self.done[name] = upto

    def exploits(self) -> Counter[Copy]:
        return Counter(
            (e["member"], e["donor"], e["at_generation"]) for e in self.record["exploits"]
        )


def told(events: list[LineageEvent], kind: str = "exploit") -> Counter[Copy]:
    return Counter((e.member, e.donor, e.generation) for e in events if e.kind == kind)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("isaacgymenvs", set()),
        ("rl_games", {"relaunched", "frame_fallback"}),
    ],
)
def test_replayed_in_recorded_order(name: str, expected: set[str], tmp_path: Path) -> None:
    training = Training(name, tmp_path)
    style = training.record["style"]
    monitor = PopulationMonitor("p", style, training.workspace)
    raised: set[str] = set()
    for _ in training.play():
        monitor.poll(training.logs())
        known = list(monitor._known.values())
        whole = at_once(
            style, known, sorted(monitor._starts, key=lambda s: s.at), training.said(),
            attempts=[
                (1, log.since) for logs in training.logs().values() for log in logs[1:]
            ],
        )  # fmt: skip
        assert monitor.events == whole
        row = monitor.row({}, monitor.newest() or 0.0)
        raised |= {alarm.code for alarm in row.alarms if alarm.level != "note"}
        assert not told(monitor.events) - training.exploits()  # nothing is invented in between
    assert raised <= expected
    assert told(monitor.events) == training.exploits()
    own = [(e["member"], None, e["at_generation"]) for e in training.record["mutations"]]
    assert told(monitor.events, "mutate") == Counter(own)
    certain = [e for e in monitor.events if e.kind == "exploit"]
    assert all((e.source, e.confidence) == ("log", 1.0) for e in certain)


def test_rl_games_names_each_donors_generation_and_the_relaunch(tmp_path: Path) -> None:
    training = Training("rl_games", tmp_path)
    monitor = PopulationMonitor("p", "isaaclab", training.workspace)
    for _ in training.play():
        monitor.poll(training.logs())
    copies = [e for e in monitor.events if e.kind == "exploit"]
    loaded = Counter(
        (int(name[6]), int(found[1]), int(found[2]))
        for name, lines in training.lines.items()
        for line in lines
        if (found := _LOADED.search(line))
    )
    assert Counter((e.member, e.donor, e.donor_generation) for e in copies) == loaded
    assert all(e.applied for e in copies)
    anew = [e for e in monitor.events if e.kind == "relaunch"]
    assert [(e.member, e.generation) for e in anew] == [(1, 1)]
    at = monitor.events.index(anew[0])
    assert [(e.generation, e.member) for e in monitor.events[at + 1 :]] == [(1, 1), (2, 1)]


def test_isaacgymenvs_tells_what_was_only_announced(tmp_path: Path) -> None:
    training = Training("isaacgymenvs", tmp_path)
    monitor = PopulationMonitor("p", "isaacgymenvs", training.workspace)
    for _ in training.play():
        monitor.poll(training.logs())
    assert [(e.kind, e.generation, e.donor_generation, e.applied) for e in monitor.events] == [
        ("mutate", 3, None, True),
        ("exploit", 6, 6, None),  # the record ends before it came up again
    ]
    later = {
        i: [log._replace(until=BEGIN + 1e6) for log in logs] for i, logs in training.logs().items()
    }
    monitor.poll(later)
    assert [e.applied for e in monitor.events] == [True, False]


def sample_factory(tmp_path: Path) -> tuple[PopulationMonitor, str]:
    training = Training("sample_factory", tmp_path)
    lines = training.lines.pop("sf_log")
    for path, _, text in training.record["files"]:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    log = training.workspace / "sf_log.txt"
    monitor = PopulationMonitor("p", "sample_factory", training.workspace)
    for begin in range(0, len(lines), 40):
        with log.open("a") as out:
            out.writelines(line + "\n" for line in lines[begin : begin + 40])
        monitor.poll()
        known = sorted(monitor._known.values(), key=lambda g: g.at)
        said = [(None, -inf, inf, log.read_bytes())]
        assert monitor.events == at_once("sample_factory", known, texts=said)
    return monitor, "\n".join(lines)


def test_sample_factory_names_each_donor_and_the_checkpoint_that_was_loaded(tmp_path: Path) -> None:
    monitor, text = sample_factory(tmp_path)
    asked = re.findall(r"Asking learner (\d) to load model from (\d)", text)
    assert len(asked) == 28
    copies = [e for e in monitor.events if e.kind == "exploit"]
    assert Counter((str(e.member), str(e.donor)) for e in copies) == Counter(asked)
    assert Counter(e.member for e in copies) == {0: 6, 1: 8, 2: 14}
    assert all(e.applied and e.donor_generation is not None for e in copies)
    # what is loaded at the resume is no copy
    assert text.count("Loading state from checkpoint") == 28 + 4
    own = [e for e in monitor.events if e.kind == "mutate"]
    assert (len(monitor.events), len(copies), len(own)) == (38, 28, 10)


def test_the_best_of_sample_factory_has_a_file_while_checkpoints_exist(tmp_path: Path) -> None:
    """Two checkpoints of each policy are kept: a better one that is gone is told as gone."""
    monitor, _ = sample_factory(tmp_path)
    first = monitor.best()
    assert first is not None
    assert first.checkpoint is None  # the record has no weights
    kept = {}
    for member, steps in monitor.generations.items():
        for generation in steps[-2:]:
            path = Path(str(generation.checkpoint))
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(f"{member} {generation.step}".encode())
            kept[str(path)] = generation
    for one in (monitor, PopulationMonitor("p", "sample_factory", monitor.workspace)):
        one.poll()
        best = one.best()
        assert best is not None
        generation = kept[str(best.checkpoint)]
        found = (best.member, best.generation, best.frame, best.objective)
        told = (generation.member, generation.generation, generation.frame, generation.objective)
        assert found == told
        assert best.objective == max(g.objective or 0.0 for g in kept.values())
        assert best.lost is not None
        assert best.lost.objective > best.objective


def test_sample_factory_tells_parameters_that_a_policy_changed(tmp_path: Path) -> None:
    monitor, _ = sample_factory(tmp_path)
    own = [e for e in monitor.events if e.kind == "mutate"]
    assert {(e.donor, e.source, e.confidence, e.applied) for e in own} == {(None, "log", 1.0, True)}
    assert Counter(e.member for e in own) == {1: 3, 2: 6, 3: 1}
    assert monitor.lineage.restarting() == set()  # nothing starts again
    # a history keeps them, for a log that is gone
    history = HistoryWriter("p", reader("sample_factory", tmp_path / "none"), tmp_path / "h.jsonl")
    history.poll()
    history.keep(monitor.events)
    kept = events(tmp_path / "h.jsonl", "p")
    assert {decided(e) for e in kept} == {decided(e) for e in monitor.events}
