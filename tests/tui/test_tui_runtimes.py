"""Every kind of runtime is shown with its own texts; one that is not installed is named."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import pbt_tui.tui
from pbt_tui.cli.tui import main
from pbt_tui.errors import BadSpec
from pbt_tui.journal.events import Action
from pbt_tui.registry import Registry
from pbt_tui.runtimes import RUNTIMES, RuntimeKind
from pbt_tui.runtimes.kind import QueueText, Submission, SubmittedAttempt
from pbt_tui.tui import runtime_view
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.render import queue
from tests.tui.conftest import Shown
from tests.tui.journals import Story, spec, typical
from tests.tui.shown import text_of

NAME = "grid"


def submitted(attempt: SubmittedAttempt) -> Submission:
    """What the toy's engine was given, as its package would read it."""
    if attempt.job.startswith("03"):
        raise ValueError("half of a ticket")
    path = attempt.run / "tickets" / f"{attempt.job}.{attempt.number}"
    return Submission(id=attempt.handle, files=(("ticket", path),))


def grid(submissions: str | None = f"{__name__}:submitted") -> RuntimeKind:
    return RuntimeKind(
        name=NAME,
        title="Grid",
        option="--runtime grid",
        create="nowhere:create",
        dry_run="nowhere:show",
        handle="ticket",
        local=False,
        reached_from_anywhere=True,
        queue=QueueText(
            pending="PARKED",
            reasons={"NoGate": "every gate is taken"},
            reason_prefixes={"Toll": "the toll is not paid"},
            commands=lambda handle: [f"gridctl show {handle}"],
            several=lambda handles: f"{len(handles)} tickets",
            retried="parked again, at the end of the queue",
            held="nobody else is let to a gate",
            released="the gates open again",
        ),
        submissions=submissions,
    )


GRID = grid()
BARE = grid(submissions=None)


