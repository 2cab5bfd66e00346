"""Jobs equal those of the upstream launcher; its silent mistakes are reported (D1-D15)."""

from __future__ import annotations

import re
import shlex
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbt_tui import Experiment, RunDescription
from pbt_tui.compiler.describe import described
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.population_detection import recognise
from pbt_tui.diagnostics import rules
from pbt_tui.errors import Diagnostic
from pbt_tui.settings import argv as words
from pbt_tui.spec import Job, Resources

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def loaded(
    *experiments: LoadedExperiment,
    run: str = "run",
    dir_arg: str = "--train_dir",
    custom: bool = True,
    arg: str = "--experiment",
) -> Loaded:
    return Loaded("m", "m.py", run, "", arg, dir_arg, custom, "--", experiments)


def one(
    cmd: str = "python t.py",
    rows: list[dict[str, Any]] | tuple[()] = (),
    name: str = "base",
    **words: Any,
) -> LoadedExperiment:
    return LoadedExperiment(name, cmd, tuple(rows), line=7, **words)


def expanded(
    *experiments: LoadedExperiment, train_dir: str = "./t", suffix: str = "", **words: Any
) -> tuple[list[Job], list[Diagnostic]]:
    return expand(loaded(*experiments, **words), train_dir, suffix)


def codes(found: list[Diagnostic]) -> list[str]:
    return [d.code for d in found]


def test_no_jobs() -> None:
    assert codes(expanded()[1]) == ["PBT105"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("empty", "PBT106"),
        ("spent", "PBT107"),
        ("nothing", "PBT108"),
        ("repeated", "PBT109"),
        ("cut", "PBT110"),
        ("letters", "PBT111"),
    ],
)
def test_what_the_description_noticed_is_said(kind: str, code: str) -> None:
    _, found = expanded(one(problems=((kind, "seed", "x{y}'"),)))
    assert codes(found) == [code]
    assert found[0].where.param == "seed"
    assert found[0].hint


def test_d7_separators() -> None:
    jobs, found = expanded(one(rows=[{"a__b": 1}, {"a__b": 2}]))
    assert codes(found) == ["PBT103"]
    assert found[0].where.param == "a__b"
    assert len(jobs) == 2


def test_texts_come_from_python_where_json_does_not_tell() -> None:
    row = {"f": 1e22, "n": None, "b": True, "l": [128, 64], "x": "nan", "e": ""}
    texts = {0: {"l": "(128,64)", "e": "", "x": "NAN"}}
    (job,), _ = expanded(one(rows=[row], texts=texts))
    assert job.argv[2:8] == ("--f=1e+22", "--n=None", "--b=True", "--l=(128,64)", "--x=NAN", "--e=")
    assert job.params is row


def test_d8_slash_control_long() -> None:
    rows = [{"c": "m/a.pth"}, {"c": "a\x1bb"}, {"c": "x" * 100}, {"c": "x" * 300}, {"c": "é"}]
    jobs, found = expanded(one(rows=rows))
    assert codes(found) == ["PBT202", "PBT203", "PBT204", "PBT205"]
    assert [j.name for j in jobs] == [f"0{i}_base_c_{r['c']}" for i, r in enumerate(rows)]
    assert jobs[0].id.startswith("00_base_c_m-a.pth-")
    assert all(SAFE.fullmatch(j.id) for j in jobs)
    assert jobs[0].id in found[0].message


def test_ids_stay_unique_and_the_same() -> None:
    rows = [{"c": f"{c}{'x' * 100}"} for c in "/?:"] + [{"c": "..."}]
    first, _ = expanded(one(rows=rows, name="-"), one(rows=rows, name="_"))
    again, _ = expanded(one(rows=rows, name="-"), one(rows=rows, name="_"))
    assert [j.id for j in first] == [j.id for j in again]
    assert len({j.id for j in first}) == 8
    assert all(SAFE.fullmatch(j.id) for j in first)


def test_a_name_of_nothing_safe_has_an_id() -> None:
    jobs, found = expanded(one(name="é"), custom=False)
    assert SAFE.fullmatch(jobs[0].id)
    assert found == []


def test_d9_same_name_same_directory() -> None:
    jobs, found = expanded(*(one(f"python t.py --a={i}") for i in range(3)))
    assert codes(found) == ["PBT201", "PBT201"]
    assert len({j.id for j in jobs}) == 3
    assert jobs[0].id == "00_base"


def test_same_name_in_other_directories_is_no_clash() -> None:
    # base names that differ, job names that do not
    a = LoadedExperiment("a", "python t.py", ({"b": 1},))
    b = LoadedExperiment("a_b_1", "python t.py", ())
    c = LoadedExperiment("a_b_1", "python t.py", ())
    jobs, found = expanded(a, b)
    assert [j.name for j in jobs] == ["00_a_b_1"] * 2
    assert found == []
    assert len({j.id for j in jobs}) == 2
    jobs, found = expanded(a, b, c)
    assert codes(found) == ["PBT201"]
    assert len({j.id for j in jobs}) == 3


