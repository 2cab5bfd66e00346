"""The page on faults as its tests see it: the message of each entry, and how it is compared."""

from __future__ import annotations

import re

from tests.architecture.codebase import ROOT, fences
from tests.executor.running import Place

PAGE = "docs/guide/when-things-break.md"
_ENTRY = re.compile(r"^### (.+)\n((?:(?!^##).*\n)+)", re.MULTILINE)
_VARIES = (
    (re.compile(r"\bpid \d+"), "pid 4117"),
    (re.compile(r"\bcontainer [0-9a-f]{12}\b"), "container 5d41402abc4b"),
    (re.compile(r"\bafter \d+\.\ds"), "after 0.4s"),
)


def entries() -> dict[str, str]:
    """Heading to text, for every entry of the page."""
    return dict(_ENTRY.findall((ROOT / PAGE).read_text()))


def message(heading: str) -> str:
    """What an entry shows: its one block without a title."""
    (block,) = fences(entries()[heading])
    assert (block.language, block.title) == ("text", "")
    return varying(block.text)


def printed(text: str, place: Place) -> str:
    """What was printed in a place, as the page would show it."""
    return varying(text.replace(str(place.path), "/home/me"))


def varying(text: str) -> str:
    """A text in which everything has one value that differs from call to call."""
    for pattern, value in _VARIES:
        text = pattern.sub(value, text)
    return text
