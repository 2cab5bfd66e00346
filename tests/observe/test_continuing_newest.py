"""What a member goes on from: the whole generation that was written last in its own folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import Continuation, Tried, answer
from pbt_tui.observe.continuing.question import PATIENCE
from tests.observe.member_files import BEGIN, Member, archive, failed, put, when

LATE = PATIENCE + 1


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path)


def chosen(member: Member, *argv: str, **fields: Any) -> int | str | None:
    """The number of the generation that is chosen, or why none is; None: it begins anew."""
    found = answer(member.question(*argv, **{"waited": LATE, **fields}))
    if found.source is not None:
        assert found.refused is None
        return found.source.generation
    assert found.args == ()
    return found.refused


def test_the_answer_names_the_generation_and_its_files(member: Member) -> None:
    member.write(11)
    path = member.write(12)
    found = answer(member.question())
    there = path.stat()
    weights = path.with_suffix(".pth")
    assert found.source is not None
    assert found.source.stamp is not None
    assert found.source.stamp.metadata is not None
    assert found.source.stamp.weights is not None
    assert found.source.stamp.metadata.mtime_ns == there.st_mtime_ns
    assert found.source.stamp.weights.size == len(archive())
    assert (found.source.member, found.source.generation, found.source.frame) == (3, 12, 48000)
    assert found.source.experiment_name == "2026-11-21_08-20-20"
    assert found.source.checkpoint == str(weights)
    assert found.args == (f"--checkpoint={weights}", "agent.params.config.lr=0.0002")
    assert found.why == "goes on from generation 12 of member 3"
    assert found.again_after is None


def test_the_last_written_and_not_the_highest_number(member: Member) -> None:
    for number in range(1, 13):
        member.write(number)
    member.write(5, at=20, name="2026-11-21_09-00-00", frame=20000)
    assert chosen(member) == 5
    for number in range(13, 60):  # more than are read at first, and all of them older
        member.write(number, at=-number)
    assert chosen(member) == 5


def test_many_files_that_are_not_whole_are_passed_over(member: Member) -> None:
    member.write(1)
    for number in range(2, 30):
        member.write(number, weights=b"")
    assert chosen(member) == 1


def test_never_from_the_folder_of_another_member(member: Member, tmp_path: Path) -> None:
    donor = Member(tmp_path, member=1)
    donor.write(40, at=100)
    assert chosen(member) is None
    member.write(2)
    assert chosen(member) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"weights": b""}, "its weights are empty"),
        ({"weights": archive()[:-1]}, "its weights are cut: the archive has no end"),
        ({"weights": archive()[:50]}, "its weights are cut: the archive has no end"),
        ({"weights": b"PK"}, "its weights are cut: the archive has no end"),
        ({"weights": bytes(5000)}, "its weights are cut: they begin with zeros"),
        ({"weights_at": 9.5}, "its weights are newer: the trainer was writing it again"),
        ({"iteration": 8}, "it says that it is of generation `8`"),
        ({"iteration": True}, "it says that it is of generation `True`"),
        ({"frame": "many"}, "its frame is no number of frames: `many`"),
        ({"frame": -1}, "its frame is no number of frames: `-1`"),
        ({"frame": 2**63}, f"its frame is no number of frames: `{2**63}`"),
        ({"frame": 4000}, "its frame 4000 is not in generation 9, of 4000 frames"),
        ({"params": [1]}, "it is no metadata: `params` is not a map"),
        (
            {"pbt_checkpoint": "/w/logs/ws/005/000009.yaml"},
            "it was written for `005`, another member",
        ),
        (
            {"pbt_checkpoint": "/w/logs/other/003/000009.yaml"},
            "it was written for `other`, another population",
        ),
        ({"pbt_checkpoint": "/w/logs/ws/003/000002.yaml"}, "it was written as `000002.yaml`"),
    ],
)
def test_what_is_not_whole_is_passed_over_with_its_reason(
    member: Member, change: dict[str, Any], why: str
) -> None:
    interval = "agent.pbt.interval_steps=4000"
    member.write(9, **change)
    assert chosen(member, interval) == (
        f"no whole generation in `{member.folder}`: `000009.yaml`: {why}"
    )
    member.write(8)
    assert chosen(member, interval) == 8


def test_metadata_that_is_cut_is_passed_over(member: Member) -> None:
    member.write(7)
    path = member.write(8)
    whole = path.read_bytes()
    for size in range(len(whole)):
        put(path, whole[:size], 8)
        assert chosen(member) == 7, whole[:size]
    put(path, whole, 8)
    assert chosen(member) == 8


def test_missing_weights_are_told(member: Member) -> None:
    path = member.write(7)
    path.with_suffix(".pth").unlink()
    assert str(chosen(member)).endswith("`000007.yaml`: its weights are missing")


def test_only_names_of_digits_count(member: Member) -> None:
    path = member.write(7)
    for name in ("best.yaml", "000009.yaml.tmp", "9x.yaml", ".000009.yaml", "-9.yaml", "٩.yaml"):
        (member.folder / name).write_bytes(path.read_bytes())
    assert chosen(member) == 7


def test_a_first_file_that_was_being_written_begins_anew(member: Member) -> None:
    path = member.write(1)
    whole = path.read_bytes()
    put(path, whole[:40], 1)
    assert chosen(member, waited=0.0) is None
    put(path, b"", 1)
    assert chosen(member, waited=0.0) is None
    path.unlink()
    assert chosen(member, waited=0.0) is None


def test_what_nothing_ever_wrote_begins_anew_at_once(member: Member) -> None:
    assert answer(member.question()) == Continuation()
    member.folder.mkdir(parents=True)
    assert answer(member.question()) == Continuation()


def test_files_of_another_version_are_not_taken_for_cut_ones(member: Member) -> None:
    for number in (1, 2):
        path = member.write(number)
        text = path.read_text().replace("true_objective", "objective")
        put(path, text.encode(), number)
    assert "of another version: key `true_objective` is missing" in str(chosen(member))


@pytest.mark.parametrize("known", ["history", "source"])
def test_what_was_known_and_is_gone_is_refused_and_never_begun_anew(
    member: Member, known: str
) -> None:
    known_by: dict[str, dict[str, Any]] = {
        "history": {"history": [member.generation(4)]},
        "source": {"tried": [Tried(Source(3, 4), "lost")]},
    }
    fields = known_by[known]
    early = answer(member.question(**fields, waited=0.0))
    assert early.again_after is not None
    assert early.refused is None
    last = answer(member.question(**fields, waited=PATIENCE - 0.5))
    assert last.again_after == 0.5
    assert str(chosen(member, **fields)) == f"workspace `ws` not found below `{member.recorded}`"
    member.folder.mkdir(parents=True)
    assert str(chosen(member, **fields)) == (
        f"no generation in `{member.folder}`, where there was one"
    )
    member.write(4)  # the mount is there
    assert chosen(member, **fields) == 4


def test_the_history_of_other_members_says_nothing(member: Member) -> None:
    assert chosen(member, history=[member.generation(4, member=2)]) is None


def test_a_folder_that_cannot_be_read_is_refused(member: Member) -> None:
    member.workspace.mkdir(parents=True)
    member.folder.write_bytes(b"a file")
    assert str(chosen(member)).endswith("cannot be read: it is no folder")
    assert answer(member.question()).again_after is not None


def test_two_configurations_are_refused_by_name(member: Member) -> None:
    member.write(4)
    (member.recorded / "ant/ws/003").mkdir(parents=True)
    found = answer(member.question())
    assert found.refused == (
        f"2 configurations below `{member.recorded}` have a workspace `ws`: `ant`, `cartpole`"
    )


def test_links_are_not_followed(member: Member, tmp_path: Path) -> None:
    elsewhere = Member(tmp_path / "elsewhere")
    path = elsewhere.write(9)
    member.write(7)
    (member.folder / "000009.yaml").symlink_to(path)
    (member.folder / "000009.pth").symlink_to(path.with_suffix(".pth"))
    assert chosen(member) == 7
    (member.folder / "000009.pth").unlink()
    put(member.folder / "000009.pth", archive(), 8.9)
    assert chosen(member) == 7
    inner = member.write(8, at=30)
    weights = inner.with_suffix(".pth")
    weights.unlink()
    weights.symlink_to(path.with_suffix(".pth"))
    assert chosen(member) == 7
    member.folder.rename(tmp_path / "moved")
    member.folder.symlink_to(tmp_path / "moved")
    assert str(chosen(member)).endswith("cannot be read: it is a link")


def test_what_is_no_regular_file_is_passed_over(member: Member) -> None:
    member.write(7)
    for number, suffix in ((8, ".yaml"), (9, ".pth")):
        path = member.write(number).with_suffix(suffix)
        path.unlink()
        os.mkfifo(path)
        when(path, number)
    (member.folder / "000010.yaml").mkdir()
    assert chosen(member) == 7


def test_hostile_metadata_is_a_reason(member: Member) -> None:
    member.write(7)
    path = member.write(8)
    for text in ("&a [*a]\n", "- 1\n", "a: [\n", "!!python/object/apply:os.system [x]\n", "\xff\n"):
        put(path, text.encode("latin-1"), 8)
        assert chosen(member) == 7
    put(path, b"a: 1\n" * 100_000, 8)
    assert chosen(member) == 7
    (member.folder / "000007.yaml").unlink()
    assert "it is larger than 256 KiB" in str(chosen(member))


def test_an_objective_of_an_array_library_does_not_matter(member: Member) -> None:
    path = member.write(8)
    text = path.read_text().replace("7.5", "!!python/object/apply:numpy.core.multiarray.scalar [1]")
    put(path, text.encode(), 8)
    assert chosen(member) == 8


def test_two_failures_from_one_stamp_bar_it(member: Member) -> None:
    sources = {}
    for number in (1, 2, 3):
        member.write(number)
        source = answer(member.question()).source
        assert source is not None
        sources[number] = source
    tried = [failed(sources[3])]
    assert chosen(member, tried=tried) == 3
    tried.append(failed(sources[3], cause="traceback"))
    assert chosen(member, tried=tried) == 2
    tried += [failed(sources[2])] * 2
    assert chosen(member, tried=tried) == 1
    tried += [failed(sources[1])] * 2
    found = answer(member.question(tried=tried))  # to wait does not help
    assert found.refused == (
        f"two attempts from generation 3, and 2 older in `{member.folder}` failed and wrote "
        "nothing: its weights may be corrupt"
    )
    member.write(3)  # the same number with another stamp
    put(member.folder / "000003.pth", archive(5000), 3)
    assert chosen(member, tried=tried) == 3


@pytest.mark.parametrize(
    "end",
    [
        {"exit_code": None, "signal": 9, "cause": "signal"},
        {"cause": "oom"},
        {"cause": "cuda_oom"},
        {"cause": "timeout"},
        {"cause": "gpu_lost"},
        {"outcome": "lost", "exit_code": None, "cause": "lost"},
        {"outcome": "interrupted", "exit_code": 0, "cause": None},
        {"outcome": "stopped"},
        {"cause": "command_not_found", "exit_code": 127},
    ],
)
def test_ends_that_say_nothing_about_the_weights_bar_nothing(
    member: Member, end: dict[str, Any]
) -> None:
    member.write(3)
    source = answer(member.question()).source
    tried = [failed(source, **end), failed(source), *[failed(source, **end)] * 3]
    assert chosen(member, tried=tried) == 3
    assert chosen(member, tried=[*tried, failed(source)]) != 3


def test_an_attempt_that_wrote_something_has_loaded_its_weights(member: Member) -> None:
    member.write(3)
    first = answer(member.question()).source
    member.write(4)
    second = answer(member.question()).source
    tried = [failed(first), failed(second), failed(second)]
    assert chosen(member, tried=tried) == 3
    tried.append(failed(first))
    assert chosen(member, tried=tried) == 3  # once; the first time it wrote generation 4
    tried.append(failed(first))
    assert "may be corrupt" in str(chosen(member, tried=tried))


def test_a_copy_without_times_is_read_in_the_order_of_the_history(member: Member) -> None:
    history = [member.generation(n) for n in range(1, 7)]
    history.append(member.generation(3, at=7, experiment_name="after", frame=12001))
    for number in (1, 2, 4, 5, 6):
        member.write(number)
    member.write(3, at=7, name="after", frame=12001)
    assert chosen(member, history=history) == 3
    for k, path in enumerate(sorted(member.folder.iterdir())):
        when(path, 100 + k)  # `cp -r` in the order of names; weights come before metadata
    moved = {"history": history, "moved_at": BEGIN + 200.0}
    assert chosen(member, history=history) == 6
    assert chosen(member, **moved) == 3
    copied = [member.generation(n, at=100 + n) for n in range(1, 7)]
    assert chosen(member, history=history + copied, moved_at=BEGIN + 200.0) == 3
    member.write(4, at=300)  # written after the move
    assert chosen(member, **moved) == 4


def test_an_older_generation_with_a_newer_time_of_a_copy_is_no_progress(member: Member) -> None:
    history = [member.generation(n) for n in (1, 2, 3)]
    for number in (3, 2, 1):
        member.write(number, at=100 - number)
    moved = {"history": history, "moved_at": BEGIN + 200.0}
    tried: list[Tried] = []
    for number in (3, 2, 1):
        for _ in range(2):
            assert chosen(member, tried=tried, **moved) == number
            tried.append(failed(answer(member.question(tried=tried, **moved)).source))
    assert "may be corrupt" in str(chosen(member, tried=tried, **moved))
    member.write(2, at=300)  # written after the move
    assert chosen(member, tried=tried, **moved) == 2


def test_weights_in_a_copy_without_times_are_not_taken_for_newer(member: Member) -> None:
    history = [member.generation(n) for n in (1, 2)]
    for number in (1, 2):
        member.write(number, at=100, weights_at=100.5)
    assert chosen(member, history=history, moved_at=BEGIN + 200.0) == 2
    assert "its weights are newer" in str(chosen(member, history=history))
    put(member.folder / "000002.pth", archive(), 250)  # but these were written after the move
    assert chosen(member, history=history, moved_at=BEGIN + 200.0) == 1


def test_a_copy_that_is_made_right_after_a_generation_was_written_has_lost_its_times(
    member: Member,
) -> None:
    history = [member.generation(n, at=n + 0.123456) for n in (1, 2)]
    member.write(1, at=2.734561, weights_at=2.734562)
    member.write(2, at=2.734563, weights_at=2.734564)  # within a second
    assert chosen(member, history=history, moved_at=BEGIN + 200.0) == 2


def test_a_move_that_keeps_times_changes_nothing(member: Member) -> None:
    for number in range(1, 7):
        member.write(number)
    # No executor ran: the history lacks these.
    member.write(9, at=8, name="after", frame=36001)
    member.write(2, at=9, name="after", frame=8001)
    history = [member.generation(n) for n in range(1, 7)]
    assert chosen(member, history=history, moved_at=BEGIN + 200.0) == 2
    member.write(7, at=10, weights_at=10.5)
    assert chosen(member, history=history, moved_at=BEGIN + 200.0) == 2


def test_a_life_that_began_from_scratch_knows_nothing_of_the_one_before(member: Member) -> None:
    tried = [Tried(Source(3, 9), "failed", 1), Tried(None, "lost", anew=True)]
    assert chosen(member, tried=tried) is None
    unstarted = [tried[0], tried[1]._replace(started=False)]
    assert chosen(member, tried=unstarted) is not None


def test_a_command_that_hides_its_settings_is_refused(member: Member) -> None:
    member.write(4)
    question = member.question()
    argv = ("bash", "-c", " ".join(question.job.argv))
    found = answer(question._replace(job=replace(question.job, argv=argv)))
    assert "hides the settings of the member in one argument" in (found.refused or "")
