"""Renders a workflow file as the service does: with `default-values` and the values of `--set`.

Variables alone need no library. Any other code is rendered by Jinja in its sandbox, in a process of
its own with limits of time and memory, because a template may loop. Tokens such as `{{output}}`
stay: they are put in later, for each task.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pbt_tui.backends.osmo import templating, workflow_reading
from pbt_tui.errors import BadSpec, Diagnostic, UsageError, Where, printable

_SECONDS = 20.0
_MOST_OUTPUT = 16 << 20
_INTEGER = re.compile(r"[+-]?[0-9]{1,300}", re.ASCII)
_TOKEN = re.compile(r"\{\{(?:uuid|workflow_id|output|input:[^{}]+|host:[^{}]+)\}\}")
_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_VARIABLE = re.compile(r"^`\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}` is a variable")
HINT = "install it with `pip install 'pbt-tui[osmo]'`, or render the template first"


def set_hint(name: str) -> str:
    """How to give a variable of a template its value."""
    return f"pass `--set {printable(name)}=VALUE`, or add it to `default-values`"


def with_set_hint(found: Diagnostic) -> Diagnostic:
    """A finding about a variable without a value says how to give it one."""
    name = _VARIABLE.search(found.message) if found.code == "PBT902" else None
    return found if name is None else replace(found, hint=set_hint(name[1]))


def settings(numbers: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """The values of `--set` and `--set_string`; those of `--set` may be numbers.

    Raises `UsageError` for what is no `NAME=VALUE`.

    Example:
        >>> settings(["lr=0.1", "n=3", "tag=v1"], ["seed=7"])
        {'lr': 0.1, 'n': 3, 'tag': 'v1', 'seed': '7'}
    """
    made: dict[str, Any] = {}
    for option, given in (("--set", numbers), ("--set_string", texts)):
        for text in given:
            name, equals, value = text.partition("=")
            if not equals or not templating.is_identifier(name):
                raise UsageError(f"`{option}`: expected `NAME=VALUE`, got `{printable(text)}`")
            made[name] = _number(value) if option == "--set" else value
    return made


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def rendered(data: bytes, values: Mapping[str, Any], file: str) -> bytes:
    """The workflow without variables and code.

    Raises:
        UsageError: if `values` has a name that the file does not use.
        BadSpec: if the template cannot be rendered, or needs Jinja and it is not installed.
    """
    text = data[: workflow_reading.MOST_BYTES + 1].decode(errors="replace")
    found = [mark for mark in templating.marks(text) if mark.sort != "token"]
    names = {m.name for m in found} | set(workflow_reading.default_values(text))
    code = [mark for mark in found if mark.sort == "code"]
    for name in values:
        if name not in names and not any(name in mark.text for mark in code):
            raise UsageError(f"`--set`: the workflow has no variable `{printable(name)}`")
    if not found or len(data) > workflow_reading.MOST_BYTES:
        return data
    if code:
        return _by_jinja(text, values, file, code[0].text)
    known = {**workflow_reading.default_values(text), **{k: str(v) for k, v in values.items()}}
    return templating.with_variables(text, known).encode(errors="surrogateescape")


def _by_jinja(text: str, values: Mapping[str, Any], file: str, first: str) -> bytes:
    line = text.count("\n", 0, text.find(first)) + 1
    where = Where(file=file, line=line)
    if importlib.util.find_spec("jinja2") is None:
        message = f"`{printable(first[:60])}` is code of a template, and Jinja2 is not installed"
        raise BadSpec(message, where=where, hint=HINT)
    known = {**workflow_reading.default_objects(text), **values}
    kept = _TOKEN.sub(lambda found: f'{{{{"{found[0]}"}}}}', text)
    asked = json.dumps({"text": kept, "values": known})
    argv = [sys.executable, "-m", "pbt_tui.backends.osmo.local.jinja_process"]
    try:
        done = subprocess.run(
            argv, input=asked.encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadSpec("the template takes too long", where=where) from None
    try:
        answer = json.loads(done.stdout[:_MOST_OUTPUT]) if done.returncode == 0 else {}
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        why = str(answer.get("error", "it takes too much time or memory"))[:200]
        at = answer.get("line")
        missing = _UNDEFINED.fullmatch(why)
        raise BadSpec(
            f"the template cannot be rendered: {printable(why)}",
            where=Where(file=file, line=at if isinstance(at, int) else line),
            hint=None if missing is None else set_hint(missing[1]),
        )
    return str(answer["text"]).encode(errors="replace")
