"""What is known of one container attempt while it lives.

Must not ask or decide anything: threads share it under the runtime's lock.
"""

from __future__ import annotations

from dataclasses import dataclass

from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.request import ContainerRequest

Name = tuple[str, int]

SOFT, HARD = 1, 2
"""How hard it was asked to stop."""
_SETTLED = 0.5
"""Seconds after a start before which a gentle signal may have met nobody to hear it."""


@dataclass(slots=True)
class ContainerAttempt:
    job: str
    number: int
    request: ContainerRequest | None = None
    id: str = ""
    """Of its container, once there is one."""
    running: bool = False
    died: bool = False
    """Its end was heard of; its start may not have been told yet."""
    oom: bool = False
    began: float = 0.0
    wanted: int = 0
    delivered: int = 0
    delivered_at: float = 0.0
    capture: Capture | None = None
    pid: int = 0
    """Of its first process on this machine; -1 where that cannot be seen from here."""
    stale: bool = False
    """The engine reported it as running in the last poll, but that process was missing."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    def has_heard(self, level: int) -> bool:
        return self.delivered >= level and self.delivered_at >= self.began + _SETTLED
