"""Properties of the choice of a generation, for any files, failures and deaths of a trainer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import Tried, answer
from pbt_tui.observe.continuing.candidate import Candidate, Reading
from pbt_tui.observe.continuing.newest import FAILURES, barred, choose
from pbt_tui.observe.continuing.question import PATIENCE
from tests.observe.member_files import BEGIN, SECOND, Member, archive, failed, put


def candidate(number: int, metadata: int, weights: int) -> Candidate:
    stamp = Stamp(FileStamp(metadata, 10 + number), FileStamp(weights, 20 + number))
    return Candidate(Source(0, number, "name", number * 100, stamp=stamp))


TIMES = st.integers(1, 30)
CANDIDATES = st.lists(
    st.builds(candidate, st.integers(1, 12), TIMES, TIMES),
    max_size=8,
    unique_by=lambda c: c.source.generation,
)


@given(CANDIDATES, st.randoms())
def test_the_last_written_of_the_pairs_that_belong_together(
    found: list[Candidate], draw: Any
) -> None:
    chosen = choose(Reading(tuple(found)), (), (), None).chosen
    whole = [c for c in found if not c.is_torn]
    assert (chosen is None) == (not whole)
    if chosen is not None:
        assert not chosen.is_torn
        assert chosen.written == max(c.written for c in whole)
    draw.shuffle(found)
    assert choose(Reading(tuple(found)), (), (), None).chosen == chosen


@given(CANDIDATES)
def test_failures_lead_through_all_generations_from_the_newest_to_none(
    found: list[Candidate],
) -> None:
    tried: list[Tried] = []
    chosen: list[Candidate] = []
    for _ in range(FAILURES * len(found) + 1):
        this = choose(Reading(tuple(found)), (), tried, None).chosen
        if this is None:
            break
        chosen.append(this)
        tried.append(failed(this.source))
    assert choose(Reading(tuple(found)), (), tried, None).chosen is None
    assert [c.written for c in chosen] == sorted((c.written for c in chosen), reverse=True)
    assert len(chosen) == FAILURES * len([c for c in found if not c.is_torn])


ENDS = st.sampled_from(
    [
        Tried(None, "failed", None, 9, "signal"),
        Tried(None, "failed", 1, None, "oom"),
        Tried(None, "lost", None, None, "lost"),
        Tried(None, "interrupted", 0),
        Tried(None, "failed", 1, None, "timeout"),
    ]
)


@given(CANDIDATES, st.lists(st.tuples(ENDS, st.integers(0, 7)), max_size=9))
def test_no_other_end_bars_anything(
    found: list[Candidate], ends: Sequence[tuple[Tried, int]]
) -> None:
    tried = [
        end._replace(source=found[k % len(found)].source if found else None) for end, k in ends
    ]
    assert barred(tried, [c.stamp for c in found]) == set()


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 99)), min_size=1, max_size=8),
    st.randoms(),
)
def test_a_copy_without_times_is_chosen_from_as_the_original(
    writes: list[tuple[int, int]], draw: Any
) -> None:
    """Whatever times the copy has: the history knows each generation, written at another time."""
    member = Member(Path("none"))
    at = {number: float(k + 1) for k, (number, _) in enumerate(writes)}
    frame = dict(writes)
    name = "2026-11-21_08-20-20"
    history = [
        member.generation(number, at=k + 1.0, frame=f) for k, (number, f) in enumerate(writes)
    ]

    def files(times: dict[int, float]) -> Reading:
        def ns(number: int) -> int:
            return int((BEGIN + times[number]) * SECOND)

        stamps = {n: Stamp(FileStamp(ns(n), 1), FileStamp(ns(n), 2)) for n in at}
        return Reading(
            tuple(Candidate(Source(3, n, name, frame[n], stamp=s)) for n, s in stamps.items())
        )

    original = choose(files(at), history, (), None).chosen
    copied = files({number: draw.uniform(200, 300) for number in at})
    chosen = choose(copied, history, (), BEGIN + 1000.0).chosen
    assert original is not None
    assert chosen is not None
    first: dict[tuple[int, int], int] = {}
    for k, write in enumerate(writes):  # the same numbers again are a copy, to the history
        first.setdefault(write, k)
    expected = max((first[n, frame[n]], n) for n in at)[1]
    assert chosen.source.generation == expected
    if len(set(writes)) == len(writes):
        assert chosen.source.generation == original.source.generation


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=8), st.data(), st.sampled_from([None, "yaml"])
)
def test_wherever_a_trainer_dies_its_last_whole_generation_is_chosen(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], data: st.DataObject, dies: Any
) -> None:
    member = Member(tmp_path_factory.mktemp("dies"))
    whole: dict[int, float] = {}
    for at, number in enumerate(numbers[:-1]):
        member.write(number, at=at)
        whole[number] = at
    number, at = numbers[-1], len(numbers)
    member.folder.mkdir(parents=True, exist_ok=True)
    metadata = member.folder / f"{number:06d}.yaml"
    before = metadata.read_bytes() if metadata.exists() else None
    path = member.write(number, at=at)
    written = path.read_bytes()
    if dies == "yaml":  # while the metadata is written
        size = data.draw(st.integers(0, len(written)))
        put(path, written[:size], at)
        whole.pop(number, None)
        if size == len(written):
            whole[number] = at
    else:  # while the weights are written: the metadata is as it was before
        size = data.draw(st.integers(0, len(archive())))
        put(path.with_suffix(".pth"), archive()[:size], at)
        whole.pop(number, None)
        path.unlink()
        if before is not None:
            put(path, before, max(k for k, n in enumerate(numbers[:-1]) if n == number))
    found = answer(member.question(waited=PATIENCE + 1))
    if whole:
        assert found.source is not None
        assert found.source.generation == max((t, n) for n, t in whole.items())[1]
    else:
        assert found.source is None
        assert (found.refused is None) == (before is None or dies == "yaml")
