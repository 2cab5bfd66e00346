"""Reads the YAML that trainers write nearly always: lines `key: value`, with at most one level of
maps.

It takes a tenth of the parser's time. It returns a value only where `bounded_yaml.load` returns the
same value, and None for each other document, which the parser then reads. Its values are numbers
that are finite, texts of at most 500 characters, truth values, None, and maps of these.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Any

MOST = 16 * 1024
"""Most bytes: a document of this size is within the bounds of the parser, too."""
_REST = r"[A-Za-z0-9_./-]{0,498}"
_NO_WORD = r"(?!(?i:null|true|false|yes|no|on|off|y|n)[:\n])"
_LINE = re.compile(
    rf"^(  )?{_NO_WORD}([A-Za-z_][A-Za-z0-9_./-]{{0,199}}):"
    r"(?: (?:"
    r"(-?[0-9]{1,20}\.[0-9]{1,25}(?:e[-+][0-9]{1,2})?)"  # a float
    r"|(-?[1-9][0-9]{0,17}|0)"  # an integer
    r"|(null|true|false)"
    rf"|({_NO_WORD}[A-Za-z/_]{_REST}"  # text: it begins as no number does,
    rf"|[0-9]{{1,20}}-{_REST}"  # or holds what no number does
    rf"|[0-9][A-Za-z0-9_.-]{{0,200}}[g-wyzG-WYZ/]{_REST})"
    r"|'([A-Za-z0-9_./: +-]{1,499})'"
    r"|(\{\})))?\n",
    re.MULTILINE,
)
_WORDS = {"null": None, "true": True, "false": False}


def load_plain(data: bytes) -> dict[str, Any] | None:
    """The map in `data`; None: the document is YAML of another kind, or none at all.

    Example:
        >>> load_plain(b"frame: 900\\nparams:\\n  agent.lr: 1.0e-3\\n")
        {'frame': 900, 'params': {'agent.lr': 0.001}}
        >>> load_plain(b"frame: [900]\\n")
    """
    if len(data) > MOST or not data.isascii() or data[-1:] != b"\n":
        return None
    document = data.decode("ascii")
    lines = _LINE.findall(document)
    if len(lines) != document.count("\n"):
        return None
    found: dict[str, Any] = {}
    into: dict[str, Any] | None = None
    above = ""
    value: Any
    for indent, key, number, integer, word, text, quoted, empty in lines:
        if number:
            value = float(number)
        elif text:
            value = text
        elif integer:
            value = int(integer)
        elif word:
            value = _WORDS[word]
        elif empty:
            value = {}
        else:
            value = quoted or None
        if indent:
            if into is None or empty:
                return None
            found[above] = into
            into[intern(key)] = value  # a thousand generations have the same keys
        else:
            found[key] = value
            above = key
            into = None if value is not None or word else {}
    return found
