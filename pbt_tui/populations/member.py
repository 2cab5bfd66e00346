"""A member of a population, as its command describes it, and a finding of a style's rule.

Must not import a style.
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
    """One spelling of the setting that gives a member its index."""

    key: str
    """The key in a command, without dashes: `pbt.policy_idx`."""
    stem: str
    """The prefix of the other settings of the population: `pbt.`."""
    default_size: int | None = None
    """The size that the trainer assumes if the command gives none; None: it has no default."""


@dataclass
class Member:
    """A job that belongs to a population, with the settings in its command."""

    place: int
    """Position of the job in the process list."""
    job: Job
    set: Mapping[str, str]
    """Settings in the command: the last value of each key, as the trainer itself reads them."""
    key: IndexKey | None = None
    """The index setting; None: the members are policies of this one job."""
    index: int | None = None
    """Index of the member; None also if the value is not a number."""

    @property
    def stem(self) -> str:
        return self.key.stem if self.key is not None else ""

    def setting(self, name: str, default: str = "") -> str:
        """The value of a key of the population (`workspace` for `pbt.workspace`)."""
        return self.set.get(f"{self.stem}{name}") or default


class StyleFinding(NamedTuple):
    """A finding of a style's rule about a population.

    `code` is a code of pbt_tui if pbt_tui has a rule for the same fault, else one of the style, or
    empty.
    """

    message: str
    code: str = ""
    level: Level | None = None
    """None: the level of the code, or a warning if the code is not pbt_tui's."""
    param: str | None = None
    hint: str | None = None
    member: Member | None = None
    """The member that the finding is about; None: the first one."""


def from_train_dir(path: str, job: Job) -> str:
    """`path`, which is relative to the current folder, made relative to `train_dir`.

    The command of the job shows `train_dir`. If it shows none, or an absolute one, `path` stays.
    """
    end = f"/{job.dir}"
    for word in reversed(job.argv):
        if "=" in word and word.endswith(end):
            train_dir = word.partition("=")[2].removesuffix(end)
            if train_dir and not train_dir.startswith("/"):
                return posixpath.relpath(path, train_dir)
    return path
