"""Trains with the `Runner` of rl_games.

rl_games' own `runner.py` is in its repository, and not in its package. This program takes the
options of that one which the example uses. Name and folder, which rl_games reads from the file
alone, are options here. The environments run in this process: those of rl_games need Ray.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gymnasium
import yaml
from rl_games.common import env_configurations, vecenv
from rl_games.common.ivecenv import IVecEnv
from rl_games.torch_runner import Runner


class Environments(IVecEnv):
    def __init__(self, name: str, number: int) -> None:
        self.environments = gymnasium.make_vec(name, num_envs=number)

    def reset(self) -> Any:
        observations, _ = self.environments.reset()
        return observations

    def step(self, actions: Any) -> tuple[Any, Any, Any, dict[str, Any]]:
        observations, rewards, terminated, truncated, _ = self.environments.step(actions)
        return observations, rewards, terminated | truncated, {}

    def get_env_info(self) -> dict[str, Any]:
        return {
            "observation_space": self.environments.single_observation_space,
            "action_space": self.environments.single_action_space,
        }


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for switch in ("--train", "--play"):
        parser.add_argument(switch, action="store_true")
    for option in ("--file", "--name", "--folder", "--wandb-project-name"):
        parser.add_argument(option, required=True)
    for option in ("--seed", "--num_actors"):
        parser.add_argument(option, type=int, required=True)
    args = parser.parse_args()
    config = yaml.safe_load(Path(args.file).read_text())
    config["params"]["seed"] = args.seed
    config["params"]["config"] |= {
        "num_actors": args.num_actors,
        "train_dir": args.folder,
        "full_experiment_name": args.name,
    }
    vecenv.register("GYMNASIUM", lambda name, number, **_: Environments(name, number))
    env_configurations.register("CartPole-v1", {"vecenv_type": "GYMNASIUM"})
    runner = Runner()
    runner.load(config)
    runner.run(vars(args))


if __name__ == "__main__":
    main()
