"""`pbt-tui` on a folder of several runs: text, data, exit codes, and a real executor."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest

from pbt_tui.cli.tui import main
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.errors import UsageError
from pbt_tui.journal import events as ev
from pbt_tui.observe.fleet_types import Fleet
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.fleet.runs_reader import RunsReader
from pbt_tui.tui.preferences import Preferences
from tests.executor.running import PATIENCE, Place, cleaned, job
from tests.foreign_text import HOSTILE, assert_plain
from tests.tui import fleets
from tests.tui.journals import Story, spec, typical
from tests.tui.shown import text_of
from tests.tui.test_tui_terminal import Terminal


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from cleaned(tmp_path)


def test_data(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    fleets.fleet()
    assert main(["train_dir", "--once", "--json"]) == 0
    said = capsysbinary.readouterr().out
    document = json.loads(said)
    validator = jsonschema.Draft202012Validator(load_schema("fleet-1"))
    assert list(validator.iter_errors(document)) == []
    found = msgspec.json.decode(said, type=Fleet)
    assert found.directory == str(here / "train_dir")
    assert {run.run: run.state for run in found.runs} == {
        "ant_sweep": "no_executor", "cube_pbt": "no_executor", "maze_night": "no_executor",
        "hopper": "no_executor", "walker": "closed", "walker.1": "closed", "cartpole": "closed",
        "pendulum": "closed", "not_begun": "no_executor", "torn": "unreadable",
        "newer": "unreadable", "half": "unreadable",
    }  # fmt: skip
    assert [run.run for run in found.runs if run.older] == ["walker.1"]
    keys = set(FleetKeys)
    assert all(set(run) == keys for run in document["runs"])
    assert all(Path(run.path).is_absolute() for run in found.runs)


FleetKeys = (
    "run", "path", "older", "state", "verdict", "why", "problem", "counts", "eta", "best", "host",
    "runtime", "owner", "opened_at", "changed_at", "failed_at",
)  # fmt: skip


def test_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fleets.fleet()
    assert main(["train_dir", "--once"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{here}/train_dir   11 runs")
    assert said[-1] == "… and 1 older, which `--fresh` moved aside"
    assert "! half       unreadable   `spec.json` is missing" in said
    assert main(["train_dir", "--once", "--ascii"]) == 0
    assert capsys.readouterr().out.isascii()
    assert main(["train_dir"]) == 0
    assert capsys.readouterr().err.startswith("hint: on a terminal, `pbt-tui`")


def test_text_and_data_load_no_textual(here: Path) -> None:
    fleets.fleet()
    for more in (["--once"], ["--once", "--json"]):
        code = (
            f"import sys; from pbt_tui.cli.tui import main\nmain({[*more, 'train_dir']!r})\n"
            "assert not any(m.startswith(('textual', 'rich', 'docker')) for m in sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--export", "x.csv"], "it holds several runs: name one"),
        (["--once", "--num_gpus", "2"], "has no effect on a folder of runs"),
    ],
)
def test_what_needs_one_run(argv: list[str], said: str, here: Path) -> None:
    fleets.fleet()
    with pytest.raises(UsageError, match=re.escape(said)):
        main(["train_dir", *argv])


async def test_foreign_text_reaches_no_terminal_raw(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(Path("train_dir") / f"ants{HOSTILE}" / "_pbt", spec(2, run=f"ants{HOSTILE}"))
    story.opened().executor(host=f"node{HOSTILE}").start(story.plan.jobs[0].id).flush()
    broken = typical(Path("train_dir") / f"bees{HOSTILE}" / "_pbt")
    with broken.rundir.journal.open("ab") as file:
        file.write(HOSTILE.encode() + b"\n")
    assert main(["train_dir", "--once"]) == 0
    assert_plain(capsys.readouterr().out.replace("\n", ""))
    async with fleets.listed(size=(200, 50)) as (app, pilot):
        assert_plain(text_of(app).replace("\n", ""))
        await pilot.press("y")
        await pilot.pause()
        assert_plain(text_of(app).replace("\n", ""))


async def test_a_real_executor(place: Place) -> None:
    """The list tells of it while it runs, when it was killed, and when the run is closed."""
    place.spec(job("a", "until [ -e go ]; do sleep 0.02; done"), job("b", "exit 3"), run="r")
    typical(place.path / "train_dir" / "other" / "_pbt", closed=True)
    executor = place.start("specs")
    place.wait_for(ev.AttemptEnded)
    app = Monitor(
        None,
        preferences=Preferences(interval=0.05),
        runs=lambda: RunsReader(place.path / "train_dir"),
    )
    async with app.run_test(size=(120, 30)) as pilot:
        await _shows(app, "r", "live")
        executor.kill()
        executor.wait()
        assert app.fleet is not None
        app.fleet.again(place.rundir.path)
        await _shows(app, "r", "no executor")
        await pilot.press("enter")  # it has come first
        await pilot.pause()
        assert app.follower.rundir.path == place.rundir.path
        place.write("go")
        place.pbt("specs")
        await pilot.press("escape")
        await _shows(app, "r", "failures")
        app.fleet.stop()


async def _shows(app: Monitor, name: str, word: str) -> None:
    end = time.monotonic() + PATIENCE
    pattern = re.compile(rf"^.{{3}}{name} +{word}", re.MULTILINE)
    while not pattern.search(text_of(app)):
        assert time.monotonic() < end, text_of(app)
        await asyncio.sleep(0.02)


def test_on_a_terminal(here: Path) -> None:
    """From the newest run to the list, to another run, back, and out; quiet in between."""
    fleets.fleet()
    terminal = Terminal(size=(120, 30))
    try:
        terminal.wait_for(b"runs below")
        terminal.answer("x")
        terminal.press("6")
        terminal.wait_for(b" with problems")  # the number changes by itself while runs are read
        terminal.settle()
        assert terminal.read(1.2) == b"", "nothing changes"
        terminal.seen = b""
        terminal.press("\r")
        terminal.wait_for(b"lists the runs")
        terminal.press("q")
        terminal.wait_for(b"7 with problems")
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.read(1.0)
        assert b"come back with `pbt-tui train_dir`" in terminal.seen
    finally:
        terminal.close()
