"""The arguments of an attempt replace the same keys of its job's command, in any form."""

from __future__ import annotations

import argparse
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.spec import merged

NAMES = st.sampled_from(["lr", "a.lr", "checkpoint", "seed", "x"])
VALUES = st.text(string.ascii_letters + string.digits + "./=-_ ", max_size=8)
PREFIXES = st.sampled_from(["", "+", "++"])


@pytest.mark.parametrize(
    ("argv", "args", "command"),
    [
        ("p lr=1 seed=5", "lr=2", "p seed=5 lr=2"),
        ("p +lr=1 seed=5", "lr=2", "p seed=5 +lr=2"),
        ("p ++lr=1 seed=5", "lr=2", "p seed=5 ++lr=2"),
        ("p +lr=1 lr=3", "lr=2", "p +lr=2"),
        ("p +lr=1 ++lr=3", "lr=2", "p ++lr=2"),
        ("p pbt_restart=False", "++pbt_restart=True", "p ++pbt_restart=True"),
        ("p ++name=a", "+name=b", "p +name=b"),
        ("p lr=1 lr.x=2 a.lr=3", "lr=2", "p lr.x=2 a.lr=3 lr=2"),
        ("p ~lr=1", "lr=2", "p ~lr=1 lr=2"),
        ("p --checkpoint=a x=1", "--checkpoint=b", "p x=1 --checkpoint=b"),
        ("p --checkpoint a x=1", "--checkpoint=b", "p x=1 --checkpoint=b"),
        ("p --checkpoint /a=1/b", "--checkpoint=b", "p --checkpoint=b"),
        ("p --checkpoint --fast", "--checkpoint=b", "p --fast --checkpoint=b"),
        ("p --checkpoint x=1", "--checkpoint=b", "p x=1 --checkpoint=b"),
        ("p --checkpoint", "--checkpoint=b", "p --checkpoint=b"),
        ("p checkpoint=a", "--checkpoint=b", "p checkpoint=a --checkpoint=b"),
        ("p --checkpoint=a", "checkpoint=b", "p --checkpoint=a checkpoint=b"),
        ("lr=1 lr=2", "lr=3", "lr=1 lr=3"),
        ("p -m x -- lr=1", "lr=2", "p -m x -- lr=2"),
        ("p a b", "--c=1 d=2", "p a b --c=1 d=2"),
        ("p lr=1", "", "p lr=1"),
    ],
)
def test_each_form(argv: str, args: str, command: str) -> None:
    assert merged(argv.split(), args.split()) == tuple(command.split())


@given(
    st.lists(st.tuples(PREFIXES, NAMES, VALUES), max_size=6),
    st.lists(st.tuples(NAMES, VALUES), max_size=4, unique_by=lambda item: item[0]),
)
def test_each_key_is_set_once_and_the_order_of_the_others_stays(
    before: list[tuple[str, str, str]], given: list[tuple[str, str]]
) -> None:
    argv = ["p", *(f"{prefix}{name}={value}" for prefix, name, value in before)]
    args = [f"{name}={value}" for name, value in given]
    found = merged(argv, args)
    mine = {name for name, _ in given}
    others = [word for word, item in zip(argv[1:], before, strict=True) if item[1] not in mine]
    assert list(found[: 1 + len(others)]) == ["p", *others]
    assert [word.lstrip("+") for word in found[1 + len(others) :]] == args
    prefixes = {name: max((p for p, n, _ in before if n == name), default="") for name in mine}
    for word in found[1 + len(others) :]:
        name = word.lstrip("+").partition("=")[0]
        assert word.startswith(prefixes[name] + name)
    assert merged(found, args) == found


@given(st.lists(st.tuples(st.sampled_from("abc"), VALUES, st.booleans()), max_size=5), VALUES)
def test_argparse_reads_the_value_of_the_attempt(
    before: list[tuple[str, str, bool]], value: str
) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in "abc":
        parser.add_argument(f"--{name}")
    argv = ["p"]
    for name, old, joined in before:
        if joined or not old or old.startswith("-") or "=" in old:
            argv.append(f"--{name}={old}")
        else:
            argv += [f"--{name}", old]
    found = parser.parse_args(merged(argv, [f"--a={value}"])[1:])
    expected = parser.parse_args(argv[1:])
    assert found.a == value
    assert (found.b, found.c) == (expected.b, expected.c)
