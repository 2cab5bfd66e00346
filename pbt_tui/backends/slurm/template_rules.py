"""The rules for a template of the upstream launcher. Most findings name a line of the template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pbt_tui.backends.slurm import template
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable

_HERE = Where(pointer="/settings/sbatch_template")
_BRACES = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_REQUEUE = re.compile(r"\bscontrol\s+requeue")
_BY_JOB_ID = re.compile(r"\bscontrol\s+requeue\s+[\"']?\$\{?SLURM_JOB_?ID\b")
_SUBMITS = re.compile(r"(?:^|[;&|{(]|\bthen\b|\bdo\b|\belse\b)\s*sbatch\b")
_NEARLY = re.compile(r"\s*#+\s*SBATCH\s+-", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#SBATCH[ \t]")
_SIGNAL = re.compile(r"--signal[= ]\s*[\"']?([^\s\"']+)")
_TO_SCRIPT = re.compile(r"B:(?:SIG)?(?:USR1|USR2|HUP|10|12|1)(?:@[0-9]+)?")


def body(settings: Slurm) -> Sequence[str]:
    text = settings.sbatch_template
    return () if text is None else template.read(text).body


def check(settings: Slurm) -> Iterator[Diagnostic]:
    yield from _again(settings.prologue, 0, Where(pointer="/settings/prologue"))
    text = settings.sbatch_template
    if text is None:
        return
    parts = template.read(text)
    if "\r" in text or not template.SHEBANG.fullmatch(parts.first):
        first = printable(parts.first[:60]) or "an empty line"
        message = f"the template is not a bash script: line 1 is `{first}`"
        hint = "begin it with `#!/bin/bash`"
        if "\r" in text:
            message = "the template has a carriage return, which is no line ending on Linux"
            hint = "end its lines with a line feed alone"
        yield finding("PBT603", message, where=_HERE, hint=hint)
    if not any(template.runs_command(line) for line in parts.body):
        message = "the template never runs `$CMD`: jobs would do nothing and succeed"
        yield finding("PBT601", message, where=_HERE, hint="put `$CMD` where the command belongs")
    lines = [parts.first, *parts.head, *parts.body]
    yield from _placeholders(lines)
    yield from _quotes(parts)
    yield from _directives(parts)
    yield from _again(parts.body, 1 + len(parts.head), _HERE)
    yield from _no_place(settings)


def _line(k: int) -> str:
    return f"line {k} of the template"


def _placeholders(lines: Sequence[str]) -> Iterator[Diagnostic]:
    """Variables whose names are similar to one of the six placeholders and that no line sets.

    Every other `$` belongs to bash.
    """
    text = "\n".join(lines)
    for k, line in enumerate(lines, 1):
        if line.lstrip().startswith("#") and not _DIRECTIVE.match(line):
            continue
        for found in _BRACES.finditer(line):
            message = f"{_line(k)} has a placeholder in braces: `{printable(found[0])}`"
            yield finding("PBT602", message, where=_HERE, hint=_the_six())
        for found in template.PLACEHOLDER.finditer(line):
            name = found[2] or found[3]
            if not name or name in template.NAMES or name.startswith("SLURM"):
                continue
            import difflib

            near = difflib.get_close_matches(name.upper(), template.NAMES, n=1, cutoff=0.7)
            if near and not re.search(rf"\b{name}(?:=|\+=|\s+in\b)|\bread\b.*\b{name}\b", text):
                message = f"{_line(k)} has an unknown placeholder: `{printable(found[0])}`"
                yield finding("PBT602", message, where=_HERE, hint=f"did you mean `${near[0]}`")


def _the_six() -> str:
    return "the placeholders are " + ", ".join(f"`${name}`" for name in template.NAMES)


def _quotes(parts: template.Template) -> Iterator[Diagnostic]:
    for k, line in enumerate(parts.body, 2 + len(parts.head)):
        if template.runs_command(line) and template.quoted(line):
            message = f"{_line(k)} has `$CMD` inside quotes or after `eval`"
            hint = "write `$CMD` without quotes: it stands for several words"
            yield finding("PBT604", message, where=_HERE, hint=hint)


def _directives(parts: template.Template) -> Iterator[Diagnostic]:
    for k, line in enumerate((*parts.head, *parts.body), 2):
        in_head = k < 2 + len(parts.head)
        if not _NEARLY.match(line):
            continue
        if not (in_head and _DIRECTIVE.match(line)):
            why = "does not begin with `#SBATCH `" if in_head else "comes after the first command"
            message = f"{_line(k)} is not a directive: it {why}"
            yield finding("PBT606", message, where=_HERE)
        elif (found := _SIGNAL.search(line)) and not _TO_SCRIPT.fullmatch(found[1]):
            signal = printable(found[1])
            message = f"{_line(k)}: early signal `{signal}` does not reach the program"
            hint = "instead of the template, pass `--slurm_signal USR1@120`"
            yield finding("PBT621", message, where=_HERE, hint=hint)


def _again(lines: Sequence[str], before: int, here: Where) -> Iterator[Diagnostic]:
    """Lines that submit or requeue the job themselves; `before` lines precede `lines`."""
    of = "the template" if here is _HERE else "the prologue"
    for k, line in enumerate(lines, before + 1):
        if line.lstrip().startswith("#"):
            continue
        hint = "leave it out and pass `--slurm_requeue`, which limits requeues and keeps the id"
        if _BY_JOB_ID.search(line):
            message = f"line {k} of {of} requeues the whole array, not only its own task"
            yield finding("PBT605", message, where=here, hint=hint, level="error")
        elif _REQUEUE.search(line) or _SUBMITS.search(line):
            message = f"line {k} of {of} submits the job again, without a limit"
            yield finding("PBT605", message, where=here, hint=hint)


def _no_place(settings: Slurm) -> Iterator[Diagnostic]:
    message = {
        "signal": settings.signal is not None,
        "prologue": bool(settings.prologue),
        "container": settings.container != "plain",
    }
    for field in (field for field, there in message.items() if there):
        text = f"`--slurm_{field}` has no effect on a template"
        hint = "write it into the template, or leave the template out"
        yield finding("PBT636", text, where=Where(pointer=f"/settings/{field}"), hint=hint)
