"""The commands in the guide that need a cluster: all of them are run, in the order of the page."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT, fences
from tests.walkthroughs import walkthrough

PAGES = [
    page
    for page in walkthrough.PAGES
    if any(block.title == walkthrough.SLURM for block in fences((ROOT / page).read_text()))
]


@pytest.fixture
def place(cluster: Path, tmp_path: Path) -> Iterator[Path]:
    with walkthrough.place(tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_for_slurm_do_what_a_page_says(page: str, place: Path) -> None:
    assert os.environ["SLURM_CONF"]
    done = walkthrough.work_through(page, place, {walkthrough.SLURM, *walkthrough.here()})
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    if page == "docs/guide/slurm.md":
        assert done.stdout.count("trained\nslurm ") == 1, done.stdout[-3000:]
