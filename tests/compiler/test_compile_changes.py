from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbt_tui.compiler.spec_diff import changes, headline, lines
from pbt_tui.compiler.text_diff import MOST_LINES, unified
from pbt_tui.spec import Job, Policy, Processes, Resources
from tests.compiler.compile_specs import box, gang, job, spec


def grid(*lrs: float, first: int = 0, prefix: str = "--", **more: object) -> list[Job]:
    return [
        job(
            i,
            argv=("python", "train.py", f"{prefix}lr={lr}", f"--experiment={i:02d}_ant"),
            params={"lr": lr},
            **more,
        )
        for i, lr in enumerate(lrs, first)
    ]


def said(old: Processes, new: Processes) -> list[str]:
    return list(lines(changes(old, new)))


def of(*jobs: Job) -> Processes:
    return spec(jobs=tuple(jobs))


def test_the_headline_of_the_issue() -> None:
    old = of(*grid(0.1, 0.1, 0.1, 0.1, 0.2))
    new = of(*grid(0.3, 0.3, 0.3, 0.3), *grid(1, 2, 3, first=7))
    found = changes(old, new)
    assert headline(found) == "3 jobs added, 1 removed, `lr` changed in 4"
    assert list(lines(found)) == [
        "jobs added: `07_ant`, `08_ant`, `09_ant`",
        "jobs removed: `04_ant`",
        "param `lr` changed in 4 jobs: 0.1 → 0.3",
    ]


def test_nothing_and_mere_layout() -> None:
    assert changes(spec(), spec()) == []
    assert headline([]) == "the same content in another layout"


def test_settings_and_containers() -> None:
    old = spec(policy=Policy(max_parallel=4))
    new = spec(policy=Policy(max_parallel=8, timeout=9.0), container=box(memory=2**30))
    assert said(old, new) == [
        "setting `max_parallel` changed: 4 → 8",
        "setting `timeout` changed: null → 9.0",
        'setting `image` added: "trainer:1"',
        "setting `memory` added: 1073741824",
    ]
    assert 'setting `image` removed: "trainer:1"' in said(new, old)
    assert said(spec(), spec(train_dir="t")) == ['setting `train_dir` changed: "./train_dir" → "t"']


def test_values_that_differ_from_job_to_job_show_the_first() -> None:
    assert said(of(*grid(1, 2, 3)), of(*grid(4, 5, 6))) == [
        "param `lr` changed in 3 jobs: 1 → 4 in `00_ant`, others differ"
    ]


def test_populations() -> None:
    jobs, population = gang(4)
    more, larger = gang(6)
    old = spec(jobs=jobs, populations=(population,))
    new = spec(jobs=more, populations=(larger,))
    assert said(old, new)[-1] == (
        "population `ant` changed: 4 members, style isaacgymenvs, workspace `ant/ws` → "
        "6 members, style isaacgymenvs, workspace `ant/ws`"
    )
    assert "population `ant` removed" in headline(changes(old, of(*jobs)))
    assert 'field `population` removed from 4 jobs: "ant"' in said(
        old, of(*(job(i) for i in range(4)))
    )


def test_environment_resources_and_order() -> None:
    old = of(job(0, env={"A": "1", "C": "3"}), job(1, env={"A": "1"}), job(2))
    new = of(job(1, env={"A": "2"}), job(0, env={"A": "2", "B": "\x1b[31m"}), job(2))
    assert said(old, new) == [
        "environment `A` changed in 2 jobs: 1 → 2",
        "environment `C` removed from 1 job: 3",
        "environment `B` added in 1 job: \\x1b[31m",
        "field `order of jobs` changed",
    ]
    assert said(of(job(0)), of(job(0, resources=Resources(gpus=2)))) == [
        'field `resources` added in 1 job: {"gpus":2}'
    ]


def test_words_of_the_command_that_no_parameter_explains() -> None:
    old = of(job(argv=("python", "-m", "a", "--horizon=16", "--x", "--y")))
    new = of(job(argv=("python", "-m", "b", "--horizon=32", "--x")))
    assert said(old, new) == [
        "command `--horizon` changed in 1 job: 16 → 32",
        "command `a` removed from 1 job",
        "command `--y` removed from 1 job",
        "command `b` added in 1 job",
    ]
    moved = of(job(argv=("python", "-m", "a", "--y", "--x", "--horizon=16")))
    assert said(old, moved) == ["command `order of arguments` changed in 1 job"]


@pytest.mark.parametrize("prefix", ["--", "", "task.", "++"])
def test_words_that_only_repeat_a_parameter_say_nothing_new(prefix: str) -> None:
    assert said(of(*grid(1, prefix=prefix)), of(*grid(2, prefix=prefix))) == [
        "param `lr` changed in 1 job: 1 → 2"
    ]


