"""The JSON Schemas of the files in which people write settings, for editors.

They are `pbt.toml`, `pyproject.toml` and the user's own `config.toml`. The keys are those of the
tables of settings, and the values those of the types that the settings fill. A schema accepts what
the program accepts; where a text has rules that JSON Schema cannot say, it accepts more.

Editors for TOML know draft 7 of JSON Schema. TOML has no null, so the schemas have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from docs import release
from pbt_tui.backends import BACKENDS
from pbt_tui.backends.ngc import settings as ngc
from pbt_tui.backends.osmo import osmo_settings as osmo
from pbt_tui.settings import NATIVE, OWN_SECTIONS, Setting, monitor_settings, parsers, structs
from pbt_tui.settings.descriptions import field_notes, help_text
from pbt_tui.settings.progress_patterns import GROUPS, LONGEST, MOST
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY
from pbt_tui.spec.schema import Notes
from pbt_tui.tui import preferences

DRAFT = "http://json-schema.org/draft-07/schema#"
REF = "#/definitions/{name}"
_DURATION = r"[0-9]+(\.[0-9]+)?\s*[smhd]?"
_SLURM = r"([0-9]+-)?[0-9]+(:[0-9]+){0,2}"
_NGC_PARTS = "".join(rf"([0-9]+(\.[0-9]+)?[{u}{u.lower()}])?" for u in "DHMS")
TEXTS: Mapping[Callable[[str], Any], str] = {
    parsers.seed: r"^\s*[+-]?[0-9]+\s*$",
    parsers.truth: r"^\s*([tT][rR][uU][eE]|[yY][eE][sS]|[oO][nN]|1"
    r"|[fF][aA][lL][sS][eE]|[nN][oO]|[oO][fF][fF]|0)\s*$",
    parsers.size: r"^\s*[0-9]+(\.[0-9]+)?\s*[kKmMgGtT]?([iI]?[bB])?\s*$",
    parsers.duration: rf"^\s*{_DURATION}\s*$",
    parsers.slurm_duration: rf"^\s*({_DURATION}|{_SLURM})\s*$",
    parsers.mount: r"^[^:]+:[^:]+(:r[ow])?$",
    parsers.ulimit: r"^[^=]+=\s*[+-]?[0-9]+\s*(:\s*([+-]?[0-9]+\s*)?)?$",
    parsers.name: "^[^=]+$",
    ngc.duration: f"^{_NGC_PARTS}$",
    ngc.workspace: "^[^:]+:[^:]+(:[^:]*)?$",
    ngc.dataset: "^[^:]*:[^:]*$",
    ngc.env_var: ":",
    ngc.port: "[0-9]",
    osmo.credential: "^[^:]+(:[^:]+){0,2}$",
}
"""What a text may be, by its parser. A parser that is not here gets any text that is not empty."""
ANY_CASE = (ngc.choice, osmo.upper)
"""The parsers of words that may be written in upper and lower case."""
MAY_BE_EMPTY = (parsers.words, parsers.lines, parsers.command)
"""Empty text is the empty list."""


def documents(notes: Notes) -> dict[str, bytes]:
    """File name → schema. `notes` are the descriptions of fields."""
    of_run, definitions = _settings()
    for (owner, name), text in notes.items():
        if name in definitions.get(owner, {}).get("properties", {}):
            definitions[owner]["properties"][name]["description"] = text
    tool = {
        "description": "Settings of tools",
        "type": "object",
        "properties": {
            "pbt": {"description": "Settings of pbt_tui", **of_run},
            "pbt_tui": False,
            "pbt-tui": False,
        },
    }
    project = {"type": "object", "properties": {"tool": tool, "pbt": False}}
    own, own_definitions = _user_config()
    return {
        "settings-1.json": _document(
            "settings-1.json", "Settings of pbt_tui: `pbt.toml`", of_run, definitions
        ),
        "pyproject-1.json": _document(
            "pyproject-1.json", "`pyproject.toml` with `[tool.pbt]`", project, definitions
        ),
        "config-1.json": _document(
            "config-1.json", "A user's own `config.toml` of pbt_tui", own, own_definitions
        ),
    }


def _document(
    name: str, title: str, body: Mapping[str, Any], definitions: Mapping[str, Any]
) -> bytes:
    address = release.file_address(f"schemas/{name}")
    head = {"$schema": DRAFT, "$id": address, "title": title}
    parts = {"definitions": dict(sorted(definitions.items()))} if definitions else {}
    data = msgspec.json.encode({**head, **body, **parts})
    return msgspec.json.format(data, indent=2) + b"\n"


def _settings() -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a table of settings, and the types that it refers to."""
    tables = {name: BACKENDS.get(name).settings for name in BACKENDS.built_in}
    properties, definitions = _properties((*POLICY, *CONTAINER, *COMPILE))
    for name, settings in tables.items():
        if settings:
            inner, more = _properties(settings)
            definitions |= more
            words = f"Settings of backend `{name}`"
            properties[name] = {"description": words, **_table(inner, settings)}
    properties["progress"] = _progress()
    # A table with any other name may be that of a backend that is installed, but these never are.
    never = dict.fromkeys((*OWN_SECTIONS, *(name for name in tables if not tables[name])), False)
    table = _table({**never, **properties}, (*POLICY, *CONTAINER, *COMPILE))
    return {**table, "additionalProperties": {"type": "object"}}, definitions


