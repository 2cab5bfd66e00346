"""Where jobs differ from those of the upstream launcher: an instance of each kind, and no other.

What upstream makes of a description is told by `original`, a second implementation of its rules.
"""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pbt_tui import Experiment, ParamGrid, ParamList, RunDescription, population
from pbt_tui.compiler import Compiled, compile_loaded, upstream_launcher
from pbt_tui.compiler.load import of_object
from pbt_tui.compiler.loaded import Loaded, Variation
from pbt_tui.compiler.upstream_differences import KINDS, PYTHONS, Difference, differences
from pbt_tui.compiler.upstream_execution import executed, same
from pbt_tui.executor import interpreter
from pbt_tui.settings import argv as words
from tests.architecture.codebase import ROOT
from tests.architecture.register import entries
from tests.compiler import original
from tests.compiler.test_compiler_property import (
    Ours,
    attempted,
    blank,
    descriptions,
    made,
    odd,
    plain,
)

SEEDS = [{"seed": 1}, {"seed": 2}]
HYDRA: dict[str, Any] = {
    "param_prefix": "",
    "experiment_arg_name": "e",
    "experiment_dir_arg_name": "d",
}


def run(cmd: str = "python t.py", params: Any = SEEDS, *more: Any, **words: Any) -> RunDescription:
    return RunDescription("r", [Experiment("e", cmd, params, *more)], **words)


def found(
    given: Any,
    backend: str = "processes",
    *,
    policy: dict[str, Any] | None = None,
    container: dict[str, Any] | None = None,
    prefix: list[str] | None = None,
    **more: Any,
) -> list[Difference]:
    loaded = given if isinstance(given, Loaded) else of_object(given, "m.py")
    limits = {"max_parallel": (policy or {}).get("max_parallel")}
    spec = compile_loaded(
        loaded, policy=policy, container=container, command_prefix=prefix, freeze=True
    ).spec
    return differences(loaded, spec, backend, **{**limits, **more})


def suffixed() -> RunDescription:
    given = run()
    given.experiment_suffix = "v2"
    return given


def shuffled(*pairs: Any) -> Any:
    return ParamGrid(list(pairs)).generate_params(randomize=True)


def kuka(*sizes: int) -> RunDescription:
    """Populations of these sizes."""
    experiments = [
        Experiment(f"e{k}", "python t.py", population(size, workspace=f"w{k}"))
        for k, size in enumerate(sizes)
    ]
    return RunDescription("r", experiments, customize_experiment_name=False, **HYDRA)


