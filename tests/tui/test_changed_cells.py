"""What is written to the terminal: the cells that changed, and no others."""

from __future__ import annotations

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from pbt_tui.tui.changed_cells import changed_cells
from pbt_tui.tui.text import Line, cells
from pbt_tui.tui.widgets.lines import _differences

TEXTS = st.text("ab▁█…", max_size=6) | st.sampled_from(["é", "一", "e\u0301x", "👍 a"])
LINES = st.lists(st.tuples(TEXTS, st.sampled_from(["", "good"])), max_size=5).map(tuple)
WIDTH = 40
CONSOLE = Console(file=io.StringIO(), width=WIDTH)


def painted(line: Line) -> list[tuple[str, str]]:
    """The text and the style of each cell; a character of two cells has its text in the first."""
    shown: list[tuple[str, str]] = []
    for text, style in line:
        for sign in text:
            size = cells(sign)
            if size == 0 and shown:
                shown[-1] = (shown[-1][0] + sign, shown[-1][1])
            shown += [(sign, style), ("", style)][:size]
    return shown + [(" ", "")] * (WIDTH - len(shown))


@given(LINES, LINES)
def test_every_cell_that_differs_is_redrawn(old: Line, new: Line) -> None:
    redrawn = {
        x for region in _differences(old, new, 0, WIDTH) for x in range(region.x, region.right)
    }
    before, after = painted(old), painted(new)
    different = {x for x in range(WIDTH) if before[x] != after[x]}
    assert different <= redrawn
    if old == new:
        assert not redrawn


def test_of_a_span_only_the_cells_that_differ_are_redrawn() -> None:
    old = (("  ▁▁▂▃ ", "run"), ("12:34", ""), ("  5 %", ""))
    new = (("  ▁▁▂█ ", "run"), ("12:35", ""), ("  5 %", ""))
    found = [(region.x, region.width) for region in _differences(old, new, 3, WIDTH)]
    assert found == [(5, 1), (11, 1)]


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), min_size=1, max_size=4))
def test_no_cell_is_written_that_has_not_changed(parts: list[tuple[int, int]]) -> None:
    spans = [(0, left, min(20, left + size)) for left, size in parts]
    chops = [{0: Strip([Segment("abcdefgh")]), 8: Strip([Segment("ijklmnopqrst")])}]
    update = changed_cells(ChopsUpdate(chops, spans, [[8, 20]]))
    assert isinstance(update, ChopsUpdate)
    written = update.render_segments(CONSOLE)
    screen = {}
    for x, text in re.findall(r"\x1b\[1;(\d+)H([a-t]+)", written):
        screen.update({int(x) - 1 + k: sign for k, sign in enumerate(text)})
    wanted = {x for _, left, right in spans for x in range(left, right)}
    assert screen == {x: "abcdefghijklmnopqrst"[x] for x in wanted}
