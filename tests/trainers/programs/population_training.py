"""Trains one member of a population with the `Runner` of rl_games: the training.

An observer writes a generation whenever the frames have passed an interval, compares it with those
of the other members, and executes the process again if the member is replaced.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

from rl_games.common import env_configurations, vecenv
from rl_games.common.algo_observer import AlgoObserver
from rl_games.torch_runner import Runner

from tests.trainers.programs.exchange import Exchange, Replacement
from tests.trainers.programs.life_record import FINISH, LifeRecord, stamp
from tests.trainers.programs.runner import Environments


class Scored(Environments):
    """Environments that put the mean return of their newest episodes into the infos."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(name, number)
        self._running = [0.0] * number
        self._returns: deque[float] = deque(maxlen=50)

    def step(self, actions: Any) -> tuple[Any, Any, Any, dict[str, Any]]:
        observations, rewards, dones, infos = super().step(actions)
        for i, (reward, done) in enumerate(zip(rewards, dones, strict=True)):
            self._running[i] += float(reward)
            if done:
                self._returns.append(self._running[i])
                self._running[i] = 0.0
        mean = sum(self._returns) / len(self._returns) if self._returns else 0.0
        return observations, rewards, dones, infos | {"episode": {"mean_return": mean}}


class Population(AlgoObserver):
    """Writes generations, and replaces the member."""

    def __init__(
        self,
        config: dict[str, Any],
        args: argparse.Namespace,
        settings: list[str],
        record: LifeRecord,
    ) -> None:
        super().__init__()
        self._pbt = config["pbt"]
        self._args = args
        self._settings = settings
        self._record = record
        self._loads = stamp(args.checkpoint) if args.checkpoint else None
        self._config = config["params"]["config"]
        self._objective = 0.0
        self._iteration = self._trained = -1
        self._replacement: Replacement | None = None
        self._algo: Any = None

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def after_clear_stats(self) -> None:
        """Does nothing."""

    def process_infos(self, infos: Any, done_indices: Any) -> None:
        found = infos
        for key in self._pbt["objective"].split("."):
            found = found[key]
        self._objective = found

    def after_steps(self) -> None:
        frame, pbt = self._algo.frame, self._pbt
        number = frame // pbt["interval_steps"]
        if self._iteration < 0:  # a start: this interval was written by whoever trained it
            checkpoint = self._args.checkpoint or None
            self._record.tell("loaded", checkpoint=checkpoint, stamp=self._loads, frame=frame)
            self._iteration = number
        if number <= self._iteration:
            return
        self._iteration = number
        left = (number + 1) * pbt["interval_steps"] - frame
        print(f"Policy {pbt['policy_idx']}, frames_left {left}, PBT it {number}")
        exchange = self._exchange()
        self._record.tell("writing", generation=number, frame=frame)
        exchange.write(number, frame, float(self._objective), self._algo.save)
        self._record.tell(
            "wrote",
            generation=number,
            frame=frame,
            objective=float(self._objective),
            params=exchange.params,
        )
        self._replacement = exchange.replacement(number)

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        if self._algo.frame == self._trained:
            return  # the trainer calls it twice
        self._trained = self._algo.frame
        sys.stdout.flush()
        self._record.tell("trained", frame=self._trained)
        if self._replacement is not None:
            self._execute_again(self._replacement)
        if FINISH.exists():
            self._record.tell("finished", frame=self._algo.frame)
            self._algo.max_frames = self._algo.frame

    def _exchange(self) -> Exchange:
        pbt = self._pbt
        params = {
            name: self._config[name.rpartition(".")[2]]
            for name in pbt["mutation"]  # all of them are keys of the same map
        }
        workspace = Path(self._config["train_dir"]) / pbt["workspace"]
        name = self._config["full_experiment_name"]
        return Exchange(workspace, pbt["policy_idx"], pbt, params, name)

    def _execute_again(self, new: Replacement) -> None:
        """Begins again with other weights and parameters, in the same process."""
        args = self._args
        kept = [w for w in self._settings if w.partition("=")[0] not in new.params]
        words = [
            *(f"--task={args.task}", f"--num_envs={args.num_envs}"),
            *((f"--seed={args.seed}",) if args.seed is not None else ()),
            *kept,
            f"--checkpoint={new.checkpoint}",
            *(f"{name}={value}" for name, value in new.params.items()),
        ]
        print(f"Policy {self._pbt['policy_idx']}: Restarting self with args {words}", flush=True)
        self._record.tell(
            "exec", generation=self._iteration, donor=new.donor, donor_generation=new.generation
        )
        os.execv(sys.executable, [sys.executable, sys.argv[0], *words])


def train(
    config: dict[str, Any], args: argparse.Namespace, settings: list[str], record: LifeRecord
) -> None:
    """Trains until the frames of the configuration, or until somebody writes the file `finish`."""
    vecenv.register("GYMNASIUM", lambda name, number, **_: Scored(name, number))
    env_configurations.register(args.task, {"vecenv_type": "GYMNASIUM"})
    runner = Runner(Population(config, args, settings, record))
    runner.load(config)
    runner.run({"train": True, "play": False, "checkpoint": args.checkpoint, "sigma": None})
    record.tell("ended")
