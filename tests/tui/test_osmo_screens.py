"""A run on OSMO: its main screen and the page of a waiting job, as they were stored."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.observe.queue_status import QueueStatus
from pbt_tui.runtimes.osmo.kind import STOPS
from tests.tui.conftest import SameScreen, Shown
from tests.tui.journals import Story, spec
from tests.tui.shown import text_of

GANG, MORE = "ant-3f2a91bc-1", "ant-77c0de42-1"


def on_osmo(path: Path) -> Story:
    """A population of which one member was rescheduled, a sweep that waits, and a stopped job."""
    story = Story(path, spec(12, population=4), gpus=0).opened()
    story.executor(host="login1", runtime="osmo")
    names = [job.id for job in story.plan.jobs]
    for k, name in enumerate(names[:4]):
        waiting(story, name, f"{GANG}/t{k:02d}-ant", "INITIALIZING")
    for k, name in enumerate(names[:4]):
        story.run(name, f"dgx-{k}").log(name, "epoch 1 reward 3.5\n")
    story.run(names[2], "dgx-7", restart=1)
    reasons = ["SCHEDULING"] * 4 + ["INITIALIZING", "PENDING"]
    for k, (name, reason) in enumerate(zip(names[4:10], reasons, strict=True), 4):
        waiting(story, name, f"{MORE}/t{k:02d}-ant", reason)
    story.run(names[8], "dgx-9")
    story.write(ev.RequestAccepted, 1.0, id="1-1", action="cancel", jobs=(names[8],), by="ada")
    story.write(ev.StopRequested, job=names[8], attempt=1, why="cancel")
    story.tasks[names[8]] = msgspec.structs.replace(story.tasks[names[8]], state=STOPS)
    story.submit(names[10], f"{MORE}/t10-ant")
    waiting(story, names[11], f"{MORE}/t11-ant", "SCHEDULING")
    story.run(names[11], "dgx-9")
    story.fail(names[11], cause="traceback", detail="KeyError: 'lr'", line=1)
    return story.queue().flush()


def waiting(story: Story, job: str, handle: str, reason: str) -> None:
    story.submit(job, handle, reason)
    story.tasks[job] = QueueStatus(handle, "WAITING", reason)


SIZES = ((80, 24), (120, 40), (200, 50))


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_on_osmo(
    size: tuple[int, int], here: Path, shown: Shown, same_screen: SameScreen
) -> None:
    story = on_osmo(Path("_pbt"))
    async with shown(story.rundir.path, size) as (app, pilot):
        same_screen(f"osmo-main-{size[0]}x{size[1]}", app)
        assert "SLURM" not in text_of(app)
        await pilot.press("slash", *"scheduling", "enter", "enter")
        await pilot.pause()
        same_screen(f"osmo-job-{size[0]}x{size[1]}", app)
        assert "SLURM" not in text_of(app)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["H"], "what OSMO has is not held"),
        (["x"], "in OSMO it is ant-77c0de42-1/t10-ant"),
        (["f", "r"], "submitted to OSMO again, in a new workflow"),
    ],
)
async def test_a_request_says_what_it_means_on_osmo(
    keys: list[str], said: str, tmp_path: Path, shown: Shown
) -> None:
    story = on_osmo(tmp_path / "_pbt")
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert said in " ".join(text_of(app).split())
        assert "SLURM" not in text_of(app)
