"""Who holds the GPUs that a run waits for, `holders.json`.

The executor replaces the file when that changes, so that a monitor on another machine can show it.
A run that never waited for another one has no file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from pbt_tui.errors import printable
from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.journal.state import RunState


class GpuHolder(msgspec.Struct, frozen=True):
    """One attempt that holds a GPU."""

    run: str
    """Name of its run, perhaps cut."""
    run_id: str
    """Id of its run."""
    attempt: str
    """Job and number of the attempt, perhaps cut."""
    pid: int | None
    """Process id of the executor that started it; None: not visible from here."""
    uid: int | None
    """User id of that executor; None: unknown."""
    executor_lives: bool
    """Whether that executor lives; if not, the attempt has outlived it."""


class HeldGpu(msgspec.Struct, frozen=True):
    """A GPU of the run that others hold."""

    gpu: str
    """UUID of the device, or its index where the UUID is unknown."""
    holders: tuple[GpuHolder, ...]
    """Who holds it."""


class HeldGpus(msgspec.Struct, frozen=True):
    """The content of `holders.json`."""

    pid: int
    """Process id of the executor that waits: what another one wrote counts no longer."""
    gpus: tuple[HeldGpu, ...]
    """The GPUs that it waits for."""


def text(holders: Sequence[GpuHolder], run_id: str | None = None) -> str:
    """Who holds a GPU, for people; `run_id` is the run that waits.

    Example:
        >>> text([GpuHolder("ant", "0f3c9a11", "00_ant.1", 4117, 1000, True)])
        'held by run `ant`, pid 4117'
    """
    if not holders:
        return "held by another run"
    first, more = holders[0], len(holders) - 1
    ours = first.run_id == run_id
    whom = "an earlier attempt of this run" if ours else f"run `{printable(first.run)}`"
    if first.pid is not None and first.executor_lives and not ours:
        whom += f", pid {first.pid}"
    else:
        whom += f", attempt `{printable(first.attempt)}`"
    return f"held by {whom}" + (f" and {more} more" if more else "")


def texts_of(held: HeldGpus | None, state: RunState) -> Mapping[str, str]:
    """UUID or index of each held GPU to who holds it, for people.

    What another executor than the newest one wrote counts no longer.
    """
    if held is None or state.executor is None or state.executor.pid != held.pid:
        return {}
    return {one.gpu: text(one.holders, state.run_id) for one in held.gpus}


def encode(held: HeldGpus) -> bytes:
    """The bytes of `holders.json`."""
    return msgspec.json.encode(held) + b"\n"


def read(path: Path) -> HeldGpus | None:
    """The content of `holders.json`; None if the file is missing or incomplete. Never raises."""
    with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(read_regular(path, OURS), type=HeldGpus)
    return None
