#: pbt-compile written/variable_in_value.py
#: exit 0, 1 job in c
#: warning PBT308 at written/variable_in_value.py:15
#: warning PBT308 at written/variable_in_value.py:18
#: warning PBT302 at written/variable_in_value.py:19
#: first 00_e in c/e_
#:   $ python t.py '--data=$HOME/data' '--name=${oc.env:NAME}' '--price=5$' '--user=`whoami`'
#:     '--escaped=$x' --experiment=00_e --train_dir=./train_dir/c/e_
"""No shell reads a parameter either; OmegaConf's variables are no matter of a shell."""

from pbt_tui import Experiment, ParamGrid, RunDescription

GRID = ParamGrid(
    [
        ("data", ["$HOME/data"]),
        ("name", ["${oc.env:NAME}"]),
        ("price", ["5$"]),
        ("user", ["`whoami`"]),
        ("escaped", ["\\$x"]),
    ]
)
RUN_DESCRIPTION = RunDescription(
    "c",
    [Experiment("e", "python t.py", GRID.generate_params())],
    customize_experiment_name=False,
)
