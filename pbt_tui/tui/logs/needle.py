"""What a search looks for in the bytes of a log: plain text or a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ODD = re.compile(r"\\[xu0-9NA-Z]|[^\w\]]-[^\]]|-[^\w\]]")
"""Parts of a pattern that mean something else in lower-cased data."""
_TELLING = (
    *("error", "exception", "traceback", "fatal", "panic", "killed"),
    *("out of memory", "segmentation fault"),
)


class Needle:
    """A search term: plain text or a regular expression, case-sensitive or not.

    To search lower-cased data is 10 times as fast as `re.IGNORECASE`.

    Args:
        text: the term; in lower case if `lower`.
        lower: whether to search in lower-cased data.
        plain: whether the term is no regular expression.
        hints: plain texts of which each line with a match contains one: most data has none, and
            plain text is found faster than a regular expression.

    Raises:
        re.error: if the regular expression cannot be compiled.
    """

    def __init__(
        self, text: str, *, lower: bool, plain: bool = True, hints: tuple[str, ...] = ()
    ) -> None:
        self._lower = lower
        self._text = text.encode() if plain else None
        self._hints = tuple(hint.encode() for hint in hints)
        self._regex = re.compile(re.escape(text.encode()) if plain else text.encode())
        self._shown = re.compile(
            re.escape(text) if plain else text, re.IGNORECASE if lower else re.NOFLAG
        )

    def first(self, data: bytes) -> int:
        """Position of the first match; -1 if there is none."""
        data = data.lower() if self._lower else data
        if self._text is not None:
            # `rfind` takes half as long as `find`, and most pieces of a log have no match.
            return data.find(self._text) if data.rfind(self._text) >= 0 else -1
        if self._hints:
            return next(self._hinted(data), -1)
        match = self._regex.search(data)
        return match.start() if match else -1

    def last(self, data: bytes) -> int:
        """Position of the last match; -1 if there is none."""
        data = data.lower() if self._lower else data
        if self._text is not None:
            return data.rfind(self._text)
        found = self._hinted(data) if self._hints else map(re.Match.start, self._all(data))
        return max(found, default=-1)

    def lines(self, data: bytes) -> Iterator[int]:
        """Positions of the starts of all lines with a match, in order."""
        data = data.lower() if self._lower else data
        at = 0
        if self._hints:
            for place in self._hinted(data):
                yield data.rfind(b"\n", 0, place) + 1
            return
        if self._text is not None and data.rfind(self._text) < 0:
            return
        while at < len(data):
            if self._text is not None:
                place = data.find(self._text, at)
            else:
                match = self._regex.search(data, at)
                place = match.start() if match else -1
            if place < 0:
                return
            start = data.rfind(b"\n", 0, place) + 1
            yield max(start, at)
            at = data.find(b"\n", place) + 1 or len(data)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each match in a line as it is shown; none of them is empty."""
        return [match.span() for match in self._shown.finditer(text) if match.end() > match.start()]

    def _all(self, data: bytes) -> Iterator[re.Match[bytes]]:
        return self._regex.finditer(data)

    def _hinted(self, data: bytes) -> Iterator[int]:
        """The first match of each line that contains a hint; `data` is lower-cased if it should."""
        nexts = {hint: data.find(hint) for hint in self._hints if data.rfind(hint) >= 0}
        at = 0
        while True:
            for hint, place in nexts.items():
                if 0 <= place < at:
                    nexts[hint] = data.find(hint, at)
            place = min((place for place in nexts.values() if place >= 0), default=-1)
            if place < 0:
                return
            end = data.find(b"\n", place)
            end = len(data) if end < 0 else end
            match = self._regex.search(data, max(at, data.rfind(b"\n", 0, place) + 1), end)
            if match:
                yield match.start()
            at = end + 1


ERROR = Needle(rf"\b[a-z.]*(?:{'|'.join(_TELLING)})\b", lower=True, plain=False, hints=_TELLING)
"""Lines that tell of an error, also `KeyError` and `torch.OutOfMemoryError`."""


def needle_of(text: str) -> Needle:
    """A regular expression, or plain text if it is not one. Capitals make it case-sensitive."""
    fold = not any(c.isupper() for c in text)
    if re.escape(text).replace("\\ ", " ") == text:
        return Needle(text, lower=fold and text.isascii())
    try:
        if fold and text.isascii() and not _ODD.search(text):
            return Needle(text, lower=True, plain=False)
        return Needle(f"(?i:{text})" if fold else text, lower=False, plain=False)
    except re.error:
        return Needle(text, lower=fold and text.isascii())
