"""The prompt: what a text means, what Tab and the history do, and what each command does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from pbt_tui.journal.requests import pending
from pbt_tui.tui import actions, prompt_language
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.prompt_language import Command, Known, Misunderstood, completions, find_jobs, parse
from pbt_tui.tui.screens.jobs import JobsScreen
from pbt_tui.tui.screens.prompt import PromptDialog
from tests.tui.conftest import SameScreen, Shown
from tests.tui.shown import begin_again, text_of
from tests.tui.sweeps import sweep

PAGES = st.sampled_from(actions.PAGES)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sweep(tmp_path / "_pbt").rundir.path


async def type_in(pilot: Pilot[str], text: str, *more: str) -> None:
    await pilot.press("colon", *text, *more)
    await pilot.pause()


# -- the language ----------------------------------------------------------------------------------


@given(st.text(), PAGES)
def test_any_text_means_something(text: str, page: str) -> None:
    found = parse(text, page)
    assert found is None or isinstance(found, Command | Misunderstood)
    if isinstance(found, Command):
        assert found.action == prompt_language.AT or found.action in prompt_language.names(page)


@given(PAGES, st.sampled_from(["_", "-", " ", "  "]), st.data())
def test_each_action_is_done_by_its_name(page: str, blank: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(prompt_language.names(page)))
    found = parse(f" :{name.replace('_', blank)} ", page)
    verb = prompt_language.VERBS.get(name)
    if verb is not None and verb.must:
        assert isinstance(found, Misunderstood)
        found = parse(f"{name} x", page)
        assert found == Command(name, "x")
    else:
        assert found == Command(name)


@given(st.text(alphabet="abcdefgotheml -_", max_size=12), PAGES)
def test_what_completes_a_text_is_understood_no_worse(text: str, page: str) -> None:
    known = Known(jobs=["07_a"], themes=["light"], orders=["eta"], pages=["jobs"], columns=["lr"])
    for whole in completions(text, page, known):
        assert isinstance(parse(whole + "x" * whole.endswith(" "), page), Command), whole


@pytest.mark.parametrize(
    ("text", "page", "found"),
    [
        ("", "jobs", None),
        (":", "jobs", None),
        ("q", "jobs", Command("quit")),
        ("h", "log", Command("help")),
        ("07", "jobs", Command("goto", "07")),
        ("07", "log", Command("at", "07")),
        ("22:41:07", "log", Command("at", "22:41:07")),
        ("2026-05-01 22:41", "log", Command("at", "2026-05-01 22:41")),
        ("goto 07", "log", Command("goto", "07")),
        ("filter state:failed lr<1", "log", Command("filter", "state:failed lr<1")),
        ("From Scratch 07", "jobs", Command("from_scratch", "07")),
        ("page failures", "jobs", Command("page_failures")),
        ("page down", "jobs", Command("page_down")),
        ("wrap x", "log", Misunderstood("`wrap` takes nothing more: `x`")),
        ("wrap", "jobs", Misunderstood("`wrap` is an action of the page `log`")),
        ("cancelx", "jobs", Misunderstood("no action `cancelx`: did you mean `cancel`?")),
        ("zzzz", "jobs", Misunderstood("no action `zzzz`: Tab lists them")),
        ("interrupt", "help", Misunderstood("no action `interrupt`: did you mean `open`?")),
    ],
)
def test_meanings(text: str, page: str, found: object) -> None:
    if text == "interrupt":
        assert isinstance(parse(text, page), Misunderstood)
    else:
        assert parse(text, page) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("07_b", [1]), ("7", [1]), ("07", [1]), ("007", [1]), ("0", [0]), ("*_a", [0, 3]),
        ("70", [2]), ("x", [3]), ("_A", [0, 3]), ("5", []), ("nothing", []), ("[", []),
    ],
)  # fmt: skip
def test_jobs_are_named(text: str, found: list[int]) -> None:
    assert find_jobs(text, ["00_a", "07_b", "70_c", "x_a"]) == found


@given(st.text(), st.lists(st.text(max_size=6), max_size=9))
def test_a_name_is_found_whatever_it_is(text: str, ids: list[str]) -> None:
    found = find_jobs(text, ids)
    assert all(0 <= index < len(ids) for index in found)
    if text in ids:
        assert [ids[index] for index in found] == [text] * ids.count(text)


# -- the dialog ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80", "120", "200"])
async def test_the_prompt(
    size: tuple[int, int], run: Path, shown: Shown, same_screen: SameScreen
) -> None:
    async with shown(run, size, after=3000.0) as (app, pilot):
        await type_in(pilot, "")
        same_screen(f"prompt-empty-{size[0]}x{size[1]}", app)
        await pilot.press(*"theme l")
        await pilot.pause()
        same_screen(f"prompt-theme-{size[0]}x{size[1]}", app)


async def test_tab_completes_and_goes_through_what_fits(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await type_in(pilot, "the", "tab")
        prompt = app.screen
        assert isinstance(prompt, PromptDialog)
        assert prompt.input.value == "theme "
        await pilot.press("l", "tab")
        assert prompt.input.value == "theme light"
        await pilot.press("escape")
        await type_in(pilot, "goto 0", "tab", "tab")
        prompt = app.screen
        assert isinstance(prompt, PromptDialog)
        assert prompt.input.value == "goto 01_lr0.0003"
        await pilot.press("shift+tab")
        assert prompt.input.value == "goto 00_lr0.0001"


async def test_what_was_typed_comes_back(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await type_in(pilot, "problems", "enter")
        await type_in(pilot, "goto 3", "enter")
        await type_in(pilot, "hal", "up", "up", "up")
        prompt = app.screen
        assert isinstance(prompt, PromptDialog)
        assert prompt.input.value == "problems"
        await pilot.press("down", "down")
        assert prompt.input.value == "hal"


async def test_it_is_left_without_an_effect(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        for key in ("escape", "backspace", "ctrl+c", "enter"):
            await type_in(pilot, "", key)
            assert isinstance(app.screen, JobsScreen), key
            assert app.return_value is None, key


async def test_a_wrong_name_is_told(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await type_in(pilot, "problemz")
        assert "no action `problemz`: did you mean `problems`?" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)
        assert "no action `problemz`: did you mean `problems`?" in text_of(app)


# -- what commands do ------------------------------------------------------------------------------


def at(app: Monitor) -> str:
    assert isinstance(app.screen, JobsScreen)
    index = app.screen.table.chosen
    return "" if index is None else app.model.state.jobs[index].spec.id


async def test_goto_finds_a_job_wherever_it_hides(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        for before in ([], ["f"], ["question_mark"], ["slash", *"lr0.001", "enter"]):
            await begin_again(app)
            await pilot.press(*before)
            for text, job in (
                ("04", "04_lr0.0003"),
                ("20", "20_lr0.001"),
                ("16_lr0.0003", "16_lr"),
            ):
                await type_in(pilot, f"goto {text}", "enter")
                assert at(app).startswith(job), (before, text_of(app))
            await type_in(pilot, "29", "enter")
            assert at(app).startswith("29"), before
            await type_in(pilot, "goto *lr0.001", "enter")
            assert "the first of 10 jobs that match" in text_of(app), before
            await type_in(pilot, "goto nobody", "enter")
            assert "no job `nobody`" in text_of(app), before


async def test_goto_shows_the_same_page_of_another_job(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        await pilot.press("enter")
        await type_in(pilot, "goto 04", "enter")
        assert "04_lr0.0003" in text_of(app)
        assert app.page is not None
        assert app.page.PAGE == "job"
        await pilot.press("l")
        await type_in(pilot, "goto 03", "enter")
        assert app.page.PAGE == "log"
        assert "03_lr0.0001" in text_of(app)
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)


async def test_theme_sort_filter_and_columns(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        await type_in(pilot, "theme light", "enter")
        assert app.theme == "pbt-light"
        await type_in(pilot, "theme lihgt", "enter")
        assert "no theme `lihgt`: did you mean `light`?" in text_of(app)
        await type_in(pilot, "sort -lr", "enter")
        assert "sort: lr ↑" in text_of(app)
        await type_in(pilot, "sort job", "enter")
        assert app.model.rows.sorted_by.name == "job"
        await type_in(pilot, "sort jop", "enter")
        assert "no order `jop`: did you mean `job`?" in text_of(app)
        await pilot.press("f")
        await type_in(pilot, "filter state:failed", "enter")
        assert "6 of 30 jobs" in text_of(app)
        await type_in(pilot, "columns lr:9,state", "enter")
        assert "  JOB                 lr  STATE" in text_of(app)
        await type_in(pilot, "columns lrr", "enter")
        assert "no column `lrr`: did you mean `lr`?" in text_of(app)
        await type_in(pilot, "columns stte", "enter")
        assert "did you mean `state`" in text_of(app)
        await type_in(pilot, "columns", "enter")
        assert "NOTE" in text_of(app)


async def test_pages_and_the_end(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        for name in ("failures", "population", "jobs"):
            await type_in(pilot, f"page {name}", "enter")
            assert app.page is not None
            assert name == app.page.PAGE
        await type_in(pilot, "page x", "enter")
        assert "no page `x`" in text_of(app)
        await type_in(pilot, "q", "enter")
        assert app.return_value is not None


async def test_requests_still_ask(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        for text, asks in (
            ("cancel", "cancel 11_lr0.001"),
            ("cancel 12", "cancel 12_lr0.0001"),
            ("kill 12", "kill 12_lr0.0001"),
            ("retry 04", "retry 04_lr0.0003"),
            ("from scratch 04", "retry 04_lr0.0003 from scratch"),
            ("cancel 1*", "cancel 9 jobs"),
            ("hold", "hold run ant_sweep"),
        ):
            await begin_again(app)
            before = len(list(pending(app.follower.rundir)))
            await type_in(pilot, text, "enter")
            assert asks in text_of(app), text
            assert len(list(pending(app.follower.rundir))) == before, text
            await pilot.press("y")
            await pilot.pause()
            assert len(list(pending(app.follower.rundir))) == before + 1, text


async def test_drain_begins_with_the_gpu_that_is_named(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40)) as (app, pilot):
        await type_in(pilot, "drain 3", "enter")
        assert "▸ GPU 3" in text_of(app)
        await pilot.press("escape")
        await type_in(pilot, "drain 99", "enter")
        assert "no GPU `99` in this run" in text_of(app)


async def test_keys_behind_the_prompt_come_in_order(run: Path, shown: Shown) -> None:
    """As when somebody pastes: no key of the answer may reach the table."""
    async with shown(run, (120, 40)) as (app, pilot):
        await pilot.press("colon", *"cancel 12", "enter", "y")
        await pilot.pause()
        assert len(list(pending(app.follower.rundir))) == 1


async def test_a_read_only_view_says_so(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 40), read_only=True) as (app, pilot):
        await type_in(pilot, "kill 12", "enter")
        assert "this is a read-only view" in text_of(app)
