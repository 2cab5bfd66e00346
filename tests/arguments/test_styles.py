"""Each style is read back by a real parser, and the compiler writes what the description writes."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui import Experiment, RunDescription, population
from pbt_tui.arguments.styles import STYLES, hydra_text, spelled
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.load import of_object
from pbt_tui.diagnostics import page, rule
from pbt_tui.errors import BadParam
from pbt_tui.naming import ARGUMENT_STYLES
from pbt_tui.spec import Job
from tests.arguments import parsers

Read = Callable[[list[str]], dict[str, Any]]
READERS: dict[str, Read] = {
    "hydra": parsers.by_hydra,
    "keyvalue": parsers.by_literals,
    "argparse": parsers.by_argparse,
    "jsonargparse": parsers.by_jsonargparse,
    "tyro": parsers.by_tyro,
    "flags": lambda argv: parsers.by_argparse(argv, bare=True),
}
VALUES: dict[str, Any] = {
    "track": True,
    "inner.fast": False,
    "lr": -1e-5,
    "limit": None,
    "layers": [64, 64],
}


def run_of(cmd: str, *params: dict[str, Any], **more: Any) -> RunDescription:
    return RunDescription("ant", [Experiment("base", cmd, params)], **more)


def jobs(run: RunDescription, train_dir: str = "train_dir") -> list[Job]:
    made, found = expand(of_object(run, "ant"), train_dir, "")
    assert [str(d) for d in found if d.level == "error"] == []
    return made


def codes(run: RunDescription) -> list[str]:
    return [d.code for d in expand(of_object(run, "ant"), "train_dir", "")[1]]


def described(run: RunDescription, train_dir: str = "train_dir") -> list[tuple[str, ...]]:
    """The words of each command as a shell reads what the description writes."""
    found = run.generate_experiments(train_dir, makedirs=False)
    return [tuple(shlex.split(command)) for command, *_ in found]


def test_the_names_of_the_table_are_those_that_a_run_module_may_use() -> None:
    assert set(STYLES) == set(ARGUMENT_STYLES)
    assert set(READERS) == set(STYLES)


@pytest.mark.parametrize("style", STYLES)
def test_a_parser_of_the_style_reads_the_values(style: str) -> None:
    names = {"experiment_arg_name": "exp-name", "experiment_dir_arg_name": "train-dir"}
    [job] = jobs(run_of("python train.py", VALUES, argument_style=style, **names), "a b")
    read = READERS[style](list(job.argv[2:]))
    read = {name.replace("-", "_"): value for name, value in read.items()}
    assert (read["exp_name"], read["train_dir"]) == (job.name, "a b/ant/base_")
    assert (read["track"], read["inner.fast"]) == (True, False)
    assert (read["lr"], read["limit"], read["layers"]) == (-1e-5, None, [64, 64])


def test_the_guide_shows_what_each_style_writes() -> None:
    rows = []
    for style in STYLES.values():
        values: tuple[Any, ...] = (1, True, False, None, [1, 2])
        words = [" ".join(spelled(style, style.dashes + "a", v, str(v))) for v in values]
        cells = [f"`{text}`" if text else "left out" for text in words]
        rows.append(f"| `{style.name}` | {' | '.join(cells)} | {style.used_by} |\n")
    guide = Path(__file__).parents[2] / "docs/guide/any-trainer.md"
    assert "".join(rows) in guide.read_text()


LEFT_OUT = {"argparse", "tyro", "flags"}


@pytest.mark.parametrize("style", [*STYLES, None])
def test_none_as_a_value_is_left_out_in_three_styles(style: Any) -> None:
    [job] = jobs(run_of("python t.py", {"off": None}, argument_style=style))
    assert any("off" in word for word in job.argv if "00_" not in word) == (style not in LEFT_OUT)
    assert ("--off=None" in job.argv) == (style is None)


def test_a_style_writes_its_own_dashes_whatever_the_names_have() -> None:
    names = {"experiment_arg_name": "--name", "experiment_dir_arg_name": "hydra.run.dir"}
    [job] = jobs(run_of("t", {"+lr": 1, "a": 2}, argument_style="hydra", **names))
    assert job.argv[1:3] == ("+lr=1", "a=2")
    assert job.argv[3].startswith("name=")
    others: dict[str, Any] = {"experiment_arg_name": None, "experiment_dir_arg_name": "-f"}
    [job] = jobs(run_of("t", {"lr": 1}, argument_style="argparse", **others))
    assert job.argv[1:] == ("--lr", "1", "-f", "train_dir/ant/base_")
    [job] = jobs(run_of("t", {"lr": 1}, argument_style="tyro", param_prefix="agent."))
    assert job.argv[1:3] == ("--agent.lr", "1")


def test_the_style_of_an_experiment_overrides_that_of_the_run() -> None:
    run = run_of("t", {"a": True}, argument_style="flags")
    run.experiments = [*run.experiments, Experiment("b", "u", [{"a": True}], argument_style="tyro")]
    run.experiments += [Experiment("c", "v", [{"a": False}], argument_style="hydra")]
    assert [job.argv[1] for job in jobs(run)] == ["--a", "--a", "a=False"]
    assert [job.argv for job in jobs(run)] == described(run)


@pytest.mark.parametrize("name", ["experiment_arg_name", "experiment_dir_arg_name"])
@pytest.mark.parametrize("empty", ["", "--", " "])
def test_an_empty_argument_name_is_refused_with_its_cure(name: str, empty: str) -> None:
    with pytest.raises(BadParam, match=f"`{name}` is not the name of an argument") as refused:
        run_of("t", **{name: empty})
    assert f"`{name}=None`" in str(refused.value.hint)
    run = run_of("t", {"a": 1}, **{name: None})
    assert len(jobs(run)[0].argv) == 3
    assert [job.argv for job in jobs(run)] == described(run)


def test_an_unknown_style_is_refused() -> None:
    wrong: Any = "yaml"
    with pytest.raises(BadParam, match="no such `argument_style`: 'yaml'") as refused:
        run_of("t", argument_style=wrong)
    assert "`tyro`" in str(refused.value.hint)
    with pytest.raises(BadParam):
        Experiment("a", "t", argument_style=wrong)


def test_without_a_style_nothing_is_filled_nor_changed() -> None:
    run = run_of("t {name} {dir} {port} {{x}} {y}", {"off": None, "on": True})
    [job] = jobs(run)
    assert job.argv[1:8] == ("{name}", "{dir}", "{port}", "{{x}}", "{y}", "--off=None", "--on=True")
    assert job.fill == ()
    assert [job.argv] == described(run)


def test_placeholders() -> None:
    cmd = "t '--out={dir}/x' {name} ${seed} {{name}} '{\"a\": 1}' {}"
    run = run_of(cmd, {"a": 1}, placeholders=True)
    [job] = jobs(run, "my dir")
    filled = ("--out=my dir/ant/base_/x", "00_base_a_1", "${seed}", "{name}", '{"a": 1}', "{}")
    assert job.argv[1:7] == filled
    run = run_of(cmd, {"a": 1}, placeholders=True, argument_style="tyro")
    assert [job.argv for job in jobs(run, "my dir")] == described(run, "my dir")
    assert (
        jobs(run_of("t {name}", argument_style="tyro", placeholders=False))[0].argv[1] == "{name}"
    )


@pytest.mark.parametrize(
    ("cmd", "code"),
    [("t {nmae}", "PBT325"), ("t {member}", "PBT326"), ("t {port} {{port}}", "PBT327")],
)
def test_placeholders_that_cannot_be_filled(cmd: str, code: str) -> None:
    assert code in codes(run_of(cmd, placeholders=True))
    assert rule(code).level == "error"
    assert code in page(rule(code))
    if code != "PBT327":
        with pytest.raises(BadParam):
            described(run_of(cmd, placeholders=True))


def test_pbt116_a_value_without_words() -> None:
    for value in ({"a": 1}, [[1], [2]], ["a", "-b"], [1, -1e-5]):
        run = run_of("t", {"net": value}, argument_style="argparse")
        assert "PBT116" in codes(run)
        with pytest.raises(BadParam, match="net"):
            described(run)
    for style, end in (("hydra", 2), ("keyvalue", 2), ("jsonargparse", 3)):
        run = run_of("t", {"net": {"a": [1, "x y"]}}, argument_style=style)
        assert READERS[style](list(jobs(run)[0].argv[1:end]))["net"] == {"a": [1, "x y"]}


def test_a_member_stands_where_the_module_asks_for_a_population() -> None:
    run = run_of("t --tag={member} {name}", *population(2))
    assert [job.argv[1:3] for job in jobs(run)] == [("--tag=0", "{name}"), ("--tag=1", "{name}")]
    assert [job.argv for job in jobs(run)] == described(run)


def test_a_port_stays_to_be_filled_at_launch() -> None:
    [job] = jobs(run_of("t --port={port}", placeholders=True))
    assert (job.argv[1], job.fill) == ("--port={port}", ("port",))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), TEXTS
)
PARAMS = st.dictionaries(
    st.from_regex(r"\A[a-z]{1,3}(\.[a-z]{1,3})?\Z"),
    st.one_of(SCALARS, st.lists(SCALARS, max_size=3)),
    max_size=3,
)
NAMES = st.sampled_from(["--experiment", "name", None])
COMMANDS = st.sampled_from(
    ["t", "t {name}", "t --out='{dir}/x'", "t {{name}} ${a}", "t 'a b' {port}"]
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*STYLES, None]), PARAMS, NAMES, NAMES, COMMANDS, st.booleans() | st.none())
def test_the_compiler_writes_what_the_description_writes(
    style: Any, params: dict[str, Any], name: Any, folder: Any, cmd: str, fills: bool | None
) -> None:
    if style is None and any(set(f"{value}") & set("'\"\\ \t\r\n") for value in params.values()):
        params = {}  # upstream's own text is for a shell, and means what a shell makes of it
    run = RunDescription(
        "ant",
        [Experiment("base", cmd, [params])],
        name,
        folder,
        customize_experiment_name=False,
        argument_style=style,
        placeholders=fills,
    )
    made, found = expand(of_object(run, "ant"), "train dir" if style else "train_dir", "")
    if any(d.level == "error" for d in found):
        with pytest.raises(BadParam):
            described(run)
        return
    assert [job.argv for job in made] == described(run, "train dir" if style else "train_dir")


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="ascii", min_codepoint=32), max_size=8))
def test_hydra_reads_back_every_text(text: str) -> None:
    if "${" not in text and text.strip() == text:
        assert parsers.by_hydra([f"a={hydra_text(text)}"]) == {"a": text}


def test_hydra_constants_inside_of_lists_keep_their_types() -> None:
    value = ["1", 1, "true", True, None, "null", "inf", math.inf, "a,b", "x=1", ""]
    [job] = jobs(run_of("t", {"v": value}, argument_style="hydra"))
    read = parsers.by_hydra(list(job.argv[1:2]))["v"]
    assert [(type(v), v) for v in read] == [(type(v), v) for v in value[:7]] + [
        (str, "inf"), *((type(v), v) for v in value[8:])
    ]  # fmt: skip


def test_a_continued_line_before_a_placeholder_is_no_part_of_an_argument() -> None:
    run = run_of("python t.py \\\n  --tag={name}", placeholders=True)
    words = ("python", "t.py", "--tag=00_base", "--experiment=00_base", "--train_dir=t/ant/base_")
    assert described(run, "t") == [words]
    assert [job.argv for job in jobs(run, "t")] == [words]
