"""Finds the weights of generations that the executor keeps although their trainer removed them.

The best generation of a population may be among them. `continuing.kept` makes the links.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.observe.workspaces import Generation
from pbt_tui.observe.workspaces.settling import TICK, is_settled

if TYPE_CHECKING:
    from pbt_tui.observe.continuing.kept import Pin

_EQUAL = 1e-2
"""Seconds between two times that are the same time, one of them a rounded number."""


class PinnedWeights:
    """The kept generations of one population; a lookup costs the same however many are kept.

    Args:
        folder: The folder `kept` of the run directory; it may be missing.
        population: Id of the population.
    """

    def __init__(self, folder: Path, population: str) -> None:
        self._folder = folder
        self._population = population
        self._listed: int | None = None
        """When an entry had been added or removed last, in nanoseconds; None: it may be now."""
        self._pins: dict[tuple[int, int], list[Pin]] = {}
        """Member and number to the generations that are kept."""

    def refresh(self) -> None:
        """Lists the folder, unless nothing was added or removed."""
        try:
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116
        except OSError:
            self._listed, self._pins = None, {}
            return
        if changed == self._listed:
            return
        from pbt_tui.observe.continuing import kept  # late: a run without populations keeps none

        self._pins = {}
        for pin in kept.pins_of(self._folder, self._population):
            self._pins.setdefault((pin.member, pin.generation), []).append(pin)
        self._listed = changed if is_settled(changed / 1e9, TICK) else None

    def weights(self, generation: Generation) -> str | None:
        """Path of the kept weights of a generation; None: they are not kept.

        Args:
            generation: A generation whose weights are not in the workspace any more.
        """
        from pbt_tui.observe.continuing import kept  # late, as above

        number = generation.generation if generation.step is None else generation.step
        for pin in self._pins.get((generation.member, number), ()):
            file = pin.stamp.metadata or pin.stamp.weights
            is_it = file is not None and abs(file.mtime_ns / 1e9 - generation.at) < _EQUAL
            if is_it and kept.is_unchanged(pin):
                return os.path.abspath(pin.weights)  # noqa: PTH100  # no symlink walk
        return None
