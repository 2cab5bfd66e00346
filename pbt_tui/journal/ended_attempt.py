"""Attempts that have ended, in a third of the memory: for the monitor, which holds all of a run.

A hundred thousand attempts differ in a few numbers, and have the rest in common. An `EndedAttempt`
has every field of an `Attempt` and reads like one, but holds the common fields once for all, and
its own as bytes. Nothing can change it.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast

import msgspec
from msgspec import Struct

from pbt_tui.journal.state import Attempt, JobState

_OWN = (
    "scheduled_at",
    "ended_at",
    "started_at",
    "seq",
    "handle",
    "stop_at",
    "line",
    "detail",
    "port",
    "kill_at",
    "seen",
)
"""Fields in which attempts differ; those that most attempts do not have come last."""
_RARE = ("args", "env", "why", "source", "queued")
"""An attempt that has one of these stays as it is."""
_COMMON = tuple(name for name in Attempt.__struct_fields__ if name not in (*_OWN, *_RARE))
_MOST = 4096
"""Different values of the common fields that are remembered; attempts with others stay."""

_own_of, _rare_of, _common_of = attrgetter(*_OWN), attrgetter(*_RARE), attrgetter(*_COMMON)
_blank = Attempt(0, (), 0.0)
_usual = _own_of(_blank)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


class EndedAttempt(Struct, frozen=True, gc=False):
    """Reads like the `Attempt` that it was made from."""

    common: Attempt
    """An attempt with the same common fields; many share it."""
    own: bytes
    """The fields of `_OWN`, without the usual values at the end."""

    def __repr__(self) -> str:
        return repr(Attempt(**{name: getattr(self, name) for name in Attempt.__struct_fields__}))


def _field(name: str) -> property:
    if name not in _OWN:
        return property(attrgetter(f"common.{name}"))
    place, usual = _OWN.index(name), getattr(_blank, name)

    def value(attempt: EndedAttempt) -> Any:
        own = _decode(attempt.own)
        return own[place] if place < len(own) else usual

    return property(value)


for _name in Attempt.__struct_fields__:
    setattr(EndedAttempt, _name, _field(_name))


class EndedAttempts:
    """Makes the ended attempts of one run small.

    Example:
        >>> from pbt_tui.spec import Job
        >>> job = JobState(0, Job("a", "a", "a", ("true",), {}, "", {}))
        >>> job.attempts = (Attempt(1, (), 5.0, outcome="succeeded", ended_at=6.0),)
        >>> EndedAttempts().shrink(job)
        >>> job.attempts[-1].ended_at
        6.0
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Attempt] = {}

    def shrink(self, job: JobState) -> None:
        """Replaces the newest attempt of a job, which has ended, by a small one."""
        attempt = job.attempts[-1]
        if _rare_of(attempt) != _rare_of(_blank):
            return
        values = _common_of(attempt)
        common = self._known.get(values)
        if common is None:
            if len(self._known) == _MOST:
                return
            common = Attempt(**dict(zip(_COMMON, values, strict=True)), scheduled_at=0.0)
            self._known[values] = common
        own, last = _own_of(attempt), len(_OWN)
        while last > 1 and own[last - 1] == _usual[last - 1]:
            last -= 1
        small = EndedAttempt(common, _encode(own[:last]))
        # It has all fields of an attempt, and an attempt that has ended never changes.
        job.attempts = (*job.attempts[:-1], cast(Attempt, small))
