"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

_command = (
    "python -m sf_examples.train_gym_env --env=CartPole-v1 --algo=APPO --device=cpu "
    "--with_pbt=True --num_policies=4 --pbt_target_objective=true_objective "
    "--pbt_replace_reward_gap=0.05"
)

RUN_DESCRIPTION = RunDescription(
    "cartpole_pbt",
    experiments=[Experiment("cartpole_pbt", _command, [{"seed": 11}])],
    experiment_arg_name="--experiment",
    experiment_dir_arg_name="--train_dir",
    customize_experiment_name=False,
    param_prefix="--",
)
