"""Damaged spec files: thousands of mutations, each answered with findings."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pbt_tui.cli import compile as command
from pbt_tui.cli import report
from pbt_tui.compiler import diff_report
from pbt_tui.compiler.validate import validate
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Mount, Policy, Processes, Resources, Ulimit, encode
from tests.compiler.compile_specs import box, gang, job, plain, spec

FILE = "specs/ant/processes.json"
SCHEMA = jsonschema.Draft202012Validator(load_schema("processes-1"))
ROUNDS = 4000


def seeds() -> list[Processes]:
    jobs, population = gang(3)
    container = box(
        mounts=(Mount("./a", "/a"),),
        ulimits=(Ulimit("nofile", 1, 2),),
        memory=2**30,
        entrypoint=("sh",),
        env_from=("TOKEN",),
    )
    odd = job(
        7, env={"A": "ä\x1b[31m"}, resources=Resources(gpus=1), params={"x": [None, {"y": 1.5}]}
    )
    return [
        spec(),
        spec(jobs=(*jobs, odd), populations=(population,), container=container, suffix="b"),
        spec(policy=Policy(gpus=("0", "1"), num_gpus=2, timeout=9.5, max_failures=3), jobs=()),
    ]


NASTY: list[Any] = [
    None, True, False, 0, -1, 1.0, -0.0, 1e308, 2**53 + 1, 2**63, 2**64, -(2**70), 10**30,
    float("nan"), float("inf"), float("-inf"), "", " ", "a/b", "..", "a" * 101, "x" * 5000,
    "\x00", "\x1b[2J\x07", "\u202e", "\u2028", "\r\n", "a\n", "\ud800", "::error::x", "%0A", "`",
    "pbt-processes/1", "pbt-processes/2", "00_ant", "ant", [], {}, [[]], [{}], [None], {"": ""},
    {"\x1b": 1}, ["00_ant"], [1, "a"], {"gpus": -1}, {"$ref": "#"}, {"A=B": "c"}, {"image": ""},
]  # fmt: skip
KEYS = ["", "id", "jobs", "format", "\x1b[31m", "a" * 300, "\n", "~/", "x y", "policy", "mounts"]


def nested(depth: int, r: random.Random) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if r.random() < 0.5 else {"a": value}
    return value


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from containers(child)


def spoil(document: Any, r: random.Random) -> None:
    """One change of structure, somewhere."""
    place = r.choice([c for c in containers(document) if c] or [document])
    if not place:
        return
    key = r.choice(list(place) if isinstance(place, dict) else range(len(place)))
    kind = r.randrange(8)
    if kind == 0:
        del place[key]
    elif kind == 1:
        place[key] = copy.deepcopy(r.choice(NASTY))
    elif kind == 2 and isinstance(place, list):
        place.insert(r.randrange(len(place) + 1), copy.deepcopy(place[key]))
    elif kind == 2:
        place[r.choice(KEYS)] = copy.deepcopy(place[key])
    elif kind == 3 and isinstance(place, dict):
        place[str(key)[:-1] + r.choice("sx_")] = place.pop(key)
    elif kind == 4:
        place[key] = nested(r.choice([5, 60, 99, 101, 150]), r)
    elif kind == 5:
        other = r.choice(list(place) if isinstance(place, dict) else range(len(place)))
        place[key], place[other] = place[other], place[key]
    elif kind == 6:
        place[key] = [place[key]] if r.random() < 0.5 else {"a": place[key]}
    else:
        place[key] = str(place[key]) if r.random() < 0.5 else r.choice(NASTY)


def cut(data: bytes, r: random.Random) -> bytes:
    return data[: r.randrange(len(data) + 1)]


def flip(data: bytes, r: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(r.randrange(1, 4)):
        out[r.randrange(len(out))] = r.randrange(256)
    return bytes(out)


def insert(data: bytes, r: random.Random) -> bytes:
    odd = [
        b"\xff",
        b"\x00",
        b"\xef\xbb\xbf",
        b"NaN",
        b"-",
        b"1e999",
        b"9" * 5000,
        b'"',
        b",",
        b"//",
    ]
    at = r.randrange(len(data) + 1)
    return data[:at] + r.choice(odd) + data[at:]


def twice(data: bytes, r: random.Random) -> bytes:
    """A line, and so a key or a job, twice."""
    lines = data.splitlines(keepends=True)
    k = r.randrange(len(lines))
    return b"".join([*lines[: k + 1], lines[k], *lines[k + 1 :]])


BYTES: list[Callable[[bytes, random.Random], bytes]] = [
    cut, flip, insert, twice,
    lambda data, r: b"\xef\xbb\xbf" + data,
    lambda data, r: data.decode(errors="replace").encode(r.choice(["utf-16", "utf-32"])),
    lambda data, r: data + r.choice([b"{}", b"\x00", b"\n\n", data]),
    lambda data, r: data.replace(b"\n", b"\r\n"),
    lambda data, r: data.replace(b'"', b"'"),
]  # fmt: skip


def dumped(document: Any, r: random.Random) -> bytes:
    more: dict[str, Any] = r.choice([{}, {"indent": 1}, {"ensure_ascii": False}])
    return json.dumps(document, **more).encode("utf-8", "surrogatepass")


def mutant(r: random.Random) -> bytes:
    document = plain(r.choice(seeds()))
    for _ in range(r.choice([0, 1, 1, 1, 2, 5])):
        spoil(document, r)
    try:
        data = dumped(document, r) if r.random() < 0.8 else encode(r.choice(seeds()))
    except RecursionError:
        data = b"[" * 1000
    for _ in range(r.choice([0, 0, 1, 2])):
        data = r.choice(BYTES)(data, r) or b" "
    return data


def clean(d: Diagnostic, file: str) -> None:
    """One located line and perhaps a hint, as text and as an annotation, without raw controls."""
    assert d.where.file == file
    assert d.level in ("error", "warning", "note")
    head, *hint = str(d).split("\n")
    assert head.startswith(f"{d.level}[{d.code}]: `{file}`")
    assert head.isprintable(), head
    assert len(head) < 1000, head
    assert len(hint) <= 1
    assert all(line.isprintable() and line.startswith("hint: ") for line in hint)
    said = report.workflow_commands([d])
    assert said.count("\n") == 1
    assert said[:-1].isprintable()


def check(data: bytes) -> bool:
    """Whether it was accepted; everything that must hold either way."""
    value, found = validate(data, FILE)
    for d in found:
        clean(d, FILE)
    assert len({str(d) for d in found}) == len(found)
    wrong = any(d.level == "error" for d in found)
    if value is None:
        assert wrong
        return False
    document = json.loads(data)
    faults = [e.message for e in SCHEMA.iter_errors(document)]
    assert faults == []
    return not wrong


def test_thousands_of_mutations_are_met_with_words() -> None:
    r = random.Random(20_240)
    accepted = sum(check(mutant(r)) for _ in range(ROUNDS))
    assert ROUNDS // 50 < accepted < ROUNDS // 2  # neither side is idle


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
@example(3682)  # a float that is given as the integer above the largest one
def test_and_so_are_those_of_any_other_seed(seed: int) -> None:
    check(mutant(random.Random(seed)))


def call(argv: list[str]) -> tuple[int, str, str]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command.main(argv)
    out.seek(0)
    return code, out.read(), err.getvalue()


def test_the_command_says_the_same_in_all_three_forms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    r = random.Random(7)
    path = Path("processes.json")
    for _ in range(300):
        path.write_bytes(mutant(r))
        code, _, err = call(["--validate", str(path)])
        assert code in (0, 3)
        assert "this is a bug" not in err
        as_json, out, _ = call(["--validate", str(path), "--format", "json"])
        found = json.loads(out)["diagnostics"]
        on_github, annotations, _ = call(["--validate", str(path), "--format", "github"])
        assert (
            code == as_json == on_github == (3 if any(d["level"] == "error" for d in found) else 0)
        )
        heads = [line for line in err.splitlines() if not line.startswith("hint: ")]
        assert (
            len(heads)
            == len(found)
            == sum(line.startswith("::") for line in annotations.splitlines())
        )
        for head, d in zip(heads, found, strict=True):
            assert head.startswith(f"{d['level']}[{d['code']}]: `{path}`")
            assert head.endswith(d["message"])


@pytest.mark.parametrize("seed", range(3))
def test_and_the_real_command_too(tmp_path: Path, seed: int) -> None:
    r = random.Random(seed)
    files = []
    for k in range(40):
        folder = tmp_path / f"{k}"
        folder.mkdir()
        (folder / "processes.json").write_bytes(mutant(r))
        files.append(f"{k}/processes.json")
    done = subprocess.run(
        [sys.executable, "-c", "from pbt_tui.cli.compile import entry; entry()", "--validate", "."],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"pbt-processes/1"', '"\\u001b[2J"', "format is `\\x1b[2J`"),
        ('"id":"00_ant"', '"id":"\\ud800"', ":10: not JSON: `\\ud800` is half a character"),
        ('"run":"ant"', f'"{"k" * 9000}":1,"run":"ant"', "/kkk"),
        ('"member":0', '"member":0,"population":"\\r\\n"', "key `population` is given twice"),
        ('"population":"ant","member":2', '"population":"\\u202e","member":2', "`\\u202e`, which"),
    ],
)
def test_what_the_mutations_have_found(old: str, new: str, said: str) -> None:
    data = encode(seeds()[1]).decode()
    assert old in data
    assert not check(data.replace(old, new, 1).encode())
    assert said in "\n".join(map(str, validate(data.replace(old, new, 1).encode(), FILE)[1]))


def test_whatever_is_there_can_be_reviewed(tmp_path: Path) -> None:
    r = random.Random(3)
    for _ in range(300):
        new = r.choice(seeds())
        files, old = {"ant/processes.json": encode(new)}, {"ant/processes.json": mutant(r)}
        found = diff_report.changed(tmp_path, files, dict(old), new)
        for line in "".join(diff_report.text(tmp_path, files, dict(old), found)).split("\n"):
            assert line.replace("\t", "").isprintable()
