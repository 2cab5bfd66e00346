"""The table of `docs/architecture.md`, cell by cell, against the data and against `apply`."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import events as ev
from pbt_tui.journal.transitions import ACTIVE, ENDED, TABLE, Move, Phase
from tests.journal.lives import Story, ended, job, spec

# Copied from the page, to be compared with the code.
PAGE = """
| phase | scheduled | started | stop | kill | ended | cancel asked | skipped | retry asked |
| waiting | starting | – | – | – | – | cancelled | skipped | · |
| starting | – | running | stopping | – | by outcome | flag | – | · |
| running | – | · | stopping | – | by outcome | flag | – | · |
| stopping | – | · | – | · | by outcome | flag | – | · |
| succeeded | – | – | – | – | – | · | – | waiting |
| failed | – | – | – | – | – | · | – | waiting |
| cancelled | – | – | – | – | – | · | – | waiting |
| skipped | – | – | – | – | – | · | – | waiting |
"""
_HEAD, *_ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.strip().splitlines()
]
MOVES = _HEAD[1:]
CELLS = {(row[0], move): cell for row in _ROWS for move, cell in zip(MOVES, row[1:], strict=True)}
PHASES: tuple[Phase, ...] = get_args(Phase)


def test_the_page_has_every_cell() -> None:
    assert set(CELLS) == set(itertools.product(PHASES, get_args(Move)))
    assert set(PHASES) == ACTIVE | ENDED | {"waiting"}


@pytest.mark.parametrize(("phase", "move"), CELLS)
def test_the_data_is_the_page(phase: Phase, move: Move) -> None:
    said = {"–": None, "·": "same"}.get(CELLS[phase, move], CELLS[phase, move])
    assert TABLE[phase].get(move) == said


def at(phase: str) -> Story:
    """A run whose job `j` is in this phase; `k` keeps the run open."""
    story = Story(spec(job("j"), job("k"), max_failures=1 if phase == "skipped" else None))
    match phase:
        case "waiting":
            pass
        case "starting":
            story.tell(ev.AttemptScheduled(job="j", attempt=1, gpus=()))
        case "running":
            story.runs("j")
        case "stopping":
            story.runs("j").tell(ev.StopRequested(job="j", attempt=1, why="timeout"))
        case "succeeded":
            story.runs("j").ends("j")
        case "failed":
            story.runs("j").fails("j")
        case "cancelled":
            story.asks("cancel", "j")
        case "skipped":
            story.tell(ev.JobSkipped(job="j", why="w"))
    assert story.state.by_id["j"].phase == phase
    return story


def event(story: Story, move: str) -> ev.AnyEvent:
    number = len(story.state.by_id["j"].attempts)
    match move:
        case "scheduled":
            return ev.AttemptScheduled(job="j", attempt=number + 1, gpus=())
        case "started":
            return ev.AttemptStarted(job="j", attempt=number, handle="h", restart=1)
        case "stop":
            return ev.StopRequested(job="j", attempt=number, why="cancel")
        case "kill":
            return ev.KillRequested(job="j", attempt=number, why="cancel")
        case "ended":
            return ended("j", number, outcome="failed", exit_code=1, cause="exit")
        case "cancel asked":
            return ev.RequestAccepted(id="1-1", action="cancel", jobs=("j",))
        case "skipped":
            return ev.JobSkipped(job="j", why="w")
        case _:
            return ev.RequestAccepted(id="1-1", action="retry", jobs=("j",))


@pytest.mark.parametrize(("phase", "move"), CELLS)
def test_apply_obeys_it(phase: str, move: str) -> None:
    story = at(phase)
    cell = CELLS[phase, move]
    if cell == "–":
        with pytest.raises(ImpossibleEvent) as caught:
            story.tell(event(story, move))
        assert caught.value.exit_code == 70
        if story.state.by_id["j"].attempts or move in ("scheduled", "skipped"):
            assert "job `j` is " in str(caught.value), "the message tells the job's story"
        return
    story.tell(event(story, move))
    after = story.state.by_id["j"]
    if cell == "by outcome":
        assert after.phase == "failed"
    elif cell == "flag":
        assert after.phase == phase
        assert after.cancel == "soft"
        assert (after.index in story.state.to_stop) == (phase != "stopping")
    else:
        assert after.phase == (phase if cell == "·" else cell)
    assert story.state.counts[after.phase] == (2 if after.phase == "waiting" else 1)


def test_a_story_tells_every_attempt() -> None:
    story = Story(spec(job("j"), retries=1, retry_on=("exit",), retry_delay=0.0))
    story.runs("j").fails("j").runs("j")
    with pytest.raises(ImpossibleEvent) as caught:
        story.tell(ev.KillRequested(job="j", attempt=2, why="cancel"))
    words = str(caught.value)
    assert "illegal: kill while running" in words
    assert "attempt 1: scheduled" in words
    assert "attempt 2: scheduled" in words


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (ev.JobSkipped(job="x", why="w"), "no such job in the spec"),
        (ev.RequestAccepted(id="1-1", action="cancel", jobs=("x",)), "no such job in the spec"),
        (ev.AttemptScheduled(job="j", attempt=3, gpus=()), "attempt numbers only rise by one"),
        (ev.AttemptStarted(job="j", attempt=1, handle="h"), "not the newest attempt"),
        (ev.RunClosed(verdict="succeeded"), "closed while jobs are open"),
    ],
)
def test_what_cannot_be(wrong: ev.AnyEvent, words: str) -> None:
    with pytest.raises(ImpossibleEvent, match=words):
        Story(spec(job("j"))).tell(wrong)


def test_waiting_in_a_queue_is_for_active_attempts() -> None:
    story = Story(spec(job("j"))).tell(ev.AttemptScheduled(job="j", attempt=1, gpus=()))
    story.tell(ev.AttemptWaiting(job="j", attempt=1, reason="pulls"))
    assert story.state.by_id["j"].shown == "queued"
    story.tell(ev.AttemptStarted(job="j", attempt=1, handle="h"))
    assert story.state.by_id["j"].shown == "running", "a start clears it"
    story.ends("j")
    with pytest.raises(ImpossibleEvent, match="not active"):
        story.tell(ev.AttemptWaiting(job="j", attempt=1, reason="again"))


def test_time_never_goes_back() -> None:
    story = Story(spec(job("j")))
    story.at = 50.0
    with pytest.raises(ImpossibleEvent, match="time goes back"):
        story.asks("hold")
