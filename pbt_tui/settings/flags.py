"""What argparse needs for the flags of the upstream launcher: its true/false words, its defaults.

Must not know any flag.
"""

from __future__ import annotations

import argparse

from pbt_tui.settings.parsers import boolean


class Untouched(int):
    """A default that nobody typed: equal to its number, and known not to be asked for.

    The upstream `--max_parallel 4` keeps half of an 8-member population from ever exchanging
    (defect P2), so where nobody typed it, it grows to the largest population.
    """


def typed(args: argparse.Namespace, *names: str) -> dict[str, object]:
    """Those of these options that somebody typed."""
    found = {name: getattr(args, name) for name in names}
    return {k: v for k, v in found.items() if v is not None and not isinstance(v, Untouched)}


def yes_no(text: str) -> bool:
    """The true/false words of the upstream launcher."""
    try:
        return boolean(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected true or false, got `{text}`") from None
