"""Members in parts: what a run says whose population is completed by another run."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from pbt_tui.compiler import cross_references
from pbt_tui.compiler.loaded import LoadedExperiment
from pbt_tui.compiler.population_detection import check, recognise
from tests.compiler.compile_specs import spec
from tests.compiler.test_compiler_populations import found, jobs, members


@pytest.mark.parametrize(
    ("indices", "size", "message"),
    [
        (range(4, 8), 8, "members 4 to 7 of 8; it expects members 0 to 3"),
        (range(4), 8, "members 0 to 3 of 8; it expects members 4 to 7"),
        ([3], 8, "member 3 of 8; it expects members 0, 1, 2, 4, 5, 6, 7"),
        ([0, 2], 3, "members 0, 2 of 3; it expects member 1"),
        ([7], None, "member 7 of 8 (`pbt.num_policies` is not given, and 8 by default)"),
        ([0], None, "member 0 of 8 (`pbt.num_policies` is not given"),
    ],
)
def test_members_in_parts(indices: Iterable[int], size: int | None, message: str) -> None:
    cmd = "python t.py" if size is None else f"python t.py pbt.num_policies={size}"
    given = jobs(cmd, [{"pbt.policy_idx": i} for i in indices])
    out, (population,), (one,) = recognise(given)
    assert (one.code, one.level) == ("PBT415", "warning")
    assert message in one.message
    assert population.size == (size or 8)
    assert [job.member for job in out] == list(indices)
    whole = spec(jobs=tuple(out), populations=(population,))
    assert list(cross_references.check(whole)) == []
    assert [d.code for d in check(whole)] == ["PBT415"]


@pytest.mark.parametrize(
    ("indices", "size", "hint"),
    [
        ((6, 7, 8), 8, "write `pbt.num_policies=9` in the command; the numbers can stay"),
        ((8,), None, "write `pbt.num_policies=9` in the command; the numbers can stay"),
        ((4, 4), 8, '`("pbt.policy_idx", list(range(2)))`'),
    ],
)
def test_a_number_twice_or_not_below_the_size(
    indices: tuple[int, ...], size: int | None, hint: str
) -> None:
    cmd = "python t.py" if size is None else f"python t.py pbt.num_policies={size}"
    (one, *_) = recognise(jobs(cmd, [{"pbt.policy_idx": i} for i in indices]))[2]
    assert (one.code, one.level, one.hint) == ("PBT402", "error", hint)


def test_a_hint_that_keeps_the_numbers_works() -> None:
    rows = [{"pbt.policy_idx": i} for i in (6, 7, 8)]
    assert found("python t.py pbt.num_policies=8", rows) == ["PBT402"]
    assert found("python t.py pbt.num_policies=9", rows) == ["PBT415"]


def test_parts_in_directories_of_their_own_never_meet() -> None:
    other = LoadedExperiment("ball", "python t.py pbt.num_policies=8", ({"pbt.policy_idx": 5},))
    given = jobs("python t.py pbt.num_policies=8", [{"pbt.policy_idx": 4}], more=(other,))
    assert [d.code for d in recognise(given)[2]] == ["PBT413"]


@pytest.mark.parametrize(("at", "member"), [(1, 4), (1, 9), (0, None)])
def test_a_part_whose_numbers_are_wrong(at: int, member: int | None) -> None:
    rows = [{"pbt.policy_idx": i} for i in range(4, 7)]
    out, (population,), _ = recognise(jobs("python t.py pbt.num_policies=8", rows))
    out[at] = msgspec.structs.replace(out[at], member=member)
    whole = spec(jobs=tuple(out), populations=(population,))
    assert {d.code for d in cross_references.check(whole)} == {"PBT807"}


def test_a_member_that_was_cut_out_of_a_spec() -> None:
    out, (population,), _ = recognise(jobs("python t.py pbt.num_policies=4", members(4)))
    less = msgspec.structs.replace(population, members=population.members[:3], size=5)
    whole = spec(jobs=tuple(out), populations=(less,))
    assert "PBT807" in [d.code for d in check(whole)]
