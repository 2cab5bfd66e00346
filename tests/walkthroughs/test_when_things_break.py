"""The page on faults: each message on it is what a person reads when that fault is provoked.

Faults that need an engine or a cluster are provoked in `tests/docker/` and `tests/slurm/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.architecture.codebase import ROOT, fences
from tests.executor import other_users
from tests.executor.running import Place
from tests.walkthroughs import faults_page
from tests.walkthroughs.provoked import PROVOKED

ELSEWHERE = {
    "A container was removed before its exit code was read": (
        "tests/docker/test_docker_when_things_break.py"
    ),
    "The SLURM controller is down": "tests/slurm/test_slurm_when_things_break.py",
}
"""Heading to the file with its test."""
AS_ROOT = {"The run directory belongs to another user", "A request of another user"}
DONE, TO_DO = "**What pbt_tui did.** ", "**What to do.** "


@pytest.fixture
def place() -> Iterator[Place]:
    """A place that other users may enter: only its owner enters pytest's `tmp_path`."""
    with other_users.open_place() as place:
        yield place


@pytest.mark.parametrize(
    "heading",
    [
        pytest.param(name, marks=other_users.as_root if name in AS_ROOT else ())
        for name in faults_page.entries()
        if name not in ELSEWHERE
    ],
)
def test_a_fault_prints_what_the_page_shows(heading: str, place: Place) -> None:
    assert heading in PROVOKED, "this entry has no test"
    assert faults_page.printed(PROVOKED[heading](place), place) == faults_page.message(heading)


def test_every_entry_has_a_test_and_every_test_an_entry() -> None:
    assert {*PROVOKED, *ELSEWHERE} == set(faults_page.entries())
    assert not PROVOKED.keys() & ELSEWHERE.keys()
    for heading, file in ELSEWHERE.items():
        assert f'faults_page.message("{heading}")' in (ROOT / file).read_text()


@pytest.mark.parametrize("heading", faults_page.entries())
def test_an_entry_says_what_was_done_and_what_to_do(heading: str) -> None:
    text = faults_page.entries()[heading]
    (block,) = fences(text)
    assert block.line < text.count("\n", 0, text.index(DONE)), "the message comes first"
    assert text.index(DONE) < text.index(TO_DO)


def test_the_page_ends_with_the_known_limits() -> None:
    page = (ROOT / faults_page.PAGE).read_text()
    heads = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert heads[-1] == "Known limits"
    assert page.rindex("### ") < page.index(f"## {heads[-1]}")
