"""The register of upstream defects as its tests see it: numbers, rules and tests of each entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.codebase import OURS, ROOT, documents

PAGE = Path("docs/upstream-defects.md")
NUMBERS = (
    *(f"D{n}" for n in range(1, 53)),
    *(f"P{n}" for n in range(1, 20)),
    *(f"R{n}" for n in range(1, 14)),
)
CITED = re.compile(r"(?<![-\w#/.])([DPR])([1-9]\d?)(?:[-–]\1?([1-9]\d?))?(?![\w/-])")
"""`D7`, or `D42–D45` and `D1-D6`, which are four and six of them."""
PARTS = ("Upstream", "Evidence", "Here")


@dataclass(frozen=True)
class Entry:
    """One numbered heading of the page."""

    number: str
    parts: dict[str, str]
    """By `PARTS`, in the order of the page, each on one line."""

    @property
    def rules(self) -> list[str]:
        return re.findall(r"\[(PBT\d{3})\]\(reference/rules/[\w-]+\.md#", self.parts["Here"])

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Path and function of each test."""
        return re.findall(r"`(tests/[\w/.]+)::(\w+)`", self.parts["Here"])


def entries() -> list[Entry]:
    """All entries, in the order of the page."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    return [
        Entry(head[1], _parts(body))
        for section in re.split(r"^(?=#+ )", text, flags=re.MULTILINE)
        for head, body in [(re.match(r"### (\w+)\n", section), section)]
        if head
    ]


def _parts(body: str) -> dict[str, str]:
    found = re.findall(r"^- \*\*(\w+)\*\*:((?:.|\n(?!- |$))*)", body, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def cited(text: str) -> Iterator[str]:
    """The numbers that a text names; what lies in between two of them, too."""
    for letter, first, last in CITED.findall(text):
        for n in range(int(first), int(last or first) + 1):
            yield f"{letter}{n}"


def readable() -> dict[Path, str]:
    """Every text that a user or contributor reads: pages and modules, from the root."""
    found = documents()
    for folder in OURS:
        # Of the tests some modules are in another encoding on purpose.
        found += [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path: (ROOT / path).read_text("utf-8", errors="replace") for path in found}
