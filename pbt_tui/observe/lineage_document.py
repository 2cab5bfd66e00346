"""The lineage of populations as documents: `pbt-lineage/1`, a table, and `pbt-schedule/1`.

Pure, and without paths of this machine, so that a document may leave it. Texts of trainers lose
their control characters.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from pbt_tui.errors import printable
from pbt_tui.observe.ancestry import Origin, Step, line, step
from pbt_tui.observe.lineage import Kind, LineageEvent
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.schedule import Segment, schedules
from pbt_tui.observe.workspaces import Change, Generation

Way = Literal["began", "went on", "exploit", "mutate", "restart", "relaunch"]
"""How a generation came from its parent; `began`: it has none."""


@dataclass(frozen=True)
class PopulationHistory:
    """What one population has done, for a document."""

    name: str
    """Name of the population."""
    style: str
    """Name of its style."""
    size: int
    """Number of members."""
    lineage: PopulationLineage
    """Its generations and events."""
    best: Generation | None = None
    """Its best generation; None before any has an objective."""
    changes: Sequence[Change] = ()
    """Changed parameters that the trainer's log states."""
    line: list[Step] = field(init=False)
    """The ancestry of `best`, the oldest step first."""

    def __post_init__(self) -> None:
        found = line(self.lineage, self.best) if self.best is not None else []
        object.__setattr__(self, "line", found)

    def generations(self) -> list[Generation]:
        """The generations of all members in write order."""
        known = [g for steps in self.lineage.steps.values() for g in steps.steps]
        return sorted(known, key=lambda g: (g.at, g.member, g.generation))


class GenerationNode(msgspec.Struct, frozen=True):
    """One generation, and where its weights come from."""

    id: int
    """Number of the generation in this document, from 0, in write order."""
    member: int
    """Index of the member."""
    generation: int
    """Number of the generation; a member may write a number again."""
    experiment_name: str
    """Name of the start that wrote it."""
    frame: int | None
    """Frames trained by then; `null`: unknown."""
    objective: float | None
    """The objective, larger is better; `null`: unknown."""
    at: float
    """When it was written, in Unix seconds."""
    params: dict[str, Any]
    """Values of the parameters that PBT changes, by name; empty: unknown."""
    parent: int | None
    """`id` of the generation whose weights it was trained on; `null`: none, or unknown."""
    way: Way
    """How it came from its parent."""
    source: Origin
    """Where that is known from."""
    confidence: float
    """From 0 to 1: how certain the parent is."""
    best_line: bool
    """Whether the best generation descends from it."""


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision of PBT, also one that was not carried out."""

    kind: Kind
    """What the member did or announced."""
    member: int
    """Index of the member."""
    generation: int | None
    """Its generation when it decided; `null`: unknown."""
    donor: int | None
    """Index of the member that it copied; `null`: none, or unknown."""
    donor_generation: int | None
    """The generation that it copied; `null`: none, or unknown."""
    applied: bool | None
    """Whether it was carried out; `null`: unknown."""
    source: Origin
    """Where it is known from."""
    confidence: float
    """From 0 to 1."""


class PopulationDocument(msgspec.Struct, frozen=True):
    """The lineage of one population."""

    population: str
    """Name of the population."""
    style: str
    """Name of its style."""
    size: int
    """Number of members."""
    best: int | None
    """`id` of the best generation; `null`: none has an objective."""
    generations: tuple[GenerationNode, ...]
    """Its generations in write order."""
    decisions: tuple[DecisionRow, ...]
    """The decisions, oldest first."""


class LineageDocument(msgspec.Struct, frozen=True):
    """The lineage of all populations of a run."""

    format: Literal["pbt-lineage/1"]
    """Name and version of the format."""
    run: str
    """Name of the run."""
    populations: tuple[PopulationDocument, ...]
    """Its populations."""


class LineStep(msgspec.Struct, frozen=True):
    """A part of the best generation's ancestry: one member, without a copy in between."""

    member: int
    """Index of the member."""
    first: int
    """Number of its first generation in this part."""
    last: int
    """Number of its last one."""
    way: Way
    """How its first generation came from the part before."""
    source: Origin
    """Where that is known from."""
    confidence: float
    """From 0 to 1."""


class PopulationSchedule(msgspec.Struct, frozen=True):
    """The schedule of the best generation of one population."""

    population: str
    """Name of the population."""
    style: str
    """Name of its style."""
    member: int | None
    """Index of the member with the best generation; `null`: none has an objective."""
    generation: int | None
    """Number of the best generation; `null`: none has an objective."""
    objective: float | None
    """Its objective; `null`: none has one."""
    line: tuple[LineStep, ...]
    """Its ancestry, the oldest part first."""
    complete: bool
    """Whether the ancestry reaches back to a generation that began from scratch."""
    parameters: dict[str, tuple[Segment, ...]]
    """The values of each parameter along the ancestry, by name."""


