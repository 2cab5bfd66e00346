"""Puts the arguments of one attempt into the command of its job.

Pure. Processes, containers, SLURM and `--dry_run` all use `merged`, so that the command that is
shown is the command that runs.
"""

from __future__ import annotations

from collections.abc import Sequence


def merged(argv: Sequence[str], args: Sequence[str]) -> tuple[str, ...]:
    """The command of an attempt: `argv` without each key that `args` sets, then `args`.

    A Hydra override (`key=value`) has the same key with and without `+` or `++`. An argument
    without such a prefix gets the prefix of the override that it replaces, because Hydra refuses
    `key=` for a key that only `+key=` adds. An argument with a prefix stays as it is. An option
    (`--name=value`) replaces the same option in both of its forms, also `--name value`.

    Args:
        argv: The command of the job.
        args: The arguments of the attempt alone; without any, the command is that of the job.

    Example:
        >>> merged(["train.py", "+lr=1", "seed=5"], ["lr=2", "checkpoint=a.pth"])
        ('train.py', 'seed=5', '+lr=2', 'checkpoint=a.pth')
        >>> merged(["train.py", "--checkpoint", "a.pth", "--fast"], ["--checkpoint=b.pth"])
        ('train.py', '--fast', '--checkpoint=b.pth')
    """
    if not args:
        return tuple(argv)
    prefixes: dict[str, str] = {name: "" for word in args if (name := _key(word)) is not None}
    kept: list[str] = []
    value_follows = False
    for k, word in enumerate(argv):
        if value_follows:
            value_follows = False
            continue
        name = _key(word) if k else None  # the first word is the program
        if name is None or name not in prefixes:
            kept.append(word)
            continue
        prefixes[name] = max(prefixes[name], _prefix(word), key=len)
        value_follows = "=" not in word and k + 1 < len(argv) and _is_value(argv[k + 1])
    return (*kept, *(_as_replaced(word, prefixes) for word in args))


def _key(word: str) -> str | None:
    """What identifies the setting of a word: `lr` for `+lr=1`, `--lr` for `--lr=1`."""
    name, equals, _ = word.partition("=")
    if name.startswith("--"):
        return name if len(name) > 2 else None  # `--` alone ends the options
    return name.lstrip("+") or None if equals else None


def _prefix(word: str) -> str:
    return word[: len(word) - len(word.lstrip("+"))]


def _as_replaced(word: str, prefixes: dict[str, str]) -> str:
    name = _key(word)
    return word if name is None or _prefix(word) else prefixes[name] + word


def _is_value(word: str) -> bool:
    """Whether a word that follows an option is its value, and not the next argument."""
    name, equals, _ = word.partition("=")
    if word.startswith("-"):
        return False
    return not equals or not name.lstrip("+~")[:1].isidentifier()
