"""Prints which trainers ran, at the end of `make test-trainers`."""

from __future__ import annotations

import pytest

COLUMNS = ("trainer", "version", "style", "did")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        (*dict(report.user_properties).values(), outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if set(COLUMNS) <= dict(report.user_properties).keys()
    ]
    if not rows:
        return
    rows.insert(0, (*COLUMNS, "result"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line("  ".join(cells).rstrip())
