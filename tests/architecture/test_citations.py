"""No text cites a document that its reader does not have."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.codebase import ROOT, documents
from tests.architecture.register import readable
from tests.architecture.test_documents import anchors

PAGES = {page.as_posix() for page in documents()}
DOCUMENT = re.compile(r"(?<![\w/.~<{}*-])([\w.-][\w./-]*\.md)\b(?:#([\w-]+))?")
UNPUBLISHED = re.compile(r"\bDESIGN(?:'s)?\b|\b[Ii]ssue \d+\b")
"""Notes from before publication, cited by a name or a number."""
UPSTREAM = ("docs/pbt.md", "docs/09-environment-integrations/envpool.md")
"""Pages of other projects that the register names as such."""
PLANTED = ("test_documents.py", "test_register.py", "test_citations.py", "test_site.py")
"""Modules that name pages which are not there, to see them found."""


def missing(text: str) -> list[str]:
    """The documents that a text names and that this repository does not have."""
    found = UNPUBLISHED.findall(text)
    for name, anchor in DOCUMENT.findall(text):
        path = re.sub(r"^(\.\.?/)+", "", name)
        there = [page for page in PAGES if f"/{page}".endswith(f"/{path}")]
        if not there and name not in UPSTREAM:
            found.append(name)
        elif anchor and not any(anchor in anchors((ROOT / page).read_text()) for page in there):
            found.append(f"{name}#{anchor}")
    return found


def test_every_document_that_a_text_names_is_in_the_repository() -> None:
    texts = {path: text for path, text in readable().items() if path.name not in PLANTED}
    assert Path("pbt_tui/scheduler/decide.py") in texts
    assert {str(path): found for path, text in texts.items() if (found := missing(text))} == {}


def test_a_document_that_nobody_has_is_found() -> None:
    assert missing("see `core.md` 3, DESIGN's table (DESIGN 6.1) and issue 12") == [
        *("DESIGN's", "DESIGN", "issue 12"),
        "core.md",
    ]
    assert missing("docs/architecture.md#the-loop, rules/README.md and ../CHANGELOG.md") == []
    assert missing("architecture.md#the-barn, docs/core.md") == [
        "architecture.md#the-barn",
        "docs/core.md",
    ]
    assert missing("`docs/guide/*.md`, {code}.md, /abs/x.md and *.md are patterns") == []
