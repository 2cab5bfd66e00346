"""Request files: written by rename, read in order, each answered once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pbt_tui.errors import BadSpec, UsageError
from pbt_tui.executor.inbox import RequestInbox, UnreadableRequest
from pbt_tui.journal import RunDir, requests
from pbt_tui.journal.events import Request


@pytest.fixture
def rundir(tmp_path: Path) -> RunDir:
    found = RunDir.of(tmp_path, "r")
    found.path.mkdir(parents=True)
    return found


def put(rundir: RunDir, name: str, data: bytes) -> Path:
    rundir.requests.mkdir(exist_ok=True)
    path = rundir.requests / name
    path.write_bytes(data)
    return path


def test_there_and_back(rundir: RunDir) -> None:
    assert requests.pending(rundir) == []
    name = requests.ask(rundir, "cancel", ("a", "b"), by="someone")
    (path,) = requests.pending(rundir)
    assert requests.read(path) == Request(name, "cancel", ("a", "b"), (), "someone")
    assert [p.name for p in rundir.requests.iterdir()] == [f"{name}.json"], "nothing half-written"


@pytest.mark.parametrize("name", ["²-1", "1-²", "٣-1", f"{'9' * 21}-1", f"1-{'9' * 5000}"[:200]])
def test_names_with_foreign_numbers_are_no_requests(rundir: RunDir, name: str) -> None:
    put(rundir, f"{name}.json", b"{}")
    assert requests.pending(rundir) == []


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_request(path: Path) -> None:
    target = path.with_name("request")
    target.write_bytes(msgspec.json.encode(Request("1-1", "hold")))
    path.symlink_to(target)


def make_sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def written_by_another(path: Path) -> None:
    path.write_bytes(msgspec.json.encode(Request("1-1", "stop")))
    os.chown(path, 65534, 65534)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_fifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (link_to_a_device, "it is a link"),
        (link_to_a_request, "it is a link"),
        (make_sparse, "larger than"),
        pytest.param(
            written_by_another,
            "written by another user, uid 65534",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
        ),
    ],
)
def test_what_is_no_file_of_ours_is_refused(
    rundir: RunDir, make: Callable[[Path], None], why: str
) -> None:
    rundir.requests.mkdir()
    make(rundir.requests / "1-1.json")
    (unreadable,) = RequestInbox(rundir).new()
    assert isinstance(unreadable, UnreadableRequest)
    assert why in unreadable.why


def test_order_is_by_numbers(rundir: RunDir) -> None:
    for name in ("100-2", "99-5", "100-10", "9-1"):
        put(rundir, f"{name}.json", b"{}")
    for name in (".5-5", "5.json", "a-b.json", "5-5.txt", "5-.json", "-5.json"):
        put(rundir, name, b"{}")
    assert [p.stem for p in requests.pending(rundir)] == ["9-1", "99-5", "100-2", "100-10"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"id":"1-1"}',
        b'{"id":"1-1","action":"explode"}',
        b'{"id":"1-1","action":"hold","more":1}',
        b'{"id":"2-2","action":"hold"}',
    ],
)
def test_a_damaged_request(rundir: RunDir, data: bytes) -> None:
    path = put(rundir, "1-1.json", data)
    with pytest.raises(BadSpec) as caught:
        requests.read(path)
    assert caught.value.where.file == str(path)


def test_a_directory_that_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot leave a request"):
        requests.ask(RunDir(tmp_path / "nowhere"), "hold")


# -- the desk --------------------------------------------------------------------------------------


def test_the_desk_gives_each_once_and_removes_it_when_done(rundir: RunDir) -> None:
    name = requests.ask(rundir, "hold")
    put(rundir, "5-5.json", b"{")
    desk = RequestInbox(rundir)
    bad, good = desk.new()
    assert isinstance(bad, UnreadableRequest)
    assert bad.id == "5-5"
    assert isinstance(good, Request)
    assert desk.new() == []
    assert len(requests.pending(rundir)) == 2, "until the answer is durable"
    desk.done(name)
    desk.done("5-5")
    desk.done("never-was")
    assert requests.pending(rundir) == []


def test_what_cannot_be_removed_is_not_asked_again(rundir: RunDir) -> None:
    (rundir.requests / "1-1.json").mkdir(parents=True)
    desk = RequestInbox(rundir)
    assert [found.id for found in desk.new()] == ["1-1"]
    desk.done("1-1")
    assert desk.new() == []


def test_signals_are_requests_to_stop(rundir: RunDir) -> None:
    rundir.requests.mkdir(parents=True, exist_ok=True)
    desk = RequestInbox(rundir)
    desk.signal()
    (found,) = desk.new()
    assert isinstance(found, Request)
    assert (found.action, found.by) == ("stop", "signal")
    assert found.id.endswith(f"-{os.getpid()}")
    desk.done(found.id)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Request) == found