def only(monkeypatch: pytest.MonkeyPatch, **kinds: str) -> None:
    """These runtimes are installed, and no other."""
    registry = Registry("runtime", "pbt_tui.runtimes", kinds, RuntimeKind)
    monkeypatch.setattr(runtime_view, "RUNTIMES", registry)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Six jobs in the grid: one runs, one came back, three wait, one is not seen yet."""
    story = Story(tmp_path / "_pbt", spec(6), gpus=0).opened()
    story.executor(host="login1", runtime=NAME)
    names = [job.id for job in story.plan.jobs]
    for i, name in enumerate(names[:5]):
        story.submit(name, f"g{i}.7", "NoGate" if i < 4 else "TollRoad")
        story.tasks[name] = msgspec.structs.replace(story.tasks[name], state="PARKED")
    story.submit(names[5], "g5.7")
    for name, node in zip(names[:2], ("east", "west"), strict=True):
        story.run(name, node).log(name, "started\n")
    story.fail(names[1], cause="traceback", detail="KeyError: 'lr'")
    return story.queue().flush()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ([], ["3 parked: 2 NoGate, 1 TollRoad", "NODE", "east"]),
        ([], ["submitted as g5.7"]),
        (["slash", *"02_", "enter", "enter"], ["NoGate: every gate is taken", "NODE"]),
        (["slash", *"02_", "enter", "enter"], ["grid      g2.7, parked", "gridctl show g2.7"]),
        (["slash", *"02_", "enter", "enter"], ["ticket  ", "_pbt/tickets/02_ant_pbt.1"]),
        (["slash", *"04_", "enter", "enter"], ["TollRoad: the toll is not paid"]),
        (["slash", *"00_", "enter", "x"], ["in Grid it is g0.7"]),
        (["a", "x"], ["in Grid: 5 tickets"]),
        (["H"], ["nobody else is let to a gate"]),
        (["f", "r"], ["parked again, at the end of the queue"]),
    ],
)
async def test_a_kind_is_shown_in_its_own_words(
    keys: list[str],
    words: list[str],
    size: tuple[int, int],
    story: Story,
    shown: Shown,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, **{NAME: f"{__name__}:GRID"})
    async with shown(story.rundir.path, size) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        text = text_of(app)
    for word in words:
        assert " ".join(word.split()) in " ".join(text.split())
    for foreign in ("slurm", "docker", "pid", "container", "scontrol"):
        assert foreign not in text.lower().replace("pid 4182", "")


def test_a_kind_may_say_what_a_hold_and_a_release_do_or_nothing() -> None:
    def notes(action: Action, texts: QueueText | None) -> list[str]:
        return queue.request_notes(action, [], lambda job: None, replace(GRID, queue=texts))

    osmo = RUNTIMES.get("osmo").queue
    assert notes("release", GRID.queue) == ["the gates open again"]
    assert notes("hold", QueueText()) == ["attempts in the queue are held, too"]
    assert notes("release", QueueText()) == ["attempts held in the queue are released, too"]
    assert notes("hold", osmo) == ["attempts are not submitted to OSMO; what OSMO has is not held"]
    assert notes("release", osmo) == notes("release", None) == []


async def test_a_kind_without_a_reader_shows_handle_and_commands(
    story: Story, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, **{NAME: f"{__name__}:BARE"})
    async with shown(story.rundir.path, (120, 36)) as (app, pilot):
        await pilot.press("slash", *"02_", "enter", "enter")
        await pilot.pause()
        text = text_of(app)
    assert "g2.7, parked" in text
    assert "gridctl show g2.7" in text
    assert "ticket" not in text


async def test_a_reader_that_fails_is_named_and_the_page_stays(
    story: Story, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, **{NAME: f"{__name__}:GRID"})
    async with shown(story.rundir.path, (120, 36)) as (app, pilot):
        await pilot.press("slash", *"03_", "enter", "enter")
        await pilot.pause()
        text = text_of(app)
    assert "cannot read what was submitted: ValueError: half of a ticket" in text
    assert "gridctl show g3.7" in text


def test_a_kind_as_text(
    story: Story, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, **{NAME: f"{__name__}:GRID"})
    main([str(story.rundir.path), "--once"])
    text = capsys.readouterr().out
    assert "3 parked: 2 NoGate, 1 TollRoad" in text
    assert "slurm" not in text.lower()


async def test_any_host_may_start_an_executor_where_the_kind_is_reached_from_it(
    story: Story, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, **{NAME: f"{__name__}:GRID"})
    async with shown(story.rundir.path, holder=None) as (app, pilot):
        await pilot.press("E")
        await pilot.pause()
        assert "start an executor for ant_pbt" in text_of(app)


# -- a runtime that is not installed ---------------------------------------------------------------


def test_a_run_of_a_missing_runtime_is_refused_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = typical(tmp_path / "_pbt")
    only(monkeypatch, grid=f"{__name__}:GRID", docker="pbt_tui.runtimes.docker.kind:KIND")
    for look in (lambda: JournalFollower(story.rundir), lambda: main([str(story.rundir.path)])):
        with pytest.raises(BadSpec) as caught:
            look()
        assert caught.value.exit_code == 3
        assert "_pbt/journal.jsonl`:2: there is no runtime `process`" in str(caught.value)
        assert "grid, docker" in str(caught.value)


async def test_an_executor_of_a_missing_runtime_stops_the_follower(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screen stays, with what was read so far, and says why."""
    story = typical(tmp_path / "_pbt")
    only(monkeypatch, process="pbt_tui.runtimes.process.kind:KIND")
    async with shown(story.rundir.path, (160, 36)) as (app, pilot):
        story.executor(runtime="grid").flush()
        app.follow()
        await pilot.pause()
        assert "! " in text_of(app)
        assert "there is no runtime `grid`: this monitor knows process" in str(app.follower.error)
        assert "08_ant_pbt" in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "pid 10" in text_of(app)


# -- what holds it ---------------------------------------------------------------------------------


def test_no_module_of_the_monitor_names_a_runtime() -> None:
    """Not in a text, not in a comparison: docstrings alone may give an example."""
    found = []
    for path in Path(pbt_tui.tui.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        stated = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            named = node.value in RUNTIMES.built_in or "slurm" in node.value.lower()
            if named and id(node) not in stated:
                found.append(f"{path.name}:{node.lineno}: {node.value!r}")
    assert found == []
