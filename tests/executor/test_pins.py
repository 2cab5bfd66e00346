"""The newest generation of each member, and the best one, are kept while a run is executed."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.executor.pins import Pins
from pbt_tui.executor.sampler import Sampler
from pbt_tui.files import disk
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import kept
from pbt_tui.observe.workspaces import reader
from tests.executor.running import until
from tests.executor.test_reader_threads import story
from tests.journal.lives import Story
from tests.observe.member_files import Member, archive, put


@pytest.fixture
def members(tmp_path: Path) -> list[Member]:
    """Two members of population `p`, in the workspace of a run directory."""
    found = [Member(tmp_path / "train", i, "isaacgymenvs") for i in (0, 1)]
    for member in found:
        member.workspace = tmp_path / "train/ws_p"
        member.folder = member.workspace / f"{member.member:03d}"
    return found


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    rundir = RunDir.of(tmp_path / "train", "r")
    rundir.path.mkdir(parents=True)
    return rundir


class Watch:
    """What the sampler does with one population at each poll."""

    def __init__(self, told: Story, rundir: RunDir, members: Sequence[Member]) -> None:
        population = told.state.spec.populations[0]
        self.reader = reader("isaacgymenvs", members[0].workspace)
        self.known: list[Any] = []
        self.rundir = rundir
        self.given = told.state, population, rundir.kept, self.reader
        self.pins = Pins(*self.given, [])

    def poll(self) -> list[str]:
        new = self.reader.poll()
        self.known += new
        return self.pins.update(new)

    def again(self) -> None:
        """Another executor: its reader tells nothing that the history has."""
        self.pins = Pins(*self.given, self.known)
        self.reader.poll()

    @property
    def kept(self) -> list[tuple[int, int]]:
        return sorted((pin.member, pin.generation) for pin in kept.pins(self.rundir.kept))


def removed(member: Member, number: int) -> None:
    for suffix in (".pth", ".yaml"):
        (member.folder / f"{number:06d}{suffix}").unlink()


def test_the_newest_of_each_member_and_the_best_are_kept(
    members: list[Member], rundir: RunDir
) -> None:
    watch = Watch(story(), rundir, members)
    assert watch.poll() == []
    assert watch.kept == []
    members[0].write(1, true_objective=9.0)
    members[1].write(1, at=1.5)
    assert watch.poll() == []
    assert watch.kept == [(0, 1), (1, 1)]
    for number in (2, 3):
        members[0].write(number, true_objective=5.0)
        members[1].write(number, at=number + 0.5, true_objective=6.0)
        assert watch.poll() == []
        assert watch.kept == [(0, 1), (0, number), (1, number)]
    removed(members[0], 1)
    members[1].write(4, true_objective=8.0)
    watch.poll()
    assert watch.kept == [(0, 1), (0, 3), (1, 4)], "the best is not in its folder any more"
    members[1].write(5, true_objective=10.0)
    watch.poll()
    assert watch.kept == [(0, 3), (1, 5)]
    names = {path.name for member in members for path in member.folder.iterdir()}
    assert all(name.split(".")[0].isdigit() for name in names), "nothing is in a member's folder"


def test_the_newest_is_what_was_written_last(members: list[Member], rundir: RunDir) -> None:
    """After an exploit, numbers fall; the clean-up of Isaac Lab removes the lower ones at once."""
    watch = Watch(story(), rundir, members)
    members[0].write(9)
    watch.poll()
    members[0].write(4, at=20)
    watch.poll()
    removed(members[0], 4)
    watch.poll()
    assert watch.kept[0] == (0, 4)


def test_what_is_not_whole_replaces_nothing(members: list[Member], rundir: RunDir) -> None:
    watch = Watch(story(), rundir, members)
    members[0].write(1, true_objective=1.0)
    watch.poll()
    members[0].write(2, true_objective=0.5, weights=archive()[:-3])
    members[0].write(3, true_objective=0.5, weights_at=99)
    watch.poll()
    assert watch.kept == [(0, 1)]


def test_another_executor_keeps_what_the_last_one_kept(
    members: list[Member], rundir: RunDir
) -> None:
    watch = Watch(story(), rundir, members)
    members[0].write(1, true_objective=9.0)
    members[1].write(1, at=1.5)
    watch.poll()
    members[0].write(2, true_objective=5.0)
    watch.poll()
    removed(members[0], 1)
    watch.again()
    members[0].write(3, true_objective=6.0)
    watch.poll()
    assert watch.kept == [(0, 1), (0, 3), (1, 1)]
    members[1].write(2, true_objective=10.0)
    watch.poll()
    assert watch.kept == [(0, 3), (1, 2)]


def test_what_an_attempt_goes_on_from_is_kept(members: list[Member], rundir: RunDir) -> None:
    """It may not have loaded it yet."""
    told = story()
    watch = Watch(told, rundir, members)
    members[0].write(1)
    watch.poll()
    [pin] = kept.pins(rundir.kept)
    source = Source(0, 1, checkpoint=str(pin.weights), stamp=pin.stamp)
    question = told.state.by_id["p0"].question
    told.tell(ev.ContinuationKnown(job="p0", attempt=2, after=question, source=source))
    members[0].write(2, true_objective=8.0)
    watch.poll()
    assert watch.kept == [(0, 1), (0, 2)]
    told.runs("p0")
    members[0].write(3, true_objective=9.0)
    watch.poll()
    assert watch.kept == [(0, 1), (0, 3)]
    told.fails("p0").runs("p0")
    members[0].write(4, true_objective=10.0)
    watch.poll()
    assert watch.kept == [(0, 4)]


def test_after_a_beginning_from_scratch_the_old_life_is_not_kept(
    members: list[Member], rundir: RunDir
) -> None:
    watch = Watch(story(), rundir, members)
    members[0].write(1, true_objective=9.0)
    members[1].write(1, at=1.5, true_objective=5.0)
    watch.poll()
    members[0].folder.rename(members[0].folder.with_name("000.before-2"))
    kept.release_life(rundir.kept, "p", [0])
    members[0].write(1, at=50, true_objective=1.0)
    watch.poll()
    assert watch.kept == [(0, 1), (1, 1)]
    members[0].write(2, at=60, true_objective=2.0)
    members[1].write(2, at=61, true_objective=3.0)
    watch.poll()
    assert watch.kept == [(0, 2), (1, 1), (1, 2)], "the best is one of the other member"


def test_the_checkpoints_of_policies_are_kept(tmp_path: Path, rundir: RunDir) -> None:
    told = story()
    population = msgspec.structs.replace(
        told.state.spec.populations[0], style="sample_factory", members=("p0",)
    )
    workspace = tmp_path / "train/ws_p"
    found = reader("sample_factory", workspace)
    pins = Pins(told.state, population, rundir.kept, found, [])
    for policy in (0, 1):
        path = workspace / f"checkpoint_p{policy}" / "checkpoint_000000010_400.pth"
        path.parent.mkdir(parents=True)
        put(path, archive(), 1.0)
    assert pins.update(found.poll()) == []
    assert [(p.member, p.generation) for p in kept.pins(rundir.kept)] == [(0, 10), (1, 10)]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM], ids=["other disk", "other owner"])
def test_what_cannot_be_kept_is_said_once_and_ends_nothing(
    members: list[Member], rundir: RunDir, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(disk.calls, "link", refuse)
    for member in members:
        member.write(1)
    at_work = Sampler(story().state, rundir)
    at_work.start()
    said: list[str] = until(at_work.problems)
    members[0].write(2)
    at_work.stop()
    assert said == [f"generations of population `p` are not kept: {os.strerror(code).lower()}"]
    assert at_work.problems() == []
    assert rundir.populations.read_text().count('"generation":2') == 1
    assert kept.pins(rundir.kept) == []


def test_a_generation_that_its_trainer_removes_meanwhile_is_nothing_to_say(
    members: list[Member], rundir: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = disk.calls.link

    def late(path: Path, to: Path, **more: Any) -> None:
        Path(path).unlink()
        link(path, to, **more)

    monkeypatch.setattr(disk.calls, "link", late)
    members[0].write(1)
    watch = Watch(story(), rundir, members)
    assert watch.poll() == []
    assert list(rundir.kept.iterdir()) == []


def test_the_sampler_keeps_generations(members: list[Member], rundir: RunDir) -> None:
    members[0].write(1)
    at_work = Sampler(story().state, rundir)
    at_work.start()
    until(lambda: len(kept.pins(rundir.kept)) == 1)
    at_work.stop()
    assert at_work.problems() == []
    [pin] = kept.pins(rundir.kept)
    assert pin.weights.samefile(members[0].folder / "000001.pth")
