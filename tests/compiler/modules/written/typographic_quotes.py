#: pbt-compile written/typographic_quotes.py
#: exit 3
#: error PBT310 at written/typographic_quotes.py:8
"""Quotes pasted from a web page."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("p", [Experiment("e", "python t.py --note=“a b”")])
