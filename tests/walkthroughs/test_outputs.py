"""What a page shows as the output of a command is what the command prints there.

A block marked `text` with a command as its title is the output of that command, in the folder of
the page's own files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT, Fence, fences
from tests.walkthroughs import walkthrough
from tests.walkthroughs.walkthrough import PAGES, printed


def _outputs(page: str) -> list[Fence]:
    blocks = fences((ROOT / page).read_text())
    return [block for block in blocks if block.language == "text" and block.title]


@pytest.mark.parametrize("page", [page for page in PAGES if _outputs(page)])
def test_commands_print_what_their_page_shows(page: str, tmp_path: Path) -> None:
    with walkthrough.place(tmp_path) as folder:
        for block in _outputs(page):
            assert printed(page, folder, block.title) == block.text, f"{page}:{block.line}"


def test_the_page_for_those_who_come_from_upstream_shows_some() -> None:
    assert len(_outputs("docs/guide/coming-from-the-originals.md")) == 2
