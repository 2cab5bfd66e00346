"""The register of upstream defects is complete, and agrees with the rules and tests it names."""

from __future__ import annotations

import ast
import re

import pytest

from pbt_tui.diagnostics import rules
from tests.architecture.codebase import ROOT
from tests.architecture.register import NUMBERS, PARTS, Entry, cited, entries, readable

ENTRIES = entries()
REASON = re.compile(r"nothing, because \w+ \w+ ")


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry.number)
def entry(request: pytest.FixtureRequest) -> Entry:
    found: Entry = request.param
    return found


def faults(entry: Entry) -> list[str]:
    """What is wrong with an entry, by itself."""
    found = []
    if tuple(entry.parts) != PARTS or not all(entry.parts.values()):
        found.append(f"has {', '.join(entry.parts)}")
    if not entry.parts["Evidence"].startswith(("run", "read")):
        found.append("does not say whether it was run or read")
    for path, function in entry.tests:
        if not (ROOT / path).is_file() or function not in _functions(path):
            found.append(f"no test {path}::{function}")
    if not (entry.rules or entry.tests or REASON.match(entry.parts["Here"])):
        found.append("is covered by nothing, for no reason")
    return found


def _functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_bytes())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_number_has_one_entry_in_order() -> None:
    assert tuple(entry.number for entry in ENTRIES) == NUMBERS


def test_each_entry_says_what_where_and_what_covers_it(entry: Entry) -> None:
    assert faults(entry) == []


def test_its_rules_are_those_that_cite_it(entry: Entry) -> None:
    citing = [code for code, rule in rules().items() if entry.number in cited(rule.explanation)]
    assert sorted(entry.rules) == citing


def test_every_number_that_is_cited_anywhere_is_in_the_register() -> None:
    unknown = {
        f"{path}: {number}"
        for path, text in readable().items()
        for number in cited(text)
        if number not in NUMBERS
    }
    assert unknown == set()


def test_ranges_and_lookalikes() -> None:
    text = "(D42–D45), D1-D3, P2 and R11; not xargs -P2, #p3, P100, PD1, H2, D0, page.md#d7"
    assert list(cited(text)) == ["D42", "D43", "D44", "D45", "D1", "D2", "D3", "P2", "R11"]


def test_a_faulty_entry_is_found() -> None:
    parts = {"Upstream": "x.", "Evidence": "run.", "Here": "`tests/no.py::test_x`."}
    assert faults(Entry("D1", parts)) == ["no test tests/no.py::test_x"]
    parts |= {"Evidence": "heard.", "Here": "nothing."}
    assert faults(Entry("D1", parts)) == [
        "does not say whether it was run or read",
        "is covered by nothing, for no reason",
    ]
