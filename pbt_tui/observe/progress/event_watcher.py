"""Follows the objective of jobs in their TensorBoard event files, where their logs have none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from pbt_tui.observe.progress.event_folders import event_files
from pbt_tui.observe.progress.event_records import EventRecords
from pbt_tui.observe.progress.event_scalars import Scalar, scalars
from pbt_tui.observe.progress.metric_names import WORST, better, rank

LOOK = 30.0
"""Seconds between two searches for the event files of a job."""
FIRST = 128 * 1024
"""Most bytes from the end of a file that are read at first."""
BUDGET = 128 * 1024
"""Most bytes of a file that one call reads."""
KNOWN = (
    "policy_stats/avg_true_objective",
    "reward/reward",
    "rewards/step",
    "rewards/iter",
    "Train/mean_reward",
    "Reward / Total reward (mean)",
    "rollout/ep_rew_mean",
    "charts/episodic_return",
)
"""Tags of the objective in Sample-Factory, rl_games, rsl_rl, skrl, Stable-Baselines3, CleanRL."""
_LESSER = ("std", "min", "max", "/time", "length", "best", "episode_reward/", "instantaneous")


def preference(tag: str) -> int | None:
    """How well a tag says that its values are the objective: 0 is best; None: they are not.

    Args:
        tag: The tag of a scalar.

    Example:
        >>> preference("rewards/step"), preference("eval/mean_return"), preference("lr")
        (2, 10, None)
    """
    if tag in KNOWN:
        return KNOWN.index(tag)
    found = rank(tag)
    if found == WORST:
        return None
    word = tag.lower()
    return len(KNOWN) + found + WORST * any(part in word for part in _LESSER)


class EventWatcher:
    """The newest objective of many jobs."""

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}
        self._files: dict[str, dict[Path, EventRecords]] = {}
        self._newest: dict[str, dict[Path, tuple[int, Scalar]]] = {}

    def of(
        self, job: str, places: Callable[[], Sequence[Path]], since: float, now: float
    ) -> Scalar | None:
        """The newest objective of a job, that of the best policy if it trains several.

        Args:
            job: Id of the job.
            places: Returns the folders of the job; called at most every `LOOK` seconds.
            since: When its attempt started, in Unix seconds.
            now: The time, in Unix seconds.
        """
        files = self._files.setdefault(job, {})
        if now >= self._looked.get(job, 0.0) + LOOK:
            self._looked[job] = now
            there = [file.path for file in event_files(places(), since)]
            for path in there:
                files.setdefault(path, EventRecords(path, first=FIRST))
            for path in set(files) - set(there):
                del files[path]
                self._newest.get(job, {}).pop(path, None)
        newest = self._newest.setdefault(job, {})
        for path, records in files.items():
            for record in records.read(BUDGET):
                for scalar in scalars(record):
                    place = preference(scalar.tag)
                    if place is not None and (path not in newest or place <= newest[path][0]):
                        newest[path] = (place, scalar)
        return _best(newest.values())

    def forget(self, kept: Collection[str]) -> None:
        """Forgets all jobs but these.

        Args:
            kept: Ids of the jobs that are asked for again.
        """
        for table in (self._looked, self._files, self._newest):
            for job in set(table) - set(kept):
                del table[job]


def _best(found: Collection[tuple[int, Scalar]]) -> Scalar | None:
    place = min((place for place, _ in found), default=0)
    best: Scalar | None = None
    for at, scalar in found:
        if at == place and (best is None or better(scalar.value, best.value, scalar.tag)):
            best = scalar
    return best
