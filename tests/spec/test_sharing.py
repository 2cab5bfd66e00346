"""A spec that is decoded in pieces is the same spec, and damage has the same message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.errors import PbtError
from pbt_tui.spec import FORMAT, Job, Policy, Processes, decode, encode
from pbt_tui.spec.sharing import decode_pieces, decode_shared

_TEXT = st.text(max_size=6)
_VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.0, 1.0, 2.5]) | _TEXT
_JOBS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["python", "train.py", ',\n{"', "lr=1"]), min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2),
        st.dictionaries(st.sampled_from("AB"), _TEXT, max_size=1),
        st.sampled_from(["", "p"]),
    ),
    max_size=12,
)


def a_spec(jobs: list[tuple[list[str], dict[str, Any], dict[str, str], str]]) -> Processes:
    made = tuple(
        Job(
            id=f"j{i}", experiment="e", name=f"j{i}" if i % 3 else "other", argv=tuple(argv),
            env=env, dir=folder, params=params, population=folder or None,
        )
        for i, (argv, params, env, folder) in enumerate(jobs)
    )  # fmt: skip
    return Processes(FORMAT, "r", "m", "./train_dir", Policy(), None, (), made)


@settings(max_examples=100, deadline=None)
@given(_JOBS, st.integers(1, 400))
def test_it_is_the_same_spec(
    jobs: list[tuple[list[str], dict[str, Any], dict[str, str], str]], piece: int
) -> None:
    data = encode(a_spec(jobs))
    found = decode_pieces(data[at : at + piece] for at in range(0, len(data), piece))
    assert found is not None
    assert found == decode_shared(data) == decode(data)
    assert encode(found) == data, "also where 1 stands for 1.0"


def test_equal_parts_are_in_memory_once() -> None:
    job = (["python", "x" * 50], {"lr": 0.1}, {"A": "1"}, "folder")
    other = (["python", "y" * 50], {"lr": 0.2}, {"A": "1"}, "folder")
    one, two, three = decode_shared(encode(a_spec([job, job, other]))).jobs
    assert one.argv is two.argv
    assert one.params is two.params
    assert one.env is two.env is three.env
    assert one.dir is three.dir
    assert one.argv[0] is three.argv[0]
    assert two.name is two.id
    assert one.name != one.id


_HEAD = encode(a_spec([(["python"], {}, {}, "")])).partition(b'"jobs":[\n')


@pytest.mark.parametrize("begin", [b'{"run":"', b"".join(_HEAD[:2]) + b'{"id":"'])
def test_what_is_not_in_lines_is_not_put_together_from_pieces(begin: bytes) -> None:
    """That would take time by the square of its length: it is decoded as a whole."""
    pieces = iter([begin, *[b"x" * (1 << 16)] * 1000])
    assert decode_pieces(pieces) is None
    assert sum(1 for _ in pieces) > 900


def test_any_layout_is_read() -> None:
    spec = a_spec([(["python"], {"a": 1}, {}, "p")] * 5)
    for indent in (0, 2):
        data = msgspec.json.format(encode(spec), indent=indent)
        assert decode_shared(data) == spec


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"id":"j3"', b'"id":""'),
        (b'"id":"j3"', b'"id":"j3","more":1'),
        (b'"env":{}', b'"env":[]'),
        (b"pbt-processes/1", b"pbt-processes/9"),
        (b'"jobs":[\n', b'"jobs":[\n\n'),
        (b"\n]}\n", b",\n]}\n"),
        (b'"name"', b"\xff"),
        (b'"params":{}', b'"params":' + b"[" * 5000),
        (b'"run":"r"', b'"run":7'),
    ],
)
def test_damage_has_the_same_message(old: bytes, new: bytes) -> None:
    data = encode(a_spec([(["python"], {}, {}, "")] * 6)).replace(old, new, 4)

    def told(of: Any) -> object:
        try:
            return of(data, "spec.json")
        except PbtError as e:
            return (type(e), str(e))

    assert told(decode_shared) == told(decode)


def test_the_specs_of_the_shelf_are_read() -> None:
    found = list(Path(__file__).parents[1].joinpath("shelf").rglob("spec.json"))
    assert found
    for path in found:
        data = path.read_bytes()
        assert decode_shared(data) == decode(data)
