"""Reads the checkpoints of Sample-Factory: one job trains all policies, and resumes by itself.

It loads the last name in the folder of each policy, and begins that policy anew if the file cannot
be loaded. So the newest checkpoint of each policy has to be whole.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pbt_tui.files.faults import reason
from pbt_tui.journal.events import Source, Stamp
from pbt_tui.observe.continuing import weights
from pbt_tui.observe.continuing.candidate import Candidate, Place, Reading, Rejected

_FOLDER = re.compile(r"checkpoint_p([0-9]{1,4})")
_NAME = re.compile(r"checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth")
_TEMPORARY = "checkpoint_temp"
"""What the trainer renames once it is complete. It sorts after all checkpoints."""
_MOST_NAMES = 100_000


def read(place: Place, most: int) -> Reading:
    """The newest checkpoint of each policy; see `candidate.Read`."""
    folder = place.workspace
    usable: list[Candidate] = []
    rejected: list[Rejected] = []
    try:
        for policy, path in sorted(policies(folder).items()):
            found = _newest(policy, path, folder.name)
            if isinstance(found, Candidate):
                usable.append(found)
            elif found is not None:
                rejected.append(found)
    except (FileNotFoundError, NotADirectoryError):
        return Reading(folder=folder)
    except OSError as e:
        return Reading(problem=f"`{folder}` cannot be read: {reason(e)}", folder=folder)
    return Reading(tuple(usable), tuple(rejected), folder=folder)


def policies(folder: Path) -> dict[int, Path]:
    """The folders of the policies; no links. Raises `OSError`."""
    with os.scandir(folder) as entries:
        return {
            int(name[1]): Path(entry.path)
            for entry in entries
            if (name := _FOLDER.fullmatch(entry.name)) and entry.is_dir(follow_symlinks=False)
        }


def cut_temporaries(folder: Path) -> list[Path]:
    """Checkpoints that a killed trainer was writing. It would load them first, and fail.

    Raises:
        OSError: if a folder cannot be read.
    """
    found = []
    for path in policies(folder).values():
        temporary = path / _TEMPORARY
        if os.path.lexists(temporary) and isinstance(weights.check(temporary), str):
            found.append(temporary)
    return found


def _newest(policy: int, folder: Path, experiment: str) -> Candidate | Rejected | None:
    """What the trainer would load for a policy; None if there is no checkpoint."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
    found = max((name for name in names if _NAME.fullmatch(name)), default=None)
    match = _NAME.fullmatch(found) if found else None
    if not match:
        return None
    path = folder / match[0]
    whole = weights.check(path)
    if isinstance(whole, str):
        return Rejected(f"{folder.name}/{match[0]}", whole, complete=True)
    source = Source(
        member=policy,
        generation=int(match[1]),
        experiment_name=experiment,
        frame=int(match[2]),
        checkpoint=os.path.abspath(path),  # noqa: PTH100  # no symlink walk
        stamp=Stamp(weights=whole),
    )
    return Candidate(source)
