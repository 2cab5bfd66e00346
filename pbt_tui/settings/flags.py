"""Parts of the flags of the upstream launcher: their booleans and their defaults."""

from __future__ import annotations

import argparse

from pbt_tui.settings.parsers import boolean


class Untouched(int):
    """A default that the user did not type: equal to its number, but distinguishable from it.

    With the upstream default `--max_parallel 4`, half of an 8-member population never exchanges
    weights (defect P2). If the user did not type it, it grows to the largest population.
    """


def typed(args: argparse.Namespace, *names: str) -> dict[str, object]:
    """The options among `names` that the user typed, with their values."""
    found = {name: getattr(args, name) for name in names}
    return {k: v for k, v in found.items() if v is not None and not isinstance(v, Untouched)}


def yes_no(text: str) -> bool:
    """Parses a boolean of the upstream launcher, such as `True` or `no`."""
    try:
        return boolean(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected true or false, got `{text}`") from None
