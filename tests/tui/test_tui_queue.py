"""A run in SLURM: what is read, what is painted, and what a request means there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.cli.tui import main
from pbt_tui.journal import RunDir, status_text
from pbt_tui.journal.requests import pending, read
from pbt_tui.observe import snapshot
from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.queue_status import read as read_queue
from pbt_tui.observe.snapshot_types import QueueRow, Snapshot
from pbt_tui.tui import journal_follower as feeds
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import queue
from pbt_tui.tui.screens.jobs import JobsScreen
from pbt_tui.tui.text import length, plain
from tests.tui.conftest import Shown
from tests.tui.journals import SILENT, START, Story, arrays, spec, typical
from tests.tui.shown import text_of

NOW = START + 3000.0
rows = st.builds(
    QueueRow,
    polled_at=st.none() | st.floats(NOW - 2000, NOW),
    next_at=st.none() | st.floats(NOW, NOW + 300),
    floor=st.floats(0.1, 60),
    stale=st.booleans(),
    error=st.none() | st.text(max_size=90),
    states=st.dictionaries(
        st.sampled_from(["PENDING", "RUNNING", "\x1b[31mX"]), st.integers(1, 10**5)
    ),
    reasons=st.dictionaries(st.text(max_size=40), st.integers(1, 10**5), max_size=4),
    starts_at=st.none() | st.floats(NOW, NOW + 10**6),
)


def nobody(rundir: RunDir) -> None:
    return None


# -- what is read ----------------------------------------------------------------------------------


def test_the_picture_is_read_when_it_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = arrays(tmp_path / "_pbt")
    reads: list[Path] = []

    def reading(path: Path) -> Queue | None:
        reads.append(path)
        return read_queue(path)

    monkeypatch.setattr(feeds, "read_queue", reading)
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    for _ in range(5):
        assert not feed.poll()
    assert len(reads) == 1
    story.rundir.queue.rename(tmp_path / "aside")
    assert feed.poll().queue
    assert feed.queue is None
    story.queue(error=SILENT)
    change = feed.poll()
    assert change.queue
    assert not change.jobs
    assert feed.queue is not None
    assert feed.queue.error == SILENT


def test_half_a_picture_is_none_and_the_run_is_followed(tmp_path: Path) -> None:
    story = arrays(tmp_path / "_pbt")
    story.rundir.queue.write_bytes(story.rundir.queue.read_bytes()[:-20])
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    assert feed.queue is None
    assert Model(feed).queue is None
    assert feed.state.jobs[14].shown == "queued"


def test_a_run_that_is_not_in_slurm_looks_for_no_picture(tmp_path: Path) -> None:
    story = typical(tmp_path / "_pbt")
    arrays(tmp_path / "other").rundir.queue.rename(story.rundir.queue)
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    assert feed.queue is None


def test_what_waits_in_the_queue_counts_as_waiting(tmp_path: Path) -> None:
    feed = JournalFollower(arrays(tmp_path / "_pbt").rundir, who=nobody)
    feed.read_all()
    counted = status_text.counts(feed.state)
    assert counted == msgspec.structs.asdict(snapshot.counts(feed.state))
    assert (counted["waiting"], counted["running"]) == (9, 7)


def test_the_queue_as_data(here: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    arrays(Path("_pbt"))
    main(["_pbt", "--once", "--json"])
    found = msgspec.json.decode(capsysbinary.readouterr().out, type=Snapshot)
    assert found.queue is not None
    assert found.queue.states == {"PENDING": 9, "RUNNING": 6, "SUBMITTED": 1}
    assert found.queue.reasons == {"Priority": 6, "Resources": 2, "BeginTime": 1}
    jobs = {job.id: job for job in found.jobs}
    failed, again = jobs["03_ant_pbt"], jobs["09_ant_pbt"]
    waits, new = jobs["15_ant_pbt"], jobs["23_ant_pbt"]
    assert (failed.node, failed.slurm_id, failed.reason) == ("n3", "4127_3", None)
    assert (again.node, again.restarts, again.state) == ("n2.cluster.example", 2, "running")
    assert (waits.state, waits.reason, waits.starts_at) == ("queued", "Priority", START + 3600)
    assert (new.state, new.slurm_id, new.node) == ("starting", "4130_0", None)


def test_the_page_as_text_has_the_queue(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays(Path("_pbt"))
    main(["_pbt", "--once"])
    said = capsys.readouterr().out
    assert "9 pending: 6 Priority, 2 Resources, 1 BeginTime" in said
    assert "last asked" in said


# -- what is painted -------------------------------------------------------------------------------


@given(rows, st.integers(20, 220), st.booleans())
def test_the_strip_fits_and_says_nothing_to_the_terminal(
    row: QueueRow, width: int, asks: bool
) -> None:
    for line in queue.strip(row, width, NOW, asks=asks):
        assert length(line) <= width
        assert plain(line).isprintable()


@given(rows, st.integers(40, 220), st.floats(0, 59))
def test_between_two_answers_nothing_is_painted(row: QueueRow, width: int, later: float) -> None:
    row = msgspec.structs.replace(row, stale=False)
    first = queue.strip(row, width, NOW, asks=True)
    assert queue.strip(row, width, NOW + later, asks=True) == first


def _counted(
    painted: dict[str, int], name: str, refresh: Callable[..., Any], *regions: Any, **more: Any
) -> Any:
    painted[name] += len(regions)
    return refresh(*regions, **more)


async def test_an_answer_paints_the_meter_and_no_row(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path / "_pbt", spec(10_000), gpus=0).opened()
    story.executor(host="login1", runtime="slurm")
    for i, job in enumerate(story.plan.jobs):
        story.submit(job.id, f"4127_{i}", "Priority")
    story.queue().flush()
    async with shown(story.rundir.path, (120, 36)) as (app, pilot):
        assert "10000 pending: 10000 Priority" in text_of(app)
        painted = {"table": 0, "queue": 0}
        assert isinstance(app.screen, JobsScreen)
        for name, widget in (("table", app.screen.table), ("queue", app.screen.queue)):
            counted = partial(_counted, painted, name, widget.refresh)
            monkeypatch.setattr(widget, "refresh", counted)
        story.queue(ago=10.0)
        app.follow()
        await pilot.pause()
        assert painted["table"] == 0
        assert painted["queue"] >= 1
        painted.update(queue=0)
        app.follow()
        await pilot.pause()
        assert painted == {"table": 0, "queue": 0}


async def test_the_job_of_a_reason_is_found_by_it(tmp_path: Path, shown: Shown) -> None:
    story = arrays(tmp_path / "_pbt")
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press("slash", *"resources", "enter")
        assert [app.model.state.jobs[i].spec.id for i in app.model.rows.order] == [
            "21_ant_pbt",
            "22_ant_pbt",
        ]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Priority", "Priority: others in the queue go first"),
        ("QOSMaxJobsPerUserLimit", "QOSMaxJobsPerUserLimit: a limit of the quality of service"),
        ("ReqNodeNotAvail, UnavailableNodes:n3", "is down, drained or reserved"),
        ("SomethingNew", "SomethingNew"),
    ],
)
async def test_a_reason_is_explained_where_it_is_known(
    reason: str, said: str, tmp_path: Path, shown: Shown
) -> None:
    story = Story(tmp_path / "_pbt", spec(1), gpus=0).opened()
    story.executor(runtime="slurm").submit("00_ant_pbt", "7_0", reason).queue().flush()
    async with shown(story.rundir.path, (120, 36)) as (app, pilot):
        await pilot.press("enter")
        await pilot.pause()
        why = next(line for line in text_of(app).splitlines() if line.startswith(" why"))
        assert why.endswith(said)


# -- what is asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said", "left"),
    [
        (["x"], "in SLURM it is 4130_0", ("cancel", ("23_ant_pbt",))),
        (["j", "K"], "in SLURM it is 4127_8", ("kill", ("08_ant_pbt",))),
        (
            ["j", "space", "space", "space", "x"],
            "in SLURM: 3 tasks of array 4127",
            ("cancel", ("08_ant_pbt", "09_ant_pbt", "10_ant_pbt")),
        ),
        (["f", "r"], "submitted to SLURM again, in a new array", None),
        (["H"], "attempts in SLURM's queue are held, too", ("hold", ())),
    ],
)
async def test_a_request_says_what_it_means_in_slurm(
    keys: list[str],
    said: str,
    left: tuple[str, tuple[str, ...]] | None,
    tmp_path: Path,
    shown: Shown,
) -> None:
    story = arrays(tmp_path / "_pbt")
    async with shown(story.rundir.path) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert said in " ".join(text_of(app).split())
        await pilot.press("y")
        await pilot.pause()
    asked = [(r.action, r.jobs) for r in (read(path) for path in pending(story.rundir))]
    if left is not None:
        assert asked == [left]
