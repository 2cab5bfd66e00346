"""Checks the lives of killed trainers: what they recorded themselves against what pbt_tui told.

Nothing here applies the rules by which pbt_tui chooses. The trainers record what they write and
what they load, and in which order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pbt_tui.journal.events import Source
from pbt_tui.journal.state import Attempt
from tests.executor.running import Place
from tests.trainers.killer import Line, Member

FRAMES = 256
"""Frames of an epoch of rl_games, by the run module."""
INTERVAL = 1024
"""Frames between two of its generations."""
Written = tuple[int, int]
"""What identifies a generation: its number and its frame (Sample-Factory: the train step first)."""


def attempts(place: Place, member: Member) -> Iterator[tuple[Attempt, list[Line]]]:
    """The attempts of a job with the lines of their lives; none for one killed before it began."""
    lives: dict[int, list[Line]] = {}
    alive = None
    for line in member.lines:
        assert line["what"] != "two lives", f"{member.job}: two lives at once: {line}"
        if line["what"] == "began" and not line["again"]:
            alive = line["pid"]
            assert line["parent"] not in lives, f"{member.job}: an attempt began twice"
            lives[line["parent"]] = []
        assert line["pid"] == alive, f"{member.job}: {line} after the life of {alive}"
        lives[line["parent"]].append(line)
    told = [
        (attempt, lives.pop(int(attempt.handle.partition(".")[0]), []))
        for attempt in place.jobs()[member.job].attempts
        if attempt.handle is not None
    ]
    assert not lives, f"{member.job}: lives of no attempt: {lives.keys()}"
    yield from told


class Lineage:
    """What a member has written, in order, and what it was writing when it was killed."""

    def __init__(self) -> None:
        self.written: list[Written] = []
        self.unfinished: Written | None = None
        self.trained = 0
        """Frames that were trained since the newest write or load."""

    def newest(self) -> set[Written]:
        """What the next life may go on from: what was written last, or was complete by then."""
        kept = [w for w in self.written if self.unfinished is None or w[0] != self.unfinished[0]]
        return set(kept[-1:]) | ({self.unfinished} if self.unfinished else set())


def same_file(source: Source, line: Line) -> bool:
    """Whether the journal names the file that a trainer loaded, and its time and size."""
    weights = source.stamp.weights if source.stamp is not None else None
    return (
        weights is not None
        and line["checkpoint"] == source.checkpoint
        and line["stamp"] == [weights.mtime_ns, weights.size]
        and line["frame"] == source.frame
    )


def rl_games(place: Place, member: Member, index: int) -> int:
    """Checks one member of rl_games; returns the most frames that a kill cost."""
    line_of, lost = Lineage(), 0
    params: dict[Written, dict[str, Any]] = {}
    for attempt, life in attempts(place, member):
        source, where = attempt.source, f"{member.job}, attempt {attempt.number}"
        given = dict(w.partition("=")[::2] for w in life[0]["argv"]) if life else {}
        if source is None:
            assert not line_of.written, f"{where} began anew after {line_of.written[-1]}"
            assert "--checkpoint" not in given, where
        else:
            assert source.member == index, where
            key = (source.generation, source.frame or 0)
            assert key in line_of.newest(), f"{where}: from {key}, not {line_of.newest()}"
            line_of.unfinished = None
            if life:
                assert given.get("--checkpoint") == source.checkpoint, where
                for name, value in params.get(key, {}).items():
                    assert float(given[name]) == value, (where, name)
        line_of.trained = 0
        for line in life:
            what = line["what"]
            if what == "loaded":
                line_of.trained = 0
                first = line is next(x for x in life if x["what"] == "loaded")
                if first and not any(x["what"] == "exec" for x in life[: life.index(line)]):
                    began_anew = (line["checkpoint"], line["frame"]) == (None, 0)
                    assert same_file(source, line) if source else began_anew, (where, line)
            elif what == "trained":
                line_of.trained += FRAMES
            elif what == "writing":
                line_of.unfinished = (line["generation"], line["frame"])
            elif what == "wrote":
                key = (line["generation"], line["frame"])
                params[key] = line["params"]
                line_of.written.append(key)
                line_of.unfinished, line_of.trained = None, 0
        if not any(x["what"] == "finished" for x in life):
            lost = max(lost, line_of.trained)
    assert lost <= INTERVAL, f"{member.job} lost {lost} frames"
    return lost


def sample_factory(place: Place, member: Member, policies: int) -> int:
    """Checks one job of Sample-Factory; returns the most frames that a kill cost one policy."""
    lines_of, lost = [Lineage() for _ in range(policies)], 0
    frames = [0] * policies
    for attempt, life in attempts(place, member):
        source, where = attempt.source, f"{member.job}, attempt {attempt.number}"
        if source is None:
            assert not any(each.written for each in lines_of), f"{where} began anew"
        for line in life:
            policy = line.get("policy", 0)
            each = lines_of[policy]
            if line["what"] == "loaded":
                key = (line["step"], line["frame"])
                if each.written or line["checkpoint"]:
                    assert line["loads"], f"{where}: policy {policy} began anew"
                    assert key in each.newest(), f"{where}: from {key}, not {each.newest()}"
                else:
                    assert key == (0, 0), where
                each.unfinished = None
                if source is not None and source.member == policy:
                    assert source.generation == line["step"], (where, line)
                    assert same_file(source, line), (where, line)
            elif line["what"] == "trained":
                frames[policy] = line["frame"]
            elif line["what"] == "writing" and line["kind"] == "checkpoint":
                each.unfinished = (line["step"], line["frame"])
            elif line["what"] == "wrote" and line["kind"] == "checkpoint":
                each.written.append((line["step"], line["frame"]))
                each.unfinished = None
        for policy, each in enumerate(lines_of):
            if life and each.written:
                lost = max(lost, frames[policy] - each.written[-1][1])
    return lost


def copies_of_rl_games(members: Sequence[Member]) -> Counter[tuple[int, int, int, int]]:
    """The copies that members carried out: member, its generation, donor, donor's generation."""
    found: Counter[tuple[int, int, int, int]] = Counter()
    for index, member in enumerate(members):
        for number, line in enumerate(member.lines):
            if line["what"] != "exec" or line["donor"] == index:
                continue
            after = iter(member.lines[number + 1 :])
            began = next(after, {"what": "", "again": False})
            if began.get("again") and next(after, {"what": ""})["what"] == "loaded":
                key = (index, line["generation"], line["donor"], line["donor_generation"])
                found[key] += 1
    return found


def told_in_logs(place: Place, pattern: str) -> Counter[tuple[int, ...]]:
    """How often the logs of the run have a pair of indices."""
    found: Counter[tuple[int, ...]] = Counter()
    for log in sorted((place.rundir.path / "logs").glob("*.log")):
        for pair in re.findall(pattern, log.read_text(errors="replace")):
            found[tuple(map(int, pair))] += 1
    return found


def written(members: Sequence[Member]) -> set[tuple[int, int, int, float]]:
    """All generations that rl_games wrote: member, generation, frame, objective."""
    return {
        (index, line["generation"], line["frame"], line["objective"])
        for index, member in enumerate(members)
        for line in member.lines
        if line["what"] == "wrote"
    }
