#: pbt-compile hipposlam/no_interpreter.py
#: exit 3
#: error PBT306 at hipposlam/no_interpreter.py:11
"""The cluster's template adds the interpreter; alone, nobody can start this."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "slam",
    experiments=[
        Experiment("slam", "--env=nav --use_rnn=True", ParamGrid([("seed", [1])]).generate_params())
    ],
)
