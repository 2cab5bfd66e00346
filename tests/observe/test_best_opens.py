"""`best` opens: the file that the JSON names holds the weights of the generation that it claims."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import kept
from pbt_tui.observe.history import HistoryReader, HistoryWriter
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.snapshot import encode, workspace_snapshot
from pbt_tui.observe.workspaces import reader
from tests.observe.test_member_folders import write


def best_of(workspace: Path) -> Any:
    return json.loads(encode(workspace_snapshot(workspace)))["populations"][0]["best"]


def opened(best: Any) -> str:
    """What `write` put into the file that `best` names."""
    return str(Path(best["checkpoint"]).read_bytes().decode())


def check(best: Any, name: str = "a") -> None:
    more = {} if name == "a" else {"name": name}
    assert opened(best) == f"{best['member']} {best['generation']} {best['objective']} {more}"
    assert best["experiment_name"] == name


def test_after_a_relaunch_the_best_is_one_that_is_still_there(tmp_path: Path) -> None:
    root, history = tmp_path / "ws", tmp_path / "populations.jsonl"
    for number in range(1, 6):
        write(root, 0, number, 10.0 * number)
        write(root, 1, number, 5.0 * number)
    writer = HistoryWriter("p", reader("isaaclab", root), history)
    writer.poll()
    monitor = PopulationMonitor("p", "isaaclab", root, history=HistoryReader(history))
    monitor.poll()
    best = monitor.best()
    assert best is not None
    assert (best.member, best.generation, best.lost) == (0, 5, None)
    for number in range(1, 6):  # relaunched: the numbers are written again
        write(root, 0, number, 1.0 * number, at=2_000_000.0 + number, name="b")
    for again in (
        monitor,
        PopulationMonitor("p", "isaaclab", root, history=HistoryReader(history)),
    ):
        again.poll()
        best = again.best()
        assert best is not None
        assert (best.member, best.generation, best.objective) == (1, 5, 25.0)
        assert best.lost is not None
        assert (best.lost.member, best.lost.generation, best.lost.objective) == (0, 5, 50.0)
    found = best_of(root)
    check(found)
    assert found["checkpoint"] == str(root / "001" / "000005.pth")


def test_under_one_name_a_number_that_is_written_again_is_another(tmp_path: Path) -> None:
    monitor = PopulationMonitor("p", "isaaclab", tmp_path)
    for number, objective in ((1, 1.0), (2, 9.0)):
        write(tmp_path, 0, number, objective)
    monitor.poll()
    write(tmp_path, 0, 2, 3.0, at=2_000_000.0)
    monitor.poll()
    best = monitor.best()
    assert best is not None
    assert (best.objective, best.lost and best.lost.objective) == (3.0, 9.0)
    check(best_of(tmp_path))


@pytest.mark.parametrize("copy", [shutil.copy2, shutil.copyfile])
def test_in_a_copy_the_path_is_the_one_here(tmp_path: Path, copy: Any) -> None:
    root, history = tmp_path / "a" / "ws", tmp_path / "a" / "populations.jsonl"
    for number in range(1, 4):
        write(root, 0, number, 10.0 * number)
    HistoryWriter("p", reader("isaaclab", root), history).poll()
    shutil.copytree(tmp_path / "a", tmp_path / "b", copy_function=copy)
    shutil.rmtree(root)
    there = tmp_path / "b"
    known = HistoryReader(there / "populations.jsonl")
    monitor = PopulationMonitor("p", "isaaclab", there / "ws", history=known)
    monitor.poll()
    best = monitor.best()
    assert best is not None
    assert best.checkpoint == str(there / "ws" / "000" / "000003.pth")
    check(best_of(there / "ws") if copy is shutil.copy2 else json.loads(json.dumps({
        "member": best.member, "generation": best.generation, "objective": best.objective,
        "checkpoint": best.checkpoint, "experiment_name": best.experiment_name,
    })))  # fmt: skip
    shutil.rmtree(there / "ws")
    gone = PopulationMonitor(
        "p", "isaaclab", there / "ws", history=HistoryReader(there / "populations.jsonl")
    )
    gone.poll()
    last = gone.best()
    assert last is not None
    assert (last.generation, last.checkpoint) == (3, None)


def test_a_copy_in_a_best_folder_outlives_the_file_of_the_member(tmp_path: Path) -> None:
    root = tmp_path / "runs" / "ws"
    for number in (1, 2, 3):
        write(root, 2, number, 10.0 - number)
    kept = root / "best0" / "A_best_obj_000000009.00000_iter_0001_policy002_frame100.pth"
    kept.parent.mkdir()
    for suffix in (".yaml", ".pth"):
        shutil.copy2((root / "002" / "000001.pth").with_suffix(suffix), kept.with_suffix(suffix))
    monitor = PopulationMonitor("p", "isaacgymenvs", root)
    monitor.poll()
    for suffix in (".yaml", ".pth"):
        (root / "002" / "000001.pth").with_suffix(suffix).unlink()
    monitor.poll()
    fresh = PopulationMonitor("p", "isaacgymenvs", root)
    fresh.poll()
    for one in (monitor, fresh):
        best = one.best()
        assert best is not None
        assert (best.generation, best.objective, best.checkpoint) == (1, 9.0, str(kept))


def pinned(folder: Path, population: str, member: int, path: Path) -> None:
    """Keeps a generation as the executor does: `path` is that of its weights."""

    def stamp(path: Path) -> FileStamp:
        return FileStamp(path.stat().st_mtime_ns, path.stat().st_size)

    both = Stamp(stamp(path.with_suffix(".yaml")), stamp(path))
    source = Source(member, int(path.stem), checkpoint=str(path), stamp=both)
    assert kept.pin(folder, population, source) is None


def removed(path: Path) -> None:
    for suffix in (".yaml", ".pth"):
        path.with_suffix(suffix).unlink()


def as_json(monitor: PopulationMonitor) -> Any:
    return json.loads(msgspec.json.encode(monitor.best()))


def test_a_generation_that_the_executor_keeps_can_be_the_best(tmp_path: Path) -> None:
    root, history, folder = tmp_path / "ws", tmp_path / "populations.jsonl", tmp_path / "_pbt/kept"
    (tmp_path / "_pbt").mkdir()
    for number, objective in ((1, 5.0), (2, 9.0), (3, 4.0)):
        write(root, 0, number, objective)
    for population in "pq":
        HistoryWriter(population, reader("isaaclab", root), history).poll()
    watching = PopulationMonitor("p", "isaaclab", root, kept=folder)
    watching.poll()
    pinned(folder, "p", 0, root / "000/000002.pth")
    removed(root / "000/000002.pth")
    later = PopulationMonitor("p", "isaaclab", root, history=HistoryReader(history), kept=folder)
    for monitor in (watching, later):
        monitor.poll()
        best = as_json(monitor)
        assert (best["generation"], best["objective"], best["lost"]) == (2, 9.0, None)
        assert Path(best["checkpoint"]).parent == folder
        check(best)
    other = PopulationMonitor("q", "isaaclab", root, history=HistoryReader(history), kept=folder)
    other.poll()
    assert as_json(other)["generation"] == 1, "the kept one is of another population"
    write(root, 0, 2, 3.0, at=2_000_000.0, name="b")  # another generation with its number
    watching.poll()
    check(as_json(watching))
    assert as_json(watching)["generation"] == 2
    kept.release_life(folder, "p", None)
    for monitor in (watching, later):
        monitor.poll()
        best = as_json(monitor)
        assert (best["generation"], best["objective"]) == (1, 5.0)
        assert best["lost"]["objective"] == 9.0
        check(best)


def test_a_kept_generation_that_was_written_into_is_not_the_best(tmp_path: Path) -> None:
    """Trainers open the file again, and the link is another name of it."""
    root, folder = tmp_path / "ws", tmp_path / "_pbt/kept"
    (tmp_path / "_pbt").mkdir()
    for number, objective in ((1, 5.0), (2, 9.0)):
        write(root, 0, number, objective)
    pinned(folder, "p", 0, root / "000/000002.pth")
    monitor = PopulationMonitor("p", "isaaclab", root, kept=folder)
    monitor.poll()
    write(root, 0, 2, 3.0, at=2_000_000.0)
    monitor.poll()
    best = as_json(monitor)
    assert (best["generation"], best["lost"]["objective"]) == (1, 9.0)
    check(best)


def test_weights_that_come_late_are_found(tmp_path: Path) -> None:
    """The log of Sample-Factory tells a checkpoint before the file is there; mounts are late."""
    monitor = PopulationMonitor("p", "isaaclab", tmp_path)
    for number in (1, 2, 3):
        write(tmp_path, 0, number, 10.0 * number)
    away = tmp_path / "away"
    away.mkdir()
    for number in (1, 2, 3):
        (tmp_path / f"000/{number:06d}.pth").rename(away / f"{number:06d}.pth")
    monitor.poll()
    best = monitor.best()
    assert best is not None
    assert (best.generation, best.checkpoint) == (3, None)
    for number in (1, 2):
        (away / f"{number:06d}.pth").rename(tmp_path / f"000/{number:06d}.pth")
        best = monitor.best()
    assert best is not None
    assert best.checkpoint is None  # of what is gone, the newest and the best are looked for
    (away / "000003.pth").rename(tmp_path / "000/000003.pth")
    best = monitor.best()
    assert best is not None
    assert (best.generation, best.lost) == (3, None)
    assert best.checkpoint == str(tmp_path / "000/000003.pth")
    (tmp_path / "000/000003.pth").unlink()  # and for good, this time
    for _ in range(3):
        best = monitor.best()
        assert best is not None
    assert (best.generation, best.lost and best.lost.generation) == (2, 3)
