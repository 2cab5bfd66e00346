"""What a person saw wrong on the screens, and should see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from pbt_tui.journal import requests
from pbt_tui.journal.events import Action
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui import targets
from pbt_tui.tui.app import Monitor
from tests.observe.conftest import Recorded
from tests.tui.conftest import Shown
from tests.tui.journals import Story, spec, typical
from tests.tui.shown import text_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return typical(tmp_path / "_pbt").rundir.path


async def test_the_head_comes_back_with_the_rows(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        before = text_of(app)
        await pilot.press("slash", *"zzz", "enter")
        await pilot.pause()
        assert "no job matches" in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert text_of(app) == before


async def test_an_unknown_field_is_told_with_what_it_may_mean(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("slash", *"stat:fail", "enter")
        await pilot.pause()
        assert "no field `stat`: did you mean `state`?" in text_of(app)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("status:fail", 4),
        ("index<2", 2),
        ("index>=22", 2),
        ("index<=1", 2),
        ("index>22", 1),
        ("index=3", 1),
        ("!index<2", 22),
        ("lr<=3e-4", 5),
        ("attempt>0", 16),
        ("lr=0.0015", 4),
        ("lr>6e-4 lr<1.3e-3 !state:wait", 7),
    ],
)
async def test_numbers_are_compared(run: Path, shown: Shown, text: str, count: int) -> None:
    async with shown(run) as (app, _):
        app.model.rows.filter(text)
        assert app.model.rows.problem is None
        assert len(app.model.rows.order) == count


async def test_typing_replaces_the_old_filter(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("slash", *"zzz", "enter", "slash", *"fail")
        await pilot.pause()
        assert app.model.rows.text == "fail"
        await pilot.press("enter", "slash", "end", *"ed")
        await pilot.pause()
        assert app.model.rows.text == "failed"


async def test_a_run_directory_that_goes_away_is_told(run: Path, shown: Shown) -> None:
    async with shown(run, (100, 24)) as (app, pilot):
        run.rename(run.with_name("elsewhere"))
        app.follow()
        await pilot.pause()
        assert "the run directory is gone: this is the run as it was" in text_of(app)
        run.with_name("elsewhere").rename(run)
        app.follow()
        await pilot.pause()
        assert "is gone" not in text_of(app)


async def test_a_journal_that_was_cut_is_told(run: Path, shown: Shown) -> None:
    async with shown(run, (100, 24)) as (app, pilot):
        journal = app.follower.rundir.journal
        lines = journal.read_bytes().splitlines(keepends=True)
        os.truncate(journal, len(b"".join(lines[:9])))
        app.follow()
        await pilot.pause()
        assert f"the journal was cut after {len(lines)} lines of it had been read" in text_of(app)


async def test_ctrl_c_says_how_to_leave(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert "q leaves the monitor" in text_of(app)


async def test_the_palette_in_ascii_is_ascii(run: Path, shown: Shown) -> None:
    async with shown(run, ascii_only=True) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"can")
        await pilot.pause()
        assert text_of(app).isascii(), text_of(app)


def _type(app: Monitor, *keys: str) -> None:
    """Keys that arrive together, as those of a fast typist over a slow line."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


def _busy(path: Path) -> Path:
    """A run of so many active jobs that a person has to type their number."""
    story = Story(path, spec(14)).opened().executor()
    for job in story.plan.jobs:
        story.start(job.id, 0)
    return story.flush().rundir.path


async def _press(pilot: Pilot[str], app: Monitor, keys: tuple[str, ...], *, fast: bool) -> None:
    if fast:
        _type(app, *keys)
        await pilot.pause()
    else:
        await pilot.press(*keys)
    await pilot.pause()


def _asked(run: Path) -> list[Action]:
    return [requests.read(path).action for path in requests.pending(RunDir(run))]


@pytest.mark.parametrize("fast", [False, True])
async def test_a_stop_after_an_abandoned_kill_is_asked(
    tmp_path: Path, shown: Shown, fast: bool
) -> None:
    run = _busy(tmp_path / "_pbt")
    async with shown(run) as (app, pilot):
        await _press(pilot, app, ("a", "K", "escape", "u", "x", "y"), fast=fast)
        assert _asked(run) == ["cancel"]


@pytest.mark.parametrize("fast", [False, True])
async def test_the_number_that_confirms_a_kill_is_not_a_page(
    tmp_path: Path, shown: Shown, fast: bool
) -> None:
    run = _busy(tmp_path / "_pbt")
    async with shown(run) as (app, pilot):
        await _press(pilot, app, ("a", "K", "1", "4", "enter"), fast=fast)
        assert _asked(run) == ["kill"]


def test_a_file_of_another_program_does_not_hide_a_workspace(
    tmp_path: Path,
) -> None:
    workspace = Recorded("isaaclab", tmp_path / "lab").all()
    (workspace / "processes.json").write_text('[{"pid": 7, "name": "slurm_steps"}]\n')
    found = targets.resolve(str(workspace))
    assert isinstance(found, targets.Workspace)
    assert found.path == workspace