def test_a_job_is_the_same_by_id_name_parameters_or_number() -> None:
    def one(ident: str, name: str, lr: float) -> Job:
        return job(id=ident, name=name, params={"lr": lr}, argv=("x", f"--experiment={name}"))

    assert said(of(one("a", "a", 1)), of(one("a", "b", 2))) == [
        "param `lr` changed in 1 job: 1 → 2",
        "field `name` changed in 1 job: a → b",
    ]
    assert said(of(one("a-1", "a", 1)), of(one("a-2", "a", 1))) == ["jobs renamed: `a-1` → `a-2`"]
    by_params = said(of(one("00_a", "00_a", 1), one("01_a", "01_a", 2)), of(one("b", "b", 2)))
    assert by_params == ["jobs removed: `00_a`", "jobs renamed: `01_a` → `b`"]
    by_number = said(of(one("00_lr_1", "00_lr_1", 1)), of(one("00_lr_2", "00_lr_2", 2)))
    assert by_number == [
        "jobs renamed: `00_lr_1` → `00_lr_2`",
        "param `lr` changed in 1 job: 1 → 2",
    ]
    twins = of(one("a", "t", 1), one("b", "t", 1))
    assert said(twins, of(one("c", "u", 1))) == ["jobs added: `c`", "jobs removed: `a`, `b`"]


def test_of_very_many_changes_the_rest_is_counted() -> None:
    old = of(job(env={f"V{i}": "1" for i in range(100)}))
    told = said(old, of(job()))
    assert len(told) == 41
    assert told[-1] == "60 more changes"
    assert len(headline(changes(old, of(job())))) < 200


JOBS = st.lists(
    st.builds(
        lambda i, lr, words, env, name: job(
            i, params={"lr": lr}, argv=("p", *words), env=env, name=name
        ),
        st.integers(0, 6),
        st.integers(0, 2),
        st.lists(st.sampled_from(["a", "b", "k=1", "k=2", "lr=1", "m=\x1b"]), max_size=3),
        st.dictionaries(st.sampled_from("AB"), st.sampled_from(["1", "\n2"]), max_size=2),
        st.sampled_from(["00_ant", "n", "o"]),
    ),
    max_size=5,
    unique_by=lambda j: j.id,
)


@settings(max_examples=300, deadline=None)
@given(JOBS, JOBS)
def test_every_job_is_accounted_for_and_equal_means_equal(old: list[Job], new: list[Job]) -> None:
    found = changes(of(*old), of(*new))
    assert (found == []) == (old == new)
    count = {c.how: len(c.jobs) for c in found if c.what == "job"}
    assert len(old) - count.get("removed", 0) == len(new) - count.get("added", 0)
    for line in (headline(found), *lines(found)):
        assert line.isprintable()


LINES = st.lists(st.sampled_from("ab"), max_size=4) | st.lists(
    st.sampled_from("abcdefg"), max_size=12
)


@settings(max_examples=60, deadline=None)
@example(old=["a"], new=["a", "a"])
@given(old=LINES, new=LINES)
def test_git_makes_the_new_text_of_the_old_one(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("apply")
    a, b = ("".join(f"{line}\n" for line in text).encode() for text in (old, new))
    if a:  # git takes a diff from nothing for a new file
        (folder / "x").write_bytes(a)
    diff = "".join(unified(a, b, "x"))
    if a != b:
        command = ["git", "apply", "-p0", "--whitespace=nowarn"]
        alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
        done = subprocess.run(
            command, cwd=folder, env=alone, input=diff, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, (diff, done.stderr)
        assert not b or (folder / "x").read_bytes() == b


def test_control_characters_of_files_never_reach_a_terminal() -> None:
    diff = "".join(unified(b"\x1b[2J\tx\r\n", b"\xff\xc2\x9b\n", "a\x1b"))
    assert diff.replace("\n", "").replace("\t", "").isprintable()
    assert "-\\x1b[2J\tx\\r\n" in diff


def test_a_hundred_thousand_lines_that_all_matter() -> None:
    """`difflib` by itself takes minutes here: the time limit of the tests would end it."""
    old = [f"job {i}\n" for i in range(100_000)]
    every_other = [line if i % 2 else line.upper() for i, line in enumerate(old)]
    shuffled = random.Random(1).sample(old, len(old))
    for new in (every_other, shuffled):
        diff = list(unified("".join(old).encode(), "".join(new).encode(), "x"))
        assert len(diff) < MOST_LINES + 200
        assert diff[-1].endswith(" more lines of this diff are left out)\n")
    left = int(diff[-1].strip("(").split()[0])
    assert left > 100_000


def test_what_is_left_out_is_counted_to_the_line() -> None:
    old = "".join(f"{i}\n" for i in range(MOST_LINES)).encode()
    diff = list(unified(old, b"", "x"))
    assert len(diff) == MOST_LINES + 3
    diff = list(unified(old + b"a\nb\n", b"", "x"))
    assert diff[-1] == "(2 more lines of this diff are left out)\n"


def test_what_is_in_both_but_once_is_kept_in_place(tmp_path: Path) -> None:
    old = b"".join(b"%d\n" % i for i in range(3000))
    new = old.replace(b"1500\n", b"new\n1500\n").replace(b"2000\n", b"")
    signs = [line[0] for line in unified(old, new, "x") if line[:3] not in ("---", "+++")]
    assert signs.count("+") == signs.count("-") == 1
