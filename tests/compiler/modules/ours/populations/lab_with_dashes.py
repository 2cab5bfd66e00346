#: pbt-compile ours/populations/lab_with_dashes.py
#: exit 3
#: error PBT417 at ours/populations/lab_with_dashes.py:13
"""Settings of the agent with dashes, which Hydra refuses."""

from pbt_tui import Experiment, RunDescription, population

CMD = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"
MEMBERS = population(4, "isaaclab", workspace="ws")

RUN_DESCRIPTION = RunDescription(
    "lab3",
    experiments=[Experiment("shadow", CMD, MEMBERS)],
    experiment_arg_name="--wandb-name",
    experiment_dir_arg_name="agent.pbt.directory",
    param_prefix="--",
    customize_experiment_name=False,
)
