#: pbt-compile ours/populations/rl_games_own_entry.py
#: exit 0, 4 jobs in lab3
#: first 00_shadow in lab3/shadow_
#:   $ python train_pbt.py --device=cpu agent.pbt.objective=episode.rate agent.pbt.policy_idx=0
#:     agent.pbt.num_policies=4 agent.pbt.workspace=ws agent.pbt.enabled=True
#:     --experiment=00_shadow agent.pbt.directory=./train_dir/lab3/shadow_
#: last 03_shadow in lab3/shadow_
#:   $ python train_pbt.py --device=cpu agent.pbt.objective=episode.rate agent.pbt.policy_idx=3
#:     agent.pbt.num_policies=4 agent.pbt.workspace=ws agent.pbt.enabled=True
#:     --experiment=03_shadow agent.pbt.directory=./train_dir/lab3/shadow_
"""rl_games with an entry point of one's own, which reads --device."""

from pbt_tui import Experiment, RunDescription, population

CMD = "python train_pbt.py --device=cpu agent.pbt.objective=episode.rate"
MEMBERS = population(4, "rl_games", workspace="ws")

RUN_DESCRIPTION = RunDescription(
    "lab3",
    experiments=[Experiment("shadow", CMD, MEMBERS)],
    experiment_arg_name="--experiment",
    experiment_dir_arg_name="agent.pbt.directory",
    param_prefix="",
    customize_experiment_name=False,
)
