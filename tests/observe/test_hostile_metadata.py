"""Metadata that no trainer writes: a reason instead of an exception, a hang or a signal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from pbt_tui.observe.workspaces import find, reader
from pbt_tui.observe.workspaces.bounded_yaml import DEEPEST, MOST_NODES, UnreadableYaml, load
from pbt_tui.observe.workspaces.metadata import LARGEST, Metadata, parse
from pbt_tui.populations import STYLES

pytestmark = pytest.mark.timeout(60)

GOOD = """experiment_name: {name}
frame: {frame}
params:
  agent.lr: {lr}
true_objective: {objective}
"""
LAUGHS = "&a0 [x, x, x, x, x, x, x, x, x, x]" + "".join(
    f", &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 9)
)


def document(name: str = "a", frame: str = "1", lr: str = "0.5", objective: str = "1.5") -> bytes:
    return GOOD.format(name=name, frame=frame, lr=lr, objective=objective).encode()


UNREADABLE = {
    "text for a number": (document(frame="!!int ''"), "line 2, column 8: not `!!int`: ``"),
    "text for a float": (document(frame="!!float x"), "line 2, column 8: not `!!float`: `x`"),
    "text for a truth": (document(frame="!!bool x"), "line 2, column 8: not `!!bool`: `x`"),
    "text for a date": (document(frame="!!timestamp x"), "not `!!timestamp`: `x`"),
    "text for bytes": (document(frame="!!binary x"), "not `!!binary`: `x`"),
    "a type that is none": (document(frame="!!nothing x"), "not `!!nothing`: `x`"),
    "a list for a number": (document(frame="!!int [1]"), "a collection is not `!!int`"),
    "a list as a key": (b"? [1]\n: 2\n", "line 1, column 1: a key that is not a scalar"),
    "a tagged list as a key": (b"? !a [1]\n: 2\n", "a key that is not a scalar"),
    "a tagged map as a key": (b"? !!python/object/apply:f {a: 1}\n: 2\n", "not a scalar"),
    "a tag that refers to itself": (
        document(objective="&a !!python/object/apply:torch._utils._rebuild_tensor_v2 [*a]"),
        "line 5, column 75: `*a` refers to the value that contains it",
    ),
    "a list that refers to itself": (document(lr="&a [*a]"), "refers to the value"),
    "a map that refers to itself": (document(lr="&a {b: {c: *a}}"), "refers to the value"),
    "an alias of nothing": (document(lr="*b"), "line 4, column 13: `*b` names nothing"),
    "a billion in the name": (document(name=f"[{LAUGHS}]"), f"more than {MOST_NODES:,} values"),
    "a billion in a parameter": (document(lr=f"[{LAUGHS}]"), f"more than {MOST_NODES:,} values"),
    "long text many times": (
        document(lr=f"[&a {'x' * 100_000}, {', '.join(['*a'] * 5000)}]"),
        f"more than {MOST_NODES:,} values",
    ),
    "many values": (b"- x\n" * (MOST_NODES + 1), f"more than {MOST_NODES:,} values"),
    "many documents": (b"--- x\n" * 10_000, "a second document"),
    "deep blocks": (b"- " * 100_000, "nest"),
    "deep brackets": (b"[" * 200_000, "nest"),
    "a list too deep": (b"[" * 40 + b"]" * 40, f"nested more than {DEEPEST} levels deep"),
    "deep maps": (b"{a: " * 50_000, f"nested more than {DEEPEST} levels deep"),
    "deep keys": (b"? " * 100_000, "nest"),
    "deep by aliases": (
        b"".join(b"- &a%d [%s]\n" % (n, b"*a%d" % (n - 1) if n else b"") for n in range(60)),
        f"nested more than {DEEPEST} levels deep",
    ),
    "many directives": (
        b"".join(b"%%TAG !%x! !\n" % n for n in range(15_000)) + b"--- a",
        "more than 100 directives",
    ),
    "bytes 0": (b"\0" * 100, "a byte 0"),
    "UTF-16": ("frame: 1".encode("utf-16"), "a byte 0"),
    "not UTF-8": (b"frame: \xff\xfe", "not YAML"),
    "an open bracket": (b"a: [\n", "line 2, column 1: "),
    "too large": (b"#" * (LARGEST + 1), "larger than 256 KiB"),
}


@pytest.mark.parametrize(("data", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_has_a_reason(data: bytes, words: str) -> None:
    found = parse(data)
    assert isinstance(found, str)
    assert words in found
    assert len(found) < 400
    assert found.isprintable()


READABLE = {
    "a number of 20,000 digits": document(frame="9" * 20_000, lr="9" * 20_000),
    "a hexadecimal number": document(frame="0x" + "f" * 20_000, lr="0x" + "f" * 90),
    "a binary number": document(frame="0b" + "1" * 20_000),
    "an octal number": document(frame="0" + "7" * 20_000),
    "sexagesimal floats": document(frame="1:30.5", lr="59:" * 3_000 + "59.9"),
    "sexagesimal numbers": document(frame="1:30", lr="1" + ":59" * 3_000),
    "a long exponent": document(frame="1e999999999", lr="1.0e+999999999"),
    "a number of underscores": document(frame="1" + "_" * 20_000, lr="+_____"),
    "octal digits that are none": document(frame="0999", lr="-08"),
    "digits that are none": document(frame="0b_", lr="-0x__"),
    "a date that is none": document(frame="2020-99-99", lr="2020-13-45 99:99:99"),
    "half a character": document(name='"\\ud800"', lr='"\\udfff"'),
    "a merge key": document(lr="{<<: 1, =: 2}"),
    "a key that is null": document(lr="{? , null: 1}"),
    "a key of many digits": document(lr="1\n  ? " + "9" * 5_000 + "\n  : 1"),
    "many parameters": document(lr="1\n" + "".join(f"  p{n}: 1\n" for n in range(4_000))),
    "tags within tags": document(lr="!a " + "[!b " * 20 + "x" + "]" * 20),
    "an objective that is nonsense": document(
        objective="!!python/object/apply:torch._utils._rebuild_tensor_v2 [[], {}, 9999999999999999]"
    ),
    "an offset beyond all": document(
        objective="!!python/object/apply:torch._utils._rebuild_tensor_v2 "
        "[!x [!!binary RmxvYXRTdG9yYWdl], 99999999999999999999999999999999]"
    ),
    "a name that is a list": document(name="[x, [y]]"),
}


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE)
def test_a_strange_value_is_a_bounded_one(data: bytes) -> None:
    found = parse(data)
    if isinstance(found, str):  # libyaml refuses half a character itself
        assert b"\\u" in data
        return
    assert isinstance(found, Metadata)
    text = json.dumps(found.params, allow_nan=False)
    assert len(text) < 100_000
    assert len(found.experiment_name) <= 500
    assert found.frame is None or abs(found.frame) < 2**63
    assert found.objective is None or abs(found.objective) < 1e300


def test_values_are_those_of_pyyaml() -> None:
    """The scalars of YAML 1.1 mean what they mean to the trainer, which reads them with PyYAML."""
    for text in (
        "1", "-1", "+1", "0", "017", "0b101", "-0x1F", "1_000", "1:30", "-1:30:05", "08",
        "1.5", "-.5", "1.", "1.0e-05", "1e5", "1.e+3", ".inf", "-.INF", "+.inf", "1:30.5", "1_0.5",
        "yes", "No", "TRUE", "off", "~", "null", "", "x", "'1'", '"yes"', "!!str 1", "!!int '3'",
        "!!float 3", "!!bool 'on'", "[1, [2], {a: b}]", "{a: 1, a: 2}", "&a [1, 2]", "! 1",
        "!!binary aGFsbG8=", "|\n  two\n  lines\n", "[&a x, *a]", "!!seq [1]", "!!map {a: 1}",
    ):  # fmt: skip
        expected = yaml.safe_load(f"a: {text}")["a"]
        found = load(f"a: {text}".encode())["a"]
        assert (found, type(found)) == (expected, type(expected)), text


def test_the_parser_in_python_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert load(document())["frame"] == 1
    for name in ("deep brackets", "a billion in the name", "a list that refers to itself"):
        with pytest.raises(UnreadableYaml):
            load(UNREADABLE[name][0])
    surrogate = load(document(name='"\\ud800"'))["experiment_name"]
    assert surrogate.encode() == b"?"


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab", "rl_games"])
def test_hostile_files_leave_the_others_readable(tmp_path: Path, style: str) -> None:
    assert style in STYLES.built_in
    folder = tmp_path / "runs" / "ws" / "000"
    folder.mkdir(parents=True)
    cases = [*(data for data, _ in UNREADABLE.values()), *READABLE.values()]
    for number, data in enumerate(cases, 10):
        (folder / f"{number:06d}.yaml").write_bytes(data)
    (folder / "000001.yaml").write_bytes(document())
    workspace = reader(style, folder.parent)
    found = [g.generation for g in workspace.poll()]
    assert 1 in found
    for _ in range(5):
        assert workspace.poll() == []
    assert len(workspace.unreadable()) + len(found) == len(cases) + 1
    assert all(file.why for file in workspace.unreadable())
    assert find(tmp_path) is not None


def test_a_file_that_stays_the_same_is_parsed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbt_tui.observe.workspaces import member_folders

    path = tmp_path / "000" / "000001.yaml"
    path.parent.mkdir()
    path.write_bytes(b"[" * 1000)
    workspace = reader("isaaclab", tmp_path)
    workspace.poll()
    with monkeypatch.context() as patched:
        patched.setattr(member_folders, "parse", None)
        for _ in range(5):
            workspace.poll()
    assert [file.path for file in workspace.unreadable()] == [path]
    path.write_bytes(document())
    assert len(workspace.poll()) == 1
    assert workspace.unreadable() == []


def test_an_old_file_is_unreadable_at_once(tmp_path: Path) -> None:
    """`pbt-tui --once` polls only once."""
    from pbt_tui.observe.snapshot import workspace_snapshot

    for name, data in (("000001", document()), ("000002", b"["), ("000003", b"{")):
        path = tmp_path / "000" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        if name == "000002":
            os.utime(path, (1e9, 1e9))
    workspace = reader("isaaclab", tmp_path)
    workspace.poll()
    assert [file.path.name for file in workspace.unreadable()] == ["000002.yaml"]
    (row,) = workspace_snapshot(tmp_path).populations
    (message,) = (a.message for a in row.alarms if a.code == "objective_unreadable")
    assert message.startswith(f"`{tmp_path}/000/000002.yaml`: not YAML: line 2, column 1: ")
