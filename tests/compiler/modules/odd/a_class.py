#: pbt-compile odd/a_class.py
#: exit 3
#: error PBT102 at odd/a_class.py:8
"""The class, and not a description."""

from pbt_tui import RunDescription

RUN_DESCRIPTION = RunDescription
