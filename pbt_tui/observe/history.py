"""The history of the workspaces, `populations.jsonl`: trainers delete old generations.

It also has the certain events of the lineage, so that a lost log loses none. Only the executor's
process appends to it (`HistoryWriter`); any process may read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from pbt_tui.files.appending import append_lines
from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.observe.copied_times import true_times
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.workspaces import Generation, Reader
from pbt_tui.observe.workspaces.generation import Key


class HistoryEntry(msgspec.Struct, frozen=True):
    """One line of the history: a generation or an event of a population."""

    population: str
    """Id of the population."""
    generation: Generation | None = None
    """A generation of one of its members."""
    event: LineageEvent | None = None
    """An event of its lineage; a later line about the same decision replaces it."""


Decided = tuple[int, str | None, int | None, int | None, str, int | None]


def decided(event: LineageEvent) -> Decided:
    """The identity of a decision: whose, at which generation, and what it was.

    Args:
        event: the decision.

    Example:
        >>> decided(LineageEvent(kind="exploit", member=1, donor=2, generation=3, source="log",
        ...                      confidence=1.0, experiment_name="a", frame=30))
        (1, 'a', 3, 30, 'exploit', 2)
    """
    name, frame = event.experiment_name, event.frame
    return (event.member, name, event.generation, frame, event.kind, event.donor)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(HistoryEntry)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class HistoryWriter:
    """Polls one workspace and appends new generations to the history.

    A run does not depend on the history: if the disk is full, the next poll writes again what this
    one could not.
    """

    def __init__(self, population: str, reader: Reader, path: Path) -> None:
        self.population = population
        self.reader = reader
        self.path = path
        self.problem: str | None = None
        """Why the last poll could not write what it read."""
        self._unwritten: list[bytes] = []
        self._known: dict[Key, Generation] | None = None
        self._events: dict[Decided, LineageEvent] = {}

    @property
    def known(self) -> Mapping[Key, Generation]:
        """All generations of the history, with what was polled; empty before the first poll."""
        return self._known or {}

    def poll(self) -> list[Generation]:
        """Returns new generations in write order, after appending them to the history."""
        if self._known is None:
            self._known = {g.key: g for g in read(self.path).get(self.population, [])}
            self._events = {decided(e): e for e in events(self.path, self.population)}
            polled = true_times(self.reader.poll(), self._known)
        else:
            polled = self.reader.poll()
        new = [g for g in polled if self._known.get(g.key) != g]
        self._known.update({g.key: g for g in new})
        self.problem = None
        self._unwritten += self._encoded(new)
        if self._unwritten and self._append(b"".join(self._unwritten)):
            self._unwritten = []
        return new

    def keep(self, found: Iterable[LineageEvent]) -> None:
        """Appends events that are certain and that the history does not have.

        Args:
            found: events of the lineage; those inferred from metadata are left out, because any
                reader of the history can infer them again.
        """
        lines: list[bytes] = []
        for event in found:
            certain = event.source != "metadata" and event.confidence >= 1
            if not certain or event.experiment_name is None:
                continue
            old = self._events.get(decided(event))
            if old is None or (old.applied, old.donor_generation) != (
                event.applied,
                event.donor_generation,
            ):
                self._events[decided(event)] = event
                lines.append(_encoder.encode(HistoryEntry(self.population, event=event)) + b"\n")
        self._unwritten += lines
        if lines and self._append(b"".join(self._unwritten)):
            self._unwritten = []

    def _encoded(self, generations: list[Generation]) -> list[bytes]:
        """The lines; leaves out a generation that is no JSON, which another package may return."""
        lines: list[bytes] = []
        for generation in generations:
            try:
                entry = HistoryEntry(self.population, generation)
                lines.append(_encoder.encode(entry) + b"\n")
            except (TypeError, ValueError, OverflowError, RecursionError) as e:
                self.problem = f"a generation of member {generation.member} is no JSON: {e}"
        return lines

    def _append(self, data: bytes) -> bool:
        if (problem := append_lines(self.path, data)) is not None:
            self.problem = problem
        return problem is None


class HistoryReader:
    """Follows the history: reads only what was added."""

    def __init__(self, path: Path) -> None:
        self._file = Follower(path, first=1 << 40)
        self._waiting: dict[str, list[Generation]] = {}
        self._events: dict[str, list[LineageEvent]] = {}

    def take(self, population: str) -> list[Generation]:
        """The generations of a population that were added since the last call."""
        self._read()
        return self._waiting.pop(population, [])

    def take_events(self, population: str) -> list[LineageEvent]:
        """The events of a population that were added since the last call."""
        self._read()
        return self._events.pop(population, [])

    def _read(self) -> None:
        while lines := self._file.lines():
            for line in lines:
                try:
                    entry = _decoder.decode(line.raw)
                except _UNREADABLE:
                    continue
                if entry.generation is not None:
                    self._waiting.setdefault(entry.population, []).append(entry.generation)
                if entry.event is not None:
                    self._events.setdefault(entry.population, []).append(entry.event)


def read(path: Path) -> dict[str, list[Generation]]:
    """All generations of the history by population, in the order of their lines.

    A later line about the same step replaces the earlier one. An incomplete last line, and a line
    that does not parse, are skipped: the generation is still in the workspace, or lost.
    """
    try:
        data = read_regular(path, OURS)
    except OSError:
        return {}
    return decode(data)


def events(path: Path, population: str) -> list[LineageEvent]:
    """All events of a population in the history.

    Args:
        path: the history.
        population: id of the population.
    """
    return HistoryReader(path).take_events(population)


def decode(data: bytes) -> dict[str, list[Generation]]:
    """The history in `data`, up to the last newline."""
    populations: dict[str, dict[Key, Generation]] = {}
    for line in data[: data.rfind(b"\n") + 1].split(b"\n"):
        try:
            entry = _decoder.decode(line)
        except _UNREADABLE:
            continue
        if entry.generation is None:
            continue
        steps = populations.setdefault(entry.population, {})
        steps.pop(entry.generation.key, None)
        steps[entry.generation.key] = entry.generation
    return {population: list(steps.values()) for population, steps in populations.items()}
