"""The recorded history survives the deletion of the trainer's files, and a killed executor."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from pbt_tui.observe.history import HistoryReader, HistoryWriter, read
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.workspaces import reader
from tests.observe.conftest import BEGIN, Recorded


def test_it_remembers_what_upstream_deletes(isaacgymenvs: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "populations.jsonl"
    watcher = HistoryWriter("ant", reader("isaacgymenvs", isaacgymenvs.path), path)
    follow = HistoryReader(path)
    seen = []
    followed = []
    for i, written in enumerate(isaacgymenvs.replay()):
        seen += watcher.poll()
        followed += follow.take("ant")
        if i % 3 == 0:
            written.unlink()
    assert len(seen) == 56
    assert read(path) == {"ant": seen}
    assert followed == seen
    assert follow.take("ant") == follow.take("other") == []
    again = HistoryWriter("ant", reader("isaacgymenvs", isaacgymenvs.path), path)
    before = path.read_bytes()
    assert again.poll() == []
    assert path.read_bytes() == before


def test_a_torn_last_line_is_passed_over_and_mended(isaaclab: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "populations.jsonl"
    workspace = isaaclab.all()
    HistoryWriter("lab", reader("isaaclab", workspace), path).poll()
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (1, len(lines[-1]) // 2, len(lines[-1]) - 1):
        path.write_bytes(whole[: len(whole) - cut])
        assert len(read(path)["lab"]) == len(lines) - 1
        new = HistoryWriter("lab", reader("isaaclab", workspace), path).poll()
        assert len(new) == 1
        assert len(read(path)["lab"]) == len(lines)
    path.write_bytes(b"garbage\n\xff\n" + whole)
    assert len(read(path)["lab"]) == len(lines)


def test_r5_a_number_written_twice_is_two_steps(isaaclab: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "populations.jsonl"
    watcher = HistoryWriter("lab", reader("isaaclab", isaaclab.path), path)
    name, at, text = isaaclab.files[0]
    life = "experiment_name: 2026-08-18_00-31-00"
    assert life in text
    isaaclab.write(name, at, text)
    watcher.poll()
    isaaclab.write(name, at + 50, text.replace(life, "experiment_name: second"))
    watcher.poll()
    isaaclab.write(name, at + 90, text.replace("frame: 100", "frame: 101"))
    watcher.poll()
    history = read(path)["lab"]
    assert [(g.generation, g.experiment_name, g.frame) for g in history] == [
        (1, "2026-08-18_00-31-00", 100),
        (1, "second", 100),
        (1, "2026-08-18_00-31-00", 101),
    ]


def test_a_full_disk_loses_nothing(isaaclab: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "populations.jsonl"
    path.write_bytes(b"\n" * 100)
    watcher = HistoryWriter("lab", reader("isaaclab", isaaclab.all()), path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        assert len(watcher.poll()) == 52
        assert path.stat().st_size == 100  # no half of it
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert watcher.poll() == []
    assert len(read(path)["lab"]) == 52


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == {}
    assert HistoryReader(tmp_path / "none").take("x") == []
    (tmp_path / "folder").mkdir()
    assert read(tmp_path / "folder") == {}


def test_a_copy_that_lost_its_times_keeps_those_of_the_history(
    isaaclab: Recorded, tmp_path: Path
) -> None:
    path = tmp_path / "populations.jsonl"
    workspace = isaaclab.all()
    watched = HistoryWriter("lab", reader("isaaclab", workspace), path).poll()
    times = {g.key: g.at for g in watched}
    for file in workspace.rglob("*.yaml"):
        os.utime(file, (BEGIN + 1e6,) * 2)
    monitor = PopulationMonitor("lab", "isaaclab", workspace, history=HistoryReader(path))
    monitor.poll()
    assert {g.key: g.at for known in monitor.generations.values() for g in known} == times
    assert HistoryWriter("lab", reader("isaaclab", workspace), path).poll() == []
    first = min(watched, key=lambda g: g.at)
    for g in watched[1:]:  # but one that was written again is written again
        os.utime(str(g.checkpoint).replace(".pth", ".yaml"), (g.at, g.at))
    (again,) = HistoryWriter("lab", reader("isaaclab", workspace), path).poll()
    assert (again.key, again.at) == (first.key, BEGIN + 1e6)
