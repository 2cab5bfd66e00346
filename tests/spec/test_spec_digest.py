"""A digest is compared by its own rule, so that a new field refuses no run in progress."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from pbt_tui.errors import PlanChanged, UnknownVersion
from pbt_tui.executor.run_dirs import check_same_spec
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.spec import (
    DIGEST_RULE,
    FORMAT,
    Job,
    Policy,
    Population,
    Processes,
    digest,
    digest_rule,
)


def spec(word: str = "true", **of_population: object) -> Processes:
    return Processes(
        format=FORMAT, run="r", module="m", train_dir="./train_dir", policy=Policy(),
        container=None,
        populations=(Population("p", "isaacgymenvs", 2, "r/e_/runs/w", ("00_e", "01_e")),),
        jobs=tuple(
            Job(f"0{i}_e", "e", f"0{i}_e", (word,), {}, "r/e_", {"pbt.policy_idx": i}, "p", i)
            for i in range(2)
        ),
    )  # fmt: skip


def test_rule_1_is_what_it_always_was() -> None:
    """The text of the first version, kept: the digest of each run directory in the world."""
    plan = spec()
    assert DIGEST_RULE == 1
    assert digest(plan)[:16] == "e61f91e16062130a"
    old = hashlib.sha256(msgspec.json.encode((plan.train_dir, plan.populations)))
    for job in plan.jobs:
        old.update(msgspec.json.encode(job))
    assert digest(plan, 1) == old.hexdigest()


@pytest.mark.parametrize(
    ("text", "rule"), [("0" * 64, 1), ("", 1), ("2:" + "0" * 64, 2), ("13:ff", 13), ("x:ff", 1)]
)
def test_the_rule_stands_in_the_digest(text: str, rule: int) -> None:
    assert digest_rule(text) == rule


def test_a_rule_of_a_later_version_is_told_as_that() -> None:
    with pytest.raises(UnknownVersion, match="rule 2"):
        digest(spec(), 2)


def test_a_field_of_a_later_version_counts_only_where_it_says_something() -> None:
    class Later(msgspec.Struct, frozen=True):
        id: str
        style: str
        size: int
        workspace: str
        members: tuple[str, ...]
        parts: int = 1

    before = digest(spec())
    later = [Later("p", "isaacgymenvs", 2, "r/e_/runs/w", ("00_e", "01_e"), n) for n in (1, 2)]
    same, other = (msgspec.structs.replace(spec(), populations=(one,)) for one in later)
    assert digest(same) == before
    assert digest(other) != before


def test_a_directory_is_compared_by_its_own_rule(tmp_path: Path) -> None:
    rundir = RunDir.of(tmp_path, "r")
    rundir.path.mkdir(parents=True)
    opened = ev.RunOpened(format=ev.FORMAT, run_id="0", run="r", cwd="/", train_dir="/t", digest="")

    def open_with(made: str) -> None:
        rundir.journal.write_bytes(
            msgspec.json.encode(msgspec.structs.replace(opened, digest=made))
        )

    check_same_spec(spec(), spec(), rundir)
    open_with(digest(spec()))
    check_same_spec(spec(), spec(), rundir)
    check_same_spec(spec(), None, rundir)
    with pytest.raises(PlanChanged, match="belongs to another spec: changed: `00_e`, `01_e`"):
        check_same_spec(spec(), spec("false"), rundir)
    with pytest.raises(PlanChanged, match="after the run was opened with it: changed: `00_e`"):
        check_same_spec(spec("false"), spec(), rundir)
    open_with("2:" + digest(spec()))
    with pytest.raises(UnknownVersion):
        check_same_spec(spec(), spec(), rundir)
