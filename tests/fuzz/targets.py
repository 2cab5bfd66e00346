"""All readers that are fuzzed; here are those of each population style, of logs and of the history.

A target builds a workspace with the input in the place of one file, and reads it as `pbt-run` and
`pbt-tui` do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from pbt_tui.observe import progress
from pbt_tui.observe.causes import diagnose
from pbt_tui.observe.history import HistoryWriter, read
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.readers import READERS
from pbt_tui.observe.rounds import sentence
from pbt_tui.observe.workspaces import Reader, find, reader
from pbt_tui.tui.logs.log_file import LogFile
from tests.fuzz import engine_targets, osmo_targets, progress_targets, run_targets
from tests.fuzz.folders import fresh, put
from tests.fuzz.runner import Target, corpus

MOST = 2_000_000
"""Most bytes of what one input becomes on the screen or in the history."""
_READERS = [READERS.get(name) for name in READERS.built_in]
POLLS = 6
"""As many as make an unreadable file known."""


def _check(workspace: Reader, style: str, folder: Path) -> None:
    """Reads the workspace in the ways of the executor and of the monitor."""
    history = folder / "populations.jsonl"
    writer = HistoryWriter("p", workspace, history)
    found = writer.poll()
    assert writer.problem is None, writer.problem
    if found:
        assert history.stat().st_size < MOST
        assert {g.key for g in read(history)["p"]} == {g.key for g in found}
    for generation in found:
        json.dumps(msgspec.to_builtins(generation), allow_nan=False)
    for _ in range(POLLS - 1):
        workspace.poll()
    for file in workspace.unreadable():
        assert 0 < len(file.why) < 400, file
        assert file.why.isprintable(), file
    workspace.best()
    workspace.restarts()
    monitor = PopulationMonitor("p", style, workspace.path)
    monitor.poll()
    assert len(msgspec.json.encode(monitor.row({}, 2e9))) < MOST


def _metadata(style: str) -> Callable[[bytes, Path], None]:
    def check(data: bytes, folder: Path) -> None:
        path = fresh(folder) / "runs" / "ws"
        put(path / "000" / "000001.yaml", data)
        _check(reader(style, path), style, folder)
        find(folder)

    return check


def _configuration(data: bytes, folder: Path) -> None:
    """`config.yaml` of a start of IsaacGymEnvs."""
    path = fresh(folder) / "runs" / "ws"
    put(path.parent / "a_18-09-22-20" / "config.yaml", data)
    workspace = reader("isaacgymenvs", path)
    for member, _ in workspace.restarts():
        assert 0 <= member < 1000


def _sample_factory(name: str) -> Callable[[bytes, Path], None]:
    def check(data: bytes, folder: Path) -> None:
        path = fresh(folder) / "x"
        for policy in range(2):
            put(path / f"checkpoint_p{policy}" / "checkpoint_000000010_1000.pth", b"")
        put(path / name, data)
        _check(reader("sample_factory", path), "sample_factory", folder)

    return check


def _member_log(data: bytes, folder: Path) -> None:
    for member in (None, 0):
        log = MemberLog(member)
        log.feed(data)
        assert all(0 <= known < 10_000 for known in log.states)
        said = [decision.event for decision in log.said]
        assert all(0 <= event.member < 10_000 for event in said)
        msgspec.json.encode(said)
        for state in log.states.values():
            if state.round is not None:
                assert sentence(0, state.round)
    path = fresh(folder) / "a.log"
    put(path, data)
    progress.encode(progress.Progresses(0.0, {"a": LogWatcher(_READERS).of(path)}))


def _cause(data: bytes, folder: Path) -> None:
    """The log of a job that failed: why it did, and its lines on the screen."""
    path = fresh(folder) / "a.log"
    put(path, data)
    for code, signal in ((1, None), (139, 11), (None, None)):
        found = diagnose(path, code, signal)
        msgspec.json.encode(found.detail)
        assert (found.detail or "").isprintable()
    shown = LogFile(path)
    for row in (*shown.forward(0, 50), *shown.forward(shown.last_page(50), 50)):
        assert row.text.isprintable()
    shown.close()


def _history(data: bytes, folder: Path) -> None:
    path = fresh(folder) / "populations.jsonl"
    put(path, data)
    for generations in read(path).values():
        msgspec.json.encode(generations)


METADATA = corpus("metadata")
_LOGS = corpus("logs")
_JSON = corpus("json")

STYLED = {
    target.name: target
    for target in (
        Target("isaacgymenvs-metadata", _metadata("isaacgymenvs"), METADATA),
        Target("isaaclab-metadata", _metadata("isaaclab"), METADATA),
        Target("rl_games-metadata", _metadata("rl_games"), METADATA),
        Target("isaacgymenvs-configuration", _configuration, corpus("configuration") + METADATA),
        Target("sample_factory-config", _sample_factory("config.json"), _JSON),
        Target("sample_factory-policy", _sample_factory("policy_00_cfg.json"), _JSON),
        Target("sample_factory-log", _sample_factory("sf_log.txt"), _LOGS),
        Target("member-log", _member_log, _LOGS),
        Target("log-cause", _cause, _LOGS),
        Target("history", _history, corpus("history")),
    )
}
"""The readers of what trainers write, whose formats nobody has promised."""
TARGETS = STYLED | {
    t.name: t
    for t in (
        *run_targets.TARGETS,
        *engine_targets.TARGETS,
        *osmo_targets.TARGETS,
        *progress_targets.TARGETS,
    )
}