TUPLE = (("a", "b"), [(1, 2), (3, 4)])
DRAWN = [Variation("seed", "random")]
SLOTS = {"num_gpus": 3, "experiments_per_gpu": 1}
TEMPLATE = {"sbatch_template": "$CMD"}
S: dict[str, Any] = {"backend": "slurm", "settings": TEMPLATE}
N: dict[str, Any] = {"backend": "ngc"}
FOUND: list[tuple[str, Any, dict[str, Any], int, str, str]] = [
    ("order", run(params=ParamList(SEEDS).generate_params()), {}, 2, "NumPy", "`random`"),
    ("order", run(params=shuffled(("seed", [1, 2]))), {}, 2, "NumPy", "`random`"),
    ("values", run(params=shuffled(("n", [8]), ("lr", [0.1]))), {}, 1, "`n=8.0`", "`n=8`"),
    ("values", run(params=shuffled(("n", [2]), ("b", [True]))), {}, 1, "`b=1`", "`b=True`"),
    ("values", run(params=shuffled(("n", [[1]]))), {}, 1, "an error", "`n=[1]`"),
    ("no_shuffle", run(params=shuffled(TUPLE, ("c", [1]))), {}, 2, "an error", "`00_e_"),
    ("import", run(), {"drawn": DRAWN}, 2, "another `seed`", "`seed=1`"),
    ("import", run(), {"drawn": [Variation("cmd")]}, 2, "another `cmd`", "first import"),
    ("directory", suffixed(), {}, 2, "`r/e_`", "`r/e_v2`"),
    ("quotes", run("python t.py --a='b c'"), {}, 2, "`--a='b`, `c'`", "`--a=b c`"),
    ("quotes", run("python t.py", [{"a": "1"}, {"a": "'b c'"}]), {}, 1, "`--a='b`", "`--a=b c`"),
    ("blanks", run("python t.py  --a"), {}, 2, "``", "nothing"),
    ("blanks", run("python t.py\n--a"), {}, 2, "t.py\\n--a", "`--a`"),
    ("style", run(argument_style="argparse"), {}, 2, "`--seed=1`", "`--seed`, `1`"),
    ("style", run(experiment_arg_name=None), {}, 2, "`None=00_e_see_1`", "nothing"),
    ("style", run("python t.py {dir}", placeholders=True), {}, 2, "`{dir}`", "r/e_"),
    ("style", run("python t.py --p={port}", placeholders=True), {}, 2, "as it stands", "is free"),
    ("prefix", run(), {"prefix": ["torchrun", "-n"]}, 2, "nothing", "`torchrun -n`"),
    ("interpreter", run("python3.11 t.py"), {}, 2, "own interpreter", "`python3.11`"),
    ("interpreter", run("python_wrapper t.py"), {}, 2, "own interpreter", "`python_wrapper`"),
    ("resources", run("python t.py", SEEDS, None, {"gpus": 2}), {}, 2, "every other", "`gpus=2`"),
    (
        "resources",
        run(),
        {"policy": {"num_gpus": 2, "gpus_per_job": 2, "experiments_per_gpu": 1}},
        2,
        "1 GPU",
        "2 GPUs",
    ),
    ("together", kuka(8), {}, 8, "4 jobs at a time", "all 8 members"),
    ("together", kuka(3, 3), {}, 3, "4 jobs at a time", "all 3 members"),
    ("together", kuka(3, 3), {"policy": {"max_parallel": 3}}, 3, "3 jobs at a time", "all 3"),
    ("together", kuka(2, 2), {"policy": SLOTS}, 2, "3 jobs at a time", "all 2 members"),
    ("container", run(), {"container": {"image": "i"}}, 2, "a plain process", "`i`"),
    ("shell", run("python t.py --a=$HOME"), S, 2, "`--a=$HOME`", "the same"),
    ("shell", run("python t.py", [{"a": "'b,c'"}], **HYDRA), S, 1, "`a=b,c`", "`a='b,c'`"),
    ("shell", run("python t.py --a='b c'"), N, 2, "those of the template", "same arguments"),
    ("shell", run("python t.py --a=*"), N, 2, "`--a=*`", "the same"),
    ("environment", run("python t.py", SEEDS, {"A": "1"}), S, 2, "none", "`A`"),
    ("environment", run("python t.py", SEEDS, {"A": "1"}), N, 2, "none", "`A`"),
    ("template", run(), {"backend": "slurm"}, 2, "does nothing", "the command"),
    (
        "no_gpu",
        run(),
        {"backend": "slurm", "settings": {**TEMPLATE, "gpus_per_job": 0}},
        2,
        "`-c 0 --gres=gpu:0`",
        "no GPU",
    ),
    ("file", run("python t.py", [{"a": "b/c"}]), S, 1, "`sbatch_00_e_a_b/c.sh`", "`00_e_a_b"),
]
NOTHING = [
    (run(), {}),
    (run(params=()), {}),
    (run("uv run t.py --a=$HOME", [{"a": "[1,2]"}], **HYDRA), {}),
    (run("python t.py {name}"), {}),
    (run("python t.py", SEEDS, {"CUDA_VISIBLE_DEVICES": "1"}), {}),
    (run(params=ParamGrid([TUPLE, ("c", [1])]).generate_params()), {}),
    (kuka(3), {}),
    (kuka(2, 2), {}),
    (kuka(4), {"policy": {"num_gpus": 4, "experiments_per_gpu": 1}}),
    (run(), S),
    (run("python t.py --a='b c'", [{"l": "[1,2]"}]), S),
    (run(), N),
    (run("python t.py --currency=us$"), N),
]
"""Descriptions of which upstream starts the same jobs."""


@pytest.mark.parametrize(("kind", "given", "more", "jobs", "theirs", "here"), FOUND)
def test_an_instance_of_each_kind(
    kind: str, given: Any, more: dict[str, Any], jobs: int, theirs: str, here: str
) -> None:
    by_kind = {d.kind: d for d in found(given, **more)}
    d = by_kind[kind]
    assert (d.jobs, theirs in d.upstream, here in d.here) == (jobs, True, True), d
    assert d.job is not None
    assert d.why == KINDS[kind].why


@pytest.mark.parametrize(("given", "more"), NOTHING)
def test_where_nothing_differs(given: Any, more: dict[str, Any]) -> None:
    assert found(given, **more) == []


def test_a_name_that_is_not_upstreams_is_found() -> None:
    loaded = of_object(run(), "m.py")
    spec = compile_loaded(loaded).spec
    other = of_object(run(params=[{"seed": 3}, {"seed": 2}]), "m.py")
    (names, commands) = differences(other, spec, "processes")
    assert (names.kind, names.jobs, names.job) == ("names", 1, "00_e_see_1")
    assert (names.upstream, names.here) == ("`00_e_see_3`", "`00_e_see_1`")
    assert commands.about == "commands"


def test_every_kind_has_an_instance_here() -> None:
    assert {kind for kind, *_ in FOUND} | {"names"} == set(KINDS)


def test_the_reasons_can_be_looked_up() -> None:
    rows = [row for b in upstream_launcher.BACKENDS for row in executed(SPEC, b)]
    known = {entry.number for entry in entries()}
    for see in [kind.see for kind in KINDS.values()] + [row.see for row in rows]:
        file, _, anchor = see.partition("#")
        if "/" not in see:
            assert see in known
            continue
        titles = re.findall(r"^#+ (.*)", (ROOT / file).read_text(), re.MULTILINE)
        assert not anchor or anchor in {title.lower().replace(" ", "-") for title in titles}


