"""How text is written so that bash, and the scanner of `#SBATCH` lines, read it back unchanged.

Must not know what the text is. The only way in which a value of anybody's gets into a script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_PLAIN_LINE = re.compile(r"[A-Za-z0-9_@%+=:,./ -]*")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""What no reviewer could see; a fixed list, because each Python calls other text printable."""
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", "'": "\\'"}
_UNDIRECTED = ("\n", "\r", "\0")


def word(text: str) -> str:
    r"""`text` as one word of bash: `x`, `'x y'`, or `$'x\ny'`. NUL no word can hold."""
    if _PLAIN.fullmatch(text):
        return text
    if not _UNSEEN.search(text):
        return "'" + text.replace("'", r"'\''") + "'"
    return "$'" + re.sub(rf"{_UNSEEN.pattern}|[\\']", _escaped, text) + "'"


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return _SHORT.get(char) or "".join(f"\\x{byte:02x}" for byte in char.encode())


def words(texts: Sequence[str]) -> str:
    """All of them, with blanks between. Where none needs quotes, which is usual, one look tells."""
    line = " ".join(texts)
    if _PLAIN_LINE.fullmatch(line) and line.count(" ") == len(texts) - 1 and "" not in texts:
        return line
    return " ".join(map(word, texts))


def directive(option: str, value: str | int) -> str:
    r"""One `#SBATCH` line: in double quotes only `\` and `"` mean anything, and `#` is no comment.

    Raises `ValueError` for a value with a line break, which no directive can hold.
    """
    text = str(value)
    if any(char in text for char in _UNDIRECTED):
        raise ValueError(f"`--{option}` holds a line break")
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'#SBATCH --{option}="{text}"'
