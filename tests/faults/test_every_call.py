"""A fault at every call for a file, in a run of plain processes: nothing is lost, nothing twice.

`make test` tries every fourth pair of a call and a fault, `make faults` each (`PBT_FAULTS=1`).
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pbt_tui.errors import RunError
from pbt_tui.journal import Journal
from pbt_tui.journal.events import AnyEvent
from tests.faults import small_run
from tests.faults.faulty_disk import FAULTS, OF_WRITES, Call, FaultyDisk

SHARDS = 8
EVERY = int(os.environ.get("PBT_FAULTS", "4"))
RESUMED = Call("fdatasync", "train_dir/r/_pbt/journal.jsonl", 1)
"""Where the first executor dies, for the faults of the second: after the jobs have started."""
OTHER_ENDS = {
    ("request.json", "EACCES"): "a request that this user may not read is refused, and said to be",
}
"""File and fault where the run does not end as the others, and why that is right."""


def pairs(calls: list[Call], shard: int) -> list[tuple[Call, str]]:
    """The calls of one shard, each with a fault that it can have.

    A hash decides: so each pair is of one shard, whichever other calls a run made.
    """
    return [
        (call, fault)
        for call in sorted(calls)
        for fault in FAULTS
        if fault not in OF_WRITES or call.name == "write"
        if zlib.crc32(f"{fault} {call}".encode()) % (SHARDS * EVERY) == shard
    ]


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("resumed", [False, True], ids=["first", "resumed"])
def test_a_fault_at_every_call(tmp_path: Path, shard: int, resumed: bool) -> None:
    dies = RESUMED if resumed else None
    (tmp_path / "sound").mkdir()
    calls = small_run.calls_of_a_sound_run(tmp_path / "sound", dies)
    every = pairs(calls, shard)
    reached, found = 0, []
    for number, (call, fault) in enumerate(every):
        name = Path(call.file).name
        if (name, fault) in OTHER_ENDS or ((name, "*") in OTHER_ENDS and "crash" not in fault):
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        happened, wrong = small_run.violations(folder, call, fault, dies)
        reached += happened
        found += [f"{fault} at {call}: {what}" for what in wrong]
    print(f"{len(calls)} calls, {len(FAULTS)} faults: {len(every)} tried, {reached} happened")
    print(f"{len(found)} violations")
    assert found == []
    # A turn more or less of the loop makes some calls of one run unknown to another.
    assert reached > len(every) * 3 // 4


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "ESTALE", "EACCES"])
def test_a_run_does_not_depend_on_its_sampler(tmp_path: Path, error: str) -> None:
    run = small_run.SmallRun(tmp_path)
    code = run.live(FaultyDisk(tmp_path, others=error))
    run.check([code])
    assert run.violations == []
    assert any("cannot be sampled" in line for line in run.troubles)


def test_a_planted_mistake_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor that goes on although its journal could not be written."""
    real = Journal.append

    def lenient(self: Journal, events: Sequence[AnyEvent], meanwhile: Callable[[], None]) -> None:
        with contextlib.suppress(RunError):
            real(self, events, meanwhile)

    monkeypatch.setattr(Journal, "append", lenient)
    call = Call("write", "train_dir/r/_pbt/journal.jsonl", 1)
    happened, wrong = small_run.violations(tmp_path, call, "EIO")
    assert happened
    assert wrong != []
