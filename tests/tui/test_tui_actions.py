"""Keys that send requests: confirmation, refusal with a reason, answer."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.owners import Trust
from pbt_tui.journal.requests import pending, read
from pbt_tui.spec import Container, JobGroup
from pbt_tui.tui import actions, start_executor
from pbt_tui.tui.screens.compare import CompareScreen
from pbt_tui.tui.screens.failures import FailuresScreen
from pbt_tui.tui.screens.fleet import FleetScreen
from pbt_tui.tui.screens.help import HelpScreen
from pbt_tui.tui.screens.job import JobScreen
from pbt_tui.tui.screens.jobs import JobsScreen
from pbt_tui.tui.screens.log import LogScreen
from pbt_tui.tui.screens.population import PopulationScreen
from pbt_tui.tui.screens.timeline import TimelineScreen
from tests.tui.conftest import Shown
from tests.tui.journals import Story, spec, typical
from tests.tui.shown import text_of

SCREENS = {
    s.PAGE: s
    for s in (
        *(FleetScreen, JobsScreen, FailuresScreen, JobScreen, LogScreen, PopulationScreen),
        *(CompareScreen, TimelineScreen, HelpScreen),
    )
}


@pytest.fixture
def run(tmp_path: Path) -> Story:
    return typical(tmp_path / "_pbt")


def asked(story: Story) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The requests left so far, without their ids."""
    found = [read(path) for path in pending(story.rundir)]
    return [(r.action, r.jobs, r.gpus) for r in found]


def starts(monkeypatch: pytest.MonkeyPatch, answer: start_executor.StartedExecutor) -> list[Path]:
    """The targets that executors are started for, each with this answer."""
    started: list[Path] = []

    def executor(target: Path) -> start_executor.StartedExecutor:
        started.append(target)
        return answer

    monkeypatch.setattr(start_executor, "executor", executor)
    return started


def test_the_registry_is_sound() -> None:
    assert set(SCREENS) == set(actions.PAGES)
    for page, screen in SCREENS.items():
        for travels in (False, True):
            offered = [a for a in actions.on(page) if a.travels == travels]
            keys = [key for a in offered for key in a.keys.split(",")]
            assert len(keys) == len(set(keys)), f"a key means two things on {page}"
        for action in actions.on(page):
            assert callable(getattr(screen, f"action_{action.id}", None)), (page, action.id)
    ids = [a.id for a in actions.ACTIONS]
    assert len(ids) == len(set(ids))


def test_a_destructive_key_is_never_harmless_elsewhere() -> None:
    """A letter never ends a job on one screen and means something else on another."""
    of: dict[str, set[str | None]] = {}
    for action in actions.ACTIONS:
        for key in action.keys.split(","):
            of.setdefault(key, set()).add(action.asks)
    assert all(len(meanings) == 1 for key, meanings in of.items() if meanings != {None})


