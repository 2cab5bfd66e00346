"""Slots of the machine: names, shares, takers that are killed or stopped, and who waits."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui import machine_slots
from pbt_tui.machine_slots import HeldSlots, Slot, Waiter
from tests.executor.running import PATIENCE, ROOT, until

JOB = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", fullmatch=True)
UUID = "GPU-5d0e2a61-7f0c-4d9e-9f52-0a4b3c2d1e0f"
HOSTILE = (
    "i0/0/0f3c9a11/r/a.1",  # no share
    "i0/-1/0f3c9a11/r/a.1",
    "i0/99999/0f3c9a11/r/a.1",
    "i0/1e3/0f3c9a11/r/a.1",
    "i0/\N{ARABIC-INDIC DIGIT ONE}/0f3c9a11/r/a.1",
    "i0/1/0f3c9a11/r",
    "i0/1/NOT-HEXA/r/a.1",
    "i0/1/0f3c9a11/r/a\n.1",
    "i0/1/0f3c9a11/r/a.1/more",
    "i0/1/0f3c9a11/\x1b[2J/a.1",
    "//////",
    "",
)


def slot(gpu: str = "i0", shares: int = 1, attempt: str = "a.1", run_id: str = "0f3c9a11") -> Slot:
    return Slot(gpu, shares, run_id, "ant", attempt)


def take(*slots: Slot) -> HeldSlots | set[str]:
    taken = machine_slots.take([slots])
    return taken if isinstance(taken, set) else taken[0]


def held(*slots: Slot) -> HeldSlots:
    taken = take(*slots)
    assert isinstance(taken, HeldSlots), f"others hold {taken}"
    return taken


@pytest.fixture
def bound() -> Iterator[list[socket.socket]]:
    """Sockets that the test has bound, closed at its end."""
    sockets: list[socket.socket] = []
    yield sockets
    for one in sockets:
        one.close()


def bind(text: bytes, sockets: list[socket.socket]) -> None:
    one = socket.socket(socket.AF_UNIX)
    one.bind(b"\0" + text)
    sockets.append(one)


# -- names -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    jobs=st.lists(JOB, min_size=1, max_size=4, unique=True),
    number=st.integers(1, 10**6),
    shares=st.integers(1, 9999),
    run=st.text(st.characters(codec="utf-8"), max_size=60),
    uuid=st.sampled_from((None, UUID, f"MIG-{UUID}/13/0")),
    space=st.sampled_from(({}, {machine_slots.NAMESPACE: "of a test"})),
)
def test_a_name_is_short_and_says_what_it_holds(
    jobs: list[str], number: int, shares: int, run: str, uuid: str | None, space: dict[str, str]
) -> None:
    key = machine_slots.gpu_key(uuid, 3, {})
    names = set()
    for job in jobs:
        one = Slot(key, shares, "0f3c9a11", run, f"{job}.{number}")
        name = machine_slots.name(one, space)
        assert len(name) <= 100
        found = machine_slots.parse(name, space)
        assert found is not None
        assert (found.key, found.shares, found.run_id) == (key, shares, "0f3c9a11")
        assert found.attempt.endswith(f".{number}")
        names.add(name)
    assert len(names) == len(jobs), "two attempts have one name"


@settings(deadline=None)
@given(text=st.binary(max_size=120))
def test_any_name_parses_or_not(text: bytes) -> None:
    for name in (text, b"pbt/g/" + text):
        found = machine_slots.parse(name, {})
        assert found is None or machine_slots.parse(machine_slots.name(found, {}), {}) is not None


def test_keys() -> None:
    assert machine_slots.gpu_key(UUID, 0, {}) == UUID
    assert machine_slots.gpu_key(None, 3, {}) == "i3"
    assert machine_slots.gpu_key(None, 3, {"SLURM_JOB_ID": "77"}) == "s77-i3"
    mig = machine_slots.gpu_key(f"MIG-{UUID}/13/0", None, {})
    assert mig != machine_slots.gpu_key(f"MIG-{UUID}/14/0", None, {})
    assert len(mig) <= 40
    assert "/" not in mig


def test_hostile_names_hold_nothing(bound: list[socket.socket]) -> None:
    prefix = machine_slots._prefix(os.environ)
    for text in HOSTILE:
        bind(f"{prefix}{text}".encode(), bound)
    assert machine_slots.held() == []
    assert machine_slots.holders() == []
    held(slot()).close()


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_a_foreign_socket_with_a_good_name_holds_its_gpu(kind: socket.SocketKind) -> None:
    """It does not listen, or is of another kind: nobody can ask whose it is, and nobody hangs."""
    text = machine_slots.name(slot(attempt="foreign.1"))
    with socket.socket(socket.AF_UNIX, kind) as foreign:
        foreign.bind(b"\0" + text)
        assert take(slot()) == {"i0"}
        (found,) = machine_slots.holders()
        assert (found.slot.attempt, found.pid, found.uid) == ("foreign.1", None, None)
        waiter = Waiter()
        waiter.wait_for("i0")
        assert waiter.freed() == set()
        waiter.close()
    held(slot()).close()


# -- taking ----------------------------------------------------------------------------------------


def test_shares_of_mixed_size_fill_one_gpu() -> None:
    half = held(slot(shares=2))
    third = held(slot(shares=3, attempt="b.1"))
    assert take(slot(shares=3, attempt="c.1")) == {"i0"}, "1/2 + 1/3 + 1/3 > 1"
    assert take(slot(attempt="c.1")) == {"i0"}
    sixth = held(slot(shares=6, attempt="c.1"))
    assert take(slot(shares=9999, attempt="d.1")) == {"i0"}
    for one in (half, third, sixth):
        one.close()
    held(slot()).close()


def test_all_gpus_or_none() -> None:
    other = held(slot("i1"))
    assert take(slot("i0"), slot("i1", attempt="b.1"), slot("i2")) == {"i1"}
    assert [one.key for one in machine_slots.held()] == ["i1"]
    assert machine_slots.take([[slot("i0", attempt=f"{n}.1")] for n in "ab"]) == {"i0"}
    other.close()


def test_a_slot_whose_name_is_held_counts_once_more() -> None:
    first, second = held(slot(shares=2)), held(slot(shares=2))
    assert len(machine_slots.held()) == 2
    assert take(slot(shares=2)) == {"i0"}
    assert machine_slots.adopt(slot(shares=2)).descriptors == (), "it is held already"
    first.close()
    second.close()


def test_it_lives_with_its_last_process() -> None:
    mine = held(slot("i0"), slot("i1"))
    child = subprocess.Popen(["sleep", "1000"], pass_fds=mine.descriptors)
    mine.close()
    assert take(slot("i0", attempt="b.1")) == {"i0"}
    child.kill()
    child.wait()
    held(slot("i0"), slot("i1")).close()


def test_takers_of_mixed_size_that_are_killed() -> None:
    command = [sys.executable, "-m", "tests.executor.slot_takers", "12", "25"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 violations, 0 left" in done.stdout


# -- waiting ---------------------------------------------------------------------------------------


def test_who_waits_is_told_and_holds_nothing() -> None:
    first, second = held(slot(shares=2)), held(slot(shares=2, attempt="b.1"))
    other = held(slot("i1"))
    waiter = Waiter()
    waiter.wait_for("i0")
    assert waiter.freed() == set()
    assert len(machine_slots.held()) == 3, "a connection that waits repeats the name"
    other.close()
    assert waiter.freed() == set()
    second.close()
    assert select.select([waiter], [], [], PATIENCE)[0]
    assert waiter.freed() == {"i0"}
    waiter.close()
    first.close()


def test_a_stopped_waiter_stops_nobody() -> None:
    mine = held(slot())
    program = (
        "import sys, time; from pbt_tui.machine_slots import Waiter\n"
        "waiter = Waiter(); waiter.wait_for('i0'); print(flush=True); time.sleep(1000)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline()
        child.send_signal(signal.SIGSTOP)
        mine.close()
        held(slot()).close()
        again = held(slot(attempt="b.1"))
        waiter = Waiter()
        waiter.wait_for("i0")
        again.close()
        assert select.select([waiter], [], [], PATIENCE)[0]
        waiter.close()
    finally:
        child.kill()
        child.communicate()


def test_who_holds_is_known_from_outside() -> None:
    program = (
        "import time; from pbt_tui.machine_slots import Slot, take\n"
        "held = take([[Slot('i0', 1, '0f3c9a11', 'ant', 'a.1')]]); time.sleep(1000)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    try:
        (found,) = until(machine_slots.holders)
        until(lambda: machine_slots.holders()[0].pid)
        (found,) = machine_slots.holders()
        assert (found.slot.run, found.slot.attempt) == ("ant", "a.1")
        assert (found.pid, found.uid) == (child.pid, os.geteuid())
    finally:
        child.kill()
        child.wait()
    until(lambda: not machine_slots.held())


def test_two_namespaces_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = held(slot())
    monkeypatch.setenv(machine_slots.NAMESPACE, f"another {time.time_ns()}")
    assert machine_slots.held() == []
    held(slot()).close()
    mine.close()
