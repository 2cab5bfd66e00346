"""Trains a population with Sample-Factory's example of a Gym environment, and records what it does.

One process trains all policies. The record has each checkpoint that a policy loads and saves, and
each file with parameters that is rewritten. With the file `slow`, such a file stays empty for a
moment, as on a slow disk: the trainer opens it, logs a line, and then writes.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from typing import Any

from tests.trainers.programs.life_record import FINISH, LifeRecord, stamp

if __name__ == "__main__":  # not in the process that the trainer starts to look at the environment
    names = (word.partition("=")[2] for word in sys.argv if word.startswith("--experiment="))
    RECORD = LifeRecord(next(names))
SLOW = Path("slow")
REWRITES = ("Saving policy-specific", "Saving configuration to")

from sample_factory.algo.learning import learner, learner_worker  # noqa: E402 - after the record
from sample_factory.algo.runners.runner import Runner  # noqa: E402
from sample_factory.utils.utils import log  # noqa: E402
from sf_examples import train_gym_env  # noqa: E402


class Learner(learner.Learner):
    """The learner of one policy, which records."""

    loads = True
    """Whether the newest call found a checkpoint that can be loaded."""

    @staticmethod
    def load_checkpoint(checkpoints: Any, device: Any) -> Any:
        found = learner.Learner.load_checkpoint(checkpoints, device)
        Learner.loads = found is not None
        return found

    def load_from_checkpoint(self, policy_id: int, load_progress: bool = True) -> None:
        names = self.get_checkpoints(self.checkpoint_dir(self.cfg, policy_id))
        path = str(Path(names[-1]).absolute()) if names else None
        before = stamp(path) if path is not None else None
        super().load_from_checkpoint(policy_id, load_progress)
        RECORD.tell(
            "loaded" if load_progress else "copied",
            policy=self.policy_id,
            donor=policy_id,
            checkpoint=path,
            stamp=before,
            loads=Learner.loads,
            frame=self.env_steps,
            step=self.train_step,
        )

    def _save_impl(self, name_prefix: str, *args: Any, **more: Any) -> Any:
        where = {
            "policy": self.policy_id,
            "kind": name_prefix,
            "frame": self.env_steps,
            "step": self.train_step,
        }
        RECORD.tell("writing", **where)
        saved = super()._save_impl(name_prefix, *args, **more)
        RECORD.tell("wrote", **where)
        return saved

    def train(self, batch: Any) -> Any:
        result = super().train(batch)
        RECORD.tell("trained", policy=self.policy_id, frame=self.env_steps)
        return result


class Rewrites(logging.Handler):
    """Records the moment between the opening of a file and its content."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith(REWRITES):
            RECORD.tell("rewriting", text=text)
            if SLOW.exists():
                time.sleep(0.3)


def main() -> int:
    learner_worker.Learner = Learner
    ends = Runner._should_end_training
    Runner._should_end_training = lambda self: FINISH.exists() or ends(self)
    log.addHandler(Rewrites())
    status = train_gym_env.main()
    RECORD.tell("ended", status=int(status))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
