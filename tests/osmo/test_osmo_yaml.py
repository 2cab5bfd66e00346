"""The YAML that is written, and the bounded reader of YAML that anybody wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.osmo import yaml_document
from pbt_tui.backends.osmo.yaml_document import (
    MappingNode,
    Node,
    ScalarNode,
    UnreadableDocument,
    load,
    looks_like,
)
from pbt_tui.backends.osmo.yaml_text import encode, scalar

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUE = st.recursive(
    TEXT, lambda inner: st.lists(st.dictionaries(TEXT, inner, min_size=1, max_size=3)
                                 | TEXT, min_size=1, max_size=3), max_leaves=12,
)  # fmt: skip
DOCUMENT = st.dictionaries(TEXT, VALUE, min_size=1, max_size=4)


def value_of(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, MappingNode):
        return {key.text: value_of(value) for key, value in node.items}
    return [value_of(item) for item in node.items]


@given(DOCUMENT)
def test_yaml_reads_back_what_was_written(document: dict[str, Any]) -> None:
    data = encode({"workflow": document}, ("a comment",))
    assert yaml.safe_load(data)["workflow"] == document
    node = load(data)
    assert value_of(node) == {"workflow": document}
    assert data == encode({"workflow": document}, ("a comment",))
    assert data.endswith(b"\n")


@given(TEXT)
def test_a_scalar_is_text_for_yaml_and_for_json(text: str) -> None:
    written = scalar(text)
    assert yaml.safe_load(written) == text
    if "\\U" not in written.replace("\\\\", ""):
        assert json.loads(written) == text
    written.encode()


@settings(max_examples=200)
@given(st.text(st.sampled_from("abx019_.:-+eEynoYNtrufls~=<> \t"), max_size=8))
def test_a_scalar_without_quotes_looks_like_what_yaml_makes_of_it(text: str) -> None:
    try:
        [token] = [e for e in yaml.parse(text) if isinstance(e, yaml.ScalarEvent)]
        made = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return
    if isinstance(made, list | dict):
        return
    kind = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}
    if token.implicit[0]:
        sort = looks_like(token.value)
        assert kind.get(type(made), "timestamp") == sort or sort in ("merge", "value")


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (b"", None, "the file is empty"),
        (b"a: 1\n---\nb: 2\n", 2, "a second document"),
        (b"a: [1\nb: 2\n", 2, ""),
        (b"a: 1\n\tb: 2\n", 2, ""),
        (b"a: !!python/object:os.system x\n", 1, "tag `tag:yaml.org,2002:python"),
        (b"a: !x y\n", 1, "tag `!x` is not supported"),
        (b"a: &a [*a]\n", 1, "`*a` refers to the value that contains it"),
        (b"a: *b\n", 1, ""),
        (b"a:\n  <<: {b: 1}\n", 2, "merge keys"),
        (b"a:\n  {{ x }}: 1\n", 2, "a key that is not text"),
        (b"a: \x00b\n", 1, "not text"),
        (b"a:\n- \x07\n", 2, ""),
        (b"a: " + b"[" * 200_000, 1, ""),
        (b"a: " + b"{b: " * 100, 1, "nested more than 32 levels deep"),
        (b"%TAG ! x\n" * 50 + b"--- a", None, "more than 20 directives"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(data: bytes, line: int | None, why: str) -> None:
    with pytest.raises(UnreadableDocument) as e:
        load(data)
    assert why in str(e.value)
    assert line is None or e.value.line == line
    assert len(str(e.value)) < 300


def test_aliases_count_as_all_that_they_stand_for() -> None:
    assert value_of(load(b"a: &a [x, y]\nb: *a\n")) == {"a": ["x", "y"], "b": ["x", "y"]}
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 20)
    )
    with pytest.raises(UnreadableDocument, match="more than 400,000 values"):
        load(bomb.encode())
    deep = "a0: &a0 [x]\n" + "".join(f"a{k}: &a{k} [*a{k - 1}]\n" for k in range(1, 60))
    with pytest.raises(UnreadableDocument, match="levels deep"):
        load(deep.encode())


def test_the_reader_in_python_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'a: &x "b"\nc:\n- {d: 010, e: *x}\n- !!str y\n'
    fast = load(data)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert load(data) == fast
    assert yaml_document.MOST_NODES > 100_000
