"""What a monitor tells its terminal, in which bytes, and what it keeps to itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.untold import TOPICS
from pbt_tui.observe.progress import BestObjective
from pbt_tui.tui import news, terminal_messages
from pbt_tui.tui.announcer import Announcer, title_text
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.preferences import Preferences
from tests.tui.journals import Story, spec, typical
from tests.tui.test_tui_terminal import Terminal


class Desk:
    """A monitor without a screen: what it writes to the terminal, on a clock that is set."""

    def __init__(self, story: Story, *, holder: int | None = 1, **wanted: object) -> None:
        self.holder = holder
        self.follower = JournalFollower(RunDir(story.rundir.path), who=lambda rundir: self.holder)
        self.follower.read_all()
        self.model = Model(self.follower)
        self.written: list[str] = []
        self.now = 0.0
        preferences = Preferences(**{"title": False, **wanted})  # type: ignore[arg-type]
        self.announcer = Announcer(
            self.model, self.written.append, preferences, clock=lambda: self.now
        )

    def turn(self, seconds: float = 1.0) -> list[str]:
        """Reads, lets time pass, and returns what was written."""
        self.now += seconds
        change = self.follower.poll()
        self.model.take(change)
        self.announcer.take(change)
        self.announcer.tick()
        found, self.written[:] = list(self.written), []
        return found


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story(tmp_path / "_pbt", spec(6, run="ant")).opened().executor()
    for job in story.plan.jobs:
        story.start(job.id, 0)
    return story.flush()


def osc9(text: str) -> str:
    return f"\x1b]9;{text}\x07"


def test_the_first_failure_at_once_then_one_message_a_minute(story: Story) -> None:
    desk = Desk(story)
    assert desk.turn() == []
    names = [job.id for job in story.plan.jobs]
    story.fail(names[0], cause="oom").flush()
    (told,) = desk.turn()
    assert told.startswith(f"\x1b]9;run `ant`: job `{names[0]}` failed: ")
    story.fail(names[1], cause="oom").fail(names[2], cause="oom").flush()
    assert desk.turn() == []
    (told,) = desk.turn(60)
    assert f"run `ant`: 2 jobs failed, the first was `{names[1]}`" in told
    assert desk.turn(600) == []


def test_the_end_is_told_once_also_if_the_executor_is_gone_by_then(story: Story) -> None:
    desk = Desk(story, notify=("bell", "osc9"))
    for job in story.plan.jobs:
        story.end(job.id)
    story.write(ev.RunClosed, verdict="succeeded").flush()
    desk.holder = None
    assert desk.turn() == ["\x07" + osc9("run `ant` succeeded: 6 jobs: 6 succeeded")]
    assert desk.turn(3600) == []


def test_the_past_is_not_told(story: Story) -> None:
    """A run that failed and ended before, and one that is copied while it is looked at."""
    names = [job.id for job in story.plan.jobs]
    story.fail(names[0]).flush()
    assert Desk(story).turn() == []
    desk = Desk(story, holder=None)
    story.fail(names[1]).flush()
    assert desk.turn() == []
    for name in names[2:]:
        story.end(name)
    story.write(ev.RunClosed, verdict="failures").flush()
    assert desk.turn() == []
    assert Desk(story).turn() == []


def test_what_is_not_wanted_is_not_told(story: Story) -> None:
    names = [job.id for job in story.plan.jobs]
    silent, ends = Desk(story, notify=()), Desk(story, tell=("end",))
    story.fail(names[0]).flush()
    assert silent.turn() == []
    assert ends.turn() == []


def test_a_better_objective_and_a_plateau(story: Story) -> None:
    state = Desk(story).follower.state
    told: list[str] = []
    now = news.begun(state)

    def see(value: float, at: float) -> list[str]:
        nonlocal now
        now = news.seen(now, state, (), BestObjective("07", value, since=at, at=at), at)
        found, now = news.due(now, state, at, TOPICS)
        told.extend(found)
        return found

    assert see(1.0, 0.0) == []  # the first one is no better one
    assert see(2.0, 1.0) == ["run `ant`: the best objective is now 2 of `07`"]
    assert see(3.0, 2.0) == []
    assert see(2.5, 602.0) == ["run `ant`: the best objective is now 3 of `07`"]
    assert see(2.5, 1700.0) == []
    assert see(2.5, 1802.0) == ["run `ant`: no better objective than 3 of `07` for 30 minutes"]
    assert see(2.5, 90000.0) == []
    assert see(4.0, 90001.0) == ["run `ant`: the best objective is now 4 of `07`"]
    assert see(4.0, 92000.0) == []  # a quarter of a day is needed by now
    assert len(see(4.0, 90001.0 + 45000.0)) == 1


# -- bytes -----------------------------------------------------------------------------------------


@given(st.text(), st.lists(st.sampled_from(terminal_messages.WAYS)), st.booleans(), st.booleans())
def test_no_control_character_of_a_text_gets_out(
    text: str, ways: list[str], tmux: bool, screen: bool
) -> None:
    environ = {"TMUX": "x"} if tmux else {"TERM": "screen"} if screen else {}
    plain = terminal_messages.notification("x", ways, environ)
    found = terminal_messages.notification(text, ways, environ)
    controls = [c for c in found if not c.isprintable()]
    assert controls == [c for c in plain if not c.isprintable()]
    title = terminal_messages.title(text)
    assert [c for c in title if not c.isprintable()] == ["\x1b", "\x07"]


@pytest.mark.parametrize(
    ("ways", "environ", "found"),
    [
        ([], {}, ""),
        (["bell"], {"TMUX": "x"}, "\x07"),
        (["osc777"], {}, "\x1b]777;notify;pbt-tui;a, b\x07"),
        (["osc9"], {"TERM": "screen.xterm"}, "\x1bP\x1b]9;a; b\x07\x1b\\"),
        (["osc9"], {"TMUX": "x", "TERM": "screen"}, "\x1bPtmux;\x1b\x1b]9;a; b\x07\x1b\\"),
        (["osc9", "osc777"], {}, "\x1b]9;a; b\x07\x1b]777;notify;pbt-tui;a, b\x07"),
    ],
)
def test_bytes(ways: list[str], environ: dict[str, str], found: str) -> None:
    assert terminal_messages.notification("a; b", ways, environ) == found


@pytest.mark.parametrize("term", ["linux", "dumb", "vt100"])
def test_terminals_that_would_print_it_get_nothing(term: str) -> None:
    assert not terminal_messages.understands({"TERM": term})


# -- the title -------------------------------------------------------------------------------------


def test_the_title_is_written_only_when_it_changes(story: Story) -> None:
    desk = Desk(story, title=True, notify=())
    assert desk.written == ["\x1b[22;2t", "\x1b]2;ant 6● 0 %\x07"]
    desk.written.clear()
    assert desk.turn() == []
    story.fail(story.plan.jobs[0].id).flush()
    assert desk.turn() == ["\x1b]2;ant 5● 1✗ 16 %\x07"]
    desk.announcer.close()
    assert desk.written == ["\x1b[23;2t"]


def test_the_title_in_ascii(story: Story) -> None:
    desk = Desk(story, title=True, ascii=True)
    assert desk.written[1] == "\x1b]2;ant 6* 0 %\x07"
    assert title_text(desk.follower.state) == "ant 6● 0 %"


def test_on_a_terminal(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact bytes, from the start to the end."""
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    story = typical(Path("_pbt"))
    lock.acquire(story.rundir.lock)
    terminal = Terminal("_pbt", "--notify=bell,osc9", HOME=str(here))
    try:
        terminal.wait_for(b"\x1b]2;")
        terminal.settle()
        assert terminal.seen.count(b"\x1b[22;2t") == 1
        assert b"\x1b]9;" not in terminal.seen  # what failed before is no news
        story.at = time.time()
        story.fail("08_ant_pbt", cause="oom").flush()
        terminal.wait_for(b"\x07\x1b]9;run `ant_pbt`: job `08_ant_pbt` failed: ")
        terminal.settle()
        assert terminal.seen.count(b"\x1b]2;") == 2
        terminal.press("q")
        terminal.wait_for(b"\x1b[23;2t")
        terminal.ended()
    finally:
        terminal.close()
        lock.release(story.rundir.lock)


def test_nothing_of_it_where_it_is_not_wanted(here: Path) -> None:
    typical(Path("_pbt"))
    terminal = Terminal("_pbt", "--no_title", "--notify=none", HOME=str(here))
    try:
        terminal.wait_for(b"% ended")
        terminal.settle()
        terminal.press("q")
        terminal.ended()
        terminal.read(0.2)
        assert b"\x1b]2;" not in terminal.seen
        assert b"\x1b[22;2t" not in terminal.seen
        assert b"\x1b[23;2t" not in terminal.seen
    finally:
        terminal.close()
