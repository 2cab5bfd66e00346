"""The disk of the simulated world, as the rules of `observe.continuing` read it, and its history.

The rules are the real ones. Only what they ask of the disk is answered from memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import answering, lives
from pbt_tui.observe.continuing.candidate import Candidate, Place, Reading, Rejected
from pbt_tui.observe.workspaces import Generation
from pbt_tui.observe.workspaces.late import Lookup
from pbt_tui.populations import STYLES, Style
from tests.core.workspaces import Pair, SimWorkspace

NAME = "ws"
_mounted: dict[Path, tuple[SimWorkspace, float]] = {}
"""The workspace that is read now, and the time: set before each read."""


@contextmanager
def memory() -> Iterator[None]:
    """Within it, `answering.answer` reads the workspaces of `mount` and not the disk."""
    styles = {
        name: dataclasses.replace(STYLES.get(name), saved="tests.core.sim_reading:read")
        for name in ("isaacgymenvs", "isaaclab")
    }

    class Styles:
        built_in = STYLES.built_in

        @staticmethod
        def get(name: str) -> Style:
            return styles[name]

    with mock.patch.multiple(answering, STYLES=Styles, look_up=look_up):
        yield


def mount(workspace: SimWorkspace, path: Path, now: float) -> None:
    """Makes this workspace the one that is read, at this path."""
    _mounted.clear()
    _mounted[path] = (workspace, now)


def look_up(style: Style, recorded: Path, argv: Sequence[str]) -> Lookup:
    workspace, now = _mounted[recorded]
    if now < workspace.hidden_until or not workspace.folders:
        return Lookup(None, recorded, NAME)
    return Lookup(recorded, recorded, NAME)


def read(place: Place, most: int) -> Reading:
    """What `Style.saved` names: the generations of a member."""
    workspace, _ = _mounted[place.workspace]
    folder = place.workspace / f"{place.member:03d}"
    usable: list[Candidate] = []
    rejected: list[Rejected] = []
    described = [(n, p) for n, p in workspace.pairs(place.member) if p.metadata is not None]
    described.sort(key=lambda found: (_ns(found[1].metadata), found[0]), reverse=True)
    for number, pair in described[:most]:
        found = _pair(workspace, place.member, number, pair)
        if isinstance(found, Candidate):
            usable.append(found)
        else:
            rejected.append(found)
    for number, pair in workspace.pairs(place.member):
        if pair.metadata is None and pair.weights is not None:
            name = f"{number:06d}.pth"
            rejected.append(Rejected(name, "it has no metadata", False, _ns(pair.weights)))
    return Reading(tuple(usable), tuple(rejected), folder=folder)


def _pair(workspace: SimWorkspace, member: int, number: int, pair: Pair) -> Candidate | Rejected:
    metadata, weights = pair.metadata, pair.weights
    assert metadata is not None
    name = f"{number:06d}.yaml"
    if not metadata.whole:
        return Rejected(name, "it is cut", False, _ns(metadata))
    if weights is None or not weights.whole:
        return Rejected(name, "its weights are cut", True, _ns(metadata))
    source = Source(
        member=member,
        generation=number,
        experiment_name=metadata.experiment_name,
        frame=metadata.frame,
        checkpoint=workspace.path(member, number),
        stamp=Stamp(FileStamp(_ns(metadata), 600), FileStamp(_ns(weights), 9000)),
    )
    return Candidate(source, dict(metadata.params))


def _ns(file: object) -> int:
    return int(getattr(file, "at", 0.0) * 1e9)


class History:
    """`populations.jsonl`: what executors saw of the workspaces, and where lives begin."""

    def __init__(self) -> None:
        self._lives = lives.Lives(Path("/nonexistent"))
        self._known: dict[str, dict[object, Generation]] = {}

    def poll(self, population: str, workspace: SimWorkspace, now: float) -> None:
        """Appends what is new, as a poll of the executor does."""
        if now < workspace.hidden_until:
            return
        known = self._known.setdefault(population, {})
        found = [
            _generation(workspace, member, number, pair)
            for member in workspace.folders
            for number, pair in workspace.pairs(member)
            if pair.metadata is not None and pair.metadata.whole
        ]
        for generation in sorted(found, key=lambda g: (g.at, g.member, g.generation)):
            if known.get(generation.key) != generation:
                known[generation.key] = generation
                self._lives._take(lives._Line(population, generation=generation))

    def begins(self, population: str, member: int, attempt: int) -> None:
        self._lives._take(lives._Line(population, begun=lives._Begun((member,), attempt)))

    def of(self, population: str) -> list[Generation]:
        return self._lives.of(population)


def _generation(workspace: SimWorkspace, member: int, number: int, pair: Pair) -> Generation:
    metadata = pair.metadata
    assert metadata is not None
    return Generation(
        member=member,
        generation=number,
        experiment_name=metadata.experiment_name,
        frame=metadata.frame,
        objective=0.0,
        params=dict(metadata.params),
        at=metadata.at,
        checkpoint=workspace.path(member, number),
    )
