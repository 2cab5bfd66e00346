"""A member that begins from scratch leaves its folder and its history behind."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pbt_tui.errors import RunError
from pbt_tui.observe.continuing import Continuation, answer, kept
from pbt_tui.observe.continuing.aside import make_ready
from pbt_tui.observe.continuing.lives import Lives, record
from pbt_tui.observe.continuing.question import PATIENCE
from pbt_tui.observe.history import HistoryEntry, HistoryReader, read
from pbt_tui.observe.workspaces import Generation
from tests.observe.member_files import Member


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


def append(path: Path, *generations: Generation, population: str = "ant") -> None:
    with path.open("ab") as file:
        for generation in generations:
            file.write(msgspec.json.encode(HistoryEntry(population, generation)) + b"\n")


def test_a_life_begins_where_its_line_is(tmp_path: Path, member: Member) -> None:
    path = tmp_path / "populations.jsonl"
    lives = Lives(path)
    assert lives.of("ant") == []
    append(path, member.generation(1), member.generation(2), member.generation(9, member=1))
    append(path, member.generation(7), population="other")
    assert [g.generation for g in lives.of("ant")] == [1, 2, 9]
    record(path, "ant", [3], 2)
    assert [g.generation for g in lives.of("ant")] == [9]
    append(path, member.generation(1, at=50))
    assert [(g.generation, g.member) for g in lives.of("ant")] == [(9, 1), (1, 3)]
    assert [(g.generation, g.member) for g in Lives(path).of("ant")] == [(9, 1), (1, 3)]
    assert [g.member for g in lives.of("ant", 3)] == [3]
    assert lives.of("ant", 4) == []
    record(path, "ant", None, 2)
    assert lives.of("ant") == []
    assert [g.generation for g in lives.of("other")] == [7]


def test_the_other_readers_of_the_history_pass_the_line_over(
    tmp_path: Path, member: Member
) -> None:
    path = tmp_path / "populations.jsonl"
    append(path, member.generation(1))
    with path.open("ab") as file:
        file.write(b'{"population":"ant","gen')  # an executor that was killed
    record(path, "ant", [3], 2)
    append(path, member.generation(2))
    assert [g.generation for g in read(path)["ant"]] == [1, 2]
    assert [g.generation for g in HistoryReader(path).take("ant")] == [1, 2]
    assert [g.generation for g in Lives(path).of("ant")] == [2]


def test_the_first_line_about_a_generation_has_its_time(tmp_path: Path, member: Member) -> None:
    path = tmp_path / "populations.jsonl"
    copied = member.generation(1, at=900)  # the same file, in a copy of the workspace
    append(path, member.generation(1), member.generation(2), copied)
    append(path, member.generation(1, at=950, experiment_name="later"))
    assert [g.at - member.generation(0).at for g in Lives(path).of("ant")] == [1, 2, 950]


def test_only_what_was_added_is_read(
    tmp_path: Path, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 members of 1,000 generations end, one after the other: each line is decoded once."""
    path = tmp_path / "populations.jsonl"
    append(path, *(member.generation(i) for i in range(50)))
    taken: list[object] = []
    monkeypatch.setattr(Lives, "_take", lambda self, entry: taken.append(entry))
    lives = Lives(path)
    for _ in range(3):
        lives.of("ant", 3)
    assert len(taken) == 50
    append(path, member.generation(50))
    lives.of("ant", 3)
    assert len(taken) == 51


def test_the_folder_of_a_member_is_put_aside_once(member: Member, tmp_path: Path) -> None:
    history = tmp_path / "populations.jsonl"
    folder = tmp_path / "kept"
    member.write(4)
    append(history, member.generation(4))
    source = answer(member.question()).source
    assert source is not None
    assert kept.pin(folder, "ant", source) is None
    other = Member(tmp_path, member=1)
    other.write(4)
    question = member.question(anew=True, kept=folder)
    aside = member.workspace / "003.before-2"
    assert make_ready(question, 2, history) == [aside]
    assert (aside / "000004.pth").exists()
    assert not member.folder.exists()
    assert (other.folder / "000004.pth").exists()
    assert kept.pins(folder) == []
    assert Lives(history).of("ant") == []
    later = member.question(kept=folder, history=Lives(history).of("ant"))
    assert answer(later) == Continuation()
    member.write(1, at=99)  # the new life has begun
    assert make_ready(question, 2, history) == []
    assert (member.folder / "000001.yaml").exists()
    assert make_ready(question, 3, history) == [member.workspace / "003.before-3"]


def test_without_a_folder_nothing_is_put_aside(member: Member) -> None:
    assert make_ready(member.question(anew=True), 2) == []
    member.workspace.mkdir(parents=True)
    assert make_ready(member.question(anew=True), 2) == []


def test_an_attempt_that_goes_on_changes_nothing(member: Member) -> None:
    member.write(4)
    before = sorted(member.folder.iterdir())
    assert make_ready(member.question(), 2) == []
    assert sorted(member.folder.iterdir()) == before


def test_a_folder_that_cannot_be_put_aside_is_an_error(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbt_tui.files import disk

    def fails(*args: object) -> None:
        raise PermissionError(13, "Permission denied", str(args[0]))

    member.write(4)
    monkeypatch.setattr(disk.calls, "rename", fails)
    with pytest.raises(RunError, match="cannot be put aside: permission denied"):
        make_ready(member.question(anew=True), 2)


def test_generations_that_were_put_aside_are_not_gone_on_from(member: Member) -> None:
    member.write(4)
    make_ready(member.question(anew=True), 2)
    assert answer(member.question(waited=PATIENCE + 1)).source is None


def test_from_scratch_asks_no_disk(member: Member) -> None:
    member.write(12)
    found = answer(member.question(anew=True))
    assert (found.args, found.source, found.refused) == ((), None, None)
    assert found.why == "begins from scratch"
