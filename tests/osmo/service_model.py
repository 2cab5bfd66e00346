"""What OSMO and Kubernetes do to a workflow file until a program starts, without either of them.

The steps are those of the service: it cuts the file into sections, keeps the tokens of tasks,
renders with Jinja, reads YAML, puts tokens into the JSON of each task, and hands command and
variables to Kubernetes, which replaces `$(NAME)` and `$$`. The client may post the file a second
time, as PyYAML writes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment

MARKS = ("{{", "{%", "{#", "default-values")
ID = "ant-3f2a91bc-7"
_SECTION = re.compile(
    r"^([a-zA-Z][a-zA-Z0-9_-]*):(.*?)(?=^[a-zA-Z][a-zA-Z0-9_-]*:|\Z)", re.S | re.M
)
_TOKEN = re.compile(r"{{(uuid|workflow_id|output|input:[^}]+|host:[^}]+)}}")


@dataclass(frozen=True)
class Arrived:
    """What the container of a task is started with."""

    name: str
    argv: list[str]
    env: dict[str, str]
    lead: bool
    task: dict[str, Any]


def section(text: str) -> str:
    """The section `workflow`, as it is cut out of a file."""
    found = {}
    for key, rest in _SECTION.findall(text):
        assert key in ("workflow", "default-values", "version")
        assert key not in found
        found[key] = f"{key}:{rest}"
    return found["workflow"]


def rendered(text: str) -> str:
    """One rendering; tokens of tasks stay."""
    text = section(text)
    values = {}
    for k, token in enumerate(dict.fromkeys(_TOKEN.findall(text))):
        values[f"hash{k}"] = "{{" + token + "}}"
        text = text.replace("{{" + token + "}}", "{{hash" + str(k) + "}}")
    template = SandboxedEnvironment(undefined=jinja2.StrictUndefined).from_string(text)
    return template.render(values)


def dumped(text: str) -> str:
    """A text as PyYAML writes it again."""
    return yaml.dump(yaml.safe_load(section(text)))


def posted(data: bytes, renderings: int) -> str:
    """The text after so many renderings, dumped in between as the client does."""
    text = data.decode()
    for k in range(renderings):
        text = rendered(dumped(text) if k else text)
    return text


def usual(data: bytes) -> str:
    """The text that the service parses after the client of 6.4 has posted it."""
    times = 2 if any(mark in data.decode() for mark in MARKS) else 1
    return posted(data, times)


def arrived(text: str, workflow_id: str = ID) -> list[Arrived]:
    """The containers of all tasks."""
    document = yaml.safe_load(section(text))["workflow"]
    tasks = [*document.get("tasks", ())]
    for group in document.get("groups", ()):
        tasks += group["tasks"]
    return [_container(task, workflow_id) for task in tasks]


def _container(task: dict[str, Any], workflow_id: str) -> Arrived:
    text = json.dumps(task)
    for token, value in (("workflow_id", workflow_id), ("output", "/osmo/data/output")):
        text = re.sub("{{[ ]*" + token + "[ ]*}}", value, text)
    task = json.loads(text)
    env: dict[str, str] = {}
    for name, value in task.get("environment", {}).items():
        env[name] = _expanded(value, env)
    argv = [_expanded(word, env) for word in (*task["command"], *task.get("args", ()))]
    lead = task.get("lead", "false")
    assert lead in ("true", "false")
    return Arrived(task["name"], argv, env, lead == "true", task)


def _expanded(text: str, env: dict[str, str]) -> str:
    """Kubernetes: from left to right, `$$` is one `$`, and `$(NAME)` a value that is known."""
    made, k = "", 0
    while k < len(text):
        if text[k] != "$" or k + 1 == len(text):
            made += text[k]
            k += 1
        elif text[k + 1] == "$":
            made += "$"
            k += 2
        elif text[k + 1] == "(" and (end := text.find(")", k)) > 0:
            name = text[k + 2 : end]
            made += env.get(name, text[k : end + 1])
            k = end + 1
        else:
            made += text[k : k + 2]
            k += 2
    return made
