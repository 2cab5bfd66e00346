"""JSON that is nested deeper than Python recurses: a located message, and no `RecursionError`."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pbt_tui.errors import BadSpec, JournalDamaged
from pbt_tui.journal import Journal, RunDir, Tail, requests
from pbt_tui.spec import decode
from tests.journal.lives import life

DEEP = b"[" * 100_000
WHOLE = DEEP + b"]" * 100_000
BRANCHES = b'{"a":' * 100_000


@pytest.mark.parametrize(
    "line",
    [
        b'{"seq":2,"at":1.0,"event":"attempt_started","job":"a","attempt":1,"later":%s}',
        b'{"seq":2,"at":1.0,"event":"of_a_later_version","later":%s}',
        b'{"seq":2,"at":1.0,"later":%s}',
        b'{"seq":2,"at":1.0,"event":%s}',
        b"%s",
    ],
)
@pytest.mark.parametrize("deep", [DEEP, WHOLE, BRANCHES])
def test_a_line_of_a_journal(tmp_path: Path, line: bytes, deep: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(msgspec.json.encode(life(2)[0]) + b"\n" + line % deep + b"\n")
    for read in (lambda: Tail(path).read_all(), lambda: Journal(path)):
        with pytest.raises(JournalDamaged, match="not an event") as caught:
            read()
        assert (caught.value.where.file, caught.value.where.line) == (str(path), 2)


@pytest.mark.parametrize(
    "document",
    [
        b"%s",
        b'{"id":"1-1","action":"cancel","jobs":%s}',
        b'{"id":"1-1","action":"cancel","jobs":[%s]}',
        b'{"id":"1-1","action":%s}',
        b'{"id":%s}',
    ],
)
@pytest.mark.parametrize("deep", [DEEP, WHOLE, BRANCHES])
def test_a_request(tmp_path: Path, document: bytes, deep: bytes) -> None:
    rundir = RunDir.of(tmp_path, "r")
    rundir.requests.mkdir(parents=True)
    path = rundir.requests / "1-1.json"
    path.write_bytes(document % deep)
    with pytest.raises(BadSpec, match="not a request") as caught:
        requests.read(path)
    assert caught.value.where.file == str(path)


@pytest.mark.parametrize(
    "document",
    [
        b"%s",
        b'{"format":"pbt-processes/1","jobs":%s}',
        b'{"format":"pbt-processes/1","jobs":[{"params":{"a":%s}}]}',
        b'{"format":"pbt-processes/1","unknown":%s}',
        b'{"format":%s}',
    ],
)
@pytest.mark.parametrize("deep", [DEEP, WHOLE, BRANCHES])
def test_a_spec(document: bytes, deep: bytes) -> None:
    with pytest.raises(BadSpec) as caught:
        decode(document % deep, "spec.json")
    assert caught.value.where.file == "spec.json"
    assert "recursion" not in str(caught.value)
