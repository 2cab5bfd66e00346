"""Reads what a style's own reader reports: the checkpoint of each generation that is still there.

Styles of other packages use it unless they name a function of their own (`Style.saved`).
"""

from __future__ import annotations

import os
from pathlib import Path

from pbt_tui.files.faults import reason
from pbt_tui.journal.events import Source, Stamp
from pbt_tui.observe.continuing import weights
from pbt_tui.observe.continuing.candidate import Candidate, Place, Reading, Rejected
from pbt_tui.observe.workspaces import Generation, reader


def read(place: Place, most: int) -> Reading:
    """The generations that the reader reports; see `candidate.Read`."""
    folder = place.workspace
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError):
        return Reading(folder=folder)
    except OSError as e:
        return Reading(problem=f"`{folder}` cannot be read: {reason(e)}", folder=folder)
    found = [g for g in reader(place.style.name, folder).poll() if g.checkpoint is not None]
    if place.style.members_are_jobs:
        found = [g for g in found if g.member == place.member]
    usable: list[Candidate] = []
    rejected: list[Rejected] = []
    for generation in sorted(found, key=lambda g: g.at, reverse=True)[:most]:
        result = _checked(generation)
        if isinstance(result, Candidate):
            usable.append(result)
        else:
            rejected.append(result)
    return Reading(tuple(usable), tuple(rejected), folder=folder)


def _checked(generation: Generation) -> Candidate | Rejected:
    path = Path(generation.checkpoint or "")
    try:
        whole = weights.check(path)
    except OSError as e:
        whole = f"it cannot be read: {reason(e)}"
    if isinstance(whole, str):
        return Rejected(path.name, whole, complete=True, at=int(generation.at * 1e9))
    source = Source(
        member=generation.member,
        generation=generation.generation,
        experiment_name=generation.experiment_name,
        frame=generation.frame,
        checkpoint=generation.checkpoint,
        stamp=Stamp(weights=whole),
    )
    return Candidate(source, generation.params)
