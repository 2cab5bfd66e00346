"""The numbers that decide when a population exchanges, out of its members' commands.

Must not know files, nor any style: an argv in, settings out. Names and defaults are the style's.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.populations import STYLES, ExchangeSettings


def settings(style: str, argv: Sequence[str]) -> ExchangeSettings:
    """From one member's command; the last value of a key wins, as it does upstream."""
    trainer = STYLES.get(style)
    found = trainer.settings._replace(initial_delay=trainer.initial_delay)
    given: dict[str, float] = {}
    for i, word in enumerate(argv):
        key, equals, value = word.partition("=")
        if not equals and word.startswith("--") and i + 1 < len(argv):
            value = argv[i + 1]
        key = key.lstrip("-+")
        for name, spellings in trainer.setting_names.items():
            if key in spellings:
                try:
                    given[name] = float(value.replace("_", ""))
                except ValueError:
                    continue
    return found._replace(**given)
