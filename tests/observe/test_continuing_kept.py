"""Generations that a trainer removes are kept by hard links, as long as nobody writes into them."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.files import disk
from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import answer, kept
from pbt_tui.observe.continuing.question import PATIENCE
from tests.observe.member_files import Member, archive, put, when


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "_pbt" / "kept"


def pinned(member: Member, number: int, folder: Path, **fields: Any) -> Source:
    """Writes a generation and keeps it."""
    member.write(number, **fields)
    folder.parent.mkdir(exist_ok=True)
    source = answer(member.question()).source
    assert source is not None
    assert source.generation == number
    assert kept.pin(folder, "ant", source) is None
    return source


def removed(member: Member, number: int) -> None:
    for suffix in (".pth", ".yaml"):
        (member.folder / f"{number:06d}{suffix}").unlink()


def test_a_generation_that_the_trainer_removed_is_gone_on_from(
    member: Member, folder: Path
) -> None:
    source = pinned(member, 5, folder)
    assert [p.name for p in member.folder.iterdir() if "5" not in p.name] == []
    removed(member, 5)
    question = member.question(waited=PATIENCE + 1)
    assert answer(question).source is None
    found = answer(question._replace(kept=folder))
    assert found.source is not None
    assert found.source.stamp == source.stamp
    assert Path(found.source.checkpoint or "").parent == folder
    assert found.args[0] == f"--checkpoint={found.source.checkpoint}"
    assert Path(found.source.checkpoint or "").read_bytes() == archive()


def test_what_is_in_the_folder_is_not_taken_from_the_pin(member: Member, folder: Path) -> None:
    source = pinned(member, 5, folder)
    assert answer(member.question(kept=folder)).source == source
    member.write(2, at=50)
    found = answer(member.question(kept=folder)).source
    assert found is not None
    assert found.generation == 2


def test_a_pin_whose_file_was_written_again_is_gone(member: Member, folder: Path) -> None:
    pinned(member, 5, folder)
    assert len(kept.pins(folder)) == 1
    weights = member.folder / "000005.pth"
    with weights.open("wb") as file:  # as trainers do: the inode stays
        file.write(archive(50))
    when(weights, 60)
    assert kept.pins(folder) == []
    removed(member, 5)
    found = answer(member.question(kept=folder, waited=PATIENCE + 1))
    assert found.source is None
    kept.release_others(folder, "ant", ())
    assert list(folder.iterdir()) == []


def test_a_pin_is_of_one_member_of_one_population(
    member: Member, folder: Path, tmp_path: Path
) -> None:
    pinned(member, 5, folder)
    removed(member, 5)
    other = Member(tmp_path, member=4)
    assert answer(other.question(kept=folder)).source is None
    question = member.question(kept=folder)
    assert answer(question._replace(population="humanoid")).source is None
    assert answer(question).source is not None


def test_names_of_populations_stay_apart(member: Member, folder: Path) -> None:
    source = pinned(member, 5, folder)
    for name in ("a/b", "a_b", "a b"):
        assert kept.pin(folder, name, source) is None
    assert len(kept.pins(folder)) == 4
    kept.release_others(folder, "a/b", ())
    assert len(kept.pins(folder)) == 3


def test_pins_that_are_needed_stay(member: Member, folder: Path) -> None:
    first, second = pinned(member, 5, folder), pinned(member, 6, folder)
    assert first.stamp is not None
    kept.release_others(folder, "ant", {first.stamp})
    assert [p.generation for p in kept.pins(folder)] == [5]
    assert kept.pin(folder, "ant", second) is None
    assert kept.pin(folder, "ant", second) is None
    kept.release_life(folder, "ant", [2])
    assert len(kept.pins(folder)) == 2
    kept.release_life(folder, "ant", [3])
    assert kept.pins(folder) == []


def test_a_file_that_changed_is_not_kept(member: Member, folder: Path) -> None:
    source = pinned(member, 5, folder)
    kept.release_others(folder, "ant", ())
    put(member.folder / "000005.yaml", b"other\n", 70)
    assert kept.pin(folder, "ant", source) == "its files changed meanwhile"
    assert list(folder.iterdir()) == []


def test_a_link_in_the_place_of_a_file_is_not_kept(member: Member, folder: Path) -> None:
    source = pinned(member, 5, folder)
    kept.release_others(folder, "ant", ())
    weights = member.folder / "000005.pth"
    weights.rename(member.folder / "elsewhere")
    weights.symlink_to("elsewhere")
    assert kept.pin(folder, "ant", source) == "its files changed meanwhile"


@pytest.mark.parametrize(
    ("code", "why"),
    [(errno.EXDEV, "invalid cross-device link"), (errno.EPERM, "operation not permitted")],
)
def test_where_no_link_can_be_made_it_is_said(
    member: Member, folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, why: str
) -> None:
    source = pinned(member, 5, folder)
    kept.release_others(folder, "ant", ())

    def fails(*args: Any, **options: Any) -> None:
        raise OSError(code, why)

    monkeypatch.setattr(disk.calls, "link", fails)
    assert kept.pin(folder, "ant", source) == why
    assert list(folder.iterdir()) == []


def test_foreign_names_are_no_pins(member: Member, folder: Path) -> None:
    pinned(member, 5, folder)
    for name in ("x.pth", "ant.003.000005.none.1-x.pth", "ant.003.5.1-1.1-1.pth", "note"):
        (folder / name).write_bytes(b"x")
    assert len(kept.pins(folder)) == 1
    assert kept.pins(folder / "none") == []
    kept.release_others(folder, "ant", ())
    assert (folder / "note").exists()


def test_weights_alone_can_be_kept(tmp_path: Path, folder: Path, member: Member) -> None:
    pinned(member, 5, folder)
    path = tmp_path / "checkpoint_000000010_400.pth"
    put(path, archive(), 1)
    there = path.stat()
    stamp = Stamp(weights=FileStamp(there.st_mtime_ns, there.st_size))
    assert kept.pin(folder, "ant", Source(0, 10, checkpoint=str(path), stamp=stamp)) is None
    first = kept.pins(folder)[0]
    assert (first.member, first.metadata) == (0, None)
