"""How `sh` reads commands: each is given to the shell, which prints the arguments.

The shell runs with an empty PATH, without input, and without file name patterns, and stands in an
empty folder.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

SCRIPT = r"""set -f
for text do
    (eval "set -- $text" >/dev/null 2>&1 && printf '%s\0' $# "$@") || printf '!\0'
done"""
_PATTERNS = "()*?[]{}!"
_OPERATORS = ";&|<>"
_ENDS_LINES = "\r\n"
_BLANKS = " \t\r\n"
AT_ONCE = 1000
"""Commands of one shell."""
_ACTS_BETWEEN_QUOTES = "$`"
_ACTS = f"{_ACTS_BETWEEN_QUOTES};&|<>()#~*?[]{{}}!"


def readings(commands: Sequence[str], folder: Path) -> Iterator[list[str] | None]:
    """The arguments of each command; None where the shell refuses to read it."""
    waiting = iter(commands)
    while some := list(islice(waiting, AT_ONCE)):
        done = subprocess.run(
            ["/bin/sh", "-c", SCRIPT, "sh", *(text.encode() for text in some)],
            cwd=folder, env={"PATH": "", "LC_ALL": "C"}, stdin=subprocess.DEVNULL,
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        words = iter(done.stdout.decode().split("\0"))
        for _ in some:
            count = next(words)
            yield None if count == "!" else list(islice(words, int(count)))


def as_text(command: str, *, only_inside: bool = False) -> str:
    """`command`, with a backslash before each character on which a shell would act.

    Quotes, backslashes and blanks keep their meaning: they alone decide what an argument is. The
    end of a line is a blank. `only_inside`: only those characters that are a part of ordinary
    arguments, such as `a|b`, `(1,)`, `[1,2]`, `<s>` or OmegaConf's `${x}`.
    """
    result: list[str] = []
    quote = ""
    escaped = False
    inside = False
    for k, c in enumerate(command):
        written = c
        following = command[k + 1 : k + 2]
        blank = c in _BLANKS and not quote
        if escaped:
            escaped = False
            blank = c == "\n" and not inside
        elif quote == "'":
            quote = "" if c == "'" else quote
        elif c == "\\":
            escaped = True
            blank = not inside
        elif quote:
            quote = "" if c == '"' else quote
            acts = c in "$`" and (not only_inside or following == "{")
            result += "\\" * acts
        elif c in "'\"":
            quote = c
        elif c in _ENDS_LINES:
            written = " "
        elif c in _ACTS and (not only_inside or _is_text(c, command[k:], inside)):
            result.append("\\")
        result.append(written)
        inside = not blank
    return "".join(result)


def _is_text(c: str, rest: str, inside: bool) -> bool:
    """Whether people write `c` here as a part of an argument."""
    if c == "$":
        return rest.startswith("${")
    if c == "~":
        return inside or not rest.startswith("~/")
    if c == "<" and not inside:
        return re.match(r"<\S+>(?!\S)", rest) is not None
    return c in _PATTERNS or (inside and c in _OPERATORS)
