"""A member of a population as its command describes it, and what a rule of a style says of it.

Must not know any style, nor how the members of a population are found.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pbt_tui.errors import Level
    from pbt_tui.spec import Job


class IndexKey(NamedTuple):
    """One spelling of the setting that gives a member its number."""

    key: str
    """As it stands in a command, without dashes: `pbt.policy_idx`."""
    stem: str
    """What the other settings of its population begin with: `pbt.`."""
    default_size: int | None = None
    """The size that the trainer assumes where the command names none; None: it asks the command."""


@dataclass
class Member:
    """A job that belongs to a population: where it stands, and what its command sets."""

    place: int
    """Of the job in the process list."""
    job: Job
    set: Mapping[str, str]
    """Its settings, the last value of each key: what the trainer itself would read."""
    key: IndexKey | None = None
    """None where the members are policies of this one job."""
    index: int | None = None
    """Its number; None also where it is no number."""

    @property
    def stem(self) -> str:
        return self.key.stem if self.key is not None else ""

    def setting(self, name: str, default: str = "") -> str:
        """The value of a key of the population (`workspace` for `pbt.workspace`)."""
        return self.set.get(f"{self.stem}{name}") or default


class StyleFinding(NamedTuple):
    """What a rule of a style has to say of a population.

    `code` is one of pbt_tui's own where the fault is the same, else the style's own, or empty.
    """

    message: str
    code: str = ""
    level: Level | None = None
    """None: that of the code; a warning where the code is not pbt_tui's."""
    param: str | None = None
    hint: str | None = None
    member: Member | None = None
    """Whom it is said of; None: the first one."""


def from_train_dir(path: str, job: Job) -> str:
    """A path from the current folder as one from `train_dir`, where that is relative too."""
    end = f"/{job.dir}"
    for word in reversed(job.argv):
        if "=" in word and word.endswith(end):
            train_dir = word.partition("=")[2].removesuffix(end)
            if train_dir and not train_dir.startswith("/"):
                return posixpath.relpath(path, train_dir)
    return path
