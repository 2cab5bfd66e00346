#: pbt-compile ours/populations/lab.py
#: exit 0, 4 jobs in lab3
#: first 00_shadow in lab3/shadow_
#:   $ ./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate
#:     agent.pbt.policy_idx=0 agent.pbt.num_policies=4 agent.pbt.workspace=ws
#:     agent.pbt.enabled=True --wandb-name=00_shadow agent.pbt.directory=./train_dir/lab3/shadow_
#: last 03_shadow in lab3/shadow_
#:   $ ./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate
#:     agent.pbt.policy_idx=3 agent.pbt.num_policies=4 agent.pbt.workspace=ws
#:     agent.pbt.enabled=True --wandb-name=03_shadow agent.pbt.directory=./train_dir/lab3/shadow_
"""Isaac Lab's script, called as it takes it."""

from pbt_tui import Experiment, RunDescription, population

CMD = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"
MEMBERS = population(4, "isaaclab", workspace="ws")

RUN_DESCRIPTION = RunDescription(
    "lab3",
    experiments=[Experiment("shadow", CMD, MEMBERS)],
    experiment_arg_name="--wandb-name",
    experiment_dir_arg_name="agent.pbt.directory",
    param_prefix="",
    customize_experiment_name=False,
)
