"""Facts about tasks from files and answers of the queue, in orders that the tests choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.journal import RunDir
from pbt_tui.runtimes.protocol import Ended, Queued, Started
from pbt_tui.runtimes.slurm import tracker
from pbt_tui.runtimes.slurm.squeue import SqueueRow
from pbt_tui.runtimes.slurm.tracker import LOOKS, Task, TaskTracker

PREEMPTED = "slurmstepd: error: *** JOB 7 ON n0 CANCELLED AT 2026-11-26T04:28:18 DUE TO {} ***\n"
PENDING = SqueueRow("PENDING", reason="BeginTime", restarts=1)


class Cluster:
    """One task, `j.1`, that is `7_0`."""

    def __init__(self, path: Path) -> None:
        self.dir = RunDir(path)
        self.dir.attempts.mkdir(parents=True)
        self.dir.slurm.mkdir()
        self.hurried = 0
        self.tasks = TaskTracker(self.dir, self.dir.slurm, wake=lambda: None, hurry=self._hurry)
        self.task = Task("j", 1, id="7_0")
        self.tasks.track(self.task)
        self.claim = self.dir.claim("j", 1)

    def _hurry(self) -> None:
        self.hurried += 1

    def writes(self, text: str) -> None:
        with self.claim.open("a") as file:
            file.write(text)

    def says(self, why: str) -> None:
        (self.dir.slurm / "7_0.out").write_text(PREEMPTED.format(why))

    def scan(self, later: float = 0.0) -> list[object]:
        """A look at the files, `later` seconds after the end was first seen."""
        if self.task.over_at is not None:
            self.task.over_at -= later
        self.tasks.scan()
        return list(self.tasks.facts())

    def look(self, line: SqueueRow | None) -> list[object]:
        self.tasks.saw({} if line is None else {"7_0": line})
        return list(self.tasks.facts())


@pytest.fixture
def one(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_life_and_the_next_one(one: Cluster) -> None:
    one.writes("slurm 7_0\nstart 0 n0 1\n")
    assert one.scan() == [Started("j", 1, "7_0", "n0")]
    assert one.scan() == []
    one.writes("exit 143 2\n")
    one.says("PREEMPTION")
    assert one.scan() == []
    assert one.look(PENDING) == [Queued("j", 1, "BeginTime")]
    assert one.scan(later=600) == [], "it waits for its next life, however long"
    one.writes("start 1 n1 3\n")
    assert one.scan() == [Started("j", 1, "7_0", "n1", restart=1)]
    one.writes("exit 0 4\n")
    one.scan()
    (end,) = one.scan(later=1)
    assert isinstance(end, Ended)
    assert end.exit_code == 0
    assert one.scan() == [], "each end once"


def test_a_signal_is_explained_before_it_is_told(one: Cluster) -> None:
    one.writes("slurm 7_0\nstart 0 n0 1\nexit 137 2\n")
    one.scan()
    assert one.scan(later=1) == []
    assert one.hurried
    (end,) = one.look(SqueueRow("OUT_OF_MEMORY", 125))
    assert isinstance(end, Ended)
    assert end.cause == "oom"


def test_a_signal_that_slurm_never_explains_is_told_all_the_same(one: Cluster) -> None:
    one.writes("slurm 7_0\nstart 0 n0 1\nexit 137 2\n")
    one.scan()
    (end,) = one.scan(later=tracker.AT_MOST)
    assert isinstance(end, Ended)
    assert (end.exit_code, end.signal, end.cause) == (137, 9, None)


@pytest.mark.parametrize("line", [SqueueRow("COMPLETED"), None], ids=["completed", "forgotten"])
def test_a_file_may_come_late(one: Cluster, line: SqueueRow | None) -> None:
    """The queue has said that it is over; its disk shows the file after some looks."""
    for _ in range(LOOKS - 1):
        assert one.look(line) == []
    one.writes("slurm 7_0\nstart 0 n0 1\nexit 3 2\n")
    found = [*one.look(line), *one.scan(later=1)]
    assert [f.exit_code for f in found if isinstance(f, Ended)] == [3]


def test_without_a_word_it_is_lost_and_can_never_begin(one: Cluster) -> None:
    found = [fact for _ in range(LOOKS) for fact in one.look(None)]
    (end,) = found
    assert isinstance(end, Ended)
    assert end.lost
    assert one.claim.read_text() == "given up\n"


def test_what_begins_while_it_is_given_up_is_followed(
    one: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cancelled in the queue, says SLURM; and its file says that it runs."""
    give_up: Callable[..., bool] = one.tasks.give_up

    def late(task: Task, *rest: str) -> bool:
        one.writes("slurm 7_0\nstart 0 n0 1\n")
        return give_up(task, *rest)

    monkeypatch.setattr(one.tasks, "give_up", late)
    assert one.look(SqueueRow("CANCELLED")) == [Started("j", 1, "7_0", "n0")]
    assert one.tasks.get(("j", 1)) is not None


def test_a_reason_is_told_when_it_lasts(one: Cluster) -> None:
    """The first at once; what goes to and fro is not told at each turn."""
    one.look(SqueueRow("PENDING", reason=""))
    assert one.look(SqueueRow("PENDING", reason="Priority")) == [Queued("j", 1, "Priority")]
    for _ in range(3):
        assert one.look(SqueueRow("PENDING", reason="Resources")) == []
        assert one.look(SqueueRow("PENDING", reason="Priority")) == []
    one.look(SqueueRow("PENDING", reason="Resources"))
    assert one.look(SqueueRow("PENDING", reason="Resources")) == [Queued("j", 1, "Resources")]


def test_a_lost_node_is_believed_on_the_second_look(one: Cluster) -> None:
    """Between the two it may be queued again."""
    one.writes("slurm 7_0\nstart 0 n0 1\n")
    one.scan()
    assert one.look(SqueueRow("NODE_FAIL", node="n0")) == []
    assert one.look(PENDING) == [Queued("j", 1, "BeginTime")]
    assert one.look(SqueueRow("NODE_FAIL", node="n0")) == []
    (end,) = one.look(SqueueRow("NODE_FAIL", node="n0"))
    assert isinstance(end, Ended)
    assert end.lost
