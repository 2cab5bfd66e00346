"""The best generation of a population whose weights are still there, and a better one that is not.

Trainers delete weights, and write numbers again: a path alone does not say whose weights a file has
(R5). The reader of the workspace does.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from pbt_tui.observe.pinned_weights import PinnedWeights
from pbt_tui.observe.snapshot_types import Best, LostBest
from pbt_tui.observe.workspaces import Generation, Reader, kept, weights
from pbt_tui.observe.workspaces.generation import Key

_Ranked = tuple[float, float, int, Generation]
"""The objective and the time, both negative, and a number that no other has."""


class BestGeneration:
    """Keeps the ranking of all generations of one population; `best` asks for files.

    Args:
        reader: The reader of its workspace.
        pinned: The generations that the executor keeps; None: none.
    """

    def __init__(self, reader: Reader, pinned: PinnedWeights | None = None) -> None:
        self._reader = reader
        self._pinned = pinned
        self._ranking: list[_Ranked] = []
        self._count = 0
        self._newest: dict[int, Generation] = {}
        """The newest generation of each member."""
        self._gone: dict[Key, Generation] = {}
        """Those whose weights were not there."""
        self._lost: Generation | None = None
        """The best of these."""

    def add(self, generations: Iterable[Generation]) -> None:
        """Takes generations that are new, or that are there again."""
        for generation in generations:
            if generation.objective is not None:
                self._newest[generation.member] = generation
                self._rank(generation)

    def _rank(self, generation: Generation) -> None:
        self._count += 1
        entry = (-(generation.objective or 0.0), -generation.at, self._count, generation)
        heappush(self._ranking, entry)

    def best(self) -> Best | None:
        """The best of the generations; of equal ones, the one that was written last.

        None: no generation has an objective.
        """
        if self._pinned is not None:
            self._pinned.refresh()
        self._return()
        found = self._here()
        for generation in kept(self._reader):
            if _above(generation, found and found[0]) and (
                path := weights(self._reader, generation)
            ):
                found = (generation, path)
        lost = self._lost
        if found is None:
            return None if lost is None else _row(lost, None, None)
        return _row(*found, lost if _above(lost, found[0]) else None)

    def _here(self) -> tuple[Generation, str] | None:
        """The best generation whose weights are there, with their path."""
        while self._ranking:
            generation = self._ranking[0][-1]
            path = self._path(generation)
            if path is not None:
                return generation, path
            heappop(self._ranking)
            self._gone[generation.key] = generation
            if _above(generation, self._lost):
                self._lost = generation
        return None

    def _path(self, generation: Generation) -> str | None:
        """Where its weights are: in the workspace, or among what the executor keeps."""
        path = weights(self._reader, generation)
        if path is None and self._pinned is not None:
            path = self._pinned.weights(generation)
        return path

    def _return(self) -> None:
        """Ranks again what is there now: a trainer may log a checkpoint before it writes it, and a
        disk may be mounted late.
        """
        for generation in [*self._newest.values(), *([self._lost] if self._lost else [])]:
            if generation.key in self._gone and self._path(generation) is not None:
                del self._gone[generation.key]
                self._rank(generation)
        if self._lost is not None and self._lost.key not in self._gone:
            best = max(self._gone.values(), key=lambda g: g.objective or 0.0, default=None)
            self._lost = best


def _above(one: Generation | None, other: Generation | None) -> bool:
    """Whether one generation is better than the other, or is one while the other is none."""
    if one is None or one.objective is None:
        return False
    return other is None or other.objective is None or one.objective > other.objective


def _row(generation: Generation, path: str | None, lost: Generation | None) -> Best:
    return Best(
        generation.member,
        generation.generation,
        generation.objective or 0.0,
        path,
        generation.frame,
        generation.experiment_name,
        None if lost is None else LostBest(lost.member, lost.generation, lost.objective or 0.0),
    )
