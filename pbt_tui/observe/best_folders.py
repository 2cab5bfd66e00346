"""Judges the trainer's best folders: whether one lacks a better file that its member had seen.

Upstream sorts negative objectives as text, keeps the worst and removes better files (P6). A member
copies into its folder the best that it sees in its rounds: what others reached after its last round
is no fault of its folder. Pure; a folder is judged again when its files or its rounds change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import BestFile


class _Verdict(NamedTuple):
    """What was found of a folder."""

    top: float
    """The best objective of its files."""
    version: int
    """Version of the generations of its member."""
    rounds: int
    """Rounds of its member that were looked at."""
    is_wrong: bool
    """Whether its member had seen a better one."""


class BestFolders:
    """Keeps one verdict for each folder."""

    def __init__(self) -> None:
        self._verdicts: dict[int, _Verdict] = {}

    def wrong(self, files: Sequence[BestFile], members: Mapping[int, MemberSteps]) -> list[int]:
        """Numbers of the folders that lack the best that their member had seen, in order.

        Args:
            files: the files of all best folders.
            members: the generations of all members.
        """
        tops: dict[int, float] = {}
        for file in files:
            tops[file.folder] = max(file.objective, tops.get(file.folder, file.objective))
        verdicts = {
            folder: self._judge(folder, top, members)
            for folder, top in tops.items()
            if top < 0 and folder in members
        }
        self._verdicts = verdicts
        return sorted(folder for folder, verdict in verdicts.items() if verdict.is_wrong)

    def _judge(self, folder: int, top: float, members: Mapping[int, MemberSteps]) -> _Verdict:
        own = members[folder]
        finished = len(own.steps) - 1  # in its newest round it may not have copied yet
        old = self._verdicts.get(folder)
        known = 0
        if old is not None and (old.top, old.version) == (top, own.version):
            if old.is_wrong:
                return old
            known = old.rounds
        more = top + 1e-5 * max(1.0, abs(top))
        is_wrong = any(
            seen.objective is not None and seen.objective > more
            for i in range(finished - 1, known - 1, -1)
            for steps in members.values()
            if (seen := steps.newest_at_most(own.steps[i].generation, own.steps[i].at)) is not None
        )
        return _Verdict(top, own.version, max(finished, 0), is_wrong)
