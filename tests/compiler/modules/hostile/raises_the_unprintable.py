#: pbt-compile hostile/raises_the_unprintable.py
#: exit 1
#: error PBT101 at hostile/raises_the_unprintable.py:14
"""An error without a text."""


from pbt_tui import Experiment, RunDescription

class Odd(Exception):
    def __str__(self):
        raise self


raise Odd

RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
