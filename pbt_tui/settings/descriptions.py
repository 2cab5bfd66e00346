"""The help text of a setting: the description of its field and the default of the field.

Imported only for `--help TOPIC`, because it needs the types.
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
"""The last clause of a description: what a missing value means."""


def field_notes(module: ModuleType) -> Iterator[tuple[tuple[str, str], str]]:
    """(class, field) → the text below the field in the source of `module`, on one line."""
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
    """One line: the help of the setting or the description of its field, and the default."""
    description = (
        _notes(struct.__module__).get((struct.__name__, setting.name), "").removesuffix(".")
    )
    without = _WITHOUT.search(description)
    text = setting.help or (description[: without.start()] if without else description)
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
    """The default as a user would write it; empty if there is none to show."""
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