def _table(properties: Mapping[str, Any], settings: Sequence[Setting]) -> dict[str, Any]:
    """A table with these keys only. A setting with two keys is given once."""
    two = [[s.name, s.option] for s in settings if s.option not in ("", s.name)]
    once = {"allOf": [{"not": {"required": keys}} for keys in two]} if two else {}
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        **once,
    }


def _properties(settings: Sequence[Setting]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Key → schema of its value, and the types that these refer to."""
    struct_of = structs(BACKENDS)
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for setting in settings:
        struct = struct_of(setting.section)
        field = next(f for f in msgspec.structs.fields(struct) if f.name == setting.name)
        (typed,), more = msgspec.json.schema_components([field.type], ref_template=REF)
        definitions |= {name: _without_null(kind) for name, kind in more.items()}
        schema = {
            "description": help_text(setting, struct).replace("; may be repeated", ""),
            **_value(setting, _without_null(typed)),
        }
        for key in dict.fromkeys((setting.name, setting.option or setting.name)):
            properties[key] = schema
    return properties, definitions


def _value(setting: Setting, typed: dict[str, Any]) -> dict[str, Any]:
    """The values of a setting: those of its type, and texts that are read as one of them."""
    if setting.read in NATIVE:
        return typed
    if "enum" in typed and setting.read in ANY_CASE:
        return _any_case(typed)
    if setting.read is parsers.plain and ("enum" in typed or typed.get("type") == "string"):
        return typed if "enum" in typed else {"minLength": 1, **typed}
    text = _text(setting, typed)
    if not setting.many:
        return {"anyOf": [typed, text]}
    items = [typed.get("items", {}), text]
    if setting.read is parsers.words:  # `gpus = [0, 1]`
        items.append({"type": "integer"})
    return {"anyOf": [{**typed, "items": {"anyOf": items}}, text]}


def _text(setting: Setting, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The texts that are read as a value of this type."""
    names = typed.get("items", {}).get("enum")
    if setting.read is parsers.words and names:
        one = rf"({'|'.join(names)})\s*"
        return {"type": "string", "pattern": rf"^\s*({one}(,\s*{one})*)?$"}
    if setting.read in TEXTS:
        return {"type": "string", "pattern": TEXTS[setting.read]}
    return {"type": "string", **({} if setting.read in MAY_BE_EMPTY else {"minLength": 1})}


def _any_case(typed: dict[str, Any]) -> dict[str, Any]:
    """One of several names, in upper or lower case: both are offered, and a mixture is accepted."""
    names = [name for upper in typed["enum"] for name in (upper, upper.lower())]
    mixed = "|".join("".join(f"[{c}{c.lower()}]" for c in upper) for upper in typed["enum"])
    return {"anyOf": [{"enum": names}, {"type": "string", "pattern": f"^({mixed})$"}]}


def _without_null(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _without_null(value) for key, value in schema.items()}
    if found.get("default", ...) is None:
        del found["default"]
    if isinstance(found.get("enum"), list):
        found["enum"] = [value for value in found["enum"] if value is not None]
    if "anyOf" in found:
        found["anyOf"] = [kind for kind in found["anyOf"] if kind != {"type": "null"}]
        if len(found["anyOf"]) == 1:
            found |= found.pop("anyOf")[0]
    return found


def _progress() -> dict[str, Any]:
    needed = "|".join(group for group in GROUPS if group != "total")
    pattern = {"type": "string", "maxLength": LONGEST, "pattern": rf"\(\?P<({needed})>"}
    return {
        "description": "Regular expressions that find the progress of a job in a line of its log; "
        f"named groups: {', '.join(GROUPS)}",
        "type": "object",
        "maxProperties": MOST,
        "additionalProperties": pattern,
    }


def _user_config() -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of the user's own file: whom the user trusts, and how the monitor looks."""
    colour = {"type": "string", "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"}
    roles = {
        role: {"description": f"Colour of {what}", **colour}
        for role, what in preferences.ROLES.items()
    }
    theme = {
        "type": "object",
        "properties": {"base": {"description": "The theme below it", "enum": ["dark", "light"]}}
        | roles,
        "additionalProperties": False,
    }
    whole = monitor_settings.MonitorSettings
    _, kinds = msgspec.json.schema_components([whole], ref_template=REF)
    monitor = _without_null(kinds.pop("MonitorSettings"))
    notes = dict(field_notes(monitor_settings))
    for name, schema in monitor["properties"].items():
        schema["description"] = notes["MonitorSettings", name]
    of = monitor["properties"]
    of["columns"] |= {
        "properties": {
            "jobs": {
                "description": "Columns of the table of jobs, in their order",
                **of["columns"]["additionalProperties"],
            }
        },
        "additionalProperties": False,
    }
    of["themes"] |= {
        "propertyNames": {
            "pattern": r"^[A-Za-z0-9][\w-]{0,31}$",
            "not": {"enum": list(preferences.THEMES)},
        },
        "additionalProperties": theme,
    }
    return {
        "type": "object",
        "properties": {
            "trusted_directories": {
                "description": "Absolute paths of folders whose run directories you trust, "
                'whoever owns them; "*" stands for all',
                "type": "array",
                "items": {"type": "string", "pattern": r"^(/|\*$)"},
            },
            "share_with_group": {
                "description": "New run directories are shared with their group, whose requests "
                "are obeyed",
                "type": "boolean",
            },
            "monitor": monitor,
        },
        "additionalProperties": False,
    }, kinds
