"""Every block of the README and of the guides is tried, compared, or has a reason why not."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT, Fence, fences
from tests.walkthroughs import faults_page, shown
from tests.walkthroughs.walkthrough import PAGES

FILES = {"python", "toml", "json", "yaml", "gitattributes"}
"""Languages of files, and of parts of them."""
BROWSER = "docs/guide/browser-and-plain-text.md"
MODULE = """from pbt_tui import Experiment, RunDescription
RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python train.py 'task={{ lr }}'", [{}])])
"""


def strays(page: str, blocks: list[Fence]) -> list[int]:
    """The lines of the blocks that nothing holds."""
    return [
        one.line
        for one in blocks
        if not (
            one.language in {"sh", "text", *FILES}  # run, compared, or written
            or (one.language == "" and shown.key(page, one) is not None)
        )
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_held_by_something(page: str) -> None:
    assert strays(page, fences((ROOT / page).read_text())) == []


def test_a_block_that_nothing_holds_is_found() -> None:
    assert strays("README.md", fences("```\npbt-run x\n```\n\n```shell\npbt-run x\n```\n")) == [
        1,
        5,
    ]


def test_every_entry_has_its_block_and_its_test() -> None:
    for page, first in (*shown.SCREENS, *shown.COMPARED, *shown.UNTRIED):
        assert shown.block(page, first)
    for (page, first), file in shown.COMPARED.items():
        text = (ROOT / file).read_text()
        assert page in text, file
        assert f"{first}" in text, (file, first)


def test_fences_see_every_fence() -> None:
    """One with other words after it, or inside of a list, would be skipped."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        count = sum(line.lstrip().startswith("```") for line in text.splitlines())
        assert count == 2 * len(fences(text)), page


@pytest.mark.parametrize(("page", "first"), shown.SCREENS)
def test_a_page_shows_a_part_of_a_screen(page: str, first: str) -> None:
    file = ROOT / "tests/tui/screens" / f"{shown.SCREENS[page, first]}.txt"
    screen = file.read_text().replace("▌", " ").splitlines()
    lines = [line for line in shown.block(page, first).splitlines() if line]
    assert [one for one in lines if not any(there.startswith(one) for there in screen)] == []


def test_plain_text_is_like_that_of_the_demo(tmp_path: Path) -> None:
    """Where a busy machine stops a demo for a second, it prints a count, and not each change."""
    out = tmp_path / "out"
    demos = 0
    while not out.exists() or (_unseen(out) and demos < 4):
        demos += 1
        with out.open("a") as file:
            program = subprocess.Popen(
                [sys.executable, "-m", "pbt_tui.cli.tui", "--demo", "--plain"],
                cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        end = time.monotonic() + 20.0
        while program.poll() is None and _unseen(out) and time.monotonic() < end:
            time.sleep(0.1)
        program.terminate()
        program.wait()
    assert _unseen(out) == []


def _unseen(out: Path) -> list[str]:
    said = out.read_text().replace(socket.gethostname(), "node7")
    return shown.missing(BROWSER, "run `", said)


def test_what_osmo_would_render_is_put_together_by_a_shell(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_text(MODULE)
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.compile", "run.py", "--backend", "osmo",
         "--osmo_pool", "a100", "--image", "acme/trainer:1", "--osmo_mount", "/mnt/team",
         "--train_dir", "/mnt/team/t"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [workflow] = tmp_path.glob("specs/*/osmo/*.yaml")
    begin, end = shown.block("docs/guide/osmo.md", '"exec').strip().split("…")
    assert [line for line in workflow.read_text().splitlines() if begin in line and end in line]


def test_what_is_no_longer_printed_is_found() -> None:
    page, first = "docs/guide/gpus-and-slots.md", "  waiting"
    assert shown.missing(page, first, "  waiting   GPU 1: held by run `r`, pid 7") == []
    assert shown.missing(page, first, "  waiting   GPU 1: held by `r`, pid 7") != []
    assert faults_page.PAGE in PAGES
