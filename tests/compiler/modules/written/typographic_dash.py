#: pbt-compile written/typographic_dash.py
#: exit 3
#: error PBT310 at written/typographic_dash.py:8
"""An option pasted from a web page."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("p", [Experiment("e", "python t.py –lr=0.1")])
