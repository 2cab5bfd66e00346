"""The faults of a process list: one short message with a JSON pointer for each.

jsonschema finds the faults with the published schema; only this module imports it. It is a hundred
times slower than msgspec, so it checks only the jobs that msgspec rejects.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Job

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

MOST_JOBS = 100
"""Number of invalid jobs that are described; the others are only counted."""
_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_GOT = {dict: "object", list: "list", str: "str", bool: "bool", int: "int", float: "float"}


def schema_folder() -> Path:
    """The folder of the published schemas: in the package (wheel) or beside it (checkout)."""
    import pbt_tui

    package = Path(next(iter(pbt_tui.__path__)))
    inside = package / "schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


@cache
def load_schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_bytes())
    return document


def faults(document: Any) -> list[Diagnostic]:
    """All faults that the schema finds, in the order of the document."""
    if not isinstance(document, dict):
        return [finding("PBT803", f"expected an object, got {_got(document)}")]
    jobs = document.get("jobs")
    if not isinstance(jobs, list):
        return list(words(_validator(None).iter_errors(document), ()))
    found = list(words(_validator(None).iter_errors({**document, "jobs": []}), ()))
    bad = [i for i, job in enumerate(jobs) if not _is_job(job)]
    for i in bad[:MOST_JOBS]:
        found += words(_validator("Job").iter_errors(jobs[i]), ("jobs", i))
    if len(bad) > MOST_JOBS:
        found.append(finding("PBT803", f"{len(bad) - MOST_JOBS} more jobs are wrong"))
    return found


def schema_faults(document: Any, schema: str) -> list[Diagnostic]:
    """The same for a document of another published schema, such as `slurm-index-1`."""
    return list(words(_validator(None, schema).iter_errors(document), ()))


def _is_job(value: Any) -> bool:
    try:
        msgspec.convert(value, Job)
    except msgspec.ValidationError:
        return False
    return True


@cache
def _validator(part: str | None, name: str = "processes-1") -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    schema = load_schema(name)
    if part is not None:
        schema = {"$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


Path_ = tuple[str | int, ...]


def words(errors: Iterable[ValidationError], base: Path_) -> Iterator[Diagnostic]:
    """A PBT803 for each error; `base` is the path to the part that was validated."""
    for error in sorted(errors, key=lambda e: [str(p) for p in e.absolute_path]):
        for leaf in _leaves(error):
            yield from _one(leaf, (*base, *leaf.absolute_path))


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors inside the branches of an `anyOf` such as "object or null"."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    deep = [e for e in error.context if len(e.relative_path) or e.validator != "type"]
    if deep and error.instance is not None:
        for e in deep:
            yield from _leaves(e)
    else:
        yield error


def _one(e: ValidationError, path: Path_) -> Iterator[Diagnostic]:
    parts: Any = (e.validator, e.validator_value, e.instance)
    keyword, rule, value = parts
    titled = e.schema.get("title") if isinstance(e.schema, dict) else None
    wanted = titled or _expected(keyword, rule)
    message, hint = f"expected {wanted}, got {_shown(value)}", None
    if keyword == "type":
        message = f"expected {_type(rule)}, got {_got(value)}"
    elif keyword == "anyOf":
        message = f"expected {_any(rule)}, got {_got(value)}"
    elif keyword == "required":
        missing = next(k for k in rule if k not in value and f"'{k}'" in e.message)
        message = f"key `{missing}` is missing"
    elif keyword == "additionalProperties":
        known = list(e.schema["properties"]) if isinstance(e.schema, dict) else []
        for key in value:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean `{close[0]}`" if close else None
                yield _fault("there is no such key", (*path, key), hint)
        return
    yield _fault(message, path, hint)


def _fault(message: str, path: Path_, hint: str | None) -> Diagnostic:
    return finding("PBT803", message, where=Where(pointer=pointer(path)), hint=hint)


def pointer(path: Iterable[str | int]) -> str:
    """The JSON pointer of `path`. A long key is shortened: no valid key is that long."""
    parts = (str(p).replace("~", "~0").replace("/", "~1") for p in path)
    return "".join(f"/{p if len(p) <= 120 else p[:119] + '…'}" for p in parts)


def _type(rule: str | list[str]) -> str:
    return " or ".join(_NAMES[name] for name in ([rule] if isinstance(rule, str) else rule))


def _any(branches: list[dict[str, Any]]) -> str:
    kinds = [b.get("type") or b.get("$ref", "").rpartition("/")[2].lower() for b in branches]
    return " or ".join(_NAMES.get(kind, f"a {kind}") for kind in kinds)


def _expected(keyword: str, rule: Any) -> str:
    match keyword:
        case "enum":
            words = [f"`{word}`" for word in rule]
            return words[0] if len(words) == 1 else "one of " + ", ".join(words)
        case "minimum":
            return f"at least {rule}"
        case "exclusiveMinimum":
            return f"more than {rule}"
        case "minLength" | "minItems":
            return "something in it"
        case "pattern" if "{0,99}" in rule:
            return "up to 100 letters, digits, `_`, `.` or `-`, the first a letter or digit"
        case "pattern":
            return "a name without `=`"
        case _:
            return f"{keyword} {rule}"


def _got(value: Any) -> str:
    return "null" if value is None else _GOT.get(type(value), type(value).__name__)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{printable(text if len(text) <= 60 else text[:59] + '…')}`"
