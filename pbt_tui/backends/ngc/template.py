"""Reads the upstream launcher's template for NGC, one shell command line, as settings.

Must not run anything. Upstream joins the lines, puts name and command into the text, and passes it
to a shell (D42 to D45). Here each argument becomes a setting or a finding.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pbt_tui.backends import BACKENDS
from pbt_tui.backends.ngc.render import PLACEHOLDER
from pbt_tui.backends.ngc.settings import SETTINGS
from pbt_tui.backends.ngc.settings_struct import EXPERIMENT_CMD
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Findings, UsageError, Where, printable, where
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.settings import Given, gather, structs
from pbt_tui.settings.run_settings import CONTAINER

_FLAGS = {
    **{
        f"--{name.replace('_', '-')}": name
        for name in (
            *("org", "team", "ace", "name", "image", "description", "commandline", "entrypoint"),
            *("datasetid", "instance", "replicas", "array_type", "network", "port", "result"),
            *("topology_constraint", "preempt", "total_runtime", "min_timeslice", "workspace"),
            *("label", "order", "priority", "secret", "env_var"),
        )
    },
    "-n": "name",
    "-i": "image",
    "-c": "commandline",
    "-d": "description",
    "-in": "instance",
    "-p": "port",
    "-w": "workspace",
}
"""Flag of the client → name of the setting."""
_SWITCHES = {"--use-image-entrypoint": "use_image_entrypoint", "--lock-label": "lock_label"}
_NOTHING = {"--coscheduling": 0, "--format_type": 1, "--debug": 0}
"""Flags that change nothing in a request, with the number of their arguments."""
_MANY = ("datasetid", "port", "workspace", "label", "secret", "env_var")
_WITH_PLACES = ("name", "commandline")
_LINE = re.compile(r"(\S*/)?ngc( (batch|base-command|bc))( job)? run")
_ACTS = "`$;&|<>()"


@dataclass(slots=True)
class Translated:
    """The settings as text, by field; `image` is a setting of the container."""

    ngc: dict[str, Any] = field(default_factory=dict)
    image: str | None = None
    found: list[Diagnostic] = field(default_factory=list)


def read(path: Path) -> Given:
    """The settings of a template, with its warnings and notes.

    Raises `Findings` (3) if there are errors, `UsageError` (2) if the file cannot be read.
    """
    try:
        text = read_regular(path, TEXT_BYTES).decode()
    except OSError as e:
        raise UsageError(f"cannot read `{printable(str(path))}`: {reason(e)}") from None
    except UnicodeDecodeError:
        raise UsageError(f"not UTF-8: `{printable(str(path))}`") from None
    made = translate(text)
    found = [replace(d, where=d.where.within(Where(file=str(path)))) for d in made.found]
    if any(d.level == "error" for d in found):
        raise Findings(found)
    raw = [(s, made.ngc[s.name]) for s in SETTINGS if s.name in made.ngc]
    raw += [(s, made.image) for s in CONTAINER if s.name == "image" and made.image is not None]
    with where(file=str(path)):
        given = gather(raw, lambda s: f"`--{s.name.replace('_', '-')}`", structs(BACKENDS))
    return replace(given, found=found)


def translate(text: str) -> Translated:
    """All settings of the template, and findings for the parts that cannot be settings."""
    made = Translated()
    made.found += _placeholders(text)
    places = [found[0] for found in PLACEHOLDER.finditer(text)]
    # A placeholder is one word although it contains blanks: a character from U+E000 on masks it.
    masked = text
    for k, place in enumerate(places):
        masked = masked.replace(place, chr(0xE000 + k), 1)
    made.found += _lost(masked)
    made.found += _shell(masked)
    try:
        words = shlex.split(masked.replace("\\\n", " "))
    except ValueError as e:
        message = str(e)
        made.found.append(finding("PBT712", f"{message[:1].lower()}{message[1:]}"))
        return made
    back = {chr(0xE000 + k): f"{{{{ {_word(place)} }}}}" for k, place in enumerate(places)}
    words = ["".join(back.get(c, c) for c in word) for word in words]
    if not (head := _LINE.match(" ".join(words))):
        message = "is not one command line `ngc base-command job run …`"
        made.found.append(finding("PBT712", message))
        return made
    made.found += _flags(words[head[0].count(" ") + 1 :], made)
    if EXPERIMENT_CMD not in made.ngc.get("commandline", ""):
        message = "has no `{{ experiment_cmd }}`: no job would run its command"
        made.found.append(finding("PBT712", message))
    return made


def _flags(words: list[str], made: Translated) -> Iterator[Diagnostic]:
    left = list(reversed(words))
    while left:
        word = left.pop()
        flag, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if flag in _SWITCHES:
            made.ngc[_SWITCHES[flag]] = "true"
        elif flag in _NOTHING:
            del left[len(left) - (0 if equals else _NOTHING[flag]) :]
        elif flag in _FLAGS:
            name = _FLAGS[flag]
            if not equals and not left:
                yield finding("PBT712", f"`{flag}` has no value")
                return
            text = value if equals else left.pop()
            if PLACEHOLDER.search(text) and name not in _WITH_PLACES:
                yield finding("PBT713", f"`{flag}` cannot differ between jobs")
            elif name == "image":
                made.image = text
            elif name in _MANY:
                made.ngc.setdefault(name, []).append(text)
            else:
                made.ngc[name] = text
        else:
            shown = printable(word if len(word) <= 60 else word[:59] + "…")
            yield finding("PBT713", f"`{shown}` is not part of a job request")
            if flag.startswith("-") and not equals and left and not left[-1].startswith("-"):
                left.pop()  # its value


def _word(place: str) -> str:
    found = PLACEHOLDER.fullmatch(place)
    return found[1] if found else place


def _placeholders(text: str) -> Iterator[Diagnostic]:
    for found in PLACEHOLDER.finditer(text):
        at = Where(line=text.count("\n", 0, found.start()) + 1)
        shown = printable(" ".join(found[0].split()))
        if found[1] not in ("name", "experiment_cmd"):
            message = f"`{shown}` is neither `{{{{ name }}}}` nor `{{{{ experiment_cmd }}}}`"
            yield finding("PBT712", message, where=at)
        elif found[0] != f"{{{{ {found[1]} }}}}":
            message = f"`{shown}` is read as a placeholder; the upstream launcher does not fill it"
            yield finding("PBT714", message, where=at)
    for found in re.finditer(r"\{\{|\}\}", PLACEHOLDER.sub("", text)):
        yield finding("PBT712", f"`{found[0]}` is not part of a placeholder")


def _lost(text: str) -> Iterator[Diagnostic]:
    """Finds characters with a meaning that the upstream launcher removes (D43)."""
    quote = ""
    for k, (c, after) in enumerate(zip(text, [*text[1:], ""], strict=False)):
        if c == "\\" and after != "\n":
            what = "a backslash"
        elif quote and c == " " and after == " ":
            what = "a run of blanks inside quotes"
        else:
            what = ""
        if what:
            message = f"{what} stays; the upstream launcher removes it"
            yield finding("PBT714", message, where=Where(line=text.count("\n", 0, k) + 1))
            return
        if c in "'\"":
            quote = "" if quote == c else quote or c


def _shell(text: str) -> Iterator[Diagnostic]:
    """Finds characters that the submitting shell would have interpreted (D44)."""
    quote, skip = "", False
    for k, c in enumerate(text):
        if skip:
            skip = False
        elif c == "\\" and quote != "'":
            skip = True
        elif c in "'\"" and quote in ("", c):
            quote = "" if quote else c
        elif c in "`$" if quote == '"' else not quote and c in _ACTS:
            name = re.match(r"\$\w+", text[k:])
            what = "a backtick" if c == "`" else f"`{name[0] if name else c}`"
            message = f"{what} is shell syntax, but no shell reads the template"
            hint = "if the shell of the job should read it, put the command into single quotes"
            at = Where(line=text.count("\n", 0, k) + 1)
            yield finding("PBT713", message, where=at, hint=hint)
