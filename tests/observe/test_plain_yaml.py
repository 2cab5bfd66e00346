"""The reader of plain lines returns what the YAML parser returns, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbt_tui.observe.workspaces.bounded_yaml import UnreadableYaml, load
from pbt_tui.observe.workspaces.metadata import plain_params
from pbt_tui.observe.workspaces.plain_yaml import MOST, load_plain
from tests.observe.conftest import Recorded

_NUMBERS = st.one_of(
    st.integers().map(str),
    st.floats().map(repr),
    st.text("0123456789.e+-_:xabf", min_size=1, max_size=12),
)
_TEXTS = st.text("abegnoyNOYtrufls019/_.-: '#&*![]{}", max_size=12)
_SCALARS = st.one_of(
    _NUMBERS,
    _TEXTS,
    _TEXTS.map(lambda text: f"'{text}'"),
    st.sampled_from(
        ["null", "~", "true", "Yes", "on", "n", "{}", "[]", "", ".nan", "-.inf", "1e400", "!a 3"]
    ),
)
_KEYS = st.one_of(
    st.sampled_from(["frame", "params", "agent.lr", "on", "null", "y", "1", "-", "a b", "?"]),
    st.text("abno12._-/", min_size=1, max_size=6),
)
_LINES = st.builds(
    lambda indent, key, gap, value: f"{indent}{key}:{gap}{value}",
    st.sampled_from(["", "", "  ", "    ", " "]),
    _KEYS,
    st.sampled_from([" ", " ", "", "  "]),
    _SCALARS,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_LINES, min_size=1, max_size=5), st.sampled_from(["\n", "\n", "", "\n\n"]))
@example(["a: 01_1"], "\n")
@example(["a: 2026-11-21_08-24-39"], "\n")
@example(["a: 0x1g", "b: 0x1f", "c: 1e5", "d: 1.5e5", "e: 1_0"], "\n")
@example(["params:", "  a: 1", "params:", "  b: 2"], "\n")
@example(["params: {}", "  a: 1"], "\n")
@example(["params: null", "  a: 1"], "\n")
@example(["a: ''", "b: 'x  y'"], "\n")
def test_every_value_is_that_of_the_parser(lines: list[str], end: str) -> None:
    data = ("\n".join(lines) + end).encode()
    found = load_plain(data)
    if found is not None:
        assert repr(found) == repr(load(data))
        for params in found.values():
            assert not isinstance(params, dict) or plain_params(params) == params


def test_the_documents_of_trainers_are_plain(isaacgymenvs: Recorded, isaaclab: Recorded) -> None:
    texts = [text for record in (isaacgymenvs, isaaclab) for _, _, text in record.files if text]
    assert len(texts) == 120
    for text in texts:
        assert load_plain(text.encode()) == load(text.encode())


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"a: 1", b"a: 1\r\n", b"a: \xc3\xa4\n", b"  a: 1\n", b"a: 1\n---\n", b"a: [1]\n"],
)
def test_other_documents_are_left_to_the_parser(data: bytes) -> None:
    assert load_plain(data) is None


def test_a_document_beyond_the_bounds_is_left_to_the_parser() -> None:
    many = b"params:\n" + b"".join(b"  p%d: 1\n" % n for n in range(9_000))
    assert len(many) > MOST
    assert load_plain(many) is None
    with pytest.raises(UnreadableYaml, match="more than 10,000 values"):
        load(many)
