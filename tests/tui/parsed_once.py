"""Style sheets that the applications of one test process share, because each of them parses all."""

from __future__ import annotations

from typing import Any

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parse = Stylesheet._parse_rules
_known: dict[tuple[object, ...], list[RuleSet]] = {}


def rules(sheet: Stylesheet, css: str, **more: Any) -> list[RuleSet]:
    """The rules of a source, parsed once for the same variables."""
    key = (css, *more.items(), *sheet._variables.items())
    if key not in _known:
        _known[key] = _parse(sheet, css, **more)
    return _known[key]
