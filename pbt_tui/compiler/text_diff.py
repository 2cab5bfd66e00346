"""Unified diffs of large texts, in time that grows almost linearly with the number of lines.

Must not know what the lines mean. `difflib` alone needs minutes if every second of 100,000 lines
has changed. Here lines that occur once in both texts are anchors, and `difflib` compares only the
few lines between two anchors.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from pbt_tui.errors import printable

CONTEXT = 3
MOST_LINES = 500
"""Lines shown of the diff of one file; further lines are only counted."""
_SMALL = 200
"""Maximum number of lines between two anchors that `difflib` compares."""

Block = tuple[int, int, int]
"""Equal lines: where they begin in the old and in the new text, and how many they are."""


def unified(old: bytes | None, new: bytes | None, name: str) -> Iterator[str]:
    """The diff of one file, with headers; None means no file. Control characters are escaped."""
    a, b = _lines(old), _lines(new)
    yield f"--- {printable(name) if old is not None else '/dev/null'}\n"
    yield f"+++ {printable(name) if new is not None else '/dev/null'}\n"
    shown = 0
    hunks: Any = iter(_Aligned(_joined(_opcodes(a, b))).get_grouped_opcodes(CONTEXT))
    for hunk in hunks:
        lines = list(_hunk(hunk, a, b))
        yield from lines[: MOST_LINES - shown + 1]
        shown += len(lines) - 1
        if shown >= MOST_LINES:
            left = shown - MOST_LINES + sum(len(list(_hunk(h, a, b))) - 1 for h in hunks)
            if left:
                yield f"({left} more lines of this diff are left out)\n"
            return


def _lines(data: bytes | None) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", (data or b"").decode(errors="replace"))


Opcode = tuple[str, int, int, int, int]


def _opcodes(a: list[str], b: list[str]) -> Iterator[Opcode]:
    """The operations as `difflib` returns them, without its search over the whole text."""
    i = j = 0
    for next_i, next_j, n in (*_anchors(a, b), (len(a), len(b), 0)):
        yield from _between(a, b, (i, next_i), (j, next_j))
        if n:
            yield "equal", next_i, next_i + n, next_j, next_j + n
        i, j = next_i + n, next_j + n


def _between(
    a: list[str], b: list[str], rows: tuple[int, int], others: tuple[int, int]
) -> Iterator[Opcode]:
    (i, to_i), (j, to_j) = rows, others
    if i == to_i and j == to_j:
        return
    if i == to_i or j == to_j or to_i - i > _SMALL or to_j - j > _SMALL:
        kind = "insert" if i == to_i else "delete" if j == to_j else "replace"
        yield kind, i, to_i, j, to_j
        return
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, a[i:to_i], b[j:to_j], False).get_opcodes():
        yield kind, i + i1, i + i2, j + j1, j + j2


def _anchors(a: list[str], b: list[str]) -> Iterator[Block]:
    """Unchanged lines: the common start and end, and lines that occur once in both texts."""
    head = 0
    most = min(len(a), len(b))
    while head < most and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < most - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    yield 0, 0, head
    begin, end = (head, head), (len(a) - tail, len(b) - tail)
    for i, j in _in_order(_once_in_both(a, b, begin, end)):
        yield i, j, 1
    yield len(a) - tail, len(b) - tail, tail


def _once_in_both(
    a: list[str], b: list[str], begin: tuple[int, int], end: tuple[int, int]
) -> list[tuple[int, int]]:
    old, new = a[begin[0] : end[0]], b[begin[1] : end[1]]
    in_old, in_new = Counter(old), Counter(new)
    place = {line: j for j, line in enumerate(new, begin[1]) if in_new[line] == 1}
    rows = enumerate(old, begin[0])
    return [(i, place[line]) for i, line in rows if in_old[line] == 1 and line in place]


def _in_order(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence of `pairs` whose second numbers increase."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1] = [j]
        last[at : at + 1] = [k]
    k = last[-1] if last else -1
    chain = []
    while k >= 0:
        chain.append(pairs[k])
        k = before[k]
    return chain[::-1]


class _Aligned(SequenceMatcher[str]):
    """Operations that are already computed, for `get_grouped_opcodes`."""

    def __init__(self, found: list[Opcode]) -> None:
        super().__init__()
        self.found = found

    def get_opcodes(self) -> Any:
        return self.found


def _joined(opcodes: Iterator[Opcode]) -> list[Opcode]:
    """Joins adjacent equal blocks, because grouping depends on their length."""
    joined: list[Opcode] = []
    for kind, i1, i2, j1, j2 in opcodes:
        if joined and kind == "equal" == joined[-1][0]:
            _, i1, _, j1, _ = joined.pop()  # noqa: PLW2901
        joined.append((kind, i1, i2, j1, j2))
    return joined


def _hunk(hunk: list[Opcode], a: list[str], b: list[str]) -> Iterator[str]:
    rows, others = _range(hunk[0][1], hunk[-1][2]), _range(hunk[0][3], hunk[-1][4])
    yield f"@@ -{rows} +{others} @@\n"
    for kind, i1, i2, j1, j2 in hunk:
        if kind == "equal":
            yield from (_shown(" ", line) for line in a[i1:i2])
            continue
        yield from (_shown("-", line) for line in a[i1:i2])
        yield from (_shown("+", line) for line in b[j1:j2])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _shown(sign: str, line: str) -> str:
    text = line.rstrip("\n")
    text = text if text.isprintable() else "\t".join(map(printable, text.split("\t")))
    end = "" if line.endswith("\n") else "\\ No newline at end of file\n"
    return f"{sign}{text}\n{end}"
