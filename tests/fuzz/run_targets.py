"""The readers of a run directory and of a person's settings, each with its documented errors.

An input takes the place of one file. What the reader returns is used as the executor and the
monitor use it: events are folded, claims are asked who runs, samples become a snapshot.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from pbt_tui.backends import BACKENDS
from pbt_tui.cli import user_config
from pbt_tui.compiler.validate import validate_document
from pbt_tui.errors import (
    Findings,
    JournalDamaged,
    JournalNewer,
    SpecError,
    UsageError,
)
from pbt_tui.executor.inbox import RequestInbox, UnreadableRequest
from pbt_tui.journal import checksums
from pbt_tui.journal.events import AnyEvent, RequestAccepted, RequestRefused
from pbt_tui.journal.file import Tail
from pbt_tui.journal.fold import apply
from pbt_tui.journal.replaying import replay_file
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe import nvml, progress, queue_status, snapshot
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.process.liveness import Liveness
from pbt_tui.scheduler.decide import decide, next_wake
from pbt_tui.scheduler.explain import explain
from pbt_tui.settings import settings_file
from pbt_tui.spec import decode, digest, encode
from tests.fuzz.folders import fresh, put
from tests.fuzz.runner import Target, corpus

_SPEC = corpus("spec")[0]
_EVENTS = [line for data in corpus("journal") for line in data.splitlines()]
"""The lines of a journal of processes, and of one of SLURM."""
_WITH_CHECKSUM = {line for data in corpus("journal_checked") for line in data.splitlines()}
_NOW = 1_760_000_900.0
_LONGEST = 2_000_000
"""Most characters of a reason: one line of an input at most, with each character escaped."""


def _run(folder: Path) -> RunDir:
    rundir = RunDir(fresh(folder) / "train_dir" / "ant" / "_pbt")
    for inner in rundir.folders:
        inner.mkdir(parents=True)
    rundir.spec.write_bytes(_SPEC)
    return rundir


def _is_plain(text: str) -> None:
    assert text.replace("\n", "").isprintable(), text[:400]
    assert len(text) < _LONGEST


def _state(rundir: RunDir) -> RunState | None:
    """The state of a journal, or None if it is damaged; pages of another size say the same."""
    spec = decode(_SPEC)
    found: list[list[AnyEvent] | None] = []
    for page in (1 << 22, 200):
        tail, events = Tail(rundir.journal), list[AnyEvent]()
        try:
            while more := tail.read(page):
                events += more
            found.append(events)
        except (JournalDamaged, JournalNewer) as e:
            _is_plain(str(e))
            found.append(None)
    assert found[0] == found[1]
    if found[0] is None:
        return None
    try:
        return replay_file(spec, rundir.journal, found[0])
    except JournalDamaged as e:
        _is_plain(str(e))
        return None


def _use(state: RunState, rundir: RunDir) -> None:
    decide(state, _NOW)
    next_wake(state, _NOW)
    for job in state.by_id:
        explain(state, job, _NOW)
    shown = snapshot.snapshot(state, rundir, live=True, now=_NOW)
    assert json.loads(snapshot.encode(shown))["run"] == "ant"


def _journal(data: bytes, folder: Path) -> None:
    rundir = _run(folder)
    rundir.journal.write_bytes(data)
    if state := _state(rundir):
        _use(state, rundir)


def _checked(data: bytes, folder: Path) -> None:
    """A line with a checksum is accepted only as it was written."""
    rundir = _run(folder)
    rundir.journal.write_bytes(data)
    if state := _state(rundir):
        whole = data[: data.rfind(b"\n") + 1].splitlines()
        assert {line for line in whole if checksums.KEY in line} <= _WITH_CHECKSUM
        _use(state, rundir)


def _sealed(data: bytes, folder: Path) -> None:
    """Each line gets the checksum that fits: then the lines themselves are what is wrong."""
    lines, crc = [], 0
    for body in data.split(b"\n"):
        line, crc = checksums.sealed(body, crc)
        lines.append(line)
    _journal(b"".join(lines), folder)


def _any_order(data: bytes, folder: Path) -> None:
    """Each byte chooses an event: events that are right, in an order that may be wrong."""
    lines, crc = [], 0
    chosen = [_EVENTS[0], *(_EVENTS[byte % len(_EVENTS)] for byte in data[:200])]
    for seq, body in enumerate(chosen, 1):
        event = {**json.loads(body), "seq": seq}
        line, crc = checksums.sealed(msgspec.json.encode(event), crc)
        lines.append(line)
    _journal(b"".join(lines), folder)


def _request(data: bytes, folder: Path) -> None:
    rundir = _run(folder)
    put(rundir.requests / "1-1.json", data)
    put(rundir.journal, b"\n".join(_EVENTS[:4]) + b"\n")
    state = _state(rundir)
    assert state is not None
    for request in RequestInbox(rundir).new():
        if isinstance(request, UnreadableRequest):
            _is_plain(request.why)
            msgspec.json.encode(RequestRefused(id=request.id, why=request.why))
            continue
        fields = msgspec.structs.asdict(request)
        event = RequestAccepted(seq=state.seq + 1, at=_NOW, **fields)
        msgspec.json.encode(event)
        if all(job in state.by_id for job in request.jobs):
            apply(state, event)
            _use(state, rundir)


def _claim(data: bytes, folder: Path) -> None:
    rundir = _run(folder)
    rundir.journal.touch()
    path = rundir.claim("a", 1)
    # What asks about this place is given a claim of this place, too.
    for text in (
        data,
        data.replace(b"6f3c0a4e-0a5e-4b64-9f1c-0f8a4d1f2b10", proc.boot_id().encode()),
    ):
        put(path, text)
        claim = claims.read(path)
        assert claim is not None
        for elsewhere in (None, "node7"):
            place = Liveness(rundir.journal, elsewhere)
            if place.is_here(claim) and claim.handle is not None:
                proc.alive(claim.handle)
            place.is_alive(claim)
            place.unknown(claim)
        if claim.over:
            end = claims.ended("a", 1, claim, _NOW)
            msgspec.json.encode(end)
            _is_plain(end.detail or "")
        claims.order_without_mark(path)


def _spec(data: bytes, folder: Path) -> None:
    try:
        spec = decode(data, "spec.json")
    except SpecError as e:
        _is_plain(str(e))
        return
    assert decode(encode(spec)) == spec
    digest(spec)


def _settings(data: bytes, folder: Path) -> None:
    put(fresh(folder) / "pbt.toml", data)
    try:
        settings_file.find(folder, BACKENDS)
    except (UsageError, Findings) as e:
        _is_plain(str(e))


def _config(data: bytes, folder: Path) -> None:
    put(fresh(folder) / "pbt" / "config.toml", data)
    os.environ["XDG_CONFIG_HOME"] = str(folder)
    try:
        user_config.trust(warn=False)
    except UsageError as e:
        _is_plain(str(e))


def _samples(read: str) -> Callable[[bytes, Path], None]:
    def check(data: bytes, folder: Path) -> None:
        rundir = _run(folder)
        put(rundir.journal, b"\n".join(_EVENTS[:4]) + b"\n")
        path = rundir.path / read
        put(path, data)
        nvml.read(path)
        queue_status.read(path)
        progress.read(path)
        state = _state(rundir)
        assert state is not None
        _use(state, rundir)

    return check


def _osmo(data: bytes, folder: Path) -> None:
    """A workflow file of OSMO, or the index of some."""
    path = fresh(folder) / "job.yaml"
    put(path, data)
    made = validate_document(path)
    assert made.document is not None or any(d.level == "error" for d in made.found)
    for d in made.found:
        _is_plain(str(d))


TARGETS = (
    Target("osmo", _osmo, corpus("osmo")),
    Target("journal", _journal, corpus("journal")),
    Target("journal-checked", _checked, corpus("journal_checked")),
    Target("journal-sealed", _sealed, corpus("journal")),
    Target("journal-order", _any_order, corpus("events")),
    Target("request", _request, corpus("requests")),
    Target("claim", _claim, corpus("claims")),
    Target("spec", _spec, corpus("spec")),
    Target("settings", _settings, corpus("settings")),
    Target("user-config", _config, corpus("config")),
    Target("gpu-samples", _samples("gpus.json"), corpus("samples")),
    Target("queue-samples", _samples("queue.json"), corpus("samples")),
)