@pytest.mark.parametrize(("key", "action"), [("x", "cancel"), ("K", "kill")])
async def test_one_job(key: str, action: str, run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (_, pilot):
        await pilot.press("j", key)
        await pilot.press("enter")  # enter alone never destroys
        assert asked(run) == []
        await pilot.press("y")
        await pilot.pause()
        assert asked(run) == [(action, ("09_ant_pbt",), ())]


async def test_marked_jobs_and_only_those_that_it_fits(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("a", "x")  # all 24 are marked; 15 are active or waiting
        assert "cancel 15 jobs" in text_of(app)
        await pilot.press("y")
        assert asked(run) == []
        await pilot.press("1", "4", "enter")
        assert asked(run) == []
        await pilot.press("backspace", "5", "enter")
        await pilot.pause()
        ((action, jobs, _),) = asked(run)
        assert (action, len(jobs)) == ("cancel", 15)
        assert "03_ant_pbt" not in jobs


async def test_escape_keeps_everything(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("x", "escape", "a", "x", "1", "5", "escape")
        await pilot.pause()
        assert asked(run) == []
        assert isinstance(app.screen, JobsScreen)


async def test_retry_of_a_group_of_failures(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (_, pilot):
        await pilot.press("f", "r", "y")
        await pilot.pause()
        assert asked(run) == [("retry", ("03_ant_pbt", "04_ant_pbt", "05_ant_pbt"), ())]


@pytest.mark.parametrize(("key", "what"), [("r", "start again"), ("R", "begin from scratch")])
async def test_a_retry_of_a_job_of_a_group_that_has_ended_tells_of_the_others(
    tmp_path: Path, shown: Shown, key: str, what: str
) -> None:
    plan = spec(4)
    jobs = [msgspec.structs.replace(one, group="g") for one in plan.jobs[:3]]
    needs = msgspec.structs.replace(plan.jobs[3], after=(jobs[0].id,))
    group = JobGroup("g", jobs[0].id)
    plan = msgspec.structs.replace(plan, jobs=(*jobs, needs), groups=(group,))
    story = Story(tmp_path / "_pbt", plan).opened().executor()
    for one in reversed(jobs):
        story.start(one.id, 0).fail(one.id)
    story.flush()
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press("j", key)
        text = " ".join(text_of(app).split())
        assert f"dependent jobs that {what}, too: 2" in text
        await pilot.press("y")
        await pilot.pause()
        assert asked(story) == [("retry", (jobs[1].id,), ())]


async def test_a_retry_into_the_same_wall_says_so(tmp_path: Path, shown: Shown) -> None:
    story = Story(tmp_path / "_pbt", spec(2)).opened()
    story.executor(runtime="docker", container=Container(image="i", shm_size=64 << 20))
    for one, cause in zip(story.plan.jobs, ("shm", "traceback"), strict=True):
        story.start(one.id, 0).fail(one.id, cause=cause)
    story.flush()
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press("r")
        assert "their shared memory was too small, and it will have the same size" in text_of(app)
        assert "`pbt-run RUN_DIR --failed --shm_size 8G`" in text_of(app)
        await pilot.press("escape", "j", "r")
        assert "it will have the same size" not in text_of(app)


async def test_hold_and_release(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("U")
        await pilot.pause()
        assert "the run is not held" in text_of(app)
        await pilot.press("H", "y")
        await pilot.pause()
        assert asked(run) == [("hold", (), ())]


async def test_drain_and_undrain(run: Story, shown: Shown) -> None:
    run.write(ev.RequestAccepted, id="9-9", action="drain", gpus=("GPU-00000001",)).flush()
    async with shown(run.rundir.path) as (_, pilot):
        await pilot.press("D", "y")
        await pilot.press("D", "j", "y")
        await pilot.pause()
        assert asked(run) == [("drain", (), ("GPU-00000000",)), ("undrain", (), ("GPU-00000001",))]


async def test_answers_are_shown(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("x", "y", "j", "x", "y")
        await pilot.pause()
        first, second = (read(path) for path in pending(run.rundir))
        run.write(ev.RequestAccepted, 1, id=first.id, action="cancel", jobs=first.jobs).flush()
        app.follow()
        await pilot.pause()
        assert "accepted: cancel 08_ant_pbt" in text_of(app)
        run.write(ev.RequestRefused, 1, id=second.id, why="it has just ended").flush()
        app.follow()
        await pilot.pause()
        assert "refused: cancel 09_ant_pbt: it has just ended" in text_of(app)


async def test_without_an_executor_there_is_nobody_to_ask(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path, holder=None) as (app, pilot):
        for key in "xKHU":
            await pilot.press(key)
            await pilot.pause()
            assert "no executor is running; start one with `pbt-run" in text_of(app)
        assert asked(run) == []


async def test_retry_without_an_executor_starts_one(
    run: Story, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = starts(monkeypatch, start_executor.StartedExecutor(0, "", ""))
    monkeypatch.setattr("socket.gethostname", lambda: "node7")
    async with shown(run.rundir.path, holder=None) as (app, pilot):
        await pilot.press("f", "r")
        assert "no executor: starts one with `pbt-run" in text_of(app).replace("\n", " ")
        await pilot.press("y")
        await app.workers.wait_for_complete()
        assert asked(run)[0][0] == "retry"
        assert started == [run.rundir.path]


async def test_an_executor_is_started_by_a_confirmed_key(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path / "_pbt", spec(3)).opened().flush()
    answer = start_executor.StartedExecutor(5, "", "error: no such image\nhint: x")
    started = starts(monkeypatch, answer)
    async with shown(story.rundir.path, holder=None) as (app, pilot):
        await pilot.press("E", "enter")
        assert started == []
        await pilot.press("y")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert started == [story.rundir.path]
        assert "no executor: error: no such image" in text_of(app)


async def test_no_executor_is_started_where_jobs_may_live_on_another_host(
    run: Story, shown: Shown
) -> None:
    async with shown(run.rundir.path, holder=None) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        assert "may still be active on node7: start it there" in text_of(app)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_a_run_of_another_user_is_only_looked_at(run: Story, shown: Shown) -> None:
    os.chown(run.rundir.path, 65534, 65534)
    async with shown(run.rundir.path) as (app, pilot):
        for key, what in (("x", "cancel"), ("H", "hold"), ("D", "drain")):
            await pilot.press(key)
            await pilot.pause()
            assert f"cannot {what}: this run directory belongs to user `nobody`" in text_of(app)
    assert asked(run) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_no_executor_is_started_in_a_run_of_another_user(
    tmp_path: Path, shown: Shown
) -> None:
    story = Story(tmp_path / "_pbt", spec(3)).opened().flush()
    os.chown(story.rundir.path, 65534, 65534)
    async with shown(story.rundir.path, holder=None) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        assert "cannot start an executor: this run directory belongs to" in text_of(app)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_a_trusted_run_of_another_user_takes_requests(run: Story, shown: Shown) -> None:
    os.chown(run.rundir.path, 65534, 65534)
    async with shown(run.rundir.path, trust=lambda: Trust((run.rundir.path,))) as (_, pilot):
        await pilot.press("H", "y")
        await pilot.pause()
    assert asked(run) == [("hold", (), ())]


async def test_read_only(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path, read_only=True) as (app, pilot):
        assert "read-only" in text_of(app)
        for key in "xKrHUDE":
            await pilot.press(key)
            await pilot.pause()
            assert "this is a read-only view" in text_of(app), key
        assert asked(run) == []


async def test_a_directory_of_somebody_else(
    run: Story, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *a: False)
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("x")
        await pilot.pause()
        assert "not writable for you" in text_of(app)


async def test_what_makes_no_sense_is_said(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (app, pilot):
        await pilot.press("r")
        await pilot.pause()
        assert "nothing to retry: 08_ant_pbt is running" in text_of(app)


async def test_requests_are_what_the_executor_reads(run: Story, shown: Shown) -> None:
    async with shown(run.rundir.path) as (_, pilot):
        await pilot.press("x", "y")
        await pilot.pause()
        (path,) = pending(run.rundir)
        assert msgspec.json.decode(path.read_bytes(), type=ev.Request).id == path.stem
