"""The attempts that a runtime follows as tasks of an engine with a queue, and the facts of them.

Several threads call it; each end becomes one fact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from pbt_tui.runtimes.protocol import Ended, Fact


class AttemptTask(Protocol):
    """An attempt as a task of an engine."""

    @property
    def name(self) -> tuple[str, int]:
        """Id of the job, and number of the attempt within it."""


AnyTask = TypeVar("AnyTask", bound=AttemptTask)


class FollowedTasks(Generic[AnyTask]):
    """The tasks whose end has not been reported.

    Args:
        wake: Wakes the event loop for a new fact.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.lock = threading.RLock()
        self._wake = wake
        self._tasks: dict[tuple[str, int], AnyTask] = {}
        self._facts: list[Fact] = []

    def track(self, task: AnyTask) -> AnyTask | None:
        """Follows a task; None if it is followed already."""
        with self.lock:
            if task.name in self._tasks:
                return None
            self._tasks[task.name] = task
        return task

    def get(self, name: tuple[str, int]) -> AnyTask | None:
        """The task of an attempt; None if it is not followed."""
        return self._tasks.get(name)

    def drop(self, task: AnyTask) -> None:
        """Follows a task no longer."""
        with self.lock:
            self._tasks.pop(task.name, None)

    def current(self) -> list[AnyTask]:
        """All followed tasks."""
        with self.lock:
            return list(self._tasks.values())

    def facts(self) -> list[Fact]:
        """The facts since the last call."""
        with self.lock:
            facts, self._facts = self._facts, []
        return facts

    def say(self, fact: Fact) -> None:
        """Reports a fact."""
        with self.lock:
            self._facts.append(fact)
        self._wake()

    def end(self, task: AnyTask, fact: Ended) -> None:
        """Reports the end of a task once."""
        with self.lock:
            if self._tasks.pop(task.name, None) is not None:
                self.say(fact)
