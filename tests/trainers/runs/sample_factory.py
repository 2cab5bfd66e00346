"""The example, with 2,000 steps for each policy."""

from examples.trainers.sample_factory import ANT, RUN_DESCRIPTION

__all__ = ["RUN_DESCRIPTION"]

ANT.cmd += (
    " --algo=APPO --device=cpu --async_rl=False --use_rnn=False --recurrence=1 --num_workers=1"
    " --num_envs_per_worker=8 --worker_num_splits=1 --rollout=16 --batch_size=128"
    " --train_for_env_steps=2000"
)
