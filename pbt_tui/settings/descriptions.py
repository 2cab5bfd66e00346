"""What `--help TOPIC` says of a setting: what its field says of itself, and the field's default.

Must not know any setting. Loaded only where a topic is explained, since it reads the types.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import msgspec

from pbt_tui.settings import Setting, parsers

_WITHOUT = re.compile(r"[;.] (?:`null`|not there): (?P<meaning>.+)$")
"""The last clause of a description: what it means that the value is not there."""


def field_notes(module: ModuleType) -> Iterator[tuple[tuple[str, str], str]]:
    """(class, field) → the text that follows the field in the source of `module`, on one line."""
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, after in zip(node.body, node.body[1:], strict=False):
            match field, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ):
                    yield (node.name, name), " ".join(text.split())


def help_text(setting: Setting, struct: Any) -> str:
    """One line: the setting's own help or what its field says, and the default if it has one."""
    said = _notes(struct.__module__).get((struct.__name__, setting.name), "").removesuffix(".")
    without = _WITHOUT.search(said)
    text = setting.help or (said[: without.start()] if without else said)
    if text[1:2].islower():  # not `GPUs` or `CPUs`
        text = text[0].lower() + text[1:]
    if setting.many:
        text += "; may be repeated"
    default = _shown(setting, struct, without["meaning"] if without else "")
    return f"{text} ({default})" if default else text


@cache
def _notes(module: str) -> dict[tuple[str, str], str]:
    try:
        return dict(field_notes(sys.modules[module]))
    except (OSError, TypeError):  # installed without its source
        return {}


def _shown(setting: Setting, struct: Any, without: str) -> str:
    """The default as a person would write it; empty where there is nothing to say."""
    field = next(f for f in msgspec.structs.fields(struct) if f.name == setting.name)
    if field.required:
        return "required" if setting.of_backend else ""
    made = field.default_factory
    match field.default if made is msgspec.NODEFAULT else made():
        case None:
            text = without
        case bool() | msgspec.UNSET:
            text = ""
        case float() as seconds if setting.read is parsers.duration:
            text = f"{seconds:g}s"
        case tuple() | list() as items:
            text = ",".join(map(str, items))
        case value:
            text = str(value)
    return f"default: {text}" if text else ""
