"""The example, with 500 steps."""

from examples.trainers.sb3_zoo import PPO, RUN_DESCRIPTION

__all__ = ["RUN_DESCRIPTION"]

for params in PPO.params:
    params["n-timesteps"] = 500
