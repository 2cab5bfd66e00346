"""Puts aside what would make an attempt go on from the wrong thing, before it is launched.

The only code here that changes a workspace: it renames, never removes, and writes nothing but what
a killed trainer was writing.
"""

from __future__ import annotations

import os
from pathlib import Path

from pbt_tui.errors import RunError, Where
from pbt_tui.files import folders
from pbt_tui.files.faults import reason
from pbt_tui.observe.continuing import kept, lives
from pbt_tui.observe.continuing.candidate import loaded
from pbt_tui.observe.continuing.question import Question
from pbt_tui.observe.workspaces.late import look_up
from pbt_tui.populations import STYLES

_HINT = "rename it yourself, or make it writable for this user; then retry the job"


def make_ready(question: Question, attempt: int, history: Path | None = None) -> list[Path]:
    """Prepares the disk for an attempt. To repeat it changes nothing more.

    An attempt from scratch: the folder of the member becomes `NNN.before-<attempt>`, never the
    whole workspace. Its old generations would be selected against the new ones, and the trainer's
    clean-up, which keeps the highest numbers, would remove the new ones. (Sample-Factory moves its
    own folder.) Any other attempt: a file that its killed predecessor was writing and that the
    trainer would load (`Style.leftovers`) becomes `before-<attempt>.<name>`; the trainer looks for
    the beginning of the name. `Style.write_again` then writes what the history has of it.

    Args:
        question: The question that the attempt answers; `anew` says whether it is from scratch.
        attempt: Number of the attempt.
        history: The history of the run, which then has the beginning of a new life.

    Returns:
        What was renamed, by its new path.

    Raises:
        RunError: if something cannot be renamed: then the attempt must not be launched.
        BrokenKind: if an installed style cannot be loaded.
    """
    style = STYLES.get(question.style)
    if style.recipe is None:
        return []
    found = look_up(style, question.recorded, question.job.argv)
    moved: list[Path] = []
    try:
        if question.anew:
            if found.path is not None and style.members_are_jobs:
                folder = found.path / f"{question.member:03d}"
                moved += _renamed(folder, f"{folder.name}.before-{attempt}")
            if question.kept is not None:
                members = [question.member] if style.members_are_jobs else None
                kept.release_life(question.kept, question.population, members)
            if history is not None:
                members = [question.member] if style.members_are_jobs else None
                lives.record(history, question.population, members, attempt)
        elif found.path is not None and style.leftovers is not None:
            cut = loaded(style, style.leftovers)(found.path)
            for path in cut:
                moved += _renamed(path, f"before-{attempt}.{path.name}")
            if cut and style.write_again is not None and history is not None:
                known = lives.Lives(history).of(question.population)
                for path in cut:
                    loaded(style, style.write_again)(path, known)
    except OSError as e:
        place = e.filename or question.recorded
        raise RunError(
            f"cannot be put aside: {reason(e)}", where=Where(file=os.fspath(place)), hint=_HINT
        ) from None
    return moved


def _renamed(path: Path, name: str) -> list[Path]:
    """Renames `path` unless that was done. Raises `OSError`."""
    to = path.with_name(name)
    if os.path.lexists(to) or not os.path.lexists(path):
        return []
    folders.rename(path, to)
    return [to]
