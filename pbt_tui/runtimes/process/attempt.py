"""An attempt as the `process` runtime follows it, from its launch until its end is reported."""

from __future__ import annotations

from msgspec import Struct, field

from pbt_tui.journal.outcome import Order
from pbt_tui.runtimes.process.descendants import Family, family_of
from pbt_tui.runtimes.protocol import Launch

Name = tuple[str, int]
"""Job and number of an attempt."""


class FollowedAttempt(Struct):
    """An attempt whose end has not been reported."""

    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    pid: int
    """Process id of the shim: of the one started here, or of another that holds the claim."""
    child: bool = False
    """Whether the shim is a child of this process, to be reaped."""
    handle: str | None = None
    """`pid.start`, once its claim is known."""
    launch: Launch | None = None
    """How it was started; None if another executor started it."""
    mark: str | None = None
    """Its mark as the claim has it; None if its shim is of an earlier version."""
    order: Order | None = None
    """Whether it ended before its stop, where the shim cannot tell."""
    told: set[str] = field(default_factory=set)
    """Handles of its processes that got SIGTERM."""
    marks: set[int] = field(default_factory=set)
    """The marks of its processes: those of a run inside it are known from the moment of a stop,
    when the executor of that run was alive."""

    @property
    def name(self) -> Name:
        return self.job, self.number

    def family(self, handle: str, mark: str | None, *, over: bool = False) -> Family:
        """Its processes, by the shim and the mark of its claim; `over`: the shim has ended."""
        return family_of(handle, mark, over and self.child, self.marks)
