"""What members go on from, in the monitor: the page of a job, and the key that begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.requests import pending, read
from tests.tui.conftest import Shown
from tests.tui.journals import Story, spec
from tests.tui.shown import text_of

WHY = "goes on from generation 12 of member 0 (frame 1.2 M, 4 min old)"


@pytest.fixture
def run(tmp_path: Path) -> Story:
    """A population of four; its first member failed and goes on, and the second failed."""
    story = Story(tmp_path / "_pbt", spec(4, population=4)).opened()
    story.executor(continues=("ant_pbt_0",))
    first, second = (j.id for j in story.plan.jobs[:2])
    story.start(first, 0).fail(first).start(second, 1).fail(second)
    story.write(ev.RequestAccepted, id="1-1", action="retry", jobs=(first,))
    args = ("checkpoint=/w/000/000012.pth", "train.params.config.lr=0.001")
    story.write(
        ev.AttemptScheduled, job=first, attempt=2, gpus=(), args=args, env={"OF_ATTEMPT": "1"},
        why=WHY,
    )  # fmt: skip
    story.write(ev.AttemptStarted, job=first, attempt=2, handle="7.77", node=None)
    return story.flush()


async def test_the_page_of_a_job_says_what_each_attempt_goes_on_from(
    run: Story, shown: Shown
) -> None:
    async with shown(run.rundir.path, (120, 50)) as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        text = text_of(app)
    assert text.count(WHY) == 1
    assert "checkpoint=/w/000/000012.pth" in text
    assert "OF_ATTEMPT=1" in text


async def test_after_a_requeue_the_page_names_what_the_task_found(run: Story, shown: Shown) -> None:
    source = ev.Source(member=0, generation=17)
    first = run.plan.jobs[0].id
    run.write(
        ev.AttemptStarted, job=first, attempt=2, handle="7.77", node="n2", restart=1, source=source
    ).flush()
    async with shown(run.rundir.path, (120, 50)) as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        text = text_of(app)
    assert "requeued: goes on from generation 17 of member 0" in text
    assert WHY not in text


@pytest.mark.parametrize("key", ["r", "R"])
async def test_a_retry_goes_on_and_capital_r_begins_from_scratch(
    key: str, run: Story, shown: Shown
) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("j", key)
        await pilot.pause()
        text = " ".join(text_of(app).split())
        assert ("put aside, as `NNN.before-2`" in text) == (key == "R")
        assert ("goes on from the last generation" in text) == (key == "r")
        assert ("retry 01_ant_pbt from scratch" in text) == (key == "R")
        await pilot.press("y")
        await pilot.pause()
    [request] = [read(path) for path in pending(run.rundir)]
    assert (request.action, request.jobs) == ("retry", (run.plan.jobs[1].id,))
    assert (request.anew is True) == (key == "R")
