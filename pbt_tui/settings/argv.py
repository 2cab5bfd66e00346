"""How a command falls apart into arguments: by a POSIX shell, and by the original launcher.

Must not know jobs.
"""

from __future__ import annotations

import re

special = re.compile(r"[ \t\r\n'\"\\]").search
"""Finds what makes a text more than one plain argument, or another one."""
_quoting = re.compile(r"['\"\\]").search
_acts = re.compile(
    r"(?:&&?|\|\|?|;|\d?>>?(?:&\d)?|<)$|.*;$|~/|.*(?<!\\)\$(?:[A-Za-z_]|\()|.*`", re.DOTALL
).match
_blanks = re.compile(r"[ \t\r\n]+")


def split(text: str) -> list[str]:
    """The POSIX reading. Raises `ValueError` for a quote that is not closed."""
    if _quoting(text):
        import shlex

        return shlex.split(text)
    return [word for word in _blanks.split(text) if word]


def original(text: str) -> list[str]:
    """The original's reading: cut at every single blank, quotes passed on (D15)."""
    return text.split(" ")


def shown(words: list[str]) -> str:
    """Arguments for people: each in backticks, the long and the many cut short."""
    some = [f"`{word:.60}`" for word in words[:6]]
    return ", ".join(some) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def meant_for_a_shell(words: list[str]) -> list[str]:
    """Words that only a shell would act upon, of a command that starts none (D36)."""
    return [] if "-c" in words else [word for word in words if _acts(word)]


def key(word: str) -> str | None:
    """What an argument sets, without the prefixes of Hydra and of long options."""
    name, equals, _ = word.partition("=")
    if not equals and not word.startswith("--"):
        return None
    return name.lstrip("+-~") or None


def repeated(words: list[str]) -> dict[str, list[str]]:
    """Keys that are set more than once, with their arguments in order."""
    keys: dict[str, list[str]] = {}
    for word in words:
        if (name := key(word)) is not None:
            keys.setdefault(name, []).append(word)
    return {name: given for name, given in keys.items() if len(given) > 1}


def settings(argv: tuple[str, ...]) -> dict[str, str]:
    """What a command sets: `key=value` and `--key value`, without prefixes; the last one counts.

    What sets a key itself is no value: `--headless agent.pbt.policy_idx=0` is a flag and a setting.
    """
    values: dict[str, str] = {}
    for word, following in zip(argv, (*argv[1:], "-"), strict=True):
        if (name := key(word)) is not None:
            _, equals, value = word.partition("=")
            alone = following.startswith("-") or key(following) is not None
            values[name] = value if equals or alone else following
    return values
