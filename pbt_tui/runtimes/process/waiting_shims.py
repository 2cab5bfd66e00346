"""Shims that were started before their attempts are durable, and wait for their orders.

A shell starts while the disk writes the record of its attempt. Without its order, a shim claims
nothing and starts nothing; it ends when the executor closes the order or dies. An empty log may
stay: the attempt of the same name appends to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from pbt_tui.errors import PbtError
from pbt_tui.runtimes.process.attempt import Name
from pbt_tui.runtimes.process.spawner import Shim, Spawner
from pbt_tui.runtimes.protocol import Launch


class WaitingShims:
    """The shims of one executor that wait.

    Args:
        spawner: starts them.
        tell: the descriptor to which they write.
    """

    def __init__(self, spawner: Spawner, tell: int) -> None:
        self._spawner = spawner
        self._tell = tell
        self._shims: dict[Name, Shim] = {}

    def start(self, batch: Sequence[Launch]) -> None:
        """Starts a shim for each attempt; leaves out those where anything is in the way.

        `take` meets what is in the way again, and tells it.
        """
        for launch in batch:
            with suppress(OSError, ValueError, PbtError):
                shim = self._spawner.spawn(launch, self._tell, wait=False)
                if shim is not None:
                    self._shims[launch.job, launch.attempt] = shim

    def take(self, launch: Launch) -> Shim:
        """The shim of an attempt, which is started now if none waits.

        Raises:
            OSError: if the system refuses, because of the log, the arguments or a limit.
            RunError: if the attempt runs already, and its claim was removed.
            ValueError: if an argument or a variable contains a null byte.
        """
        shim = self._shims.pop((launch.job, launch.attempt), None)
        if shim is None:
            shim = self._spawner.spawn(launch, self._tell)
            assert shim is not None
        return shim

    def close(self) -> None:
        """Lets all that wait end."""
        for shim in self._shims.values():
            os.close(shim.order)
        self._shims.clear()
