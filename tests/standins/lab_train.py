"""Stands in for a training script of Isaac Lab or rl_games with population-based training.

Like Isaac Lab's script, it reads documented options with argparse and all other arguments with
Hydra, names the folder of a start after the second, writes weights and then metadata, compares
itself with the others, and executes itself again with the weights of another member. It has no
simulator: a seed has a talent, the talent is in the weights, and the objective grows by it.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import random
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, NoReturn

import yaml

CONFIG = """
params:
  seed: 42
  load_checkpoint: false
  load_path: ''
  config:
    name: shadow_hand
    learning_rate: 0.0005
    gamma: 0.99
    horizon_length: 16
    max_epochs: 5000
pbt:
  enabled: false
  policy_idx: 0
  num_policies: 8
  directory: .
  workspace: pbt_workspace
  objective: episode.success
  interval_steps: 2000000
  threshold_std: 0.1
  threshold_abs: 0.05
  mutation_rate: 0.5
  change_range: [1.1, 2.0]
  mutation:
    agent.params.config.learning_rate: mutate_float
    agent.params.config.gamma: mutate_discount
"""
KEEP_BACK, MOST = 20, 50
EPOCH = float(os.environ.get("STANDIN_EPOCH", "0.02"))
"""Seconds of an epoch."""
LIBRARIES = ("rl_games", "rsl_rl", "sb3", "skrl")


def parsed(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """The documented options, and what is left for Hydra."""
    chooser = argparse.ArgumentParser(add_help=False)
    chooser.add_argument("--rl_library", choices=LIBRARIES)  # a restart has lost it: the task says
    chosen, rest = chooser.parse_known_args(argv)
    if chosen.rl_library not in (None, "rl_games"):
        sys.exit("this stand-in trains with rl_games alone")
    parser = argparse.ArgumentParser()
    for switch in ("--video", "--distributed", "--export_io_descriptors", "--headless"):
        parser.add_argument(switch, action="store_true")
    numbers = (
        "--video_length", "--video_interval", "--num_envs", "--seed", "--max_iterations",
        "--ray-proc-id", "--capture_env_sensors",
    )  # fmt: skip
    for number in numbers:
        parser.add_argument(number, type=int)
    texts = (
        "--task", "--agent", "--checkpoint", "--sigma", "--wandb-project-name", "--wandb-entity",
        "--wandb-name", "--device", "--experience", "--experimental-rerun",
    )  # fmt: skip
    for text in texts:
        parser.add_argument(text)
    parser.add_argument("--track", nargs="?", const=True, default=False)
    return parser.parse_known_args(rest)


def configured(overrides: list[str]) -> dict[str, Any]:
    """The agent's configuration with the overrides; Hydra refuses keys that it does not have."""
    from hydra import compose, initialize
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    ConfigStore.instance().store(name="task", node={"agent": yaml.safe_load(CONFIG)})
    with initialize(version_base="1.3", config_path=None):
        found = OmegaConf.to_container(compose("task", overrides=overrides), resolve=True)
    assert isinstance(found, dict)
    return dict(found["agent"])


