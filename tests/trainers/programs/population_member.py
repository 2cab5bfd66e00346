"""Trains one member of a population with the `Runner` of rl_games: the entry point.

The released rl_games has no population-based training, and its repository no entry point that takes
settings. This one takes the options and settings that Isaac Lab's script takes, and records what
the member does.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import yaml

from tests.trainers.programs.life_record import LifeRecord

PBT: dict[str, Any] = {
    "enabled": False,
    "policy_idx": 0,
    "num_policies": 8,
    "directory": ".",
    "workspace": "pbt_workspace",
    "objective": "episode.mean_return",
    "interval_steps": 100_000,
    "threshold_std": 0.1,
    "threshold_abs": 0.05,
    "mutation_rate": 0.25,
    "change_range": [1.1, 2.0],
    "mutation": {
        "agent.params.config.e_clip": "mutate_float",
        "agent.params.config.entropy_coef": "mutate_float",
        "agent.params.config.gamma": "mutate_discount",
        "agent.params.config.learning_rate": "mutate_float",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--task", required=True)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--num_envs", type=int, default=8)
    parser.add_argument("--checkpoint", default="")
    args, settings = parser.parse_known_args()
    config = yaml.safe_load(Path("cartpole.yaml").read_text()) | {"pbt": PBT}
    for word in settings:
        override(config, word)
    pbt, params = config["pbt"], config["params"]
    record = LifeRecord(f"member-{pbt['policy_idx']}")
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    logs = Path(pbt["directory"]).absolute() / "logs/rl_games" / params["config"]["name"]
    params["seed"] = args.seed
    params["load_path"] = args.checkpoint
    params["load_checkpoint"] = bool(args.checkpoint)
    params["config"] |= {
        "env_name": args.task,
        "num_actors": args.num_envs,
        "train_dir": str(logs),
        "full_experiment_name": name,
    }
    folder = logs / name / "params"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.yaml").write_text(yaml.safe_dump(config))
    from tests.trainers.programs.population_training import train

    train(config, args, settings, record)


def override(config: dict[str, Any], word: str) -> None:
    """Applies one setting: `agent.pbt.workspace=ws`, as Hydra does."""
    name, equals, value = word.partition("=")
    if not equals or not name.startswith("agent."):
        raise SystemExit(f"unrecognized argument: {word}")
    *path, last = name.split(".")[1:]
    for key in path:
        config = config[key]
    config[last] = yaml.safe_load(value)


if __name__ == "__main__":
    main()
