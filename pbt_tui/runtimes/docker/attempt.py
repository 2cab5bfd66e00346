"""The state of one container attempt while it is active. Threads share it under a lock."""

from __future__ import annotations

from dataclasses import dataclass

from pbt_tui.machine_slots import HeldSlots
from pbt_tui.runtimes.docker.keeper import Keeper
from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.request import ContainerRequest

Name = tuple[str, int]

SOFT, HARD = 1, 2
"""Levels of a stop: the stop signal of the image, or SIGKILL."""
_SETTLED = 0.5
"""Seconds after a start for which the job may not have installed its signal handler yet."""


@dataclass(slots=True)
class ContainerAttempt:
    """An attempt as a container."""

    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    request: ContainerRequest | None = None
    """Its create request; None if another executor created it."""
    slots: HeldSlots | None = None
    """Its slots of the machine, until a keeper has them; None: it has none."""
    keeper: Keeper | None = None
    """The process that holds its slots; None if it has none, or if another executor started it."""
    id: str = ""
    """Id of its container; empty until there is one."""
    running: bool = False
    """Whether its start was reported."""
    interrupted: bool = False
    """Whether the engine did not answer once its start was asked for: it may have ended then."""
    died: bool = False
    """Whether an event reported its end; its start may not have been reported yet."""
    oom: bool = False
    """Whether an event reported an out-of-memory kill in it."""
    began: float = 0.0
    """When it started, in Unix seconds."""
    wanted: int = 0
    """Level of the stop that the executor wants: 0, `SOFT` or `HARD`."""
    delivered: int = 0
    """Level of the last signal that the engine delivered."""
    delivered_at: float = 0.0
    """When that was, in Unix seconds."""
    capture: Capture | None = None
    """Thread that writes its log; None if the wrapper does."""
    pid: int = 0
    """Process id of its first process on this machine; 0: not asked yet, -1: not visible here."""
    signalled: bool = False
    """Whether an executor may have sent it a signal."""
    too_late: bool = False
    """Whether the engine said to the first signal that it runs no longer."""
    unmarked: bool = False
    """Whether its stop could not be marked before it ended, on a full disk for instance: then its
    attempt file cannot tell which came first."""
    stale: bool = False
    """Whether, in the last poll, the engine reported it as running but its process was missing."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    def has_heard(self, level: int) -> bool:
        """Whether the job must have got a signal of this level."""
        return self.delivered >= level and self.delivered_at >= self.began + _SETTLED
