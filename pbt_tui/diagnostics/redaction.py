"""Replaces secrets in texts that a person sends to others: in commands and in lines of logs.

What `credentials` finds is replaced by `…`, and so is the value of a variable that holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from pbt_tui.diagnostics.credentials import inside

_VEIL = "…"
_SCHEME = re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}")
"""How a request says who sends it: `Authorization: Bearer eyJhb…`."""
_KEY_BEGINS, _KEY_ENDS = "-----BEGIN ", "-----END "
_SHORTEST = 6
"""Characters of a value of a variable that is looked for elsewhere: `1` would be everywhere."""
_MOST = 20
"""Secrets that are looked for in one line."""


def secret_values(variables: Mapping[str, str]) -> frozenset[str]:
    """The values of variables that hold a secret, as far as their name or their value shows it.

    Example:
        >>> sorted(secret_values({"WANDB_API_KEY": "0123456789abcdef", "HOME": "/home/ada"}))
        ['0123456789abcdef']
    """
    return frozenset(
        value
        for name, value in variables.items()
        if len(value) >= _SHORTEST and any(True for _ in inside((f"{name}={value}",)))
    )


def command_without_secrets(argv: Sequence[str], known: Collection[str] = ()) -> tuple[str, ...]:
    """A command with `…` for each secret in it.

    Args:
        argv: The command.
        known: Further secrets, from `secret_values`.

    Example:
        >>> command_without_secrets(("train", "--api_key", "k3y-0123456789"))
        ('train', '--api_key', '…')
    """
    words = list(argv)
    for secret in list(inside(words)):
        words[secret.word] = words[secret.word].replace(secret.value, _VEIL)
    return tuple(_veiled(word, known) for word in words)


def lines_without_secrets(lines: Iterable[str], known: Collection[str] = ()) -> list[str]:
    """Lines of a log with `…` for each secret in them; the inside of a private key is left out.

    Args:
        lines: The lines.
        known: Further secrets, from `secret_values`.
    """
    shown: list[str] = []
    in_key = False
    for line in lines:
        if in_key:
            in_key = _KEY_ENDS not in line
            continue
        if _KEY_BEGINS in line and "PRIVATE KEY" in line:
            in_key = _KEY_ENDS not in line
            shown.append(line.partition(_KEY_BEGINS)[0] + _VEIL)
            continue
        if _KEY_ENDS in line and "PRIVATE KEY" in line:  # it began before these lines
            shown = [_VEIL]
            continue
        shown.append(_veiled(line, known))
    return shown


def _veiled(text: str, known: Collection[str]) -> str:
    for value in sorted(known, key=len, reverse=True):
        text = text.replace(value, _VEIL)
    text = _SCHEME.sub(lambda found: f"{found[1]} {_VEIL}", text)
    for _ in range(_MOST):
        found = {secret.value for words in ((text,), text.split(" ")) for secret in inside(words)}
        if not found:
            return text
        for value in sorted(found, key=len, reverse=True):
            text = text.replace(value, _VEIL)
    return _VEIL
