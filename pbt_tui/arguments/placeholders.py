"""Placeholders of base commands: `{name}`, `{dir}`, `{member}` and `{port}`.

`{{name}}` stands for the text `{name}`. Braces are plain text if they follow a `$` or do not
contain a Python identifier, so JSON and OmegaConf's `${…}` are not changed.
"""

from __future__ import annotations

import re

from pbt_tui.arguments.styles import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Values = Mapping[str, str | None]

NAME, DIR, MEMBER, PORT = "name", "dir", "member", "port"
NAMES = (NAME, DIR, MEMBER, PORT)
"""All placeholders. `{port}` stays in the command: its value is known when an attempt starts."""

_FOUND = re.compile(r"(?<!\$)(?:\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\})", re.ASCII)


def fill(text: str, values: Values, filled: frozenset[str]) -> str:
    """`text` with its placeholders filled.

    If `filled` contains all placeholders, any other `{identifier}` is an error. If not, everything
    that `filled` does not contain stays as it is.

    Args:
        text: One argument of a base command.
        values: Placeholder → text; None: it stays, to be filled when an attempt starts.
        filled: The placeholders to fill.

    Raises:
        Refused: The placeholder is unknown, or has no value for this job.

    Example:
        >>> fill("--tag={name}-{{x}}", {"name": "00_ant"}, frozenset(NAMES))
        '--tag=00_ant-{x}'
    """
    if "{" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if len(filled) < len(NAMES) and (literal or name) not in filled:
            return match[0]
        if literal is not None:
            return f"{{{literal}}}"
        if name not in NAMES:
            known = ", ".join(f"`{{{known}}}`" for known in NAMES)
            message = f"`{{{name}}}` is not a placeholder: the placeholders are {known}"
            raise Refused("PBT325", message, f"for the text `{{{name}}}` write `{{{{{name}}}}}`")
        if name not in values:
            message = f"`{{{name}}}` has no value: the job is not a member of a population"
            hint = f"leave it out, or for the text `{{{name}}}` write `{{{{{name}}}}}`"
            raise Refused("PBT326", message, hint)
        value = values[name]
        return match[0] if value is None else value

    return _FOUND.sub(one, text)


def values_of(
    name: str, directory: str, params: Mapping[str, Any], prefix: str, styles: Iterable[str]
) -> dict[str, str | None]:
    """The value of each placeholder in the command of one job.

    Args:
        name: Name of the job.
        directory: Folder of its experiment, with `train_dir`.
        params: Parameters of the job.
        prefix: The description's `param_prefix`.
        styles: Names of the population styles that the module uses.

    Example:
        >>> values_of("00_ant", "train_dir/ant", {}, "--", ())
        {'name': '00_ant', 'dir': 'train_dir/ant', 'port': None}
    """
    values: dict[str, str | None] = {NAME: name, DIR: directory, PORT: None}
    if (member := member_of(params, prefix, styles)) is not None:
        values[MEMBER] = member
    return values


def places_of_port(words: Iterable[str], filled: frozenset[str]) -> int:
    """How many times the arguments of a base command contain `{port}` as a placeholder."""
    if PORT not in filled:
        return 0
    return sum(m[2] == PORT for word in words if "{" in word for m in _FOUND.finditer(word))


def member_of(params: Mapping[str, Any], prefix: str, styles: Iterable[str]) -> str | None:
    """The member index among the parameters of a job; None: the job is not a member.

    Args:
        params: Parameters of a job.
        prefix: The description's `param_prefix`.
        styles: Names of the population styles that the module uses.

    Example:
        >>> member_of({"pbt.policy_idx": 3}, "--", ())
        '3'
    """
    from pbt_tui.populations import STYLES

    names = {f"{prefix}{name}".lstrip("-+~"): value for name, value in params.items()}
    for style in dict.fromkeys((*STYLES.built_in, *styles)):
        for key in STYLES.get(style).index_keys:
            if key.key in names:
                return str(names[key.key])
    return None
