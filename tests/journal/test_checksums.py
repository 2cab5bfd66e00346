"""Checksums of the journal's lines: every flipped bit and edited byte is found and located."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from pbt_tui.errors import JournalDamaged
from pbt_tui.journal import Journal, Tail, checksums
from pbt_tui.journal import events as ev
from pbt_tui.journal import file as journal_file
from pbt_tui.journal.replaying import replay_file
from tests.journal.lives import job as made
from tests.journal.lives import life, spec

EVENTS = life(2)
Changes = Callable[[bytes], Iterator[tuple[int, bytes]]]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sealed") / "journal.jsonl"
    journal = Journal(path)
    for event in EVENTS:
        journal.append([event])
    journal.close()
    return path.read_bytes()


def found_in(path: Path, data: bytes) -> int | None:
    """The line that is named as damaged; None if the file is read without an error."""
    path.write_bytes(data)
    try:
        Tail(path).read_all()
    except JournalDamaged as e:
        return e.where.line
    return None


def flips(data: bytes) -> Iterator[tuple[int, bytes]]:
    for at, byte in enumerate(data):
        for bit in range(8):
            yield at, data[:at] + bytes([byte ^ 1 << bit]) + data[at + 1 :]


def edits(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A byte removed, doubled, put in, or replaced by one that JSON likes."""
    for at in range(len(data)):
        yield at, data[:at] + data[at + 1 :]
        for byte in (b"0", b"9", b'"', b" ", b"a", b"}", b",", b"\\"):
            yield at, data[:at] + byte + data[at:]
            if byte != data[at : at + 1]:
                yield at, data[:at] + byte + data[at + 1 :]


def test_what_was_written_is_read(tmp_path: Path, sealed: bytes) -> None:
    assert found_in(tmp_path / "j", sealed) is None
    assert sealed.count(checksums.KEY) == len(EVENTS) == sealed.count(b"\n")
    assert Tail(tmp_path / "j").read_all() == EVENTS


@pytest.mark.parametrize("changed", [flips, edits], ids=["bits", "bytes"])
def test_every_change_of_one_byte_is_found(sealed: bytes, changed: Changes) -> None:
    """Each line, after the unchanged lines before it: tens of thousands of changes, in memory."""
    before = crc = 0
    for line in sealed.splitlines(keepends=True):
        for at, bad in changed(line):
            if at == len(line) - 1:
                continue  # its newline: below
            if checksums.damaged(bad, crc) is None:
                with pytest.raises(JournalDamaged):
                    journal_file._decode(Path("j"), bad, before)
        crc = zlib.crc32(line, crc)
        before += 1


@pytest.mark.parametrize("changed", [flips, edits], ids=["bits", "bytes"])
def test_a_changed_newline_is_found(tmp_path: Path, sealed: bytes, changed: Changes) -> None:
    lines = sealed.splitlines(keepends=True)
    ends = [sum(map(len, lines[: n + 1])) - 1 for n in range(len(lines))]
    for number in (1, 2, len(lines) - 1, len(lines)):
        end = ends[number - 1]
        for _, bad in changed(b"\n"):
            found = found_in(tmp_path / "j", sealed[:end] + bad + sealed[end + 1 :])
            if bad in (b"", b"\n") and number == len(lines):
                assert found is None, "without its newline, the last line has not happened"
            else:
                assert found in (number, number + 1), (number, bad)


def test_of_the_first_line_alone_and_the_last(tmp_path: Path, sealed: bytes) -> None:
    lines = sealed.splitlines(keepends=True)
    for _, bad in flips(lines[0][:-1]):
        assert found_in(tmp_path / "j", bad + b"\n") == 1


def in_pieces(path: Path, rng: random.Random) -> None:
    tail = Tail(path)
    while tail.read(rng.randrange(50, 2000)):
        pass


@pytest.mark.parametrize("value", [b"", b"0", b"fcfb9999999999b0", b"ZZZZ0000", b"0000 000"])
def test_a_checksum_of_another_form_is_damage(tmp_path: Path, sealed: bytes, value: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    for line in (1, sealed.count(b"\n")):
        lines = sealed.splitlines(keepends=True)
        lines[line - 1] = lines[line - 1][:-11] + value + b'"}\n'
        path.write_bytes(b"".join(lines))
        with pytest.raises(JournalDamaged) as caught:
            Tail(path).read_all()
        assert caught.value.where.line == line


def test_a_file_read_in_pieces(tmp_path: Path, sealed: bytes) -> None:
    path = tmp_path / "j"
    rng = random.Random(3)
    for _ in range(100):
        at = rng.randrange(len(sealed) - 1)
        path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        with pytest.raises(JournalDamaged) as caught:
            in_pieces(path, rng)
        line = sealed[:at].count(b"\n") + 1
        assert caught.value.where.line in (line, line + 1)


def test_lines_of_earlier_versions_before_between_and_after(tmp_path: Path) -> None:
    """Without a checksum a line is read as before; the next checksum covers it."""
    path = tmp_path / "j"
    plain = [msgspec.json.encode(event) + b"\n" for event in EVENTS]
    path.write_bytes(b"".join(plain[:4]))
    for begin, end in ((4, 8), (10, 14)):
        journal = Journal(path)
        assert journal.events == EVENTS[:begin]
        journal.append(EVENTS[begin:end])
        journal.close()
        with path.open("ab") as file:
            file.write(b"".join(plain[end : end + 2]))
    assert Tail(path).read_all() == EVENTS[:16]
    data = path.read_bytes()
    last = data.rindex(checksums.KEY)
    for at, bad in flips(data):
        if at < last and at % 7 == 0:
            assert found_in(path, bad) is not None


def test_a_variable_of_that_name_is_no_checksum(tmp_path: Path) -> None:
    odd = ev.AttemptScheduled(
        seq=1, at=1.0, job="a", attempt=1, gpus=(), env={"A": "1", "crc": "00000000"}
    )
    lines = b"".join([msgspec.json.encode(odd) + b"\n"])
    assert checksums.damaged(lines, 0) is None
    sealed, crc = checksums.sealed(msgspec.json.encode(odd), 0)
    assert checksums.damaged(sealed, 0) is None
    assert checksums.damaged(sealed + checksums.sealed(b'{"seq":2}', crc)[0], 0) is None


def test_an_impossible_event_of_a_file_is_damage(tmp_path: Path) -> None:
    """Also with a checksum that fits: a line of another run."""
    path = tmp_path / "j"
    foreign = msgspec.structs.replace(EVENTS[2], job="nobody")
    journal = Journal(path)
    journal.append([*EVENTS[:2], foreign])
    journal.close()
    events = Tail(path).read_all()
    with pytest.raises(JournalDamaged, match="an event that cannot be: no such job") as caught:
        replay_file(spec(made("a"), made("b")), path, events)
    assert (caught.value.where.file, caught.value.where.line) == (str(path), 3)
    assert caught.value.exit_code == 5
