#: pbt-compile odd/values.py
#: exit 0, 1 job in values
#: warning PBT304 at odd/values.py:17
#: warning PBT302 at odd/values.py:18
#: warning PBT304 at odd/values.py:18
#: first 00_v in values/v_
#:   $ python t.py --none=None --true=True --half=0.5 --tiny=1e-05 --huge=1e+22 '--list=[128,'
#:     '64]' '--pair=(1,)' '--map={a:' '1}' --big=1208925819614629174706176 --minus=-3 --third=1/3
#:     --empty= --experiment=00_v --train_dir=./train_dir/values/v_
"""Values of every type that JSON has, and some that it has not."""

from pbt_tui import Experiment, RunDescription

import fractions

_row = {
    "none": None, "true": True, "half": 0.5, "tiny": 1e-05, "huge": 1e22, "list": [128, 64],
    "pair": (1,), "map": {"a": 1}, "big": 2**80, "minus": -3, "third": fractions.Fraction(1, 3),
    "empty": "",
}

RUN_DESCRIPTION = RunDescription(
    "values", [Experiment("v", "python t.py", [_row])], customize_experiment_name=False
)
