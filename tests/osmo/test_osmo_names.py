"""The names of tasks: legal, short, different, stable, and recorded both ways."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from pbt_tui.backends.osmo.osmo_index import decode
from pbt_tui.backends.osmo.osmo_names import (
    LONGEST,
    POPULATION_GROUP,
    RESERVED,
    WAITER,
    folded,
    group_of,
    is_legal,
    task_names,
    workflow_name,
)
from tests.compiler.compile_specs import job
from tests.osmo.osmo_runs import files, sweep

LEGAL = re.compile(r"[a-zA-Z]([a-zA-Z0-9_-]*[a-zA-Z0-9])?")
ID = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")
ALIKE = st.from_regex(r"\A[aA0][aA_.-]{0,6}(-group)?\Z")
LONG = ID.map(lambda text: f"{'a' * 90}{text}"[:100])


@given(st.sets(ID | ALIKE | LONG, min_size=1, max_size=30).map(sorted))
@example(["a-b", "a.b", "a_b", "a-b-group", "a", "A", "a-"])
def test_names_are_legal_short_and_different(ids: list[str]) -> None:
    names = task_names(ids)
    assert list(names) == ids
    for name in names.values():
        assert LEGAL.fullmatch(name)
        assert is_legal(name)
        assert len(name) <= 58
    seen = [folded(name) for name in names.values()] + [folded(group_of(n)) for n in names.values()]
    seen += [POPULATION_GROUP, WAITER, *RESERVED]
    assert len(set(seen)) == len(seen)


@given(st.sets(ID | ALIKE, min_size=2, max_size=12).map(sorted), st.randoms())
def test_names_depend_on_the_ids_and_not_on_their_order(ids: list[str], random: object) -> None:
    shuffled = [*ids]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert task_names(shuffled) == task_names(ids)


@given(st.sets(st.from_regex(r"\A[0-9]{2}_[a-z]{1,20}\Z"), min_size=2, max_size=12).map(sorted))
def test_a_name_stays_when_other_jobs_come(ids: list[str]) -> None:
    assert task_names(ids[:1])[ids[0]] == task_names(ids)[ids[0]]


def test_the_names_of_usual_ids() -> None:
    assert task_names(["00_ant", "01_ant_lr_1e-3", "x."]) == {
        "00_ant": "t00-ant", "01_ant_lr_1e-3": "t01-ant-lr-1e-3", "x.": "tx",
    }  # fmt: skip
    long = "00_" + "a" * 70
    assert task_names([long])[long] == "t00-" + "a" * 45 + "-bc49c111"
    assert task_names(["a_b", "a.b"]) == {"a_b": "ta-b-648fa9b3", "a.b": "ta-b-2e7336dc"}
    assert task_names(["x-group"])["x-group"].startswith("tx-group-")


@given(st.text(st.characters(codec="utf-8"), max_size=90), st.binary(max_size=8))
def test_the_name_of_a_workflow_is_legal(folder: str, content: bytes) -> None:
    name = workflow_name(folder, content)
    assert is_legal(name)
    assert len(name) <= LONGEST - len("-1234567")
    assert name == workflow_name(folder, content) != workflow_name(folder, content, b"2")


def test_the_index_has_each_name_and_its_job() -> None:
    jobs = tuple(job(i, id=ident) for i, ident in enumerate(("a_b", "a.b", "A-b", "c", "d" * 100)))
    index = decode(files(sweep(*jobs), max_tasks=2)["osmo/index.json"])
    assert index is not None
    pairs = [(named.task, named.job) for entry in index.workflows for named in entry.tasks]
    assert [ident for _, ident in pairs] == [j.id for j in jobs]
    assert len({task for task, _ in pairs}) == len(jobs)
    assert [len(entry.tasks) for entry in index.workflows] == [2, 2, 1]
    assert len({entry.name for entry in index.workflows}) == 3
