from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from pbt_tui.backends.ngc.request import JobRequest
from pbt_tui.compiler.validate import validate_file
from pbt_tui.diagnostics.schema_errors import load_schema
from tests.ngc.shelf_outcomes import OUTCOMES

HERE = Path(__file__).parent
SCHEMA = load_schema("ngc-job-1")
STOCK = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_has_each_key_of_a_request() -> None:
    properties = SCHEMA["$defs"]["JobRequest"]["properties"]
    assert len(properties) == 38
    assert list(properties) == list(JobRequest.__struct_fields__) == sorted(properties)


def test_the_table_is_of_the_shelf() -> None:
    assert [row[0] for row in OUTCOMES] == list(dict.fromkeys(row[0] for row in OUTCOMES))
    assert {row[0] for row in OUTCOMES} == {p.stem for p in (HERE / "shelf").glob("*.json")}
    assert len(OUTCOMES) >= 60


@pytest.mark.parametrize(("name", "code", "pointer"), OUTCOMES)
def test_a_bad_file_is_refused_with_the_place(name: str, code: str, pointer: str) -> None:
    path = HERE / f"shelf/{name}.json"
    _, found = validate_file(path)
    errors = [d for d in found if d.level == "error"]
    assert [(d.code, d.where.pointer or "") for d in errors] == [(code, pointer)]
    assert errors[0].where.file == str(path)


def test_each_rule_of_a_request_has_a_bad_file() -> None:
    codes = {code for _, code, _ in OUTCOMES}
    assert codes >= {f"PBT{n}" for n in range(701, 711)}


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.json")), ids=lambda p: p.stem)
def test_a_good_file_is_accepted(path: Path) -> None:
    STOCK.validate(json.loads(path.read_text()))
    made, found = validate_file(path)
    assert isinstance(made, JobRequest)
    assert [d for d in found if d.level == "error"] == []
    warned = [d.where.pointer for d in found if d.level == "warning"]
    assert {d.code for d in found} <= {"PBT711"}
    if path.stem == "as-published":
        assert sorted(map(str, warned)) == [
            "/aceId", "/arrayType", "/datasetMounts", "/publishedContainerPorts",
            "/workspaceMounts",
        ]  # fmt: skip
    elif path.stem != "every-key":
        assert warned == []


def test_every_key_is_in_a_good_file() -> None:
    document = json.loads((HERE / "good/every-key.json").read_text())
    assert set(document) == set(JobRequest.__struct_fields__)


def test_what_is_refused_but_not_by_the_schema_is_what_no_schema_can_say() -> None:
    """The rest, a reader with any stock validator finds too."""
    beyond = {"PBT801", "PBT804"}
    for name, code, _ in OUTCOMES:
        if code in beyond:
            continue
        document = json.loads((HERE / f"shelf/{name}.json").read_bytes())
        if STOCK.is_valid(document):
            assert validate_file(HERE / f"shelf/{name}.json")[0] is not None or name in (
                "runtime-whole-float",
            )
