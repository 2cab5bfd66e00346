"""A population of three members that rl_games trains until somebody writes the file `finish`."""

from pbt_tui import Experiment, RunDescription, population

CARTPOLE = Experiment(
    "cartpole",
    "python population_member.py --task=CartPole-v1 --num_envs=8"
    " agent.pbt.interval_steps=1024 agent.pbt.objective=episode.mean_return"
    " agent.pbt.threshold_abs=1.0 agent.params.config.max_epochs=-1"
    " agent.params.config.max_frames=100000000 agent.params.config.save_frequency=0"
    " agent.params.config.minibatch_size=256 agent.params.config.mini_epochs=1"
    " agent.params.config.save_best_after=5 agent.params.config.score_to_win=1000000",
    population(3, "rl_games", "ws"),
)
RUN_DESCRIPTION = RunDescription(
    "r",
    [CARTPOLE],
    experiment_arg_name=None,
    experiment_dir_arg_name="agent.pbt.directory",
    param_prefix="",
    customize_experiment_name=False,
)
