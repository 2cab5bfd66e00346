"""Reads the checkpoints of Sample-Factory: one job trains all policies, and resumes by itself.

It loads the last name in the folder of each policy, and begins that policy anew if the file cannot
be loaded. So the newest checkpoint of each policy has to be whole. It writes its configuration and
the parameters of each policy in place, and does not start if one of these files is cut.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.files import atomic
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import read_regular
from pbt_tui.journal.events import Source, Stamp
from pbt_tui.observe.continuing import weights
from pbt_tui.observe.continuing.candidate import Candidate, Place, Reading, Rejected
from pbt_tui.observe.workspaces import Generation
from pbt_tui.observe.workspaces.metadata import LARGEST

_FOLDER = re.compile(r"checkpoint_p([0-9]{1,4})")
_NAME = re.compile(r"checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth")
_TEMPORARY = "checkpoint_temp"
"""What the trainer renames once it is complete. It sorts after all checkpoints."""
_MOST_NAMES = 100_000
_PARAMS = re.compile(r"policy_([0-9]{2,4})_cfg\.json")
_SETTINGS = re.compile(rf"config\.json|{_PARAMS.pattern}|policy_[0-9]{{2,4}}_reward_shaping\.json")
_ENDS = (b"}", b"null")
"""What a whole file of settings ends with."""
_REWARD = "rew_"
"""Beginning of the parameters that another file holds: those of the reward."""


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


def leftovers(folder: Path) -> list[Path]:
    """Checkpoints and settings that a killed trainer was writing. It would load them, and fail.

    Raises:
        OSError: if a folder cannot be read.
    """
    try:
        found = [path / _TEMPORARY for path in policies(folder).values()]
        with os.scandir(folder) as entries:
            settings = sorted(e.path for e in entries if _SETTINGS.fullmatch(e.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    cut = [p for p in found if os.path.lexists(p) and isinstance(weights.check(p), str)]
    return cut + [Path(path) for path in settings if _is_cut(path)]


def write_again(path: Path, history: Sequence[Generation]) -> None:
    """Writes the parameters of a policy again, as they were at its newest checkpoint.

    Without the file, the trainer would draw them anew. Other files of settings it makes itself.

    Args:
        path: The file that was cut, and is not there any more.
        history: What the history has of the population, in the order of its lines.

    Raises:
        OSError: if the file cannot be written.
    """
    name = _PARAMS.fullmatch(path.name)
    if name is None or os.path.lexists(path):
        return
    keys = {key for g in history for key in g.params if not key.startswith(_REWARD)}
    known = [g.params for g in history if g.member == int(name[1]) and keys <= g.params.keys()]
    if keys and known:
        params = {key: known[-1][key] for key in sorted(keys)}
        atomic.replace(path, msgspec.json.encode(params), sync=True)


def _is_cut(path: str) -> bool:
    with suppress(OSError):
        return not read_regular(path, LARGEST).rstrip().endswith(_ENDS)
    return False


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
