"""Rows, filters, labels and widths of text, without a terminal."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.journal import status_text
from pbt_tui.journal.file import Tail
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import RunState
from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
from pbt_tui.spec import decode
from pbt_tui.tui import labels, text
from pbt_tui.tui.columns import TableContext, TableLayout
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.query import compile_filter
from pbt_tui.tui.render.population import MemberTable
from pbt_tui.tui.sort_orders import orders
from pbt_tui.tui.table_order import TableOrder
from tests.tui.journals import Story, spec, typical


def events_of(dice: random.Random, path: Path, jobs: int = 12) -> Story:
    """A random legal history: starts, ends of all kinds, retries."""
    story = Story(path, spec(jobs)).opened().executor()
    names = [j.id for j in story.plan.jobs]
    idle = set(names)
    active: set[str] = set()
    for _ in range(dice.randrange(4 * jobs)):
        if active and (dice.random() < 0.5 or not idle):
            name = dice.choice(sorted(active))
            active.remove(name)
            if dice.random() < 0.5:
                story.end(name)
            else:
                story.fail(name, cause="traceback", detail=f"ValueError: {dice.random()}")
        elif idle:
            name = dice.choice(sorted(idle))
            idle.remove(name)
            active.add(name)
            story.start(name, dice.randrange(4))
    return story.flush()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sort=st.sampled_from(sorted(orders(["lr"]))),
    reverse=st.booleans(),
    query=st.sampled_from(["", "state:run", "!state:wait", "cause:trace", "1", "lr:0.0003 0"]),
    problems=st.booleans(),
)
def test_rows_kept_up_to_date_are_rows_made_anew(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    seed: int,
    sort: str,
    reverse: bool,
    query: str,
    problems: bool,
) -> None:
    story = events_of(random.Random(seed), tmp_path_factory.mktemp("rows") / "_pbt")
    state = RunState(decode(story.rundir.spec.read_bytes()))
    rows = TableOrder(state, parameters=["lr"])
    rows.filter(query)
    rows.only_problems(problems)
    rows.sort_by(sort, reverse)
    for event in Tail(story.rundir.journal).read_all():
        apply(state, event)
        job = getattr(event, "job", None)
        rows.update([state.by_id[job].index] if job else [])
        fresh = TableOrder(state, parameters=["lr"])
        fresh.filter(query)
        fresh.only_problems(problems)
        fresh.sort_by(sort, reverse)
        assert rows.order == fresh.order


@given(st.text(max_size=40))
def test_any_text_is_a_filter(query: str) -> None:
    test = compile_filter(query, lambda: ["lr"]).test
    if test is not None:
        assert {test(job) for job in RunState(spec(3)).jobs} <= {True, False}


@given(st.text(max_size=60), st.integers(0, 30), st.sampled_from("<>"))
def test_fit_is_exact(words_: str, width: int, align: str) -> None:
    clean = text.safe(words_)
    assert text.cells(text.fit(clean, width, align)) == width
    assert text.cells(text.cut(clean, width)) <= width


@given(st.text(max_size=200), st.integers(2, 40))
def test_wrapping_loses_nothing(words_: str, width: int) -> None:
    clean = text.safe(words_)
    pieces = text.wrap(clean, width)
    assert "".join(pieces) == clean
    assert all(text.cells(piece) <= width for piece in pieces)


@given(st.text(max_size=60))
def test_ascii_keeps_the_width(words_: str) -> None:
    clean = text.safe(words_)
    plain = text.ascii_only(clean)
    assert plain.isascii()
    if all(text.cells(c) for c in clean):
        assert len(plain) == text.cells(clean)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0s"), (0.42, "0.4s"), (9.96, "10s"), (59.6, "1m00"), (61, "1m01"), (3599.9, "1h00"),
        (3661, "1h01"), (90000, "1d01h"), (200 * 86400, "200d00h"),
    ],
)  # fmt: skip
def test_duration(seconds: float, shown: str) -> None:
    assert status_text.duration(seconds) == shown
    assert len(shown) <= 7, "the column is as wide"


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_a_row_is_as_wide_as_its_head_and_never_wider_than_the_table(
    width: int, tmp_path: Path
) -> None:
    story = typical(tmp_path / "_pbt")
    feed = JournalFollower(story.rundir, who=lambda r: 1)
    feed.read_all()
    layout = TableLayout(width, 10)
    scene = TableContext(feed.state, feed.state.at)
    wide = {text.length(layout.row(job, scene, True)) for job in feed.state.jobs}
    wide.add(text.length(layout.head()))
    assert len(wide) == 1
    assert wide.pop() <= max(width, 30)


def test_groups_and_marks(tmp_path: Path) -> None:
    feed = JournalFollower(typical(tmp_path / "_pbt").rundir)
    feed.read_all()
    model = Model(feed)
    assert [(g.count, g.signature) for g in model.groups] == [
        (3, "CUDA out of memory"),
        (1, "KeyError: 'learning_rate'"),
    ]
    counted = status_text.counts(feed.state)
    assert sum(counted.values()) == 24
    assert counted["running"] == 8


def test_failures_that_came_too_early_to_be_grouped_are_drawn_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [10.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    story = Story(tmp_path / "_pbt", spec(6)).opened().executor()
    names = [job.id for job in story.plan.jobs]
    story.start(names[0]).fail(names[0], cause="oom").flush()
    feed = JournalFollower(story.rundir)
    feed.read_all()
    model = Model(feed)
    assert sum(group.count for group in model.groups) == 1
    model._regroup_at = 20.0  # as after work that took half a second
    story.start(names[1]).fail(names[1], cause="oom").flush()
    model.take(feed.poll())
    assert sum(group.count for group in model.groups) == 1
    assert not model.is_late, "nothing can be drawn yet"
    clock[0] = 20.0
    assert model.is_late, "no other change may follow"
    model.take(feed.poll())
    assert not model.is_late
    assert sum(group.count for group in model.groups) == 2


def test_every_state_has_glyph_and_word() -> None:
    assert set(labels.STATES) == {
        "waiting", "queued", "starting", "running", "suspended", "paused", "stopping",
        "succeeded", "failed", "cancelled", "skipped",
    }  # fmt: skip
    glyphs = {text.ascii_only(glyph) for glyph, _ in labels.STATES.values()}
    assert all(g.isascii() and len(g) == 1 for g in glyphs)
    assert "?" not in glyphs


@pytest.mark.parametrize(
    ("since", "cell"),
    [
        (None, "‖ paused"),
        (990.0, "‖ paused <1m"),
        (400.0, "‖ paused 10m"),
        (-9e4, "‖ paused 1d01h"),
    ],
)
def test_a_paused_member_says_for_how_long(since: float | None, cell: str) -> None:
    members = [
        MemberRow(0, "running", 3, 10, 4.5, {"lr": 0.1}, 1, (), None),
        MemberRow(1, "paused", 3, 10, 4.0, {"lr": 0.2}, 1, (), since),
    ]
    row = PopulationRow("p", "isaacgymenvs", 2, "/w", tuple(members), (), None, ())
    for width in (60, 100):
        table = MemberTable(row, width, 1000.0)
        lines = [text.plain(line) for line in (table.head(), *map(table.line, (1, 2), members))]
        assert cell in lines[2]
        begin = lines[0].index("GEN") + 2
        assert [line[begin] for line in lines[1:]] == ["3", "3"]
        assert max(map(len, lines)) <= width


def test_what_needs_no_screen_imports_no_textual() -> None:
    quiet = (
        "actions columns host journal_follower labels logs.open_log logs.log_times "
        "logs.number_series model query render.curves render.job_curve "
        "render.failures render.help render.job render.population render.queue render.strips "
        "request_sender runtime_view start_executor table_order targets text "
        "text_report"
    )
    code = "import sys; " + "; ".join(f"import pbt_tui.tui.{m}" for m in quiet.split())
    code += "; import pbt_tui.cli.tui; assert not any(m.startswith('textual') for m in sys.modules)"
    code += "; assert 'rich' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_of_the_monitor_imports_the_executor() -> None:
    code = (
        "import sys, pkgutil, importlib, pbt_tui.tui as t\n"
        "for m in pkgutil.walk_packages(t.__path__, 'pbt_tui.tui.'):\n"
        "    importlib.import_module(m.name)\n"
        "import pbt_tui.cli.tui\n"
        "bad = [m for m in sys.modules if m.startswith(('pbt_tui.executor', 'docker'))]\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
