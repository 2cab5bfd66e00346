"""Generates the reference pages from the code: commands, files, events, errors, rules."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec

from docs.schemas import notes
from pbt_tui import diagnostics, errors
from pbt_tui.backends.ngc import request, settings_struct
from pbt_tui.backends.osmo import osmo_index, workflow
from pbt_tui.backends.slurm import index
from pbt_tui.diagnostics import page, rules
from pbt_tui.diagnostics.alarm_codes import ALARMS, alarm_page
from pbt_tui.journal import events
from pbt_tui.spec import types
from pbt_tui.tui import actions, column_choice, keymap, preferences

MADE = "<!-- made by `make fix` from the code: change it there -->\n\n"
PARSERS = {
    "pbt-compile": "pbt_tui.cli.compile_options",
    "pbt-run": "pbt_tui.cli.run_options",
    "pbt-tui": "pbt_tui.cli.tui",
}
"""Where each command's `parser()` is."""
SPEC = ("Processes", "Policy", "Container", "Mount", "Ulimit", "Population", "Job", "Resources")
SLURM = ("Index", "Array", "Slurm")
NGC = (
    *("JobRequest", "RunPolicy", "Env", "Secret", "SecretKey", "DatasetMount", "WorkspaceMount"),
    *("PortMapping", "ExpTracking", "InitContainer", "SidecarContainer", "ContainerResources"),
    *("ResourceAmounts", "HealthCheck", "HttpGet", "Volume", "VolumeMount", "ResultsetMount"),
)
OSMO = (
    *("WorkflowFile", "Workflow", "TaskGroup", "WorkflowTask", "ResourceRequest", "TimeLimits"),
    *("Topology", "InlineFile", "Transfer", "Checkpoint", "Kpi"),
)
OSMO_INDEX = ("OsmoIndex", "WorkflowEntry", "NamedTask", "Osmo", "CredentialUse")
EVENT_PARTS = ("Gpu", "Source", "Stamp", "FileStamp")
"""Types that stand inside events."""
EXIT_CODES = {
    0: "all succeeded",
    1: "the run module cannot be imported, or it exits, loops or dies",
    2: "usage: wrong options or settings, `--out` cannot be written, no such target",
    3: "a description or a spec file is wrong or stale",
    4: "the run is closed and not all jobs succeeded",
    5: "the run cannot go on: engine or image missing, held by another executor, journal damaged",
    70: "a bug of ours",
    130: "interrupted",
}


def pages() -> dict[str, str]:
    """Path below `docs/reference/` → text."""
    made = {
        f"rules/{rule_page(hundred)}": MADE + "\n".join(_rules(hundred)) + "\n"
        for hundred in diagnostics.HUNDREDS
    }
    made["rules/README.md"] = MADE + "\n".join(_rule_index()) + "\n"
    made["spec.md"] = MADE + "\n".join(_spec()) + "\n"
    made["events.md"] = MADE + "\n".join(_events()) + "\n"
    made["alarms.md"] = MADE + "\n".join(_alarms()) + "\n"
    made["errors.md"] = MADE + "\n".join(_errors()) + "\n"
    for command, name in PARSERS.items():
        module = _module(name)
        if module is not None:
            lines = [*_command(module.parser()), *(_monitor() if command == "pbt-tui" else ())]
            made[f"{command}.md"] = MADE + "\n".join(lines) + "\n"
    return made


def rule_page(hundred: str) -> str:
    """The file name of the page of all codes that begin with this digit."""
    subject, _ = diagnostics.HUNDREDS[hundred]
    name = subject.lower().partition(" and ")[0].replace(" ", "-")
    return f"{hundred}xx-{name}.md"


def rule_link(code: str) -> str:
    """Page and anchor of a code, from `docs/reference/rules/`."""
    return f"{rule_page(code[3])}#{code.lower()}"


def rule_section(rule: diagnostics.Rule) -> str:
    """The text that `--explain` prints, as a section. Its heading is the code alone: the anchor."""
    head, _, text = page(rule).partition("\n")
    text = text.replace("\n## Fails\n", "\n**Fails**\n").replace("\n## Cure\n", "\n**Cure**\n")
    head = head.removeprefix(f"# {rule.code}: ")
    return f"## {rule.code}\n\n**{head}**\n{text}".replace("](docs/", "](../../")


def _rules(hundred: str) -> Iterator[str]:
    yield f"# {hundred}xx: {diagnostics.HUNDREDS[hundred][0]}\n"
    yield "[All rules, and how to read the examples](README.md)"
    for code, rule in rules().items():
        if code[3] == hundred:
            yield f"\n{rule_section(rule).rstrip()}"


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as e:
        if e.name != name:
            raise
        return None