@pytest.mark.parametrize(
    ("cmd", "argv", "code"),
    [
        ("python t.py --n='two words'", ["python", "t.py", "--n=two words"], "PBT302"),
        ("python t.py --e=''", ["python", "t.py", "--e="], "PBT302"),
        ("python t.py a\\ b", ["python", "t.py", "a b"], "PBT302"),
        ("python\tt.py", ["python", "t.py"], "PBT302"),
        ("python  t.py", ["python", "t.py"], "PBT303"),
        ("python t.py ", ["python", "t.py"], "PBT303"),
        ("python t.py it's", ["python", "t.py", "it's"], "PBT301"),
        ("train.py --x=1", ["train.py", "--x=1"], "PBT306"),
        ("--env=ant", ["--env=ant"], "PBT306"),
        ("A=1 python t.py", ["A=1", "python", "t.py"], "PBT306"),
        ("", [], "PBT306"),
        ("python t.py --s=1 ++s=2", ["python", "t.py", "--s=1", "++s=2"], "PBT305"),
        ("./train.py", ["./train.py"], None),
        ("uv run t.py --gpus 0 1 2", ["uv", "run", "t.py", "--gpus", "0", "1", "2"], None),
    ],
)
def test_d13_d15_commands(cmd: str, argv: list[str], code: str | None) -> None:
    (job,), found = expanded(one(cmd))
    assert list(job.argv) == [*argv, "--experiment=00_base", "--train_dir=./t/run/base_"]
    assert codes(found) == ([code] if code else [])


@pytest.mark.parametrize("word", ["$HOME/x", "~/x", "&&", "|", ";", "`date`"])
def test_d36_d44_words_that_only_a_shell_would_act_upon(word: str) -> None:
    (job,), (found,) = expanded(one(f"python t.py {word} x"))
    assert found.code == "PBT308"
    assert word in job.argv
    assert codes(expanded(one(f"sh -c 'python t.py {word} x'"))[1]) == ["PBT302"]


@pytest.mark.parametrize("word", ["${task.name}", "[1,2]", "a;b=c", "x~y"])
def test_words_that_mean_nothing_to_a_shell_alone(word: str) -> None:
    assert expanded(one(f"python t.py {word}"))[1] == []


def test_both_readings_are_shown() -> None:
    _, (found,) = expanded(one("python t.py --n='two words'"))
    assert "`--n=two words`" in found.message
    assert "`--n='two`, `words'`" in found.message


def test_a_value_that_falls_apart_is_said_once_for_all_its_jobs() -> None:
    rows = [{"msg": f"hello {i}"} for i in range(5)]
    jobs, (found,) = expanded(one(rows=rows))
    assert jobs[3].argv == (
        "python", "t.py", "--msg=hello", "3", "--experiment=03_base_msg_hello", "3",
        "--train_dir=./t/run/base_",
    )  # fmt: skip
    assert (found.code, found.where.param) == ("PBT304", "msg")
    assert found.message.endswith("(and 4 more of its jobs)")


def test_quotes_in_values_and_names() -> None:
    jobs, found = expanded(one(rows=[{"q": "it's", "r": 1}]))
    assert codes(found) == ["PBT301"]
    assert jobs[0].argv[2:4] == ("--q=it's", "--r=1")
    jobs, found = expanded(one(rows=[{"q": "'a b'"}]), custom=False)
    assert jobs[0].argv[2:4] == ("--q=a b", "--experiment=00_base")
    assert codes(found) == ["PBT302"]


def test_a_quote_in_the_name_is_said_though_a_blank_was_said_before() -> None:
    _, found = expanded(one(rows=[{" ": 0}], name="'q"), custom=False, run="'q")
    assert "PBT301" in codes(found)


def test_blanks_in_the_name_and_in_the_directory() -> None:
    jobs, found = expanded(one(name="my exp"), train_dir="my dir")
    assert jobs[0].argv[2:] == (
        "--experiment=00_my", "exp", "--train_dir=my", "dir/run/my", "exp_"
    )  # fmt: skip
    assert codes(found) == ["PBT304"]


def test_text_that_is_none() -> None:
    for experiment in (one(rows=[{"a": "\udc80"}]), one("python \udc80"), one(name="é\udc80")):
        assert "PBT307" in codes(expanded(experiment)[1])
    assert expanded(one(rows=[{"a": "é\u00a0"}]))[1] == []


def test_an_experiment_without_a_name() -> None:
    assert codes(expanded(one(name=""))[1]) == ["PBT112"]


