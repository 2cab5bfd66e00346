"""The failures page: one key tells why jobs died, when, where, and what is different about them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pbt_tui.journal.requests import pending, read
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui import actions
from pbt_tui.tui.failure_report import excerpt
from pbt_tui.tui.screens.failures import FailuresScreen
from tests.tui.conftest import SameScreen, Shown
from tests.tui.dying_sweeps import PASSWORD, SECRET, dying_sweep, others
from tests.tui.journals import Story, large, spec
from tests.tui.shown import text_of

RUN = Path("train_dir/ant_sweep/_pbt")
SHARED = "all 8 have num_envs 16384; none of the 23 good ones has"
PLACE = "6 of 8 on GPU 3, none of the 23 good ones"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_one_key_tells_why_eight_died(
    size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    dying_sweep(RUN)
    async with shown(RUN, size) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        page = text_of(app)
        assert SHARED in page
        assert PLACE in page
        assert "pid 4117" in page
        assert "01_ant: lr 0.0003" not in page, "the nearest has the same learning rate"
        same_screen(f"dying-{size[0]}x{size[1]}", app)


async def test_who_else_uses_the_gpu_is_read_again(shown: Shown) -> None:
    story = dying_sweep(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        others(story, None)
        assert isinstance(app.screen, FailuresScreen)
        app.screen.tick(app.now())
        await pilot.pause()
        assert PLACE in text_of(app)
        assert "pid 4117" not in text_of(app)


async def test_next_and_previous_compare_the_job_that_is_shown(shown: Shown) -> None:
    dying_sweep(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        assert "nearest good job 03_ant: num_envs 8192 → 16384" in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "nearest good job 01_ant: num_envs 8192 → 16384" in text_of(app)
        assert "2 of 8" in text_of(app)
        await pilot.press("N", "N")
        await pilot.pause()
        assert "8 of 8 (n N)" in text_of(app)


async def test_of_one_failure_nothing_is_said_about_all(shown: Shown) -> None:
    dying_sweep(RUN, ended=4)
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        assert "once, at" in text_of(app)
        assert "all 1" not in text_of(app)
        assert "1 of 1 on" not in text_of(app)
        assert "differs from the nearest good job 03_ant: num_envs" in text_of(app)


async def test_without_a_good_job_there_is_nothing_to_compare_with(shown: Shown) -> None:
    story = Story(RUN, spec(4)).opened().executor()
    for one in story.plan.jobs[:3]:
        story.start(one.id, 0).fail(one.id)
    story.flush()
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        assert "no good job of ant_pbt to compare with" in text_of(app)


async def test_the_report_holds_what_a_colleague_asks_for_and_no_secret(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying_sweep(RUN)
    copied: list[str] = []
    key = "0badc0de0badc0de0badc0de"
    monkeypatch.setenv("WANDB_API_KEY", key)
    RunDir(RUN).log("00_ant", 1).write_text(f"sent {key} and {PASSWORD}\nkey={SECRET}\nBoom\n")
    async with shown(RUN, (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "copy", copied.append)
        await pilot.press("f", "y")
        await pilot.pause()
    (text,) = copied
    for wanted in (
        "# ant_sweep: 8 failed jobs: CUDA out of memory", "run id 5eed1e55", "version: pbt_tui",
        "cause: failed: exit 1, CUDA out of memory", "count: 8 of 36 jobs", "2025-10-09", "+0000",
        SHARED, PLACE, "pid 4117", "num_envs=16384", "--api_key", "STORE_PASSWORD WANDB_MODE",
        str(RunDir(RUN).log("00_ant", 1)), f"pbt-tui {RUN}", "Boom",
    ):  # fmt: skip
        assert wanted in text, text
    for secret in (SECRET, PASSWORD, key, "offline"):
        assert secret not in text


async def test_a_key_drains_the_gpu_on_which_the_group_failed(shown: Shown) -> None:
    story = dying_sweep(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f", "D")
        await pilot.pause()
        assert "▸ GPU 3" in text_of(app)
        await pilot.press("y")
        await pilot.pause()
        asked = [read(path) for path in pending(story.rundir)]
        assert [(one.action, one.gpus) for one in asked] == [("drain", ("GPU-00000003",))]


async def test_the_strip_has_a_histogram_of_each_group_where_there_is_room(shown: Shown) -> None:
    dying_sweep(RUN)
    for width, drawn in ((90, False), (120, True)):
        async with shown(RUN, (width, 40)) as (app, _):
            line = next(line for line in text_of(app).splitlines() if "8× CUDA" in line)
            assert ("8× CUDA out of memory ▇" in line) == drawn


async def test_nothing_is_drawn_again_where_nothing_changed(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying_sweep(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        await pilot.press("f")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, FailuresScreen)
        drawn: list[object] = []
        for lines in (screen.header, screen.head, screen.groups, screen.detail):
            monkeypatch.setattr(lines, "refresh", lambda *regions, **_: drawn.append(regions))
        screen.tick(app.now())
        screen.changed(None)
        assert [regions for regions in drawn if regions] == []


async def test_a_large_run_is_compared_in_steps(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "pbt_tui.tui.screens.failures"
    monkeypatch.setattr(f"{module}._AT_ONCE", 0.0)
    monkeypatch.setattr(f"{module}._IN_STEP", 0.0)
    large(RUN, 600)
    async with shown(RUN, (120, 40)) as (app, pilot):
        app.go("failures")
        while app.screen._compositor.size != app.size or "the good jobs are" not in text_of(app):
            await asyncio.sleep(0.001)  # a pause of the pilot would wait for its end
        monkeypatch.setattr(f"{module}._IN_STEP", 1.0)
        await pilot.pause()
        assert "nearest good job" in text_of(app)


def test_the_middle_of_a_long_traceback_is_left_out() -> None:
    frames = [f'  File "m{i}.py", line {i}, in f' for i in range(60)]
    log = ["step 1", "Traceback (most recent call last):", *frames, "ValueError: no", "bye"]
    shown = excerpt(log, "ValueError: no")
    assert shown[:3] == ["step 1", "Traceback (most recent call last):", frames[0]]
    assert [line for line in shown if "more lines" in line] == ["  … 44 more lines …"]
    assert shown[-3:] == [frames[-1], "ValueError: no", "bye"]
    short = [*log[:6], "ValueError: no"]
    assert excerpt(short, "ValueError: no") == short
    assert excerpt([str(i) for i in range(100)], None) == [str(i) for i in range(60, 100)]
    assert excerpt([], "x") == []


def test_the_keys_of_the_page() -> None:
    own = {action.id for action in actions.on("failures")}
    assert {"copy_report", "drain", "next", "previous", "retry"} <= own
    assert "copy" not in own, "y is the report"