def _rule_index() -> Iterator[str]:
    yield "# Rules\n\nEach finding of `pbt-compile` has a code. `pbt-compile --explain CODE` prints"
    yield "what these pages say about the code. Numbers such as D1 are"
    yield "[upstream defects](../../upstream-defects.md).\n"
    yield "\n".join(_frame())
    for hundred, (subject, _) in diagnostics.HUNDREDS.items():
        yield f"\n## [{hundred}xx: {subject}]({rule_page(hundred)})\n"
        yield "| code | level | finding |\n| --- | --- | --- |"
        for code, rule in rules().items():
            if code[3] == hundred:
                yield f"| [{code}]({rule_link(code)}) | {rule.level} | {_cell(rule.title)} |"


def _frame() -> Iterator[str]:
    """How to read the examples, as `pbt_tui.diagnostics` and the rules of OSMO say."""
    text = (diagnostics.__doc__ or "").partition("\n\nExamples are")[2]
    yield from f"Examples are{text}".strip().split("\n")
    module = import_module(diagnostics.HUNDREDS["9"][1])
    yield "\n" + (module.__doc__ or "").partition("\n\n")[2].strip()


def _command(parser: Any) -> Iterator[str]:
    expand = parser._get_formatter()._expand_help
    yield f"# `{parser.prog}`\n\n{parser.description or ''}\n"
    usage = parser.usage or f"{parser.prog} [options]"
    yield "```\n" + "\n".join(line.strip() for line in usage.split("\n")) + "\n```"
    yield "\nLong options take `_` and `-` alike."
    for group in parser._action_groups:
        parser.explain(group)
        shown = [a for a in group._group_actions if a.help is not argparse.SUPPRESS]
        if shown:
            yield f"\n## {group.title}\n\n| option | meaning |\n| --- | --- |"
        for action in shown:
            yield f"| {_option(action)} | {_cell(expand(action))} |"


def _monitor() -> Iterator[str]:
    """What the table `[monitor]` of the user's configuration may name."""
    yield "\n## actions\n\nThe names for `[monitor.keys]` ([how](../guide/monitor.md)).\n"
    yield "| action | keys | pages | meaning |\n| --- | --- | --- | --- |"
    for action in actions.ACTIONS:
        if action.id in keymap.FIXED:
            continue
        keys = " ".join(f"`{_cell(keymap.shown(key))}`" for key in action.keys.split(","))
        where = "all" if action.pages == actions.PAGES else ", ".join(action.pages)
        asks = "; asks first" if action.asks else ""
        yield f"| `{action.id}` | {keys} | {where} | {_cell(action.help)}{asks} |"
    yield "\n## columns\n\nThe names for `[monitor.columns]`, besides parameters:"
    yield f"{', '.join(f'`{name}`' for name in column_choice.NAMES)}."
    yield "\n## colors\n\nThe names for `[monitor.themes.NAME]`, besides `base`:\n"
    yield "| color | what it is for |\n| --- | --- |"
    for role, what in preferences.ROLES.items():
        yield f"| `{role}` | {what} |"


def _option(action: argparse.Action) -> str:
    name = ", ".join(f"`{o}`" for o in action.option_strings)
    metavar = action.metavar if isinstance(action.metavar, str) else None
    if action.choices is not None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    value = f"`{_cell(metavar)}`" if metavar else ""
    return " ".join(part for part in (name, value) if part) or f"`{action.dest}`"


def _spec() -> Iterator[str]:
    yield "# Spec files\n\nFormat `pbt-processes/1`; schema: `schemas/processes-1.json`."
    yield "Units are bytes and seconds."
    described = notes()
    for name in SPEC:
        yield from _struct(getattr(types, name), described)
    yield "\n# Files for SLURM\n\n`slurm/index.json` is of format `pbt-slurm-index/1`; schema:"
    yield "`schemas/slurm-index-1.json`. A manifest has one line for each job: JOB ATTEMPT DIR NENV"
    yield "NAME=VALUE… ARGV…, as words of bash."
    for name in SLURM:
        yield from _struct(getattr(index, name), described)
    yield "\n# Files for NGC\n\n`ngc/<job>.json` is a job request of version 2; schema:"
    yield "`schemas/ngc-job-1.json`. The settings stand in `ngc/submit.sh`, in a comment."
    for name in NGC:
        yield from _struct(getattr(request, name), described)
    yield from _struct(settings_struct.Ngc, described)
    yield "\n# Files for OSMO\n\n`osmo/*.yaml` are workflows of OSMO; schema of their values:"
    yield "`schemas/osmo-workflow-1.json`. `osmo/index.json` is of format `pbt-osmo-index/1`;"
    yield "schema: `schemas/osmo-index-1.json`."
    for name in OSMO:
        yield from _struct(getattr(workflow, name), described)
    for name in OSMO_INDEX:
        yield from _struct(getattr(osmo_index, name), described)


