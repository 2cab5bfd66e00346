#: pbt-compile sf/over_a_hundred.py
#: exit 0, 101 jobs in many
#: first 00_m_n_0 in many/m_
#:   $ python t.py --n=0 --experiment=00_m_n_0 --train_dir=./train_dir/many/m_
#: last 100_m_n_100 in many/m_
#:   $ python t.py --n=100 --experiment=100_m_n_100 --train_dir=./train_dir/many/m_
"""The index of a job has two digits, and three where it needs them."""

from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription

RUN_DESCRIPTION = RunDescription(
    "many",
    experiments=[
        Experiment("m", "python t.py", ParamGrid([("n", list(range(101)))]).generate_params())
    ],
)
