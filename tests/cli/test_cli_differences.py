"""`pbt-compile --explain_differences`: what people read, what programs read, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.compiling import Pbt

QUOTED = """
from sample_factory.launcher.run_description import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription("q", [
    Experiment("a", "python t.py --note='two words'", [{"seed": 1}, {"seed": 2}]),
    Experiment("b", "python t.py"),
])
"""
DRAWS = """
from sample_factory.launcher.run_description import Experiment, ParamGrid, RunDescription
from sample_factory.launcher.launcher_utils import seeds

GRID = ParamGrid([("seed", seeds(2))])
RUN_DESCRIPTION = RunDescription("d", [Experiment("a", "python t.py", GRID.generate_params())])
"""


def test_where_nothing_differs_it_says_so(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--explain_differences", "--max_parallel", "8")
    assert (said.code, said.err) == (0, "")
    nothing = "nothing differs: number, order, names, directories, commands, environment\n"
    assert nothing in said.out
    assert "exit code (D16)\n    upstream  0, whatever" in said.out


def test_a_difference_has_its_reason_its_page_and_its_first_job(here: Path, pbt: Pbt) -> None:
    (here / "runs/quoted.py").write_text(QUOTED)
    said = pbt("--explain-differences", "runs/quoted.py")
    assert said.code == 0
    assert said.out.startswith(
        "runs/quoted.py: 3 jobs, compared with the upstream launcher's backend `processes`\n\n"
        "commands, 2 of 3 jobs, such as `00_a_see_1`\n"
        "  upstream  `--note='two`, `words'`\n"
        "  here      `--note=two words`\n"
        "  why       upstream cuts a command at each single blank and passes quotes and\n"
        "            backslashes on; pbt_tui splits it as a POSIX shell does\n"
        "  see       docs/upstream-defects.md#d15\n\n"
        "the same: number, order, names, directories, environment\n"
        "also the same: no shell reads a command; jobs start in the folder of the\n"
        "launcher; `CUDA_VISIBLE_DEVICES` stays as it is\n\n"
    )
    assert not (here / "specs").exists()
    assert not (here / "train_dir").exists()


def test_for_programs(here: Path, pbt: Pbt) -> None:
    (here / "runs/quoted.py").write_text(QUOTED)
    said = pbt("--explain_differences", "runs/quoted.py", "--format", "json")
    document = json.loads(said.out)
    assert (said.code, document["run"], document["jobs"], document["files"]) == (0, "q", 3, [])
    first, *others = document["differences"]
    assert {**first, "why": ""} == {
        "kind": "quotes",
        "about": "commands",
        "upstream": "`--note='two`, `words'`",
        "here": "`--note=two words`",
        "why": "",
        "see": "docs/upstream-defects.md#d15",
        "jobs": 2,
        "job": "00_a_see_1",
        "backend": "processes",
    }
    assert {row["kind"] for row in others} == {"execution"}
    assert all(list(row) == list(others[0]) and set(row) == set(first) for row in others)


def test_seeds_are_a_difference_and_no_refusal(here: Path, pbt: Pbt) -> None:
    (here / "runs/draws.py").write_text(DRAWS)
    said = pbt("--explain_differences", "runs/draws.py")
    assert said.code == 0
    assert "warning[PBT120]" in said.err
    assert "commands and names, 2 of 2 jobs" in said.out
    assert "that of the first import" in said.out
    said = pbt("--explain_differences", "runs/draws.py", "--seed", "0")
    assert (said.code, said.err) == (0, "")
    assert "here      `seed=7463343`, that of `--seed 0`" in said.out
    assert "docs/upstream-defects.md#d12" in said.out


def test_each_backend_is_compared_with_its_own(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--explain_differences", "--backend", "processes", "--backend", "slurm")
    assert said.code == 0
    heads = [line for line in said.out.splitlines() if line.startswith("runs.ant: ")]
    start = "runs.ant: 8 jobs, compared with the upstream launcher's backend "
    assert heads == [f"{start}`processes`", f"{start}`slurm`"]
    assert "why       upstream's built-in template for sbatch contains no command" in said.out
    assert not (here / "specs").exists()


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (["runs/empty.py"], 3, "error[PBT105]"),
        (["runs.none"], 1, "error[PBT101]"),
        ([], 2, "no run module was given"),
        (["runs.ant", "runs.ant2"], 2, "2 run modules were given"),
        (["runs.ant", "--check"], 2, "not allowed with"),
        (["runs.ant", "--ask"], 2, "`--ask` and `--explain_differences` do not go together"),
        (["runs.ant", "--backend", "slurmm"], 2, "no backend"),
        (["runs.ant", "--strict"], 3, "error[PBT"),
    ],
)
def test_what_cannot_be_compared(
    here: Path, pbt: Pbt, argv: list[str], code: int, told: str
) -> None:
    (here / "runs/empty.py").write_text(QUOTED.split("RUN_", maxsplit=1)[0] + EMPTY)
    if "--strict" in argv:
        (here / "runs/ant.py").write_text(QUOTED)
    said = pbt(*argv, "--explain_differences")
    assert (said.code, said.out) == (code, "")
    assert told in said.err


EMPTY = 'RUN_DESCRIPTION = RunDescription("r", [])\n'


def test_in_a_workflow_no_line_of_it_is_a_command(here: Path, pbt: Pbt) -> None:
    text = QUOTED.replace("--note='two words'", "--note='x\\n::error::y'")
    (here / "runs/quoted.py").write_text(text)
    said = pbt("--explain_differences", "runs/quoted.py", "--format", "github")
    lines = said.out.splitlines()
    start = lines.index("::group::differences from upstream")
    assert lines[start + 1].startswith("::stop-commands::")
    assert lines[-2:] == [
        f"::{lines[start + 1].removeprefix('::stop-commands::')}::",
        "::endgroup::",
    ]
