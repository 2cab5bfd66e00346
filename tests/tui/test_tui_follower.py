"""Following a journal that is complete, torn, damaged, replaced or growing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pbt_tui.errors import BadSpec, JournalDamaged
from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from pbt_tui.journal.file import Tail
from pbt_tui.journal.fold import replay
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui.journal_follower import JournalFollower
from tests.tui.journals import Story, large, spec, typical


def nobody(rundir: RunDir) -> None:
    return None


def test_what_is_followed_is_what_is_replayed(tmp_path: Path) -> None:
    story = typical(tmp_path / "_pbt", closed=True)
    whole = story.rundir.journal.read_bytes()
    story.rundir.journal.write_bytes(b"")
    feed = JournalFollower(story.rundir, who=nobody)
    for end in range(0, len(whole) + 97, 97):  # cut anywhere, also inside of lines
        story.rundir.journal.write_bytes(whole[:end])
        feed.poll()
    assert feed.error is None
    expected = replay(feed.state.spec, Tail(story.rundir.journal).read_all())
    assert feed.state.meaning() == expected.meaning()


def test_changes_name_the_jobs(tmp_path: Path) -> None:
    story = Story(tmp_path / "_pbt", spec(4)).opened().executor().flush()
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    assert not feed.poll()
    story.start("02_ant_pbt").flush()
    change = feed.poll()
    assert change.jobs == {2}
    assert not change.everything
    story.write(ev.RequestAccepted, id="1-1", action="hold").flush()
    change = feed.poll()
    assert change.run
    assert change.answers[0].id == "1-1"


def test_a_large_run_shows_its_first_jobs_before_the_rest_is_read(tmp_path: Path) -> None:
    story = large(tmp_path / "_pbt", 3000)
    feed = JournalFollower(story.rundir, who=nobody)
    assert 0 < len(feed.state.jobs) < 3000
    assert feed.state.jobs[0].spec == story.plan.jobs[0]
    assert not feed.loaded
    feed.read_all()
    assert len(feed.state.jobs) == 3000
    assert feed.state.counts["running"] == 64


def test_a_budget_is_kept_by_slices(tmp_path: Path) -> None:
    feed = JournalFollower(large(tmp_path / "_pbt", 8000).rundir, who=nobody)
    polls = 0
    while not feed.loaded:
        feed.poll(budget=0.0)
        polls += 1
    assert polls > 3


def test_a_torn_line_has_not_happened_and_is_read_once_it_is_whole(tmp_path: Path) -> None:
    story = Story(tmp_path / "_pbt", spec(2)).opened().executor().flush()
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    story.start("00_ant_pbt")
    line = b"".join(story.lines)
    with story.rundir.journal.open("ab", buffering=0) as file:
        file.write(line[:40])
        assert not feed.poll().jobs
        file.write(line[40:])
        assert feed.poll().jobs == {0}


def test_damage_is_named_and_what_was_read_stays(tmp_path: Path) -> None:
    story = typical(tmp_path / "_pbt")
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    with story.rundir.journal.open("ab") as file:
        file.write(b"not json\n")
    change = feed.poll()
    assert change.run
    assert isinstance(feed.error, JournalDamaged)
    assert f":{feed.state.seq + 1}" in str(feed.error)
    assert feed.state.counts["running"] == 8
    assert not feed.poll(), "said once"


def test_a_run_put_aside_and_begun_anew(tmp_path: Path) -> None:
    story = typical(tmp_path / "_pbt", closed=True)
    feed = JournalFollower(story.rundir, who=nobody)
    feed.read_all()
    story.rundir.path.rename(tmp_path / "_pbt.1")
    assert not feed.poll().jobs, "nothing there for a moment"
    Story(tmp_path / "_pbt", spec(5)).opened().executor().start("00_ant_pbt").flush()
    change = feed.poll()
    assert change.everything
    assert len(feed.state.jobs) == 5
    assert feed.state.closed is None


def test_the_lock_says_who_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = typical(tmp_path / "_pbt")
    moments = iter(range(100, 10_000, 10))
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    feed = JournalFollower(story.rundir)
    feed.read_all()
    assert feed.holder is None
    lock.acquire(story.rundir.lock)
    try:
        assert feed.poll().run
        assert feed.holder is not None
    finally:
        lock.release(story.rundir.lock)
    assert feed.poll().run
    assert feed.holder is None


def test_no_spec_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadSpec, match="cannot read: No such file"):
        JournalFollower(RunDir(tmp_path))


def test_a_damaged_spec_is_a_clear_error(tmp_path: Path) -> None:
    story = typical(tmp_path / "_pbt")
    story.rundir.spec.write_bytes(story.rundir.spec.read_bytes()[:-300])
    with pytest.raises(BadSpec):
        JournalFollower(story.rundir).read_all()


def test_a_copied_directory_is_the_same_run(tmp_path: Path) -> None:
    story = typical(tmp_path / "here" / "_pbt", closed=True)
    shutil.copytree(story.rundir.path, tmp_path / "there" / "_pbt")
    shutil.rmtree(story.rundir.path)
    feed = JournalFollower(RunDir(tmp_path / "there" / "_pbt"))
    feed.read_all()
    assert feed.state.closed == "failures"