def _struct(struct: Any, described: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f"\n## {struct.__name__}\n\n{inspect.cleandoc(struct.__doc__ or '')}\n"
    yield from _fields(struct, described)


def _events() -> Iterator[str]:
    yield "# Journal events\n\nFormat `pbt-journal/1`: one JSON object a line; schema:"
    yield "`schemas/journal-1.json`. Each line has `event`, `seq` and `at` (Unix seconds)."
    yield "The last key of a line may be `crc`: the CRC-32 of all bytes of the file before that"
    yield "key, in 8 hex digits. Earlier versions wrote lines without it, and both may be mixed."
    described = notes()
    for event in events.AnyEvent.__args__:
        tag = event.__struct_config__.tag
        kind = "decision" if event in events.DECISIONS else "fact"
        words = f"A {kind}. {inspect.cleandoc(event.__doc__ or '')}"
        yield f"\n## `{tag}`\n\n{words}\n"
        yield from _fields(event, described, without=("seq", "at"))
    yield "\n# Parts of events"
    for name in EVENT_PARTS:
        yield from _struct(getattr(events, name), described)
    yield "\n# Requests\n\nFormat `pbt-request/1`: a file each; schema: `schemas/request-1.json`."
    yield from _struct(events.Request, described)


def _fields(
    struct: Any, described: dict[tuple[str, str], str], without: tuple[str, ...] = ()
) -> Iterator[str]:
    fields = [f for f in msgspec.structs.fields(struct) if f.name not in without]
    if not fields:
        return
    _, defs = msgspec.json.schema_components([struct], ref_template="{name}")
    properties = defs[struct.__name__]["properties"]
    yield "| key | value | default | meaning |\n| --- | --- | --- | --- |"
    for f in fields:
        default = _default(f)
        note, key = described.get((struct.__name__, f.name), ""), f.encode_name
        yield f"| `{key}` | {_cell(_value(properties[key]))} | {default} | {_cell(note)} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    made = field.default_factory
    default = field.default if made is msgspec.NODEFAULT else made()
    return "" if default is msgspec.UNSET else f"`{msgspec.json.encode(default).decode()}`"


def _value(schema: dict[str, Any]) -> str:
    """A schema in words."""
    match schema:
        case {"$ref": name}:
            page = "events.md" if name in EVENT_PARTS else "spec.md"
            known = name in (*EVENT_PARTS, *SPEC, *SLURM, *NGC, "Ngc", *OSMO, *OSMO_INDEX)
            return f"[{name}]({page}#{name.lower()})" if known else str(name)
        case {"enum": [only]}:
            return f"`{only}`"
        case {"enum": words}:
            return "one of " + ", ".join(f"`{word}`" for word in words)
        case {"anyOf": branches}:
            return " or ".join(_value(branch) for branch in branches)
        case {"type": "array", "prefixItems": parts}:
            return "list of " + ", ".join(_value(part) for part in parts)
        case {"type": "array", "items": items}:
            return f"list: {_value(items)}"
        case {"minimum": least}:
            return f"{schema['type']} from {least}"
        case {"exclusiveMinimum": least}:
            return f"{schema['type']} above {least}"
        case {"title": words, "type": "string" | "integer"}:
            return str(words)
        case {"pattern": pattern}:
            return f"string like `{pattern}`"
    return str(schema.get("type", "any"))


def _alarms() -> Iterator[str]:
    yield "# Alarms of populations\n\n`pbt-tui` raises them."
    yield "`pbt-compile --explain CODE` shows one."
    for alarm in ALARMS:
        head, _, text = alarm_page(alarm).rstrip("\n").partition("\n")
        yield f"\n## {head.removeprefix('# ')}\n{text.replace('## What to do', '**What to do**')}"


def _errors() -> Iterator[str]:
    yield "# Errors and exit codes\n\n| exit code | meaning |\n| --- | --- |"
    for code, meaning in EXIT_CODES.items():
        yield f"| {code} | {meaning} |"
    tree = (errors.__doc__ or "").partition("\n\n    ")[2].partition("\n\nA failure")[0]
    yield f"\nA failed job is data, not an exception.\n\n```\n    {tree}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
