"""Two populations of four policies, which Sample-Factory trains until there is a file `finish`."""

from pbt_tui import Experiment, RunDescription, population

COMMAND = (
    "python policies.py --env=CartPole-v1 --algo=APPO --use_rnn=False --recurrence=1 --device=cpu"
    " --serial_mode=True --async_rl=False --num_workers=1 --num_envs_per_worker=8"
    " --worker_num_splits=1 --rollout=32 --batch_size=128 --num_epochs=2"
    " --encoder_mlp_layers 64 64 --with_vtrace=False --reward_scale=0.1 --learning_rate=0.0005"
    " --pbt_target_objective=true_objective --pbt_period_env_steps=500 --pbt_start_mutation=500"
    " --pbt_replace_reward_gap=0.02 --pbt_replace_reward_gap_absolute=0.1 --save_every_sec=2"
    " --save_best_after=500 --save_best_every_sec=2 --train_for_env_steps=100000000"
    " --experiment_summaries_interval=5"
)
RUN_DESCRIPTION = RunDescription(
    "r",
    [Experiment(name, COMMAND, population(4, "sample_factory")) for name in ("one", "two")],
    customize_experiment_name=False,
)