class ScheduleDocument(msgspec.Struct, frozen=True):
    """The schedules of a run, to train again with."""

    format: Literal["pbt-schedule/1"]
    """Name and version of the format."""
    run: str
    """Name of the run."""
    populations: tuple[PopulationSchedule, ...]
    """One schedule for each population."""


def lineage_document(run: str, histories: Sequence[PopulationHistory]) -> LineageDocument:
    """The lineage of a run.

    Args:
        run: name of the run.
        histories: its populations.
    """
    return LineageDocument(
        "pbt-lineage/1", printable(run), tuple(_population(history) for history in histories)
    )


def lineage_table(histories: Sequence[PopulationHistory]) -> str:
    """The lineage as a table in CSV, one generation in a row.

    Args:
        histories: the populations.
    """
    documents = [_population(history) for history in histories]
    names = sorted({n for d in documents for node in d.generations for n in node.params})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fixed = [name for name in GenerationNode.__struct_fields__ if name != "params"]
    writer.writerow(["population", *fixed, *(f"param:{name}" for name in names)])
    for document in documents:
        for node in document.generations:
            row = [_cell(document.population), *(_cell(getattr(node, name)) for name in fixed)]
            writer.writerow([*row, *(_cell(node.params.get(name)) for name in names)])
    return out.getvalue()


def schedule_document(run: str, histories: Sequence[PopulationHistory]) -> ScheduleDocument:
    """The schedules of the best generation of each population.

    Args:
        run: name of the run.
        histories: its populations.
    """
    return ScheduleDocument(
        "pbt-schedule/1", printable(run), tuple(_schedule(history) for history in histories)
    )


def _population(history: PopulationHistory) -> PopulationDocument:
    generations = history.generations()
    ids = {id(generation): i for i, generation in enumerate(generations)}
    on_line = {id(known.generation) for known in history.line}
    nodes = []
    for i, generation in enumerate(generations):
        known = step(history.lineage, generation)
        nodes.append(
            GenerationNode(
                id=i,
                member=generation.member,
                generation=generation.generation,
                experiment_name=printable(generation.experiment_name),
                frame=generation.frame,
                objective=generation.objective,
                at=generation.at,
                params=_printable(generation.params),
                parent=ids[id(known.parent)] if known.parent is not None else None,
                way=_way(known),
                source=known.origin,
                confidence=known.event.confidence if known.event is not None else 1.0,
                best_line=id(generation) in on_line,
            )
        )
    return PopulationDocument(
        population=printable(history.name),
        style=history.style,
        size=history.size,
        best=ids[id(history.best)] if history.best is not None else None,
        generations=tuple(nodes),
        decisions=tuple(_decision(event) for event in history.lineage.events),
    )


def _decision(event: LineageEvent) -> DecisionRow:
    return DecisionRow(
        kind=event.kind,
        member=event.member,
        generation=event.generation,
        donor=event.donor,
        donor_generation=event.donor_generation,
        applied=event.applied,
        source="inferred" if event.source == "metadata" else event.source,
        confidence=event.confidence,
    )


def _schedule(history: PopulationHistory) -> PopulationSchedule:
    best, found = history.best, history.line
    values = schedules(found, history.changes)
    return PopulationSchedule(
        population=printable(history.name),
        style=history.style,
        member=best.member if best is not None else None,
        generation=best.generation if best is not None else None,
        objective=best.objective if best is not None else None,
        line=tuple(_parts(found)),
        complete=bool(found) and _way(found[0]) in ("began", "relaunch"),
        parameters={printable(name): tuple(segments) for name, segments in values.items()},
    )


def _parts(found: Sequence[Step]) -> list[LineStep]:
    parts: list[LineStep] = []
    for known in found:
        number, way = known.generation.generation, _way(known)
        if parts and way in ("went on", "restart", "mutate"):
            parts[-1] = msgspec.structs.replace(parts[-1], last=number)
            continue
        sure = known.event.confidence if known.event is not None else 1.0
        parts.append(LineStep(known.generation.member, number, number, way, known.origin, sure))
    return parts


def _way(known: Step) -> Way:
    if known.event is not None:
        return known.event.kind
    return "began" if known.before is None else "went on"


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(key)): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value


def _cell(value: Any) -> str:
    """A value in a table; `'` keeps a spreadsheet from running a text as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
    return repr(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()
