"""The readers that are fuzzed: those of each population style, of logs and of the history.

A target builds a workspace with the input in the place of one file, and reads it as `pbt-run` and
`pbt-tui` do.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from pbt_tui.observe import progress
from pbt_tui.observe.history import HistoryWriter, read
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces import Reader, find, reader
from tests.fuzz.runner import Target, corpus

MOST = 2_000_000
"""Most bytes of what one input becomes on the screen or in the history."""
POLLS = 6
"""As many as make an unreadable file known."""


def _fresh(folder: Path) -> Path:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


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
        path = _fresh(folder) / "runs" / "ws"
        _put(path / "000" / "000001.yaml", data)
        _check(reader(style, path), style, folder)
        find(folder)

    return check


def _configuration(data: bytes, folder: Path) -> None:
    """`config.yaml` of a start of IsaacGymEnvs."""
    path = _fresh(folder) / "runs" / "ws"
    _put(path.parent / "a_18-09-22-20" / "config.yaml", data)
    workspace = reader("isaacgymenvs", path)
    for member, _ in workspace.restarts():
        assert 0 <= member < 1000


def _sample_factory(name: str) -> Callable[[bytes, Path], None]:
    def check(data: bytes, folder: Path) -> None:
        path = _fresh(folder) / "x"
        for policy in range(2):
            _put(path / f"checkpoint_p{policy}" / "checkpoint_000000010_1000.pth", b"")
        _put(path / name, data)
        _check(reader("sample_factory", path), "sample_factory", folder)

    return check


def _member_log(data: bytes, folder: Path) -> None:
    for member in (None, 0):
        log = MemberLog(member)
        log.feed(data)
        assert all(0 <= known < 10_000 for known in log.states)
        assert all(0 <= event.member < 10_000 for event in log.events)
        msgspec.json.encode(log.events)
    path = _fresh(folder) / "a.log"
    _put(path, data)
    progress.encode(progress.Progresses(0.0, {"a": progress.progress(path)}))


def _history(data: bytes, folder: Path) -> None:
    path = _fresh(folder) / "populations.jsonl"
    _put(path, data)
    for generations in read(path).values():
        msgspec.json.encode(generations)


METADATA = corpus("metadata")
_LOGS = corpus("logs")
_JSON = corpus("json")

TARGETS = {
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
        Target("history", _history, corpus("history")),
    )
}
