"""Lines of the service's logs reach the logs of the attempts once, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.runtimes.osmo import log_copies

HEAD = "2026/08/20 16:09:"


def line(second: int, text: str, task: str = "ta") -> bytes:
    return f"{HEAD}{second:02d} [{task}] {text}".encode()


def read_by(lines: list[bytes]) -> Callable[[Callable[[bytes], bool]], None]:
    def read(take: Callable[[bytes], bool]) -> None:
        for one in lines:
            take(one)

    return read


def copied(folder: Path, *readings: list[bytes]) -> str:
    log = folder / "a.1.log"
    for lines in readings:
        log_copies.copy(folder / "x.seen", {"ta": log}, read_by(lines))
    return log.read_text() if log.exists() else ""


def test_lines_are_copied_once(tmp_path: Path) -> None:
    every = [line(1, "one"), line(1, "one"), line(2, "two"), line(2, "three"), line(3, "")]
    assert copied(tmp_path, every[:3], every[:4], every, every[2:]) == "one\none\ntwo\nthree\n\n"


def test_a_line_that_is_older_than_the_one_before_it_is_copied_once(tmp_path: Path) -> None:
    every = [line(5, "out"), line(3, "err"), line(5, "out"), line(6, "last")]
    assert copied(tmp_path, every[:2], every[:3], every, every) == "out\nerr\nout\nlast\n"


def test_lines_of_others_are_left_out(tmp_path: Path) -> None:
    found = copied(
        tmp_path,
        [
            b"no line of a task",
            line(1, "mine"),
            b"the rest of it",
            line(1, "its", "tb"),
            b"its rest",
            f"{HEAD}02 [ta retry-1] again".encode(),
            f"{HEAD}03 [ta][osmo] pulls".encode(),
        ],
    )
    assert found == "mine\nthe rest of it\nagain\nosmo: pulls\n"


def test_what_came_before_a_break_is_kept(tmp_path: Path) -> None:
    def read(take: Callable[[bytes], bool]) -> None:
        take(line(1, "one"))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        log_copies.copy(tmp_path / "x.seen", {"ta": tmp_path / "a.1.log"}, read)
    assert copied(tmp_path, [line(1, "one"), line(2, "two")]) == "one\ntwo\n"


@pytest.mark.parametrize("seen", [b"", b"{", b'{"ta": 7}', b'{"ta": ["x", "y"]}'])
def test_a_damaged_note_costs_only_repeated_lines(tmp_path: Path, seen: bytes) -> None:
    (tmp_path / "x.seen").write_bytes(seen)
    assert copied(tmp_path, [line(1, "one")]) == "one\n"
