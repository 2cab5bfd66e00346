"""Splits a command into arguments, as a POSIX shell does and as the upstream launcher does."""

from __future__ import annotations

import re
from collections.abc import Sequence

special = re.compile(r"[ \t\r\n'\"\\$`]").search
"""Finds a character that would split or change an argument, or that a shell would expand."""
quoting = re.compile(r"['\"\\]").search
"""Finds a quote or a backslash."""
_expansion = re.compile(r"\$[A-Za-z_0-9@*#?$!(-]|`").search
"""Finds what a shell would replace, but OmegaConf's `${…}`."""
_operates = re.compile(r"[&|;]|\d?>|<(?!\S+>$)|.*;$|~/", re.DOTALL).match
_comment = re.compile(r"(?:^|[ \t\r\n])#").search
_script = re.compile(r"(?:ba|da|k|z|fi)?sh|python[\d.]*").fullmatch
_blanks = re.compile(r"[ \t\r\n]+")


pieces = re.compile(r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.""", re.DOTALL)
"""The quoted and escaped pieces of a command."""


def split(text: str) -> list[str]:
    """Splits as a POSIX shell does. Raises `ValueError` for an unclosed quote."""
    if quoting(text):
        import shlex

        return shlex.split(pieces.sub(_as_shlex_reads_it, text) if "\\" in text else text)
    return [word for word in _blanks.split(text) if word]


def _as_shlex_reads_it(piece: re.Match[str]) -> str:
    """Rewrites a quoted or escaped piece of a command so that `shlex` reads it as a shell does.

    `shlex` does not support a backslash that continues a line, nor, between double quotes, one
    before `$` or a backquote.
    """
    text = piece[0]
    if text == "\\\n":
        return ""
    if text.startswith('"'):
        return re.sub(r"\\(.)", _in_double_quotes, text, flags=re.DOTALL)
    return text


def _in_double_quotes(escaped: re.Match[str]) -> str:
    if escaped[1] == "\n":
        return ""
    return escaped[1] if escaped[1] in "$`" else escaped[0]


def joined_lines(text: str) -> str:
    """`text` with each line that ends in a backslash joined to the next one."""
    return re.sub(r"[ \t]*\\\n[ \t]*", " ", text) if "\\\n" in text else text


def in_quotes(text: str) -> bool:
    """Whether one pair of quotes is around all of `text`, and no such quote ends it earlier."""
    return _in_one_pair(text) is not None


_in_one_pair = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL).fullmatch


def original(text: str) -> list[str]:
    """Splits as the upstream launcher does: at each blank, and quotes stay (D15)."""
    return text.split(" ")


def shown(words: list[str]) -> str:
    """The arguments as text for a message; long arguments and long lists are cut."""
    first = [f"`{word:.60}`" for word in words[:6]]
    return ", ".join(first) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def meant_for_a_shell(text: str, words: Sequence[str]) -> list[str]:
    """The arguments of the command `text` that a shell would interpret: none reads them (D36)."""
    own, replaced = _scripts(words), _expands(text)
    return [
        word
        for k, word in enumerate(words)
        if k not in own and (_operates(word) or (replaced and _expansion(word)))
    ]


def _expands(text: str) -> bool:
    """Whether a shell would replace a part of `text`: a variable, or the output of a program."""
    if "$" not in text and "`" not in text:
        return False
    return _expansion(pieces.sub(_expanded_in, text)) is not None


def _expanded_in(piece: re.Match[str]) -> str:
    """What a shell expands in a quoted or escaped piece of a command."""
    if piece[0].startswith('"'):
        return re.sub(r"\\.", "", piece[0], flags=re.DOTALL)
    return _without_text(piece)


def _scripts(words: Sequence[str]) -> set[int]:
    """Where the command has scripts of its own, after the `-c` of a shell or of Python."""
    places = set()
    program = ""
    for k, word in enumerate(words):
        if not word.startswith("-"):
            program = word.rpartition("/")[2]
        elif word.endswith("c") and not word.startswith("--") and _script(program):
            places.add(k + 1)
    return places


def comment(text: str) -> bool:
    """Whether a shell would ignore the end of a command, from a `#` on."""
    return "#" in text and _comment(pieces.sub(_without_text, text)) is not None


def _without_text(piece: re.Match[str]) -> str:
    """A backslash at the end of a line leaves nothing: a `#` after it may begin a word."""
    return "" if piece[0] == "\\\n" else "''"


def processes_per_node(argv: Sequence[str]) -> tuple[str, int] | None:
    """The argument of a launcher that sets the number of processes on each node, and the number."""
    for word, following in zip(argv, (*argv[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        if name.replace("-", "_") in ("__nproc_per_node", "__num_processes"):
            number = value if equals else following
            if number.isascii() and number.isdigit():
                return (word if equals else f"{word} {number}"), int(number[:9])
    return None


def key(word: str) -> str | None:
    """The key that an argument sets, without the prefixes of Hydra and of long options."""
    name, equals, _ = word.partition("=")
    if not equals and not word.startswith("--"):
        return None
    return name.lstrip("+-~") or None


def repeated(words: list[str]) -> dict[str, list[str]]:
    """Keys that are set more than once, with their arguments in order."""
    keys: dict[str, list[str]] = {}
    for word in words:
        if (name := key(word)) is not None:
            keys.setdefault(name, []).append(word)
    return {name: given for name, given in keys.items() if len(given) > 1}


def settings(argv: tuple[str, ...]) -> dict[str, str]:
    """The values that a command sets (`key=value`, `--key value`), by key; the last one counts.

    An argument that sets a key is never the value of the option before it:
    `--headless agent.pbt.policy_idx=0` is a flag and a setting.
    """
    values: dict[str, str] = {}
    for word, following in zip(argv, (*argv[1:], "-"), strict=True):
        if (name := key(word)) is not None:
            _, equals, value = word.partition("=")
            alone = following.startswith("-") or key(following) is not None
            values[name] = value if equals or alone else following
    return values
