"""Counts of SLURM's queue, and the script with which an attempt was submitted."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe import slurm_submissions
from pbt_tui.observe.queue_status import Queue, QueueStatus, encode, read
from pbt_tui.observe.queue_summary import SUBMITTED, tally
from pbt_tui.runtimes.slurm.submissions import Files, Submissions

places = st.builds(
    QueueStatus,
    st.from_regex(r"[1-9]\d{0,3}_\d{1,3}", fullmatch=True),
    st.sampled_from(["", "PENDING", "RUNNING", "COMPLETING"]),
    reason=st.sampled_from([None, "Priority", "Resources"]),
    starts_at=st.none() | st.floats(1e9, 2e9),
)


@given(st.dictionaries(st.text(max_size=5), places))
def test_everybody_is_counted_once_and_the_first_start_is_the_first(
    found: dict[str, QueueStatus],
) -> None:
    row = tally(Queue(1.0, 2.0, 5.0, False, None, found))
    assert sum(row.states.values()) == len(found)
    assert sum(row.reasons.values()) == sum(1 for p in found.values() if p.reason)
    assert row.states.get(SUBMITTED, 0) == sum(1 for p in found.values() if not p.state)
    starts = [p.starts_at for p in found.values() if p.starts_at is not None]
    assert row.starts_at == (min(starts) if starts else None)
    for counted in (row.states, row.reasons):
        assert list(counted.values()) == sorted(counted.values(), reverse=True)


def test_a_picture_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "queue.json"
    assert read(path) is None
    whole = encode(Queue(1.0, 2.0, 5.0, True, "silent", {"a.1": QueueStatus("4_0", "PENDING")}))
    for end in range(len(whole) - 1):
        path.write_bytes(whole[:end])
        assert read(path) is None
    path.write_bytes(b"\xff\xfe")
    assert read(path) is None


def test_the_script_of_an_attempt_is_that_of_its_array(tmp_path: Path) -> None:
    kept = Submissions(tmp_path, "5eed1e55")
    first = kept.write([("a", 1), ("b", 1)], Files("manifest-1.txt", b"one\n", b"#!/bin/bash\n"))
    again = kept.write([("b", 2)], Files("manifest-2.txt", b"two\n", b"#!/bin/bash\n"))
    (tmp_path / "0.json").write_text("half of a rec")
    (tmp_path / "1.json").write_text(json.dumps({"other": 1}))
    kept.save(again)
    kept.save(msgspec.structs.replace(first, id="67"))
    assert slurm_submissions.find(tmp_path, "b", 1) == (tmp_path / first.script, "67_1")
    assert slurm_submissions.find(tmp_path, "b", 2) == (tmp_path / again.script, None)
    assert slurm_submissions.find(tmp_path, "c", 1) is None
    assert slurm_submissions.find(tmp_path / "none", "a", 1) is None
