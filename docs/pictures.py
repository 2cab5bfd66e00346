"""Draws the pictures of the README and of the guides from the example run: `make screens`.

Each picture is what the monitor shows at one moment of the recording, as Textual exports it, for
light and for dark pages. Nothing of this machine is in it: clock, names, paths and numbers are
those of the recording.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pbt_tui.demo.recording_clock import SHOWN_FROM, START, RecordingClock
from pbt_tui.demo.replay_executor import ExecutorIdentity, ReplayExecutor
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.snapshot_types import PopulationRow
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.preferences import Preferences

FOLDER = Path(__file__).parent / "pictures"
THEMES = ("dark", "light")
MOMENT = SHOWN_FROM + 600.0
"""Seconds after the start of the example run: what ten seconds of `pbt-tui --demo` have shown."""
_IDENTITY = ExecutorIdentity(4182, "node7", Path("/data/rl"))
_MEMBER = "05_cube_pbt"
"""A member that died and went on."""
_FONTS = re.compile(r"\s*@font-face \{.*?\n    \}", re.DOTALL)
_FRAME = {'fill="#292929"': 'fill="#e2e2e2"', 'title" fill="#c5c8c6"': 'title" fill="#333333"'}
"""Colours of the window around a screen: Rich's, and those for light pages."""
_NAME = re.compile(r"terminal-\d+")
_LINE = re.compile(
    r'<text class="[^"]*-r\d+"[^>]* x="([\d.]+)"[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>'
)


@dataclass(frozen=True)
class Picture:
    """One screen of the monitor."""

    name: str
    """Name of its file, without theme and suffix."""
    about: str
    """What it shows, for people who do not see it."""
    size: tuple[int, int]
    """Columns and lines of the terminal."""
    go: Callable[[Monitor], None]
    """Opens the screen."""


def _job(app: Monitor) -> None:
    job = app.follower.state.by_id[_MEMBER]
    app.open_job(job, [one.spec.id for one in app.follower.state.jobs])


PICTURES = (
    Picture(
        "jobs",
        "the main screen: a population of eight and a sweep with mixed ends",
        (150, 42),
        lambda app: None,
    ),
    Picture(
        "population",
        "the population: its members by objective, who copied whom, and the curves",
        (132, 42),
        lambda app: app.go("population"),
    ),
    Picture(
        "failures",
        "the failures, grouped by their cause, with the end of a log",
        (132, 24),
        lambda app: app.go("failures"),
    ),
    Picture(
        "job",
        "the job of a member that died and went on from its newest generation",
        (132, 34),
        _job,
    ),
)


@contextmanager
def recorded() -> Iterator[tuple[RunDir, float]]:
    """The example run in a temporary folder, at the moment of the pictures, with that moment.

    The folder is the working directory meanwhile, so that paths on the screen are relative.
    """
    here, zone = Path.cwd(), os.environ.get("TZ")
    with tempfile.TemporaryDirectory(prefix="pbt-pictures-") as folder:
        os.chdir(folder)
        os.environ["TZ"] = "UTC"
        time.tzset()
        executor = ReplayExecutor(Path(), RecordingClock(), _IDENTITY)
        try:
            executor.take_over()
            executor.forward(MOMENT)
            yield executor.rundir, START + MOMENT
        finally:
            executor.close()
            os.chdir(here)
            os.environ.pop("TZ") if zone is None else os.environ.update(TZ=zone)
            time.tzset()


async def drawn(rundir: RunDir, now: float, picture: Picture, theme: str) -> str:
    """The picture as an SVG.

    Args:
        rundir: The example run.
        now: The moment.
        picture: The picture.
        theme: `dark` or `light`.
    """
    follower = JournalFollower(rundir, who=lambda rundir: _IDENTITY.pid)
    follower.read_all()
    app = Monitor(follower, preferences=Preferences(theme=theme), now=lambda: now, timer=False)
    async with app.run_test(size=picture.size) as pilot:
        while app.model.poll_progress(now):
            pass
        app.take(app.follower.poll())
        picture.go(app)
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        app.populations = tuple(_as_recorded(row) for row in app.populations)
        if (page := app.page) is not None:
            page.changed(None)
            page.tick(now)
        await pilot.pause()
        svg = app.export_screenshot(title=f"pbt-tui {rundir.path.parent.name}")
    return _plain(svg, picture, theme)


def _as_recorded(row: PopulationRow) -> PopulationRow:
    """The row with the folder of the recording in place of the temporary one."""
    here = msgspec.json.encode(str(Path.cwd()))[1:-1]
    there = str(_IDENTITY.cwd).encode()
    return msgspec.json.decode(msgspec.json.encode(row).replace(here, there), type=PopulationRow)


def _plain(svg: str, picture: Picture, theme: str) -> str:
    """Without fonts from the network, and with names that do not depend on the content."""
    svg = _FONTS.sub("", svg)
    if theme == "light":
        for dark, light in _FRAME.items():
            svg = svg.replace(dark, light)
    svg = _NAME.sub(picture.name, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def text(svg: str) -> str:
    """The text in a picture, without blanks: a line for each line of the screen.

    Args:
        svg: The picture.
    """
    lines: dict[float, list[tuple[float, str]]] = {}
    for x, y, words in _LINE.findall(svg):
        lines.setdefault(float(y), []).append((float(x), html.unescape(words)))
    joined = ("".join(words for _, words in sorted(line)) for _, line in sorted(lines.items()))
    return "\n".join("".join(line.split()) for line in joined)


def path(picture: Picture, theme: str) -> Path:
    """Where a picture is stored.

    Args:
        picture: The picture.
        theme: `dark` or `light`.
    """
    return FOLDER / f"{picture.name}-{theme}.svg"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with recorded() as (rundir, now):
        for picture in PICTURES:
            for theme in THEMES:
                svg = asyncio.run(drawn(rundir, now, picture, theme))
                path(picture, theme).write_text(svg, encoding="utf-8")
                print(path(picture, theme).relative_to(FOLDER.parents[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
