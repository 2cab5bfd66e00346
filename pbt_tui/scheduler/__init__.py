"""Decides what the executor does next. Pure: no IO, no clock, no random numbers.

Must not change the state that it reads.
"""

from pbt_tui.scheduler.decide import decide, next_wake
from pbt_tui.scheduler.explain import explain

__all__ = ["decide", "explain", "next_wake"]
