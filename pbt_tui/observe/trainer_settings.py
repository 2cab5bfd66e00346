"""Reads from members' commands when a population exchanges. The style has names and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.populations import STYLES, ExchangeSettings


def settings(style: str, argv: Sequence[str]) -> ExchangeSettings:
    """The settings in one member's command. The last value of a key counts, as it does upstream."""
    trainer = STYLES.get(style)
    found = trainer.settings._replace(initial_delay=trainer.initial_delay)
    given: dict[str, float] = {}
    for i, argument in enumerate(argv):
        key, equals, value = argument.partition("=")
        if not equals and argument.startswith("--") and i + 1 < len(argv):
            value = argv[i + 1]
        key = key.lstrip("-+")
        for name, spellings in trainer.setting_names.items():
            if key in spellings:
                try:
                    given[name] = float(value.replace("_", ""))
                except ValueError:
                    continue
    return found._replace(**given)
