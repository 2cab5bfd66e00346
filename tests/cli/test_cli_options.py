from __future__ import annotations

import msgspec
import pytest

from pbt_tui.cli.options import Parser, add_settings, alike, given
from pbt_tui.errors import Findings, UsageError
from pbt_tui.spec import Container, Mount, Policy, Ulimit


@pytest.fixture
def parser() -> Parser:
    p = Parser(prog="x")
    add_settings(p, "policy", "container")
    return p


def test_each_field_is_an_option_and_none_unless_given(parser: Parser) -> None:
    args = parser.parse_args([])
    for struct in (Policy, Container):
        for f in msgspec.structs.fields(struct):
            assert getattr(args, f.name) is None
    assert given(args).policy == {}
    assert given(args).container == {}


def test_underscore_and_dash_are_alike() -> None:
    assert alike(["--max-parallel=a-b", "--x_y-z", "-a-b", "c-d", "--", "--e-f"]) == [
        "--max_parallel=a-b", "--x_y_z", "-a-b", "c-d", "--", "--e-f",
    ]  # fmt: skip


def test_two_dashes_are_a_value_where_they_stand_behind_the_name(parser: Parser) -> None:
    assert parser.parse_args(["--user=--"]).user == "--"
    with pytest.raises(UsageError):
        parser.parse_args(["--user", "--"])


def test_values_are_typed(parser: Parser) -> None:
    text = """--num-gpus 2 --gpus 0,1 --gpus 3 --pause_between 5m --fail-fast
        --retry_on oom,lost --experiments_per_gpu -1 --memory 4G --cpus 1.5 --mount a:/a:ro
        --mount ./b:/b --ulimit memlock=-1 --env_from A --env_from B --entrypoint
        --capabilities gpu"""
    argv = text.split()
    argv.insert(argv.index("--entrypoint") + 1, "sh -c 'a b'")
    found = given(parser.parse_args(argv))
    assert found.policy == {
        "num_gpus": 2,
        "gpus": ("0", "1", "3"),
        "experiments_per_gpu": -1,
        "pause_between": 300.0,
        "retry_on": ("oom", "lost"),
        "fail_fast": True,
    }
    assert found.container == {
        "memory": 2**32,
        "cpus": 1.5,
        "mounts": (Mount("a", "/a", True), Mount("./b", "/b")),
        "ulimits": (Ulimit("memlock", -1, -1),),
        "env_from": ("A", "B"),
        "entrypoint": ("sh", "-c", "a b"),
        "capabilities": ("gpu",),
    }
    Policy(**found.policy)
    Container(image="x", **found.container)


def test_a_flag_can_be_taken_back(parser: Parser) -> None:
    assert given(parser.parse_args(["--no-fail-fast"])).policy == {"fail_fast": False}


def test_all_wrong_values_at_once(parser: Parser) -> None:
    args = parser.parse_args(["--memory", "4Q", "--max_parallel", "0", "--gpus", "0,,1"])
    with pytest.raises(Findings) as e:
        given(args)
    assert e.value.exit_code == 2
    assert [str(d) for d in e.value.diagnostics] == [
        "error: `--gpus`: expected a list such as `0,2`, got `0,,1`",
        "error: `--max_parallel`: expected an integer from 1, got `0`",
        "error: `--memory`: expected a size such as `512M` or `4G`, got `4Q`",
    ]


@pytest.mark.parametrize(
    ("argv", "said", "hint"),
    [
        (["--max-paralel=3"], "unknown argument: `--max_paralel`", "did you mean `--max_parallel`"),
        (["--qqq"], "unknown argument: `--qqq`", None),
        (["--memory"], "`--memory`: expected one argument", "see `x --help`"),
        (["--max"], "unknown argument: `--max`", None),
    ],
)
def test_mistakes_are_usage_errors(
    parser: Parser, argv: list[str], said: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as e:
        parser.parse_args(argv)
    assert str(e.value) == said
    assert hint is None or e.value.hint == hint


def test_help_names_every_option_once(parser: Parser) -> None:
    text = parser.format_help("all")
    for struct in (Policy, Container):
        for f in msgspec.structs.fields(struct):
            flag = {"mounts": "--mount", "ulimits": "--ulimit"}.get(f.name, f"--{f.name}")
            assert f"  {flag}" in text
