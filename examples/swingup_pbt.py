"""Eight policies learn to swing up and balance a pole, and copy the best among them.

    pbt-compile examples.swingup_pbt && pbt-run specs/swingup_pbt

It must not know how the jobs are run. Two cores and about a minute are enough.
"""

from pbt_tui import Experiment, RunDescription, population

_command = (
    "python -m examples.swingup.train "
    "pbt.interval_steps=120000 train.generations=20 "
    "pbt.initial_delay=240000 pbt.start_after=120000 pbt.replace_fraction_worst=0.25 "
    "pbt.mutation_rate=0.5 pbt.change_max=2.0"
)

RUN_DESCRIPTION = RunDescription(
    "swingup_pbt",
    experiments=[Experiment("swingup", _command, population(8, workspace="swingup"))],
    experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir",
    param_prefix="",
    customize_experiment_name=False,
)
