"""Text that a terminal must not interpret, and a check that none of it is left."""

from __future__ import annotations

import re

HOSTILE = "\x1b]0;x\x07\x1b[2J\r\x9b31m\u202e"
"""A title, a cleared screen, a line begun anew, a colour by one byte, and text from the right."""
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def assert_plain(text: str) -> None:
    """Newlines are the only control characters in `text`."""
    found = UNPRINTABLE.search(text)
    if found is not None:
        near = text[max(0, found.start() - 60) : found.end() + 40]
        raise AssertionError(f"{found[0]!a} in {near!a}")
