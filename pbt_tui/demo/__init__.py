"""`pbt-tui --demo`: an example run that a stand-in for the trainers replays faster than it was.

The executor's own code runs it, in a process of its own, and writes a run directory like any other.
The monitor that watches it knows nothing of a demo. Must not be imported by the monitor.
"""
