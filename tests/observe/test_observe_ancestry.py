"""The ancestry of the best generation, and the schedule of its parameters."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import msgspec

from pbt_tui.observe.ancestry import line
from pbt_tui.observe.lineage_document import (
    LineageDocument,
    PopulationHistory,
    ScheduleDocument,
    lineage_document,
    lineage_table,
    schedule_document,
)
from pbt_tui.observe.lineage_svg import lineage_svg
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.schedule import Segment, schedules
from pbt_tui.observe.workspaces import Change, Generation
from pbt_tui.populations import STYLES


def step(member: int, number: int, lr: float | None = 1.0, **more: object) -> Generation:
    values = {
        "experiment_name": f"e{member}", "frame": number * 100, "objective": number + member / 10,
        "params": {} if lr is None else {"lr": lr}, "at": number * 10.0 + member,
        "checkpoint": None,
    }  # fmt: skip
    return Generation(member=member, generation=number, **{**values, **more})  # type: ignore[arg-type]


def lineage_of(*steps: Generation, said: str = "") -> PopulationLineage:
    lineage = PopulationLineage(STYLES.get("isaaclab"))
    log = MemberLog(0)
    log.feed(said.encode())
    lineage.update(steps, logs=[log])
    return lineage


COPIED = (
    "Policy 0, frames_left 9, PBT it 2\nPolicy 0 [x]: Loading policy-1 000002.yaml (created)\n"
    "Replacing policy 0 with 1.\n"
)
LOADED = "=> loading checkpoint '/w/ws/001/000002.pth'\n"
OWN = "=> loading checkpoint '/w/ws/000/000002.pth'\n"
STEPS = (
    step(0, 1, 1.0), step(0, 2, 1.0), step(1, 1, 2.0), step(1, 2, 2.0),
    step(0, 3, 4.0, experiment_name="next"), step(0, 4, 4.0, experiment_name="next"),
)  # fmt: skip


def path(lineage: PopulationLineage, generation: Generation) -> list[tuple[int, int]]:
    return [(s.generation.member, s.generation.generation) for s in line(lineage, generation)]


def test_a_copy_leads_to_the_donor() -> None:
    lineage = lineage_of(*STEPS, said=COPIED + LOADED)
    assert path(lineage, STEPS[-1]) == [(1, 1), (1, 2), (0, 3), (0, 4)]
    found = line(lineage, STEPS[-1])
    assert [s.origin for s in found] == ["file", "file", "log", "file"]
    assert schedules(found) == {
        "lr": [Segment(2.0, 0, 200, 1, 2, "file"), Segment(4.0, 200, 400, 0, 4, "file")]
    }


def test_a_copy_that_was_not_carried_out_leads_nowhere() -> None:
    lineage = lineage_of(*STEPS, said=COPIED + OWN)
    assert [e.applied for e in lineage.events] == [False]
    assert path(lineage, STEPS[-1]) == [(0, 1), (0, 2), (0, 3), (0, 4)]


def test_the_donors_weights_are_those_of_that_time() -> None:
    """The donor began again since, and wrote the same number."""
    again = step(1, 2, 9.0, experiment_name="again", at=500.0)
    lineage = lineage_of(*STEPS, step(1, 1, 9.0, experiment_name="again", at=490.0), again,
                         said=COPIED + LOADED)  # fmt: skip
    assert [s.generation.experiment_name for s in line(lineage, STEPS[-1])][:2] == ["e1", "e1"]
    assert path(lineage, again) == [(1, 1), (1, 2)]  # and a relaunch begins a line


def test_frames_of_a_copy_that_keeps_its_own_count() -> None:
    steps = [step(1, 1), step(1, 2), step(0, 1), step(0, 2, frame=260)]
    steps += [step(0, 3, frame=350, experiment_name="next")]
    found = line(lineage_of(*steps, said=COPIED + LOADED), steps[-1])
    assert [s.end for s in schedules(found)["lr"]] == [200 + 90]


def test_parameters_from_a_log_and_inferred() -> None:
    steps = [step(0, n, None) for n in (1, 2, 3, 4)] + [step(0, 5, 7.0)]
    changes = [
        Change(0, 25.0, {"lr": (1.0, 3.0)}),
        Change(0, 35.0, {"clip": (0.1, 0.2)}),
    ]
    found = schedules(line(lineage_of(*steps), steps[-1]), changes)
    assert [(s.value, s.source) for s in found["lr"]] == [(1.0, "log"), (3.0, "log"), (7.0, "file")]
    assert [(s.value, s.source) for s in found["clip"]] == [
        (0.1, "log"), (0.2, "log"), (0.2, "inferred"),
    ]  # fmt: skip
    copied = [Change(0, 25.0, {"lr": (1.0, 3.0)}), Change(1, 30.0, {"clip": (0.1, 0.5)}, donor=0)]
    later = [step(1, n, None) for n in (1, 2, 3, 4)]
    found = schedules(line(lineage_of(*later), later[-1]), copied)
    assert [s.value for s in found["lr"]] == [1.0, 3.0]


def history(said: str = COPIED + LOADED) -> PopulationHistory:
    lineage = lineage_of(*STEPS, said=said)
    return PopulationHistory("=p\x9b", "isaaclab", 2, lineage, STEPS[-1])


def test_the_documents_are_what_their_types_say() -> None:
    document = lineage_document("r\x1b[2J", [history()])
    again = msgspec.json.decode(msgspec.json.encode(document), type=LineageDocument)
    assert again == document
    assert document.run == r"r\x1b[2J"
    (population,) = document.populations
    nodes = {(n.member, n.generation): n for n in population.generations}
    assert nodes[0, 3].parent == nodes[1, 2].id
    assert (nodes[0, 3].way, nodes[0, 3].source, nodes[0, 1].way) == ("exploit", "log", "began")
    assert sorted(k for k, n in nodes.items() if n.best_line) == [(0, 3), (0, 4), (1, 1), (1, 2)]
    assert population.best == nodes[0, 4].id
    (decision,) = population.decisions
    assert (decision.donor, decision.donor_generation, decision.applied) == (1, 2, True)
    schedule = schedule_document("r", [history()])
    assert msgspec.json.decode(msgspec.json.encode(schedule), type=ScheduleDocument) == schedule
    (told,) = schedule.populations
    assert [(p.member, p.first, p.last, p.way) for p in told.line] == [
        (1, 1, 2, "began"), (0, 3, 4, "exploit"),
    ]  # fmt: skip
    assert told.complete
    assert [s.value for s in told.parameters["lr"]] == [2.0, 4.0]


def test_the_table_is_safe_to_open() -> None:
    rows = list(csv.DictReader(io.StringIO(lineage_table([history()]))))
    assert len(rows) == 6
    assert {row["population"] for row in rows} == {"'=p\\x9b"}
    assert [row["param:lr"] for row in rows] == ["1.0", "2.0", "1.0", "2.0", "4.0", "4.0"]
    assert rows[-1]["parent"] == rows[-2]["id"]


def test_the_picture_is_well_formed_and_draws_the_copy() -> None:
    root = ElementTree.fromstring(lineage_svg("<r>&\x1b", [history()]))  # ours
    assert [e.get("class") for e in root.iter() if e.tag.endswith("}path")] == [
        "lane", "lane", "copy", "best",
    ]  # fmt: skip
    none = lineage_svg("r", [history(COPIED + OWN)])
    assert 'class="copy' not in none


def test_an_empty_population_has_documents_too() -> None:
    empty = PopulationHistory("p", "isaaclab", 0, PopulationLineage(STYLES.get("isaaclab")))
    assert schedule_document("r", [empty]).populations[0].line == ()
    assert lineage_document("r", [empty]).populations[0].generations == ()
    assert lineage_svg("r", [empty]).endswith("</svg>\n")
