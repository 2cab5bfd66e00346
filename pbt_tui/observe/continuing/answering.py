"""Answers a question: reads what is on disk, chooses, and asks the style for the command."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pbt_tui.files.faults import reason
from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import kept
from pbt_tui.observe.continuing.candidate import Candidate, Place, Read, Reading, loaded
from pbt_tui.observe.continuing.newest import Choice, choose
from pbt_tui.observe.continuing.question import AGAIN, PATIENCE, Continuation, Question, Tried
from pbt_tui.observe.workspaces.late import look_up
from pbt_tui.populations import STYLES, Saved, Style
from pbt_tui.settings.argv import settings

_HIDDEN = (
    "its command hides the settings of the member in one argument, as `bash -c` does: no other "
    "setting can be added"
)
_FIRST = 8
"""Generations that are read first: the newest one is nearly always among them."""
_MOST = 4096


def answer(question: Question) -> Continuation:
    """What the next attempt of a member goes on from.

    Reads the disk, for as long as that takes. Never raises `OSError`.

    Args:
        question: The job, and what journal and history know about it.

    Raises:
        BrokenKind: if an installed style cannot be loaded, or is wrong.

    Example:
        >>> from pbt_tui.spec import Job
        >>> argv = ("python", "train.py", "agent.pbt.policy_idx=0", "agent.pbt.workspace=ws")
        >>> job = Job(id="00", experiment="e", name="00", argv=argv, env={}, dir="d", params={})
        >>> answer(Question(job, "isaaclab", "ant", Path("/no/logs/rl_games"))).source is None
        True
    """
    style = STYLES.get(question.style)
    if style.recipe is None:
        return Continuation()
    given = settings(question.job.argv)
    hidden = not _takes_arguments(style, given)
    if hidden and style.members_are_jobs and not question.anew:
        return Continuation(refused=_HIDDEN)  # nor does the command tell its workspace
    found = (
        _beginning(style, question) if question.anew else _Member(question, style, given).answer()
    )
    if hidden and found.args:
        return Continuation(refused=_HIDDEN)
    return found


def _beginning(style: Style, question: Question) -> Continuation:
    """An attempt from scratch: what a person asked for."""
    made = style.recipe(question.job.argv, None) if style.recipe is not None else None
    if made is None:
        return Continuation()
    return Continuation(made.args, made.env, refused=made.refused, why="begins from scratch")


def _takes_arguments(style: Style, given: Mapping[str, str]) -> bool:
    """Whether the settings that make the job a member are arguments of their own."""
    if style.policies is not None:
        return style.policies(given) is not None
    return any(key.key in given for key in style.index_keys)


class _Member:
    """One question, with all that is asked on the way to its answer."""

    def __init__(self, question: Question, style: Style, given: Mapping[str, str]) -> None:
        self._q = question
        self._style = style
        self._given = given
        self._tried = _of_this_life(question.tried)
        self._history = [
            g for g in question.history if not style.members_are_jobs or g.member == question.member
        ]

    def answer(self) -> Continuation:
        place = look_up(self._style, self._q.recorded, self._q.job.argv)
        if place.path is None:
            if place.candidates:
                return Continuation(refused=place.problem)
            unreadable = _unreadable(place.recorded)
            return self._none(unreadable or place.problem or "", must=unreadable is not None)
        at = Place(place.path, self._q.member, self._style, self._given)
        reading, choice = self._read(at)
        if reading.problem is not None:
            return self._none(reading.problem, must=True)
        if choice.barred and (choice.chosen is None or not self._style.members_are_jobs):
            return Continuation(refused=_why_none(choice, reading))
        if choice.chosen is None:
            return self._none(_why_none(choice, reading), must=_was_one(choice))
        why = self._incomplete(reading)
        if why is not None:
            return self._none(why, must=True)
        return self._from(choice.chosen, choice.seen)

    def _read(self, at: Place) -> tuple[Reading, Choice]:
        """Reads the newest generations, and all others only if those do not give the answer."""
        read: Read = loaded(self._style, self._style.saved)
        for most in (_MOST,) if self._q.moved_at is not None else (_FIRST, _MOST):
            reading = read(at, most)
            if self._q.kept is not None and reading.problem is None:
                reading = self._with_pins(at, reading)
            choice = choose(reading, self._history, self._tried, self._q.moved_at)
            if choice.chosen is not None or reading.problem is not None:
                break
        return reading, choice

    def _with_pins(self, at: Place, reading: Reading) -> Reading:
        if not self._style.members_are_jobs or self._q.kept is None:
            return reading
        there = {c.stamp for c in reading.usable}
        pinned = kept.candidates(self._q.kept, self._q.population, at)
        more = tuple(c for c in pinned if c.stamp not in there)
        return reading._replace(usable=reading.usable + more)

    def _incomplete(self, reading: Reading) -> str | None:
        """For a job that trains all members: why it would begin some of them anew."""
        if self._style.members_are_jobs:
            return None
        for file in reading.rejected:
            if file.complete:
                return f"`{file.name}`: {file.why}, so that its policy would begin anew"
        there = {c.source.member for c in reading.usable}
        gone = sorted({g.member for g in self._history} - there)
        if gone:
            return f"policy {gone[0]} had a checkpoint, and has none any more"
        return None

    def _none(self, why: str, *, must: bool) -> Continuation:
        """No generation can be used.

        Args:
            why: The reason, for people.
            must: Whether the disk shows that something was written once, or cannot be read.
        """
        known = must or bool(self._history) or any(t.source is not None for t in self._tried)
        if self._q.waited < PATIENCE and (known or self._may_be_mounted_late()):
            return Continuation(again_after=min(AGAIN, PATIENCE - self._q.waited), why=why)
        return Continuation(refused=why) if known else Continuation()

    def _may_be_mounted_late(self) -> bool:
        """Whether the disk of the workspace may not be there yet, so that nothing shows.

        The place of a mount is an empty folder. Nothing is mounted later below the `train_dir` that
        has the run directory: the executor works there.
        """
        if not any(tried.started for tried in self._tried):
            return False
        recorded = Path(os.path.normpath(self._q.recorded))
        here = next((p for p in (recorded, *recorded.parents) if p.is_dir()), None)
        if here is None:
            return False
        if self._q.kept is not None and here.is_relative_to(self._q.kept.parents[2]):
            return False
        try:
            with os.scandir(here) as entries:
                return next(entries, None) is None
        except OSError:
            return False

    def _from(self, chosen: Candidate, seen: int) -> Continuation:
        source = chosen.source
        saved = Saved(source.checkpoint or "", source.experiment_name or "", chosen.params)
        recipe = self._style.recipe
        made = recipe(self._q.job.argv, saved) if recipe is not None else None
        if made is None or made.refused is not None:
            why = made.refused if made is not None else ""
            return Continuation(refused=f"{_named(source, self._style)}: {why}")
        why = f"goes on from {_named(source, self._style)}"
        return Continuation(made.args, made.env, source, why=why, seen=seen)


def _of_this_life(tried: Sequence[Tried]) -> Sequence[Tried]:
    """The attempts since the member last began from scratch: the files of earlier ones are away."""
    last = max((k for k, t in enumerate(tried) if t.anew and t.started), default=0)
    return tried[last:]


def _named(source: Source, style: Style) -> str:
    if style.members_are_jobs:
        return f"generation {source.generation} of member {source.member}"
    return "the newest checkpoint of each policy"


def _why_none(choice: Choice, reading: Reading) -> str:
    folder = f"`{reading.folder}`"
    if choice.barred:
        source = choice.barred[0].source
        more = len(choice.barred) - 1
        others = f", and {more} older" if more else ""
        return (
            f"two attempts from generation {source.generation}{others} in {folder} failed and "
            "wrote nothing: its weights may be corrupt"
        )
    if choice.rejected:
        newest = choice.rejected[0]
        more = len(choice.rejected) - 1
        others = f"; {more} more files are not whole either" if more else ""
        return f"no whole generation in {folder}: `{newest.name}`: {newest.why}{others}"
    return f"no generation in {folder}, where there was one"


def _was_one(choice: Choice) -> bool:
    """Whether the files show that there was a whole generation once.

    A killed trainer leaves one cut file of metadata. More of them are another version's.
    """
    cut = sum(file.name.endswith(".yaml") for file in choice.rejected)
    return cut > 1 or any(file.complete for file in choice.rejected)


def _unreadable(folder: Path) -> str | None:
    """Why a folder cannot be read; None if it can be, or if it does not exist."""
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as e:
        return f"`{folder}` cannot be read: {reason(e)}"
    return None
