"""The page of a job names its trackers, and a key copies how to open them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.conftest import SameScreen, Shown
from tests.tui.journals import Story, spec
from tests.tui.shown import text_of

URL = "https://wandb.ai/ada/ant/runs/5eed1e55-1-00_ant"
LOG = f"""\
wandb: Run data is saved locally in /home/ada/rl/wandb/run-20260102_030405-5eed1e55-1-00_ant
wandb: View run at {URL}
View run sly-cat at: http://127.0.0.1:5000/#/experiments/0/runs/0123456789abcdef
step 1
"""
RUN = Path("train_dir/ant_pbt/_pbt")


def tracked(path: Path) -> Story:
    story = Story(path, spec(2)).opened().executor()
    events = Path("train_dir/ant_pbt/ant_pbt_/00_ant_pbt/summaries")
    events.mkdir(parents=True)
    (events / "events.out.tfevents.1.node7").touch()
    return story.start("00_ant_pbt", 0).log("00_ant_pbt", LOG).flush()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_page_names_them(
    size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    tracked(RUN)
    async with shown(RUN, size) as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press("G")
        await pilot.pause()
        assert "run 0123456789abcdef" in text_of(app)
        same_screen(f"trackers-{size[0]}x{size[1]}", app)


async def test_a_key_copies_how_to_open_them(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    tracked(RUN)
    copied: list[str] = []
    async with shown(RUN, (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "copy", copied.append)
        await pilot.press("enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press("Y")
        await pilot.pause()
    (text,) = copied
    assert text.splitlines() == [
        "wandb leet /home/ada/rl/wandb/run-20260102_030405-5eed1e55-1-00_ant",
        URL,
        "tensorboard --logdir train_dir/ant_pbt/ant_pbt_/00_ant_pbt/summaries",
        "run 0123456789abcdef",
        "http://127.0.0.1:5000/#/experiments/0/runs/0123456789abcdef",
    ]


async def test_without_trackers_the_key_says_so(shown: Shown) -> None:
    Story(RUN, spec(1)).opened().flush()
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("enter", "Y")
        await pilot.pause()
        assert "no W&B run, TensorBoard folder or MLflow run is known" in text_of(app)
