"""The runtime of the demo: its attempts are recordings, which it replays into their logs.

It starts no process. Stops, kills and retries work as with any other runtime.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple

from pbt_tui.demo.recorded_attempt import Exited, Printed, Recorded
from pbt_tui.files.dated import append_dated
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Runtime, Seen, Started
from pbt_tui.spec import Job

_GRACE = 6.0
"""Seconds that a stopped attempt takes to exit."""
_SIGKILL, _SIGTERM = 9, 15

Records = Callable[[Launch, float], Recorded]
"""The recording of an attempt that starts at this time."""


class _Playing:
    """An attempt that is replayed."""

    def __init__(self, launch: Launch, recorded: Recorded, handle: str) -> None:
        self.launch = launch
        self.recorded = recorded
        self.handle = handle
        self.unwritten: list[str] = []
        self.at = 0.0
        """When the last text of `unwritten` was printed."""
        self.next: Printed | Exited | None = None
        """What it does next; None: its recording is over."""


class _Due(NamedTuple):
    """When an attempt does something next; entries of equal times keep their order."""

    at: float
    order: int
    key: tuple[str, int]


class ReplayRuntime(Runtime):
    """A `Runtime` whose attempts are recordings.

    Args:
        now: The clock of the recording.
        records: Returns what an attempt does.
        name: Name of the kind that it stands in for.
        first_pid: Number in the handle of the first attempt.
    """

    engine_id = ""
    image_digest = None

    def __init__(
        self,
        now: Callable[[], float],
        records: Records,
        *,
        name: str = "process",
        first_pid: int = 30_211,
    ) -> None:
        self.name = name
        self._now = now
        self._records = records
        self._pids = count(first_pid, 7)
        self._order = count()
        self._playing: dict[tuple[str, int], _Playing] = {}
        self._due: list[_Due] = []
        self._told: list[Fact] = []

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Nothing has to be prepared."""

    def launch(self, batch: Sequence[Launch]) -> None:
        """Begins recordings."""
        now = self._now()
        for launch in batch:
            key = (launch.job, launch.attempt)
            if key in self._playing:
                continue
            handle = f"{next(self._pids)}.{round(now)}"
            playing = self._playing[key] = _Playing(launch, self._records(launch, now), handle)
            self._told.append(Started(*key, handle))
            self._go_on(key, playing)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Ends a recording: at once, or after the grace that a trainer needs."""
        key = (job, attempt)
        playing = self._playing.get(key)
        if playing is None:
            return True
        number = _SIGKILL if kill else _SIGTERM
        playing.recorded = iter(())
        playing.next = Exited(self._now() + (0.0 if kill else _GRACE), 128 + number)
        self._plan(key, playing)
        return True

    def forget(self, job: str, attempt: int) -> None:
        """Nothing is left of an ended attempt."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """What an earlier runtime played is gone."""
        return [Seen("gone", handle=handle) for _, _, handle in attempts]

    def forfeit(self, job: str, attempt: int) -> bool:
        """Returns whether the attempt has not begun."""
        return (job, attempt) not in self._playing

    def hold(self, held: bool) -> None:
        """There is no queue to hold."""

    def fileno(self) -> int:
        """Without a descriptor: the caller asks for facts again and again."""
        return -1

    def next_wake(self) -> float | None:
        """None: as for `fileno`."""
        return None

    def facts(self) -> list[Fact]:
        """Replays all recordings up to now. Raises `OSError` if a log cannot be written."""
        now = self._now()
        changed: dict[tuple[str, int], _Playing] = {}
        while self._due and self._due[0].at <= now:
            key = heapq.heappop(self._due).key
            playing = self._playing.get(key)
            if playing is None or playing.next is None or playing.next.at > now:
                continue
            entry = playing.next
            if isinstance(entry, Printed):
                playing.unwritten.append(entry.text)
                playing.at = entry.at
                changed[key] = playing
                self._go_on(key, playing)
            else:
                self._write(playing)
                del self._playing[key]
                changed.pop(key, None)
                self._told.append(_end(key, playing.handle, entry))
        for playing in changed.values():
            self._write(playing)
        told, self._told = self._told, []
        return told

    def close(self) -> None:
        """Nothing is open."""

    def _go_on(self, key: tuple[str, int], playing: _Playing) -> None:
        playing.next = next(playing.recorded, None)
        self._plan(key, playing)

    def _plan(self, key: tuple[str, int], playing: _Playing) -> None:
        if playing.next is not None:
            heapq.heappush(self._due, _Due(playing.next.at, next(self._order), key))

    def _write(self, playing: _Playing) -> None:
        if playing.unwritten:
            data = "".join(playing.unwritten).encode()
            append_dated(playing.launch.log, data, playing.at)
            playing.unwritten.clear()


def _end(key: tuple[str, int], handle: str, entry: Exited) -> Ended:
    job, attempt = key
    signal = entry.code - 128 if entry.code > 128 else None
    return Ended(
        job, attempt, handle, entry.code, entry.at, signal=signal, order="after" if signal else None
    )
