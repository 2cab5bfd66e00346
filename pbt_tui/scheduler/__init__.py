"""WHAT NEXT: decide, next_wake, fit, explain. Pure.

Must not do IO, read a clock, draw lots, or change the state it is given.
"""

from pbt_tui.scheduler.decide import decide, next_wake
from pbt_tui.scheduler.explain import explain

__all__ = ["decide", "explain", "next_wake"]
