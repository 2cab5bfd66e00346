"""A short form of `make fuzz`, and the findings that it must be able to make."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.populations import STYLES
from tests.fuzz.mutate import LARGEST, made
from tests.fuzz.runner import CORPUS, Target, fuzz
from tests.fuzz.targets import METADATA, STYLED, TARGETS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_gets_more_than_a_reason(name: str) -> None:
    count = 300 if name in STYLED else 60
    inputs, finding = fuzz(TARGETS[name], seed=1, count=count)
    assert finding is None, f"{finding.what}\n{finding.data[:500]!r}"
    assert inputs == count
    assert len(TARGETS[name].corpus) < count


def test_every_style_has_its_reader_fuzzed() -> None:
    assert {name for name in STYLES.built_in if any(t.startswith(name) for t in TARGETS)} == set(
        STYLES.built_in
    )
    used = {data for target in TARGETS.values() for data in target.corpus}
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in files} == used
    assert sum(path.stat().st_size for path in files) < 100_000


def test_an_input_is_made_again_from_its_number() -> None:
    inputs = [made(METADATA, 3, n) for n in range(60)]
    assert inputs == [made(METADATA, 3, n) for n in range(60)]
    assert inputs[: len(METADATA)] == METADATA
    assert len(set(inputs)) > 50
    assert max(map(len, inputs)) <= LARGEST


def raises(data: bytes, folder: Path) -> None:
    if data == b"wrong":
        raise KeyError("planted")


def dies(data: bytes, folder: Path) -> None:
    if data == b"wrong":
        os.kill(os.getpid(), signal.SIGSEGV)


def works_for_ever(data: bytes, folder: Path) -> None:
    while data == b"wrong":
        pass


def waits_for_ever(data: bytes, folder: Path) -> None:
    if data == b"wrong":
        os.mkfifo(folder / "fifo")
        (folder / "fifo").read_bytes()


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (raises, "KeyError: 'planted'"),
        (dies, "the process died: SIGSEGV"),
        (works_for_ever, "took more than 0.3 s of processor time"),
        (waits_for_ever, "made no progress for 1 s"),
    ],
)
def test_a_planted_fault_is_a_finding(read: Callable[[bytes, Path], None], words: str) -> None:
    waits = 1.0 if read is waits_for_ever else 100.0  # a busy machine may wait for long
    target = Target("planted", read, [b"right", b"right", b"wrong", b"right"])
    _, finding = fuzz(target, seed=1, count=4, cpu=0.3, waits=waits)
    assert finding is not None
    assert words in finding.what
    assert (finding.number, finding.data) == (2, b"wrong")
    assert fuzz(target, seed=1, count=2)[1] is None


def test_the_command_repeats_one_input() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--seed", "1", "--only", "40", "history"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "history: 1 inputs\n")
