"""Quotes text so that bash, or the parser of `#SBATCH` lines, reads it back unchanged.

Every value of a user gets into a script through this module, except lines that are bash already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_PLAIN_LINE = re.compile(r"[A-Za-z0-9_@%+=:,./ -]*")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters that a reviewer cannot see. The list is fixed, because `str.isprintable` depends
on the version of Python."""
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", "'": "\\'"}
_UNDIRECTED = ("\n", "\r", "\0")


def word(text: str) -> str:
    r"""`text` as one word of bash: `x`, `'x y'`, or `$'x\ny'`. No word can contain NUL."""
    if _PLAIN.fullmatch(text):
        return text
    if not _UNSEEN.search(text):
        return "'" + text.replace("'", r"'\''") + "'"
    return "$'" + re.sub(rf"{_UNSEEN.pattern}|[\\']", _escaped, text) + "'"


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return _SHORT.get(char) or "".join(f"\\x{byte:02x}" for byte in char.encode())


def words(texts: Sequence[str]) -> str:
    """The texts as words of bash with blanks between. One match suffices if none needs quotes."""
    line = " ".join(texts)
    if _PLAIN_LINE.fullmatch(line) and line.count(" ") == len(texts) - 1 and "" not in texts:
        return line
    return " ".join(map(word, texts))


def directive(option: str, value: str | int) -> str:
    r"""One `#SBATCH` line. In double quotes, only `\` and `"` need an escape; `#` is plain text.

    Raises `ValueError` if the value has a line break, which a directive cannot contain.
    """
    text = str(value)
    if any(char in text for char in _UNDIRECTED):
        raise ValueError(f"`--{option}` contains a line break")
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'#SBATCH --{option}="{text}"'
