"""The journal's file: torn tails are healed, damage is named, an append is whole or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.errors import JournalDamaged, JournalNewer, RunError
from pbt_tui.files import disk
from pbt_tui.journal import Journal, Tail, checksums
from pbt_tui.journal import file as journal_file
from pbt_tui.journal.events import AnyEvent
from tests.journal.lives import life

EVENTS = life(2)
LINES = [msgspec.json.encode(event) + b"\n" for event in EVENTS]
WHOLE = b"".join(LINES)
"""As earlier versions wrote it: without checksums."""


def appended(data: bytes, events: Sequence[AnyEvent]) -> bytes:
    """`data`, and the lines that a journal appends to it."""
    crc = zlib.crc32(data)
    for event in events:
        line, crc = checksums.sealed(msgspec.json.encode(event), crc)
        data += line
    return data


SEALED = appended(b"", EVENTS)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "journal.jsonl"


def written(path: Path, data: bytes) -> Path:
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def damage(path: Path, data: bytes) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught:
        Tail(written(path, data)).read_all()
    assert caught.value.where.file == str(path)
    assert caught.value.exit_code == 5
    with pytest.raises(JournalDamaged):
        Journal(path)
    assert path.read_bytes() == data, "nothing was changed"
    return caught.value


# -- torn ------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(cut=st.integers(0, len(WHOLE)), limit=st.integers(1, 400))
def test_a_tail_torn_anywhere_is_healed(path: Path, cut: int, limit: int) -> None:
    written(path, WHOLE[:cut])
    kept = WHOLE[:cut].count(b"\n")
    assert Tail(path).read_all() == EVENTS[:kept]
    journal = Journal(path)
    assert journal.events == EVENTS[:kept]
    journal.append(EVENTS[kept:])
    journal.close()
    whole = appended(b"".join(LINES[:kept]), EVENTS[kept:])
    assert path.read_bytes() == whole
    tail, found = Tail(path), []
    while more := tail.read(limit):
        found += more
    assert found == EVENTS, "a reader with a small budget reads the same"
    assert (tail.offset, tail.line, tail.life) == (len(whole), len(EVENTS), 0)


def test_every_position(path: Path) -> None:
    for cut in range(len(WHOLE) + 1):
        found = Tail(written(path, WHOLE[:cut])).read_all()
        assert len(found) == WHOLE[:cut].count(b"\n")


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(st.integers(0, len(WHOLE)), max_size=8), limit=st.integers(1, 600))
def test_a_reader_that_follows_never_sees_half_a_line(
    path: Path, steps: list[int], limit: int
) -> None:
    written(path, b"")
    tail, found, there = Tail(path), [], 0
    for end in [*sorted(steps), len(WHOLE)]:
        with path.open("ab") as file:
            file.write(WHOLE[there:end])
        there = end
        while more := tail.read(limit):
            found += more
        assert found == EVENTS[: WHOLE[:there].count(b"\n")]
    assert found == EVENTS
    assert tail.read() == []


# -- damaged ---------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_flipped_byte_is_never_taken_for_another_history(path: Path, data: st.DataObject) -> None:
    """Damage is named by its line, unless the file still says something that could be true."""
    at = data.draw(st.integers(0, len(WHOLE) - 2))
    byte = data.draw(st.integers(0, 255))
    changed = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    number = WHOLE[:at].count(b"\n") + 1
    found, named = [], None
    try:
        found = Tail(written(path, changed)).read_all()
    except (JournalDamaged, JournalNewer) as e:
        named = e.where.line
    if named is not None:
        # A newline that came or went shows in its own line or in the next.
        moved = WHOLE[at : at + 1] == b"\n" or byte == ord("\n")
        assert named in ((number, number + 1) if moved else (number,))
    else:
        assert len(found) >= len(EVENTS) - 1
        differ = [n for n, (a, b) in enumerate(zip(found, EVENTS, strict=False), 1) if a != b]
        assert differ in ([], [number])


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (lambda ls: [*ls[:3], b"\n", *ls[3:]], 4, "an empty line"),
        (lambda ls: [b"\n", *ls], 1, "an empty line"),
        (lambda ls: [*ls, b"\n"], len(LINES) + 1, "an empty line"),
        (lambda ls: [*ls[:3], b" \t\n", *ls[3:]], 4, "an empty line"),
        (lambda ls: [*ls[:3], *ls[4:]], 4, "expected seq 4, got 5"),
        (lambda ls: [*ls[:4], *ls[3:]], 5, "expected seq 5, got 4"),
        (lambda ls: [*ls[:2], b"nonsense\n", *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], b"\xff\xfe\n", *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], b"\x00" * 40 + b"\n", *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], b'{"event":"else","seq":3}\n', *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], b'{"event":"job_skipped","seq":3}\n', *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], ls[2][:-1] + ls[3], *ls[4:]], 3, "not an event"),
        (lambda ls: [*ls[:2], ls[2].replace(b",", b",\n", 1), *ls[3:]], 3, "not an event"),
        (lambda ls: [*ls[:2], ls[2].replace(b",", b",\r", 1), b"{\n"], 4, "not an event"),
        (lambda ls: [ls[0].replace(b"pbt-journal/1", b"pbt-journa1/1"), *ls[1:]], 1, "format is"),
        (lambda ls: [ls[1].replace(b'"seq":2', b'"seq":1')], 1, "a journal begins with"),
    ],
)
def test_damage_is_named_by_its_line(
    path: Path, change: Callable[[list[bytes]], list[bytes]], line: int, words: str
) -> None:
    found = damage(path, b"".join(change(LINES)))
    assert found.where.line == line
    assert words in found.what
    assert found.hint is not None


def test_what_is_read_in_pieces_is_damaged_in_the_same_line(path: Path) -> None:
    written(path, b"".join([*LINES[:9], b"nonsense\n", *LINES[10:]]))
    tail = Tail(path)

    def read() -> None:
        while tail.read(200):
            pass

    with pytest.raises(JournalDamaged) as caught:
        read()
    assert caught.value.where.line == 10
    assert tail.line > 5, "what came before was read"


def test_foreign_text_of_a_damaged_file_does_not_reach_the_terminal(path: Path) -> None:
    bad = LINES[0].replace(b"pbt-journal/1", b"\\u001b[2J")
    assert "\x1b" not in str(damage(path, bad))


# -- replaced --------------------------------------------------------------------------------------


def test_another_file_in_its_place_is_another_life(path: Path) -> None:
    tail = Tail(written(path, WHOLE))
    assert len(tail.read_all()) == len(EVENTS)
    aside = path.with_suffix(".aside")
    aside.write_bytes(WHOLE)
    aside.rename(path)
    assert tail.read_all() == EVENTS
    assert tail.life == 1
    path.write_bytes(LINES[0])
    assert tail.read() == EVENTS[:1], "cut short"
    assert tail.life == 2
    path.unlink()
    assert tail.read() == []
    assert tail.life == 2, "what was read stays until there is something else"
    path.write_bytes(WHOLE)
    assert tail.read_all() == EVENTS, "even if the new file got the number of the old one"
    assert tail.life == 3


def test_a_journal_that_is_not_there_yet(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "journal.jsonl")
    assert tail.read() == []
    (tmp_path / "journal.jsonl").write_bytes(LINES[0])
    assert tail.read() == EVENTS[:1]
    assert tail.life == 0


# -- appended --------------------------------------------------------------------------------------


def test_an_append_is_one_write_and_one_sync(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    journal = Journal(written(path, b""))
    real_write, real_sync = os.write, os.fdatasync

    def write(fd: int, data: bytes) -> int:
        calls.append("write")
        return real_write(fd, data)

    def sync(fd: int) -> None:
        calls.append("sync")
        real_sync(fd)

    monkeypatch.setattr(disk.calls, "write", write)
    monkeypatch.setattr(disk.calls, "fdatasync", sync)
    journal.append(EVENTS, lambda: calls.append("meanwhile"))
    assert calls == ["write", "meanwhile", "sync"]
    journal.close()
    assert path.read_bytes() == SEALED


def test_a_short_write_is_gone_on_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(written(path, b""))
    real = os.write
    monkeypatch.setattr(disk.calls, "write", lambda fd, d: real(fd, d[:7]))
    journal.append(EVENTS)
    monkeypatch.undo()
    journal.close()
    assert path.read_bytes() == SEALED


def test_a_sync_that_fails_is_an_append_that_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(fd: int) -> None:
        raise OSError(5, "Input/output error")

    journal = Journal(written(path, b""))
    monkeypatch.setattr(disk.calls, "fdatasync", fails)
    with pytest.raises(RunError, match="cannot write the journal: input/output error"):
        journal.append(EVENTS)
    journal.close()


def test_a_disk_as_good_as_full_decides_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(written(path, b""))
    monkeypatch.setattr(journal_file, "RESERVE", 1 << 80)
    with pytest.raises(RunError, match="no space left on device"):
        journal.append(EVENTS)
    assert path.read_bytes() == b""
    journal.close()


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """A real limit in a real child: half of a batch is on disk, the whole batch is refused."""
    code = textwrap.dedent("""
        import resource, sys
        from pathlib import Path
        from tests.journal.lives import life
        from pbt_tui.errors import RunError
        from pbt_tui.journal import Journal
        journal = Journal(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            journal.append(life(2))
        except RunError as e:
            print(e.exit_code, e)
    """)
    target = tmp_path / "journal.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", code, target],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == f"5 `{target}`: cannot write the journal: file too large\n"
    assert target.stat().st_size == 1000
    healed = Journal(target)
    assert 0 < len(healed.events) < len(EVENTS)
    assert healed.events == EVENTS[: len(healed.events)]
    healed.close()


def test_dev_full(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    os.close(journal._fd)
    journal._fd = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(RunError, match="cannot write the journal: no space left on device"):
        journal.append(EVENTS)
    journal.close()


@pytest.mark.parametrize("event", ["run_adopted", "gpu_repaired", "leg_reported"])
def test_an_event_of_a_later_version_is_told_as_that(path: Path, event: str) -> None:
    later = f'{{"event":"{event}","seq":{len(EVENTS) + 1},"at":9999.5,"who":{{"knows":[1]}}}}\n'
    written(path, WHOLE + later.encode())
    with pytest.raises(JournalNewer) as caught:
        Tail(path).read_all()
    error = caught.value
    assert (error.exit_code, error.where.line) == (5, len(EVENTS) + 1)
    assert f"`{event}`" in error.what
    assert "newer pbt_tui" in error.what
    assert "--fresh" not in str(error.hint)
    with pytest.raises(JournalNewer):
        Journal(path)
    assert path.read_bytes() == WHOLE + later.encode()


@pytest.mark.parametrize(
    "line",
    [
        '{"event":"Not An Event","seq":%d,"at":9999.5}',
        '{"event":"run_adopted","at":9999.5}',
        '{"event":"run_adopted","seq":"%d","at":9999.5}',
        '{"event":"attempt_started","seq":%d,"at":9999.5}',
        '{"event":7,"seq":%d,"at":9999.5}',
    ],
)
def test_what_no_version_writes_is_damage(path: Path, line: str) -> None:
    n = len(EVENTS) + 1
    written(path, WHOLE + (line.replace("%d", str(n)) + "\n").encode())
    with pytest.raises(JournalDamaged):
        Tail(path).read_all()


def test_a_later_format_is_told_as_that(path: Path) -> None:
    written(path, WHOLE.replace(b"pbt-journal/1", b"pbt-journal/2"))
    with pytest.raises(JournalNewer, match="pbt-journal/2"):
        Tail(path).read_all()
    written(path, WHOLE.replace(b"pbt-journal/1", b"something-else"))
    with pytest.raises(JournalDamaged):
        Tail(path).read_all()


def test_keys_of_a_later_version_are_skipped(path: Path) -> None:
    more = WHOLE.replace(b'"event":', b'"crc":"0f","event":')
    assert Tail(written(path, more)).read_all() == EVENTS


def test_a_setting_of_a_later_version_is_told_as_that(path: Path) -> None:
    more = WHOLE.replace(b'"num_gpus":', b'"num_tpus":1,"num_gpus":', 1)
    assert more != WHOLE
    written(path, more)
    with pytest.raises(JournalNewer, match="unknown field `num_tpus`"):
        Tail(path).read_all()
