from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs import release
from pbt_tui.diagnostics.schema_errors import load_schema, schema_folder
from pbt_tui.journal import events
from pbt_tui.spec import Job, Policy, Processes, decode, encode
from pbt_tui.spec.schema import schema

NAMES = ("processes-1", "journal-1", "request-1", "snapshot-1", "ngc-job-1")


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(load_schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one_and_says_what_it_is(name: str) -> None:
    document = load_schema(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == release.file_address(f"schemas/{name}.json")
    assert document["title"]


def integers(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each integer or number of a schema, and where it stands."""
    if isinstance(node, dict):
        if node.get("type") in ("integer", "number"):
            yield path, node
        for key, value in node.items():
            yield from integers(value, f"{path}/{key}")
    elif isinstance(node, list):
        for k, value in enumerate(node):
            yield from integers(value, f"{path}/{k}")


@pytest.mark.parametrize("name", ["processes-1", "slurm-index-1", "ngc-job-1"])
def test_every_number_of_a_spec_has_bounds(name: str) -> None:
    found = dict(integers(load_schema(name)))
    assert found
    for path, node in found.items():
        assert node.get("maximum", node.get("exclusiveMaximum")) <= 2**53, path
        assert "minimum" in node or "exclusiveMinimum" in node, path


def test_schemas_are_found_and_there_is_no_other() -> None:
    assert {p.stem for p in schema_folder().glob("*.json")} >= set(NAMES)


def test_a_wheel_has_them_inside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pbt_tui

    package = tmp_path / "pbt_tui"
    (package / "schemas").mkdir(parents=True)
    monkeypatch.setattr(pbt_tui, "__path__", [str(package)])
    assert schema_folder() == package / "schemas"


def test_every_event_of_the_journal_is_one_of_its_schema() -> None:
    check = validator("journal-1")
    line = events.AttemptScheduled(seq=3, at=1.5, job="00_ant", attempt=1, gpus=("0",))
    check.validate(msgspec.json.decode(msgspec.json.encode(line)))
    started = events.ExecutorStarted(
        pid=1, host="h", boot_id="b", runtime="process", gpus=(events.Gpu(0),), policy=Policy()
    )
    check.validate(msgspec.json.decode(msgspec.json.encode(started)))
    with pytest.raises(jsonschema.ValidationError):
        check.validate({"event": "attempt_scheduled", "seq": 3, "at": 1.5})
    with pytest.raises(jsonschema.ValidationError):
        check.validate({"event": "sneezed", "seq": 3, "at": 1.5})


def test_descriptions_come_from_the_source() -> None:
    text = json.dumps(load_schema("processes-1"))
    assert "Seconds that a stopped job has to exit before the executor kills it." in text


def undescribed(document: Any, at: str = "") -> list[str]:
    """Where a property of a schema says nothing."""
    if isinstance(document, list):
        return [p for i, item in enumerate(document) for p in undescribed(item, f"{at}/{i}")]
    if not isinstance(document, dict):
        return []
    properties = document.get("properties", {})
    allowed = {name: p for name, p in properties.items() if p is not False}
    silent = [f"{at}/{name}" for name, p in allowed.items() if not p.get("description")]
    return silent + [p for name, d in document.items() for p in undescribed(d, f"{at}/{name}")]


def test_every_property_of_a_published_format_is_described() -> None:
    published = sorted(schema_folder().glob("*.json"))
    assert len(published) > len(NAMES)
    assert {p.stem: undescribed(json.loads(p.read_bytes())) for p in published} == {
        p.stem: [] for p in published
    }


def test_a_property_without_a_description_is_found() -> None:
    document = copy.deepcopy(load_schema("request-1"))
    del document["$defs"]["Request"]["properties"]["by"]["description"]
    assert undescribed(document) == ["/$defs/Request/by"]


def test_notes_for_what_is_not_there_change_nothing() -> None:
    plain = schema([Policy], "x/1", "X")
    assert schema([Policy], "x/1", "X", {("Policy", "none"): "a", ("None", "b"): "c"}) == plain
    noted = json.loads(schema([Policy], "x/1", "X", {("Policy", "grace"): "a"}))
    assert noted["$defs"]["Policy"]["properties"]["grace"]["description"] == "a"


def test_patterns_mean_the_same_to_every_reader() -> None:
    """`$` also matches before a last newline in Python, and only there."""
    pattern = load_schema("processes-1")["$defs"]["Job"]["properties"]["id"]["pattern"]
    assert re.search(pattern, "00_ant")
    assert not re.search(pattern, "00_ant\n")


NAME = st.text(st.characters(codec="utf-8", exclude_characters="=\x00"), min_size=1, max_size=5)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUE = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT
JOBS = st.builds(
    Job,
    id=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,20}\Z"),
    experiment=TEXT.filter(bool),
    name=TEXT,
    argv=st.lists(TEXT, min_size=1, max_size=3).map(tuple),
    env=st.dictionaries(NAME, TEXT, max_size=2),
    dir=TEXT,
    params=st.dictionaries(TEXT, VALUE | st.lists(VALUE, max_size=2), max_size=3),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(JOBS, max_size=3), TEXT)
def test_what_is_encoded_decodes_the_same_and_is_a_line_a_job(jobs: Any, suffix: str) -> None:
    spec = Processes(
        "pbt-processes/1", "r", "m", "t", Policy(), None, (), tuple(jobs), suffix=suffix
    )
    data = encode(spec)
    assert decode(data) == spec
    assert encode(decode(data)) == data
    assert json.loads(data)["jobs"] == json.loads(msgspec.json.encode(jobs))
    assert data.count(b"\n") == 9 + max(len(jobs), 1) + bool(suffix)
    validator("processes-1").validate(json.loads(data))
