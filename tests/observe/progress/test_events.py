"""TensorBoard event files: both versions of scalars, growing files, damage, and hostile lengths.

`version_1` was written by tensorboardX; `version_2` has the messages of TensorFlow 2.
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.observe.progress import event_folders
from pbt_tui.observe.progress.event_records import RECORD, EventRecords, masked_crc
from pbt_tui.observe.progress.event_scalars import Scalar, scalars
from pbt_tui.observe.progress.event_watcher import EventWatcher, preference

EVENTS = Path(__file__).with_name("events")


def record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def event(tag: str, step: int, value: float) -> bytes:
    """A record with a scalar of version 1."""
    inner = b"\x0a" + bytes([len(tag)]) + tag.encode() + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(inner)]) + inner
    steps = bytearray()
    left = step
    while True:
        steps.append((left & 0x7F) | (0x80 if left > 0x7F else 0))
        left >>= 7
        if not left:
            break
    return record(
        b"\x09" + struct.pack("<d", 1e9 + step) + b"\x10" + bytes(steps)
        + b"\x2a" + bytes([len(summary)]) + summary
    )  # fmt: skip


def values(records: EventRecords, budget: int = 1 << 20) -> list[Scalar]:
    found: list[Scalar] = []
    while new := records.read(budget):
        found += [scalar for data in new for scalar in scalars(data)]
    return found


def test_version_1() -> None:
    records = EventRecords(EVENTS / "version_1.tfevents.bin")
    found = values(records)
    rewards = [(s.step, s.at, s.value) for s in found if s.tag == "rewards/step"]
    assert rewards == [(512 * k, 1.7e9 + k, 1.5 * k) for k in range(10)]
    assert len([s for s in found if s.tag == "losses/a_loss"]) == 10
    assert records.damaged == 0


def test_version_2() -> None:
    found = values(EventRecords(EVENTS / "version_2.tfevents.bin"))
    assert {s.tag for s in found} == {"epoch_accuracy"}, "a tensor of six numbers is no scalar"
    assert [(s.step, s.value) for s in found[:10]] == [(k, 0.25 * k) for k in range(10)]
    assert math.isnan(found[10].value)


def test_a_growing_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    records = EventRecords(path)
    assert values(records) == []
    whole = event("r", 1, 1.0) + event("r", 2, 2.0)
    seen: list[int] = []
    with path.open("ab") as file:
        for byte in whole:
            file.write(bytes([byte]))
            file.flush()
            seen += [s.step for s in values(records)]
    assert seen == [1, 2]
    assert records.damaged == 0
    path.write_bytes(event("r", 7, 1.0))
    assert [s.step for s in values(records)] == [7], "a smaller file is another one"


def test_the_end_of_a_large_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"".join(event("r", step, 1.0) for step in range(20_000)))
    records = EventRecords(path, first=10_000)
    found = [s.step for s in values(records)]
    assert found == list(range(20_000 - len(found), 20_000))
    assert 100 < len(found) < 300
    assert records.damaged == 0, "the beginning was left out on purpose"


@pytest.mark.parametrize("length", [2**63, 2**32, 2**31, RECORD + 1])
@pytest.mark.parametrize("sealed", [True, False])
def test_hostile_lengths(tmp_path: Path, length: int, sealed: bool) -> None:
    path = tmp_path / "events.out.tfevents.1"
    head = struct.pack("<Q", length)
    checksum = struct.pack("<I", masked_crc(head) if sealed else 7)
    path.write_bytes(event("r", 1, 1.0) + head + checksum + event("r", 2, 2.0))
    found = [s.step for s in values(EventRecords(path))]
    believed = sealed and length < 1 << 30
    assert found == ([1] if believed else [1, 2])


def test_a_large_record_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(event("r", 1, 1.0) + record(b"i" * 3 * RECORD) + event("r", 2, 2.0))
    records = EventRecords(path)
    steps: list[int] = []
    for _ in range(4):
        steps += [s.step for data in records.read() for s in scalars(data)]
    assert steps == [1, 2]


def test_damaged_data_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    bad = bytearray(event("r", 2, 2.0))
    bad[-6] ^= 1
    path.write_bytes(event("r", 1, 1.0) + bytes(bad) + event("r", 3, 3.0))
    records = EventRecords(path)
    assert [s.step for s in values(records)] == [1, 3]
    assert records.damaged == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_no_more_than_wrong(data: bytes) -> None:
    for scalar in scalars(data):
        assert len(scalar.tag) <= 200


@pytest.mark.parametrize("place", range(0, 600, 7))
def test_one_wrong_byte_loses_at_most_two_records(tmp_path: Path, place: int) -> None:
    path = tmp_path / "events.out.tfevents.1"
    data = bytearray(b"".join(event("reward", step, 1.0) for step in range(20)))
    data[place] ^= 0xFF
    path.write_bytes(data)
    found = [s.step for s in values(EventRecords(path))]
    assert len(found) >= 18
    assert found == sorted(found)


def test_a_link_or_a_pipe_waits_for_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tfevents.1")
    assert EventRecords(tmp_path / "a.tfevents.1").read() == []
    assert EventRecords(tmp_path).read() == []


# -- whose file ------------------------------------------------------------------------------------


def test_files_of_one_job_among_others(tmp_path: Path) -> None:
    for name in ("runs/0_ant_pbt_00/summaries", "runs/01_ant_x/summaries", "0_ant/.summary/0"):
        folder = tmp_path / "ant" / name
        folder.mkdir(parents=True)
        (folder / "events.out.tfevents.1.host").write_bytes(b"x")
    found = event_folders.folders(tmp_path, "ant", "0_ant", alone=False)
    files = event_folders.event_files(found, since=0.0)
    assert {file.path.parts[-4] for file in files} == {"runs", "0_ant"}
    assert len(files) == 2, "`01_ant_x` is another job"
    assert event_folders.event_files(found, since=files[0].at + 100) == [], "an earlier attempt's"
    alone = event_folders.folders(tmp_path, "ant", "none", alone=True)
    assert len(event_folders.event_files(alone, since=0.0)) == 3
    assert event_folders.folders(tmp_path, "none", "x", alone=False) == []


def test_a_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_folders, "ENTRIES", 50)
    for k in range(100):
        (tmp_path / f"f{k:03}").touch()
    (tmp_path / "z.tfevents.1").touch()
    assert event_folders.event_files([tmp_path], since=0.0) == []
    (tmp_path / "loop").symlink_to(tmp_path)
    monkeypatch.setattr(event_folders, "ENTRIES", 5000)
    assert 1 <= len(event_folders.event_files([tmp_path], since=0.0)) <= event_folders.FILES


def test_the_best_policy_of_several_files(tmp_path: Path) -> None:
    for policy, value in enumerate((1.0, 5.0, float("nan"))):
        path = tmp_path / f"events.out.tfevents.{policy}"
        path.write_bytes(event("loss", 3, 9.0) + event("reward/reward", 3, value))
    watcher = EventWatcher()
    found = watcher.of("a", lambda: [tmp_path], 0.0, 100.0)
    assert found is not None
    assert (found.tag, found.value) == ("reward/reward", 5.0)
    with (tmp_path / "events.out.tfevents.0").open("ab") as file:
        file.write(event("reward/reward", 4, 7.0))
    found = watcher.of("a", list, 0.0, 101.0)
    assert found is not None
    assert (found.step, found.value) == (4, 7.0)
    watcher.forget([])
    assert watcher.of("a", list, 0.0, 102.0) is None


def test_tags_of_objectives() -> None:
    tags = (
        "policy_stats/avg_true_objective", "rewards/step", "Reward / Total reward (mean)",
        "custom/mean_return", "train/loss", "Episode_Reward/track", "losses/loss_std",
    )  # fmt: skip
    places = [preference(tag) for tag in tags]
    assert None not in places
    assert places == sorted(places, key=lambda place: place or 0)
    assert preference("info/last_lr") is None
