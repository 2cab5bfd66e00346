"""Every screen at four sizes, compared as plain text with the stored ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.observe.snapshot_types import (
    Alarm,
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    PopulationRow,
)
from tests.tui import journals
from tests.tui.conftest import SameScreen, Shown

RUN = Path("train_dir/ant_pbt/_pbt")
SIZES = [(60, 15), (80, 24), (120, 36), (200, 50)]
KEYS = {
    "main": [],
    "failures": ["f"],
    "job": ["f", "enter"],
    "log": ["f", "l"],
    "confirm": ["space", "space", "space", "x"],
    "help": ["question_mark"],
}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", KEYS)
async def test_screen(
    name: str, size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    path = RUN
    journals.typical(path)
    async with shown(path, size) as (app, pilot):
        await pilot.press(*KEYS[name])
        await pilot.pause()
        same_screen(f"{name}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", ["main", "failures", "job", "confirm"])
async def test_a_run_in_slurm(
    name: str, size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    journals.arrays(RUN)
    async with shown(RUN, size) as (app, pilot):
        await pilot.press(*KEYS[name])
        await pilot.pause()
        same_screen(f"slurm-{name}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_task_that_waits(
    size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    journals.arrays(RUN)
    async with shown(RUN, size) as (app, pilot):
        await pilot.press("slash", *"14_ant", "enter", "enter")
        await pilot.pause()
        same_screen(f"slurm-waits-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("size", SIZES[:3], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_slurm_does_not_answer(
    size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    journals.arrays(RUN, error=journals.SILENT, ago=400.0)
    async with shown(RUN, size) as (app, _pilot):
        same_screen(f"slurm-stale-{size[0]}x{size[1]}", app)


async def test_nobody_asks_slurm(shown: Shown, same_screen: SameScreen) -> None:
    journals.arrays(RUN, error=journals.SILENT, ago=400.0)
    async with shown(RUN, holder=None) as (app, _pilot):
        same_screen("slurm-no-executor", app)


def a_population(members: int = 8) -> PopulationRow:
    """Member 3 is best, 5 copied it, 6 has fallen behind, 7 never started."""
    rows = []
    for i in range(members):
        steps = tuple(
            GenerationRow(g, g * 20_000_000, 3.0 * g + i + (g * i) % 5, {"lr": 3e-4 * (i + 1)}, g)
            for g in range(1, 15 - (4 if i == 6 else 0))
        )
        last = steps[-1]
        rows.append(
            MemberRow(
                i, "running", last.generation, last.frame, last.objective,
                {"lr": 3e-4 * (i + 1), "gamma": 0.99, "mini_epochs": 4 + i % 2},
                14 - last.generation, steps, None,
            )
            if i != 7
            else MemberRow(i, "waiting", None, None, None, {}, None, (), None)
        )  # fmt: skip
    return PopulationRow(
        "ant_pbt_1", "isaacgymenvs", members, "/home/ada/rl/train_dir/pbt", tuple(rows),
        (
            EventRow("exploit", 0, 3, 9, "log", 1.0, 8, applied=True),
            EventRow("mutate", 3, None, 11, "log", 1.0, applied=True),
            EventRow("exploit", 5, 3, 12, "metadata", 0.6, 11, applied=True),
        ),
        Best(3, 14, 47.0, "/home/ada/rl/train_dir/pbt/003/best_47.0.pth"),
        (
            Alarm("within_threshold", "note", "all within the threshold of each other", ()),
            Alarm("never_started", "error", "member 7 never started: the others wait", (7,)),
            Alarm("stale_member", "warning", "member 6 is 4 generations behind", (6,)),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_population(
    size: tuple[int, int], shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = RUN
    journals.typical(path)
    async with shown(path, size) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (a_population(),)
        await pilot.press("p", "j")
        await pilot.pause()
        same_screen(f"population-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize(
    ("name", "more", "holder"),
    [
        ("held", {"held": True}, 4182),
        ("closed", {"closed": True}, None),
        ("no-executor", {}, None),
    ],
)
async def test_standing(
    name: str, more: dict[str, bool], holder: int | None, shown: Shown, same_screen: SameScreen
) -> None:  # fixtures
    path = RUN
    journals.typical(path, **more)
    async with shown(path, holder=holder) as (app, _pilot):
        same_screen(f"standing-{name}", app)


async def test_nothing_to_show(shown: Shown, same_screen: SameScreen) -> None:
    path = RUN
    journals.Story(path, journals.spec(3)).opened().flush()
    async with shown(path, holder=None) as (app, pilot):
        same_screen("empty-main", app)
        await pilot.press("f")
        await pilot.pause()
        same_screen("empty-failures", app)
        await pilot.press("3")
        await pilot.pause()
        same_screen("empty-population", app)
        await pilot.press("1", "slash", *"zz", "enter")
        await pilot.pause()
        same_screen("empty-filter", app)
        await pilot.press("escape", "z")
        await pilot.pause()
        same_screen("empty-problems", app)
