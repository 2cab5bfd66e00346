"""Folds a journal file: an event that cannot be is damage of the file, with its line.

`apply` itself calls such an event a bug of its writer. In a file it is more often a byte that
changed, or a line from another run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pbt_tui.errors import ImpossibleEvent, JournalDamaged
from pbt_tui.journal.events import AnyEvent
from pbt_tui.journal.file import damage
from pbt_tui.journal.fold import apply, replay
from pbt_tui.journal.state import RunState
from pbt_tui.spec import Processes


def replay_file(spec: Processes, path: Path, events: Sequence[AnyEvent]) -> RunState:
    """The state after all events of the journal at `path`, from its first line.

    Raises:
        JournalDamaged: if an event is illegal in the state before it.
    """
    try:
        return replay(spec, events)
    except ImpossibleEvent:
        state = RunState(spec)
        for event in events:
            apply_line(state, path, event)
        raise


def apply_line(state: RunState, path: Path, event: AnyEvent) -> None:
    """Applies one event of the journal at `path`. Raises `JournalDamaged` if it is illegal."""
    try:
        apply(state, event)
    except ImpossibleEvent as e:
        raise impossible(path, event, e) from e


def impossible(path: Path, event: AnyEvent, error: ImpossibleEvent) -> JournalDamaged:
    """The error for a line that parses, but that no executor can have written there."""
    return damage(path, event.seq, f"an event that cannot be: {error.what.splitlines()[0]}")
