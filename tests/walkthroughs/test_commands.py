"""The commands in the README and in the guide do what the pages say: all of them are run.

Those in containers are run with the tests in `tests/docker/`, which have an engine, and those of
SLURM with the tests in `tests/slurm/`, which have a cluster.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT, fences
from tests.walkthroughs import faults_page, walkthrough
from tests.walkthroughs.walkthrough import (
    CONTAINERS,
    PACKAGE,
    PAGES,
    SLURM,
    TWO_GPUS,
    script,
    work_through,
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with walkthrough.place(tmp_path) as folder:
        yield folder


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_a_page_do_what_it_says(page: str, place: Path) -> None:
    if "pgrep" in (ROOT / page).read_text() and shutil.which("pgrep") is None:
        pytest.skip("there is no `pgrep`")
    done = work_through(page, place, walkthrough.here())
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    said = faults_page.varying((done.stdout + done.stderr).replace(str(place), "/home/me"))
    assert [text for text in walkthrough.shown(page) if text not in said] == []


def test_every_title_is_of_something_that_is_tried_somewhere() -> None:
    blocks = [block for page in PAGES for block in fences((ROOT / page).read_text())]
    titles = {block.title for block in blocks if block.language == "sh"}
    assert titles == {"", TWO_GPUS, CONTAINERS, SLURM, PACKAGE}


def test_a_page_that_is_wrong_is_found() -> None:
    blocks = fences("```sh\ntrue\nfalse\n```\n")
    done = subprocess.run(
        ["bash", "-c", script(blocks)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (99, "line 3: exit 1, not 0\n")
    blocks = fences("```sh\nfalse  # exit 1\ntrue\n```\n")
    assert subprocess.run(["bash", "-c", script(blocks)], check=False).returncode == 0
    blocks = fences("```sh containers\nfalse\n```\n")
    assert subprocess.run(["bash", "-c", script(blocks)], check=False).returncode == 0
    assert subprocess.run(["bash", "-c", script(blocks, {"containers"})], check=False).returncode