SPEC = compile_loaded(of_object(run(), "m.py"), policy={"experiments_per_gpu": 1}).spec


def test_its_words_for_python_are_those_of_the_executor() -> None:
    assert PYTHONS == interpreter.WORDS


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(descriptions(plain), descriptions(blank), descriptions(odd)))
def test_as_many_jobs_as_a_second_implementation_finds(given: dict[str, Any]) -> None:
    """Jobs without quotes, blanks or another interpreter differ in nothing."""
    compiled = attempted(given, "", "./t")
    if not isinstance(compiled, Compiled):
        return
    loaded = of_object(made(Ours, given), "m.py")
    theirs = list(made(original, given).jobs("./t", ""))
    told = {d.kind: d.jobs for d in differences(loaded, compiled.spec, "processes")}
    told.pop("together", None)
    pairs = list(zip(compiled.spec.jobs, theirs, strict=True))
    odd_words = sum(list(job.argv) != cmd.split(" ") for job, (cmd, *_) in pairs)
    wrapped = sum(bool(re.match("python(?!3? )", cmd)) for _, (cmd, *_) in pairs)
    assert told.pop("quotes", 0) + told.pop("blanks", 0) == odd_words
    assert told.pop("interpreter", 0) == wrapped
    assert told == {}


PIECES = st.sampled_from(
    [*"ab1 =-+:,.[]{}/@%^~#$!*?;&|<>()`'\"\\\n\t", "$A", "${A}", "$(b)", "'$A'", '"$A"', '"\\$A"',
     "\\$A", "=~/a", " #a", "{a,b}", "{1..3}", "\\\n", '"\\\\"', "$'a'", "a=[1,2]", "'a b'"]
)  # fmt: skip
COMMANDS = st.lists(PIECES, max_size=12).map("".join)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(COMMANDS, min_size=30, max_size=60))
@example(['"a\\$A"', "a\\$A", "x=[1,2]", "a~b", "a#b", "'$A' '*'", "{a}", "a{b c}", '"\\a"'])
def test_what_no_shell_acts_upon_is_what_bash_passes_on(
    tmp_path_factory: pytest.TempPathFactory, commands: list[str]
) -> None:
    quiet = []
    for command in commands:
        try:
            expected = words.split(command)
        except ValueError:
            continue
        if upstream_launcher.acted_on_by_a_shell(command) is None:
            quiet.append((command, expected))
    script = "".join(f"printf '%s\\0' {command}\nprintf '\\1\\0'\n" for command, _ in quiet)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path_factory.mktemp("empty"),  # in which no pattern finds a file
        capture_output=True,
        check=False,
    )
    answers = done.stdout.decode().split("\1\0")[:-1]
    for (command, expected), answer in zip(quiet, answers, strict=True):
        assert answer.split("\0")[:-1] == (expected or [""]), command  # `printf` prints once


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("t --a=$HOME b", "--a=$HOME"),
        ('t "--a=$HOME b"', '"--a=$HOME'),
        ("t ; b", ";"),
        ("t a* b", "a*"),
        ("t\nb", "\\n"),
        ("t `b`", "`b`"),
        ("t ~/b", "~/b"),
        ("t --a=~/b", "--a=~/b"),
        ("t #b", "#b"),
        ("t {a,b}", "{a,b}"),
        ("t 'a' $'b'", "$'b'"),
        ("t > b", ">"),
        ("t '$HOME' \"\\$HOME\" \\$HOME a[1,2] b#c", None),
        ("t a \\\n b", None),
    ],
)
def test_the_word_that_a_shell_acts_upon(command: str, word: str | None) -> None:
    assert upstream_launcher.acted_on_by_a_shell(command) == word


@pytest.mark.parametrize(
    ("per_gpu", "image", "rows", "alike"), [(-1, None, 1, 3), (2, None, 2, 2), (2, "a/b:1", 0, 2)]
)
def test_what_the_policy_makes_of_the_processes(
    per_gpu: int, image: str | None, rows: int, alike: int
) -> None:
    def compiled(image: str | None) -> Compiled:
        container = {"image": image} if image else None
        policy = {"experiments_per_gpu": per_gpu}
        return compile_loaded(of_object(run(), "m.py"), policy=policy, container=container)

    spec = compiled(image).spec
    always = executed(compiled("a/b:1").spec, "processes")
    found = executed(spec, "processes")
    assert found[: len(always)] == always
    assert len(found) - len(always) == rows
    said = same(spec, "processes")
    assert len(said) == alike
    assert ("`CUDA_VISIBLE_DEVICES` stays as it is" in said) == (alike == 3)
    assert same(spec, "slurm") == []
