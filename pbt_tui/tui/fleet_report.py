"""Several runs as plain text and as JSON, for pipes, scripts and screen readers: `--once`.

It uses the lines of the screen without their styles. Must not import Textual.
"""

from __future__ import annotations

import time

from pbt_tui.observe.fleet_types import Fleet
from pbt_tui.observe.snapshot import encode
from pbt_tui.tui.fleet.fleet_order import FleetOrder, in_order
from pbt_tui.tui.fleet.runs_reader import RunsReader
from pbt_tui.tui.render import fleet as render_fleet
from pbt_tui.tui.text import plain, safe


def page(runs: RunsReader, width: int) -> str:
    """The whole page, ending with a newline. `runs` must have read all.

    Args:
        runs: The runs.
        width: Columns.
    """
    order = FleetOrder()
    order.update(runs.runs.values())
    now = time.time()
    layout = render_fleet.FleetLayout(width, order.rows)
    lines = [
        render_fleet.header(str(runs.root.absolute()), order.rows, 10_000, searching=False)[:-2],
        render_fleet.totals(order.rows, width),
        (),
        layout.head(),
        *(layout.row(row, now) for row in order.rows),
    ]
    if order.older:
        lines.append(((f" … and {order.older} older, which `--fresh` moved aside", ""),))
    if runs.cut is not None:
        lines.append(((f" ! {runs.cut}", ""),))
    return "".join(safe(plain(line)).removeprefix(" ") + "\n" for line in lines)


def document(runs: RunsReader) -> bytes:
    """The JSON document. `runs` must have read all.

    Args:
        runs: The runs.
    """
    found = Fleet(
        format="pbt-fleet/1",
        directory=str(runs.root.absolute()),
        runs=tuple(in_order(runs.runs.values())),
        cut=runs.cut,
    )
    return encode(found)