class Training:
    """One life of a member: from the start of the program to its next one."""

    def __init__(self, args: argparse.Namespace, agent: dict[str, Any]) -> None:
        self.args, self.agent, self.pbt = args, agent, agent["pbt"]
        self.index: int = self.pbt["policy_idx"]
        self.config: dict[str, Any] = agent["params"]["config"]
        if args.seed == -1:
            args.seed = random.randint(0, 10000)
        seed = agent["params"]["seed"] if args.seed is None else args.seed
        agent["params"]["seed"] = seed
        talent = (0.6, 1.4, 1.0, 1.0)[seed % 4]
        self.state = {"epoch": 0, "frame": 0, "objective": 0.0, "talent": talent}
        root = Path("logs/rl_games", self.config["name"])
        self.root = (
            root.absolute() if self.pbt["directory"] == "." else self.pbt["directory"] / root
        )
        if args.checkpoint is not None:
            agent["params"] |= {"load_checkpoint": True, "load_path": args.checkpoint}
            self.state = loaded(args.checkpoint)
        name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")  # noqa: DTZ005  # as the script does
        self.name = self.config.setdefault("full_experiment_name", name)
        self.config["train_dir"] = str(self.root)
        params = self.root / self.name / "params"
        params.mkdir(parents=True, exist_ok=True)
        (params / "agent.yaml").write_text(yaml.dump(agent))
        (params / "env.yaml").write_text(yaml.dump({"seed": seed}))
        print(f"Exact experiment name requested from command line: {params.parent}")
        self.folder = self.root / self.pbt["workspace"] / f"{self.index:03d}"

    @property
    def tuned(self) -> dict[str, float]:
        return {key: self.config[key.rpartition(".")[2]] for key in self.pbt["mutation"]}

    def train(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        state, interval, iteration = self.state, self.pbt["interval_steps"], -1
        steps = (self.args.num_envs or 8192) * self.config["horizon_length"]
        again: tuple[dict[str, float], str] | None = None
        while state["epoch"] < self.config["max_epochs"]:
            time.sleep(EPOCH)
            state["epoch"] += 1
            state["frame"] += steps
            off = abs(math.log(self.config["learning_rate"] / 1e-3))
            state["objective"] += 0.05 * state["talent"] * (1 - 0.02 * off) * steps / interval
            if again is not None:
                self.restart(*again)
            if iteration == -1:
                iteration = state["frame"] // interval
            elif state["frame"] // interval > iteration:
                iteration = state["frame"] // interval
                left = (iteration + 1) * interval - state["frame"]
                print(f"Policy {self.index}, frames_left {left}, PBT it {iteration}", flush=True)
                again = self.compare(iteration)

    def compare(self, iteration: int) -> tuple[dict[str, float], str] | None:
        """Saves a generation; returns the parameters and weights to start again with."""
        save(self.folder / f"{iteration:06d}.pth", iteration, self)
        known = self.others(iteration)
        clean(self.folder, min(seen["iteration"] if seen else 0 for seen in known.values()))
        print_summary(known)
        there = {who: seen["true_objective"] for who, seen in known.items() if seen}
        mean, std = fmean(there.values()), pstdev(there.values())
        margin = max(self.pbt["threshold_std"] * std, self.pbt["threshold_abs"])
        leaders = [who for who, value in there.items() if value > mean + margin]
        under = [who for who, value in there.items() if value < mean - margin]
        cuts = f"upper={mean + margin:.4f}, lower={mean - margin:.4f}"
        print(f"mean={mean:.4f}, std={std:.4f}, {cuts}")
        print(f"Leaders: {leaders} Underperformers: {under}", flush=True)
        if self.index not in under:
            return None
        donor = random.choice(leaders) if leaders else self.index
        print(f"Replacing policy {self.index} with {donor}.", flush=True)
        chosen = known[donor]
        assert chosen is not None
        return self.mutated(chosen["params"]), chosen["checkpoint"]

    def others(self, iteration: int) -> dict[int, dict[str, Any] | None]:
        """The newest metadata of each member that is not newer than its own."""
        known: dict[int, dict[str, Any] | None] = {}
        for who in range(self.pbt["num_policies"]):
            known[who] = None
            names = sorted((self.folder.parent / f"{who:03d}").glob("*.yaml"), reverse=True)
            for path in names:
                if int(path.stem) <= iteration:
                    now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"  # noqa: DTZ005
                    print(f"Policy {self.index} [{now}]: Loading policy-{who} {path.name}")
                    known[who] = yaml.safe_load(path.read_text())
                    break
        return known

    def mutated(self, params: dict[str, float]) -> dict[str, float]:
        new = dict(params)
        for key, rule in self.pbt["mutation"].items():
            if random.random() > self.pbt["mutation_rate"]:
                continue
            factor = random.uniform(*self.pbt["change_range"])
            factor = 1 / factor if random.random() < 0.5 else factor
            is_float = rule == "mutate_float"
            new[key] = new[key] * factor if is_float else 1 - (1 - new[key]) * factor
        return new

    def restart(self, params: dict[str, float], checkpoint: str) -> NoReturn:
        """Becomes the same program with other parameters and weights."""
        given = [
            word
            for word in sys.argv[1:]
            if "=" not in word
            or ((name := word.split("=", 1)[0]) not in params and "checkpoint" not in name)
        ]
        words = [*given, f"--checkpoint={checkpoint}", *(f"{k}={v}" for k, v in params.items())]
        args = self.args
        own = [f"--task={args.task}", f"--seed={args.seed}", f"--num_envs={args.num_envs}"]
        print(f"Policy {self.index}: Restarting self with args {words}", flush=True)
        os.execv(sys.executable, [sys.executable, sys.argv[0], *own, *words])


def loaded(path: str) -> dict[str, Any]:
    print(f"=> loading checkpoint '{path}'", flush=True)
    with zipfile.ZipFile(path) as file:
        return dict(pickle.loads(file.read("archive/data.pkl")))


def save(path: Path, iteration: int, member: Training) -> None:
    """Weights, a moment later metadata."""
    with zipfile.ZipFile(path.open("wb"), "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(member.state))
        assert file.fp is not None
        file.fp.flush()
    time.sleep(0.002)
    data = {
        "iteration": iteration,
        "true_objective": member.state["objective"],
        "frame": member.state["frame"],
        "params": member.tuned,
        "checkpoint": str(path.absolute()),
        "pbt_checkpoint": str(path.with_suffix(".yaml").absolute()),
        "experiment_name": member.name,
    }
    path.with_suffix(".yaml").write_text(yaml.dump(data))


def clean(folder: Path, oldest: int) -> None:
    """Removes generations by their numbers."""
    numbers = sorted({int(p.stem) for p in folder.iterdir() if p.stem.isdigit()}, reverse=True)
    for place, number in enumerate(numbers):
        if number <= max(0, oldest - KEEP_BACK) or place >= MOST:
            for suffix in (".yaml", ".pth"):
                (folder / f"{number:06d}{suffix}").unlink(missing_ok=True)


def print_summary(known: dict[int, dict[str, Any] | None]) -> None:
    """The table of all members, with columns aligned as `prettytable` aligns them."""
    names = ("Policy", "Status", "Objective", "Iter", "Frame", "Experiment", "Checkpoint", "YAML")
    keys = ("iteration", "frame", "experiment_name", "checkpoint", "pbt_checkpoint")
    rows: list[tuple[str, ...]] = [names]
    for who, seen in known.items():
        if seen is None:
            rows.append((str(who), "—", *[""] * 6))
        else:
            cells = [str(seen[key])[-52:] for key in keys]
            rows.append((str(who), "OK", f"{seen['true_objective']:.6g}", *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    print(rule)
    for count, row in enumerate(rows):
        cells = [
            cell.rjust(width) if i in (0, 2, 3, 4) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("| " + " | ".join(cells) + " |")
        if count == 0:
            print(rule)
    print(rule)


def main() -> None:
    args, overrides = parsed(sys.argv[1:])
    agent = configured(overrides)
    sys.argv = [sys.argv[0], *overrides]
    if args.checkpoint is not None and not Path(args.checkpoint).is_file():
        sys.exit(f"Unable to find the file: {args.checkpoint}")
    if not agent["pbt"]["enabled"]:
        sys.exit("population-based training is switched off")
    Training(args, agent).train()


if __name__ == "__main__":
    main()
