#: pbt-compile ours/populations/lab_with_experiment.py
#: exit 3
#: error PBT418 at ours/populations/lab_with_experiment.py:13
"""An option that argparse takes for the abbreviation of another one."""

from pbt_tui import Experiment, RunDescription, population

CMD = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"
MEMBERS = population(4, "isaaclab", workspace="ws")

RUN_DESCRIPTION = RunDescription(
    "lab3",
    experiments=[Experiment("shadow", CMD, MEMBERS)],
    experiment_arg_name="--experiment",
    experiment_dir_arg_name="agent.pbt.directory",
    param_prefix="",
    customize_experiment_name=False,
)
