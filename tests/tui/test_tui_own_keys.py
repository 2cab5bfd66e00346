"""Keys, columns and colours that a person has chosen."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from pbt_tui.tui import actions, column_choice
from pbt_tui.tui.keymap import CONFIRMING, Keymap, key_named, keymap, shown
from pbt_tui.tui.preferences import OwnTheme, Preferences
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import SameScreen, Shown
from tests.tui.shown import text_of
from tests.tui.sweeps import sweep


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sweep(tmp_path / "_pbt").rundir.path


def keys(**wanted: str) -> Preferences:
    found, wrong = keymap({name.replace("__", "."): (key,) for name, key in wanted.items()})
    assert not wrong
    return Preferences(keymap=found)


@pytest.mark.parametrize("character", [c for c in string.printable if c.isprintable()])
def test_characters_are_named_as_textual_names_them(character: str) -> None:
    assert key_named(character) == _character_to_key(character)
    assert shown(key_named(character) or "") == ("Space" if character == " " else character)


@given(st.text(max_size=12))
def test_any_text_is_a_key_or_none(text: str) -> None:
    key = key_named(text)
    assert key is None or key_named(key) == key


@given(st.dictionaries(st.sampled_from([a.id for a in actions.ACTIONS]), st.sampled_from("xyzK;/")))
def test_no_key_means_two_things_unless_it_is_told(wanted: dict[str, str]) -> None:
    found, wrong = keymap({name: (key,) for name, key in wanted.items()})
    for page in actions.PAGES:
        of = [(key, a.travels) for a in found.on(page) for key in a.keys.split(",")]
        assert wrong or len(of) == len(set(of))
        for action in found.on(page):
            if action.asks and not wrong:
                assert not set(action.keys.split(",")) & set(CONFIRMING)


def test_keys_may_be_swapped() -> None:
    found, wrong = keymap({"cancel": ("K",), "kill": ("x",)})
    assert not wrong
    assert found.sign("jobs", "kill") == "x"


async def test_a_remapped_key_asks_first_and_the_old_one_does_nothing(
    run: Path, shown: Shown
) -> None:
    async with shown(run, (120, 40), preferences=keys(cancel="ctrl+x")) as (app, pilot):
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("ctrl+x")
        await pilot.pause()
        assert "cancel 11_lr0.001" in text_of(app)
        await pilot.press("ctrl+x", "enter")
        await pilot.pause()
        assert "cancel 11_lr0.001" in text_of(app)


async def test_swapped_keys_are_swapped(run: Path, shown: Shown) -> None:
    wanted = keys(jobs__cancel="K", jobs__kill="x")
    async with shown(run, (120, 40), preferences=wanted) as (app, pilot):
        await pilot.press("x")
        await pilot.pause()
        assert "kill 11_lr0.001" in text_of(app)


async def test_key_bar_help_and_palette_show_them(run: Path, shown: Shown) -> None:
    wanted = keys(filter="f3", problems="P", page_failures="F2")
    async with shown(run, (120, 60), preferences=wanted) as (app, pilot):
        assert "F3 filter" in text_of(app)
        assert "/ filter" not in text_of(app)
        await pilot.press("P")
        await pilot.pause()
        assert "problems only (P)" in text_of(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "  P          only failed" in text_of(app)
        await pilot.press("escape", "ctrl+p", *"only failed")
        await pilot.pause()
        assert "(P)" in text_of(app)


async def test_a_click_on_a_remapped_key_is_the_action(run: Path, shown: Shown) -> None:
    wanted = keys(page_failures="F2", page_jobs="F1")
    async with shown(run, (200, 40), preferences=wanted) as (app, pilot):
        line = text_of(app).splitlines()[-1]
        await pilot.click("#keys", offset=(line.index("failures"), 0))
        await pilot.pause()
        assert app.page is not None
        assert app.page.PAGE == "failures"
        head = text_of(app).splitlines()[0]
        await pilot.click("#header", offset=(head.index("jobs"), 0))
        await pilot.pause()
        assert app.page.PAGE == "jobs"


def test_one_of_a_pair_shows_both_keys() -> None:
    found, _ = keymap({"later": ("ctrl+n",)})
    texts = {a.id: a.shown for a in found.on("population")}
    assert (texts["earlier"], texts["later"]) == ("←", "Ctrl-N")
    assert {a.id: a.shown for a in Keymap().on("population")}["earlier"] == "←→"


# -- columns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80", "120", "200"])
async def test_own_columns(
    size: tuple[int, int], run: Path, shown: Shown, same_screen: SameScreen
) -> None:
    wanted = Preferences(columns=("job:14", "time", "lr:8", "state", "note", "gamma", "try"))
    async with shown(run, size, after=3000.0, preferences=wanted) as (app, _):
        same_screen(f"own-columns-{size[0]}x{size[1]}", app)


async def test_a_head_of_an_own_column_sorts(run: Path, shown: Shown) -> None:
    wanted = Preferences(columns=("state", "lr"))
    async with shown(run, (120, 40), preferences=wanted) as (app, pilot):
        assert isinstance(app.screen, JobsScreen)
        head = "".join(text for text, _ in app.screen.table.head)
        assert head.split() == ["JOB", "STATE", "lr"]
        await pilot.click("#head", offset=(head.index("lr"), 0))
        await pilot.pause()
        assert app.model.rows.sorted_by.name == "lr"


@given(
    st.lists(st.sampled_from([*column_choice.NAMES, "lr", "a:7", "eta:200", "job:9", "x:"])),
    st.integers(8, 250),
    st.integers(1, 90),
)
def test_rows_of_any_choice_fit(names: list[str], width: int, longest: int) -> None:
    from pbt_tui.tui.columns import TableLayout, chosen_column
    from pbt_tui.tui.text import length

    found, _ = column_choice.choice(names, ["train.lr", "a"])
    columns = tuple(chosen_column(c.title, c.width, is_parameter=c.is_parameter) for c in found)
    if columns:
        layout = TableLayout(width, longest, chosen=columns)
        assert length(layout.head()) <= max(width, 10)


# -- colours ---------------------------------------------------------------------------------------


async def test_own_colours(run: Path, shown: Shown) -> None:
    mine = OwnTheme("mine", "light", {"bad": "#ff0000", "hue1": "#010203"})
    async with shown(run, preferences=Preferences(theme="mine", themes=(mine,))) as (app, _):
        assert app.current_theme.error == "#ff0000"
        assert app.get_css_variables()["hue1"] == "#010203"
        assert not app.current_theme.dark
