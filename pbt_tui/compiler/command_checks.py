"""What is wrong with a base command as its author wrote it: the first word, pasted characters.

Must not know jobs or backends: text in, findings out, each as (code, message, hint).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from pbt_tui.settings import argv as words

Found = tuple[str, str, str | None]

BUILT_IN = frozenset(
    (
        *(".", ":", "alias", "builtin", "cd", "command", "declare", "eval", "exec", "export"),
        *("for", "function", "if", "let", "local", "popd", "pushd", "read", "readonly", "set"),
        *("shopt", "source", "trap", "type", "typeset", "ulimit", "umask", "unset", "until"),
        *("while", "{"),
    )
)
"""Words that only a shell knows."""
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}
_BLANKS = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]")
_PASTED_DASH = re.compile(f"(?<![^\\s'\"])[{_DASHES}]+(?=[A-Za-z])")
_PASTED_QUOTE = re.compile(f"(?<![^\\s=])[{''.join(_QUOTES)}]|[{''.join(_QUOTES)}](?!\\S)")
_STUCK = (
    re.compile(r"[^=\s]*\w[\w.\[\]/)\"']*?(--[A-Za-z][\w.-]*)"),
    re.compile(r"[\w.+@/-]+=.*?[^\s=,;:'\"({\[](--[A-Za-z][\w.-]*)(?==)"),
    re.compile(
        r"[\w.+@/-]+=(?:True|False|None|true|false|null|-?\d+(?:\.\d+)?)([A-Za-z_][\w./]*)(?==)"
    ),
)
"""A word that holds two settings: an option within a word without a value, an option with a value
within a value, and a setting right behind a value that is complete."""


def base_command(text: str, base: Sequence[str], *, supplied: bool) -> Iterator[Found]:
    """Findings of a base command `text`, whose POSIX reading is `base`.

    A program need not be in it where it is `supplied` by a template or by a prefix.
    """
    yield from _pasted(text)
    yield from _first(text, base, supplied=supplied)
    acting = words.meant_for_a_shell(text, base)
    if acting and base[0] not in BUILT_IN:  # there PBT306 has the cure for the whole command
        message = f"no shell reads the command, so the program is given {words.shown(acting)}"
        yield "PBT308", message, f"start a shell: `{in_a_shell(text)}`"
    if words.comment(text):
        message = "no shell reads the command, so the program is given `#` and what follows it"
        yield "PBT308", message, "leave the comment out, or put the `#` in quotes"
    for word in base:
        if (option := _stuck(word)) is not None:
            message = f"two settings stuck together in `{word:.80}`: a blank is missing before "
            hint = "end the first of two Python strings that stand side by side with a blank"
            yield "PBT309", f"{message}`{option}`", hint


def in_a_shell(text: str) -> str:
    """A command that runs `text` in bash; what is appended to it reaches the last program."""
    import shlex  # not where every command is in order

    script = f'{text} "$@"'
    return f"bash -c {shlex.quote(script)} bash"


def _first(text: str, base: Sequence[str], *, supplied: bool) -> Iterator[Found]:
    first = base[0] if base else ""
    if first in BUILT_IN:
        message = f"the command begins with `{first}`, which only a shell knows"
        yield "PBT306", message, f"start a shell: `{in_a_shell(text)}`"
    if supplied:
        return
    if "multi_gpu=True" in base and first.endswith(".py"):
        message = (
            f"the command begins with a script, `{first}`, and `multi_gpu=True` needs a launcher"
        )
        hint = (
            'pass `--command_prefix "torchrun --standalone --nproc_per_node=8"`, and give the '
            'experiment `resources={"gpus": 8}`'
        )
        yield "PBT306", message, hint
    elif not first:
        yield "PBT306", "the command is empty", 'for example "python train.py"'
    elif first.startswith("-"):
        hint = f"put the program before it: `python train.py {first}`"
        yield "PBT306", f"the command begins with an option: `{first}`", hint
    elif "=" in first:
        hint = "variables belong to `env_vars` of the experiment"
        yield "PBT306", f"the command begins with a setting: `{first}`", hint
    elif first.endswith(".py") and "/" not in first:
        yield "PBT306", f"the command begins with a script: `{first}`", f"write `python {first}`"


def _pasted(text: str) -> Iterator[Found]:
    """Characters that a word processor or a web page puts in the place of those of a command."""
    if text.isascii():
        return
    if found := _PASTED_DASH.search(text):
        dashes = "--" if found[0] in "\u2014\u2015" or len(found[0]) > 1 else "-"
        word = text[found.start() :].split(maxsplit=1)[0]
        name = word[len(found[0]) :]
        dashes = "--" if len(name.partition("=")[0]) > 1 else dashes
        message = f"`{word:.60}` begins with a typographic dash, not with `-`"
        yield "PBT310", message, f"write `{dashes}{name:.60}`"
    if found := _PASTED_QUOTE.search(text):
        message = f"the command holds a typographic quote, `{found[0]}`, which quotes nothing"
        yield "PBT310", message, f"write `{_QUOTES[found[0]]}`"
    if found := _BLANKS.search(text):
        message = f"the command holds U+{ord(found[0]):04X}, a blank that separates no arguments"
        yield "PBT310", message, "write a plain blank"


def _stuck(word: str) -> str | None:
    """The second of two settings in one word."""
    for pattern in _STUCK:
        if found := pattern.match(word):
            return found[1]
    return None


def differing(ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, str]:
    """The part in which two readings of one text differ, of each, for people."""
    start = 0
    for a, b in zip_longest(ours, theirs):
        if a != b:
            break
        start += 1
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    mine, others = list(ours[start : len(ours) - end]), list(theirs[start : len(theirs) - end])
    if mine and others:
        mine[0], others[0] = _from_the_difference(mine[0], others[0])
    return words.shown(mine) or "nothing", words.shown(others) or "nothing"


_NEAR = 24
"""Characters that are shown before the first one that differs."""


def _from_the_difference(a: str, b: str) -> tuple[str, str]:
    at = next(
        (k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    cut = max(0, at - _NEAR)
    return (f"…{a[cut:]}", f"…{b[cut:]}") if cut else (a, b)


def with_quotes(ours: list[str], theirs: list[str]) -> str | None:
    """The first word that loses its quotes here, written so that it keeps them."""
    if len(ours) != len(theirs):
        return None
    word = next((b for a, b in zip(ours, theirs, strict=True) if a != b), "")
    mark = "'" if set(word) & set('"\\$`') else '"'
    if mark in word or not set(word) & {"'", '"'}:
        return None
    return f"{mark}{word}{mark}"
