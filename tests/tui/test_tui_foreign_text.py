"""No screen and no text of the monitor gives the terminal a control character of foreign text."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.cli.tui import main
from pbt_tui.journal import events as ev
from pbt_tui.observe import nvml, progress
from pbt_tui.observe.queue_status import QueueStatus
from pbt_tui.observe.snapshot_types import (
    Alarm,
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    PopulationRow,
    RoundRow,
)
from pbt_tui.spec import Container
from pbt_tui.tui import screens
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.dialog import Dialog
from pbt_tui.tui.screens.page import Page
from tests.foreign_text import HOSTILE, assert_plain
from tests.tui.conftest import Shown
from tests.tui.journals import START, Story, spec
from tests.tui.shown import text_of

BYTES = HOSTILE.encode() + b"\xff\xfe\x9b2J"
# Each walk begins on the screen with all jobs.
WALKS = (
    ("f", "enter", "l", "w"), ("f", "j", "r"), ("enter", "l", "G"), ("p", "j"), ("D", "j"),
    ("p", "left", "h", "h", "h", "h", "h"),
    ("space", "x"), ("slash", "3", "enter", "enter"), ("colon",), ("question_mark",), ("z",),
    ("H", "y"), ("E",), ("w", "N", "j", "t", "j", "G", "["), ("w", "j", "y"),
    ("a", "v", "right", "o"), ("p", "v", "right"),
)  # fmt: skip
_WITHOUT = ("HelpScreen", "ConfirmDialog", "CommandPalette", "PromptDialog")
"""Screens that need not show a foreign text."""


def _story(path: Path, runtime: str) -> Story:
    """A run in which each text that somebody else chose is hostile."""
    plan = spec(6, population=3, run="ant")
    jobs = [
        msgspec.structs.replace(
            job,
            name=f"{i}{HOSTILE}",
            experiment=HOSTILE,
            argv=("sh", HOSTILE),
            env={"A": HOSTILE},
            dir=HOSTILE,
            params={HOSTILE: HOSTILE, "lr": HOSTILE},
        )
        for i, job in enumerate(plan.jobs)
    ]
    populations = [msgspec.structs.replace(p, workspace=f"ws{HOSTILE}") for p in plan.populations]
    plan = msgspec.structs.replace(
        plan, run=f"ant{HOSTILE}", module=HOSTILE, jobs=tuple(jobs), populations=tuple(populations)
    )
    story = Story(path, plan).opened()
    gpus = tuple(ev.Gpu(i, f"GPU-{i}{HOSTILE}", f"H100{HOSTILE}", 80 * 10**9) for i in range(2))
    story.write(
        ev.ExecutorStarted, pid=4182, host=f"node{HOSTILE}", boot_id="b", runtime=runtime,
        gpus=gpus, policy=plan.policy, interpreter=f"/usr/bin/{HOSTILE}", engine_id=HOSTILE,
        container=Container(image=HOSTILE), image_digest=HOSTILE,
        slurm=msgspec.to_builtins(Slurm(partition=HOSTILE)) if runtime == "slurm" else None,
    )  # fmt: skip
    names = [job.id for job in plan.jobs]
    for i, name in enumerate(names[:4]):
        story.attempts[name] = 1
        story.write(
            ev.AttemptScheduled, 1.0, job=name, attempt=1, gpus=(gpus[i % 2].uuid,), why=HOSTILE,
            args=(HOSTILE,), env={"B": HOSTILE},
        )  # fmt: skip
        story.write(
            ev.AttemptStarted, job=name, attempt=1, handle=f"1.{HOSTILE}", node=f"n{HOSTILE}",
            source=ev.Source(0, 1, experiment_name=HOSTILE, checkpoint=HOSTILE),
        )  # fmt: skip
        text = b"Traceback (most recent call last):\n  " + BYTES + b"\nValueError: " + BYTES + b"\n"
        story.log(name, text * 40)
        story.rundir.request(name, 1).write_bytes(BYTES)
        story.tasks[name] = QueueStatus(f"67{HOSTILE}", HOSTILE, reason=HOSTILE, node=HOSTILE)
    for name in names[:2]:
        story.fail(name, 5.0, cause="traceback", detail=f"ValueError: {HOSTILE}", line=3)
    story.write(ev.RequestAccepted, 1.0, id="1-1", action="drain", gpus=(gpus[0].uuid,), by=HOSTILE)
    story.write(ev.RequestRefused, 1.0, id="1-2", why=HOSTILE)
    story.attempts[names[4]] = 1
    story.write(ev.AttemptScheduled, job=names[4], attempt=1, gpus=())
    story.write(ev.AttemptWaiting, job=names[4], attempt=1, reason=HOSTILE)
    story.write(ev.JobSkipped, job=names[5], why=HOSTILE)
    story.rundir.gpus.write_bytes(
        nvml.encode(nvml.Samples(START, (nvml.Sample(0, gpus[0].uuid, HOSTILE, 9, 8, 7),)))
    )
    latest = progress.Progress(step=1, line=HOSTILE, at=START)
    story.rundir.progress.write_bytes(
        progress.encode(progress.Progresses(START, {names[2]: latest}))
    )
    return story.queue(error=HOSTILE).flush()


def _populations() -> tuple[PopulationRow, ...]:
    members = tuple(
        MemberRow(
            i, "running", 3, 10, 4.5, {HOSTILE: HOSTILE, "lr": 0.1}, 1,
            (GenerationRow(3, 10, 4.5, {HOSTILE: HOSTILE}, 1),), None,
        )
        for i in range(3)
    )  # fmt: skip
    alarm = Alarm("stale_member", "warning", f"member 1 is {HOSTILE}", (1,))
    events = (EventRow("exploit", 0, 1, 3, "log", 1.0, 2, applied=True),)
    rounds = (RoundRow(2, 3, None, None, None, None, (), (), None, None, HOSTILE),)
    best = Best(0, 3, 4.5, f"/runs/{HOSTILE}.pth")
    return (
        PopulationRow(
            f"p{HOSTILE}", "isaacgymenvs", 3, HOSTILE, members, events, best, (alarm,), rounds
        ),
    )


def _screens() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(screens.__path__):
        for name, kind in vars(import_module(f"{screens.__name__}.{module.name}")).items():
            base = isinstance(kind, type) and issubclass(kind, Page | Dialog)
            if base and kind not in (Page, Dialog):
                found.add(name)
    return found


@pytest.mark.parametrize(("runtime", "size"), [("docker", (80, 24)), ("slurm", (200, 50))])
async def test_every_screen(
    runtime: str, size: tuple[int, int], shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(f"train{HOSTILE}\udcff/r/_pbt")
    _story(path, runtime)
    seen: set[str] = set()

    def look(app: Monitor) -> None:
        name = type(app.screen).__name__
        text = text_of(app)
        assert_plain(text)
        assert name in _WITHOUT or "\\x1b" in text, text
        seen.add(name)

    async with shown(path, size) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = _populations()
        app.model.poll_progress(app.now())
        await pilot.pause()
        first = list(app.screen_stack)
        for walk in WALKS:
            for key in walk:
                look(app)
                await pilot.press(key)
                await pilot.pause()
            look(app)
            while app.screen_stack != first:
                await app.pop_screen()
            await pilot.press("escape", "escape")
    # The list of runs is below no run: `test_tui_fleet_command.py` has its foreign text.
    assert seen >= _screens() - {"FleetScreen"}


@pytest.mark.parametrize("runtime", ["docker", "slurm", "process"])
def test_the_text_of_a_run(runtime: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(f"train{HOSTILE}/r/_pbt")
    _story(path, runtime)
    for more in ([], ["--ascii"]):
        main([str(path), "--once", *more])
        said = capsys.readouterr()
        assert "\\x1b" in said.out
        assert_plain(said.out + said.err)
