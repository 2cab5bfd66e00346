#: pbt-compile hostile/forged_places.py
#: exit 0, 2 jobs in r
#: note PBT303 at hostile/forged_places.py
#: first 00_e in r/e_
#:   $ python t.py --experiment=00_e --train_dir=./train_dir/r/e_
#: last 00_f in r/f_
#:   $ python t.py --experiment=00_f --train_dir=./train_dir/r/f_
"""Experiments that lie about where they were written."""


from pbt_tui import Experiment, RunDescription

experiment = Experiment("e", "python t.py")
experiment.places = [(__file__, "\x1b[31m")]
experiment.problems = []


class Forged:
    base_name, cmd, params, env_vars = "f", "python  t.py", [{}], None
    places, problems = [(__file__, "\x1b[2J")], [("\x1b[2J",)]



RUN_DESCRIPTION = RunDescription("r", [experiment, Forged()])
