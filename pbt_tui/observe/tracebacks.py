"""Finds the exception that ended a Python program in the lines of its log."""

from __future__ import annotations

import re
from typing import NamedTuple

from pbt_tui.observe.log_reader import LogLine

_HEADER = re.compile(r"^(.*?)((?:Exception Group |Original )?Traceback \(most recent call last\):)")
_EXCEPTION = re.compile(r"^[^\W\d][\w.]*(?:\[[^\]]*\])?(?::|$)")
_BARE = re.compile(r"^(?:[^\W\d]\w*\.)*\w*(?:Error|Exception|Interrupt|Exit)(?:: |$)")
_SYNTAX = re.compile(r"^(?:Syntax|Indentation|Tab)Error: ")
_GROUP_EDGE = re.compile(r"^[ +|]*\+[-+ ]*-{3,}")
_ASIDE = re.compile(r"^(?:Exception ignored |--- Logging error ---|Error in atexit)")
"""Headers of tracebacks that did not end the program, but often follow the one that did."""
_AFTERMATH = re.compile(
    r"^(?:[\w.]*\.)?(?:BrokenPipeError|EOFError|ConnectionResetError|ConnectionRefusedError"
    r"|CalledProcessError|ChildFailedError|ProcessExitedException|KeyboardInterrupt|SystemExit|BrokenProcessPool)\b"
)
"""Exceptions of other processes after the first one died."""
_FRAMES = 2000
"""Most lines between a header and its exception."""

_HEADERS = 50
"""Last tracebacks to examine: a log may consist of tracebacks only."""


class Raised(NamedTuple):
    """An exception."""

    text: str
    """Class and message."""
    line: LogLine
    """The line of the log with the class."""


def raised(lines: list[LogLine]) -> Raised | None:
    """The exception that ended the program; None without one.

    That is the last one that neither was handled nor followed from another; else the last of all.
    """
    spare: Raised | None = None
    headers = [i for i, line in enumerate(lines) if b"Traceback (most recent" in line.raw]
    for i in reversed(headers[-_HEADERS:]):
        header = _HEADER.match(lines[i].text)
        if not header:
            continue
        found = _exception(lines, i, header[1], group="Group" in header[2])
        if not found:
            continue
        inside = header[1].strip() == "|"  # part of a group, whose header is further up
        if not (inside or _aside(lines, i, header[1]) or _AFTERMATH.match(found.text)):
            return found
        spare = spare or found
    return spare or _syntax(lines)


def _exception(lines: list[LogLine], header: int, prefix: str, *, group: bool) -> Raised | None:
    """The first line after the frames that is as far left as the header."""
    margin = prefix.replace("+", "|") if group else prefix
    left = margin if margin.strip() else ""
    indent = "" if left else margin
    for at in range(header + 1, min(len(lines), header + _FRAMES)):
        text = lines[at].text
        if left and not text.startswith(left.rstrip()):
            if _BARE.match(text):  # a progress bar overwrote its beginning
                return Raised(text, lines[at])
            continue
        body = text[len(left) :] if text.startswith(left) else text[len(left.rstrip()) :]
        body = body.removeprefix(indent)
        if body and not body[0].isspace() and _EXCEPTION.match(body):
            if group:
                return Raised(_leaf(lines, at, body), lines[at])
            return Raised(_complete(lines, at, body, left), lines[at])
    return None


def _complete(lines: list[LogLine], at: int, text: str, left: str) -> str:
    """The exception with its message, also if that begins on the next line (`hydra.errors.X: `)."""
    if not text.endswith(":"):
        return text
    for line in lines[at + 1 : at + 4]:
        more = line.text.removeprefix(left).strip()
        if more and not set(more) <= set("=-*"):
            return f"{text} {more}"
    return text.rstrip(":")


def _leaf(lines: list[LogLine], at: int, text: str) -> str:
    """An exception group with the first exception in it."""
    inside = False
    for line in lines[at + 1 : at + _FRAMES]:
        raw = line.text
        if _GROUP_EDGE.match(raw):
            inside = True
            continue
        if "|" not in raw:
            break
        body = raw.split("|", 1)[1]
        if inside and body.startswith(" ") and _BARE.match(body[1:]):
            return f"{text}: {body[1:]}"
    return text


def _aside(lines: list[LogLine], header: int, prefix: str) -> bool:
    before = lines[header - 1].text.removeprefix(prefix) if header else ""
    return bool(_ASIDE.match(before))


def _syntax(lines: list[LogLine]) -> Raised | None:
    """The error of a script that does not parse, which has no traceback."""
    for line in reversed(lines[-8:]):
        if _SYNTAX.match(line.text):
            return Raised(line.text, line)
    return None