def test_resources() -> None:
    (job,), found = expanded(one(resources={"gpus": 2, "memory": "16G"}))
    assert (job.resources, found) == (Resources(gpus=2, memory=16 * 2**30), [])
    for bad in ({"memory": "lots"}, {"cpus": 0}, {"gpus": -1}):
        assert codes(expanded(one(resources=bad))[1]) == ["PBT113"]


def test_suffix_and_run_name() -> None:
    (job,), _ = expanded(one(), suffix="s", run="grp/run", train_dir="/data/")
    assert (job.dir, job.argv[-1]) == ("grp/run/base_s", "--train_dir=/data/grp/run/base_s")


def test_jobs_are_what_the_spec_takes() -> None:
    jobs, _ = expanded(one(rows=[{"a": 1, "b": [1, {"c": None}]}], env_vars={"A": "1"}))
    assert msgspec.json.decode(msgspec.json.encode(jobs), type=list[Job]) == jobs


steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines may be busy, and the first text that is drawn waits for tables."""

value = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=6),
    st.sampled_from(["a b", " ", "x  y", "a\\b", "'q'", '"two w"']),
    st.lists(st.integers(), max_size=3),
)
name = st.text("abc_.", min_size=1, max_size=6).filter(
    lambda n: all(n.replace("_", ".").split("."))
)


@steady
@given(
    rows=st.lists(st.dictionaries(name, value, max_size=4), max_size=4),
    cmd=st.sampled_from(["python t.py", "python  t.py ", "python t.py --n='a b'"]),
    custom=st.booleans(),
)
def test_argv_is_the_posix_split_of_the_originals_command(
    rows: list[dict[str, Any]], cmd: str, custom: bool
) -> None:
    run = RunDescription("run", [Experiment("b", cmd, rows)], customize_experiment_name=custom)
    read = described(run, None)
    (e,) = read["experiments"]
    one = LoadedExperiment("b", cmd, tuple(e["rows"]), texts=e["texts"])
    jobs, found = expanded(one, train_dir="./t", custom=custom)
    upstream = list(run.generate_experiments("./t", makedirs=False))
    assert [(j.name, j.dir) for j in jobs] == [(n, d) for _, n, d, _ in upstream]
    quotes = {d.code for d in found} & {"PBT301"}
    for job, (command, *_) in zip(jobs, upstream, strict=True):
        if not quotes and "\\\n" not in command:  # `shlex` keeps what continues a line
            assert list(job.argv) == shlex.split(command)
    assert len({j.id for j in jobs}) == len(jobs)
    assert all(SAFE.fullmatch(j.id) for j in jobs)
    if not found:
        assert all(list(j.argv) == c.split(" ") for j, (c, *_) in zip(jobs, upstream, strict=True))


@steady
@given(st.text(" \t\v\u00a0'\"\\ab", max_size=12))
def test_the_fast_split_is_the_posix_one(text: str) -> None:
    try:
        expected = shlex.split(text.replace("\\\n", "") if "'" not in text else text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - its words are not ours
            words.split(text)
    else:
        assert words.split(text) == expected


def test_many_arguments_are_shown_cut_short() -> None:
    assert words.shown(["a"] * 8) == ", ".join(["`a`"] * 6) + " and 2 more"


MINE = [
    "PBT105", "PBT106", "PBT107", "PBT108", "PBT109", "PBT110", "PBT111", "PBT112", "PBT113",
    "PBT201", "PBT202", "PBT203", "PBT204", "PBT205",
    "PBT301", "PBT302", "PBT303", "PBT304", "PBT305", "PBT306", "PBT307",
    "PBT402", "PBT403", "PBT404", "PBT405", "PBT406", "PBT407", "PBT408",
]  # fmt: skip


def shown_in_a_rule(text: str) -> set[str]:
    names: dict[str, Any] = {}
    exec("from pbt_tui import *", names)
    if text.startswith("Experiment("):
        text = f"EXPERIMENTS = [{text}]"
    exec(text, names)
    run = names.get("RUN_DESCRIPTION") or RunDescription("r", names["EXPERIMENTS"])
    read = described(run, None)
    experiments = tuple(
        LoadedExperiment(
            e["name"], e["cmd"], tuple(e["rows"]), e["env"], e["resources"], None,
            tuple(e["problems"]), e["texts"],
        )
        for e in read["experiments"]
    )  # fmt: skip
    name, arg, dir_arg, prefix = read["run"]
    whole = Loaded("m", None, name, "", arg, dir_arg, True, prefix, experiments)
    jobs, found = expand(whole, "./t", "")
    return {d.code for d in found + recognise(jobs)[2]}


@pytest.mark.parametrize("code", MINE)
def test_the_example_of_each_rule_fails_and_its_cure_does_not(code: str) -> None:
    rule = rules()[code]
    assert code in shown_in_a_rule(rule.example)
    assert shown_in_a_rule(rule.cure) == set()
