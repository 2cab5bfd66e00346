"""Placeholders of base commands: `{name}`, `{dir}`, `{member}` and `{port}`.

`{{name}}` stands for the text `{name}`. Braces around anything but one of Python's identifiers, and
those after a `$`, are no placeholders: JSON and OmegaConf's `${…}` stay as they stand.
Must not import anything that costs: run modules load it.
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
"""All there are. `{port}` is known only when an attempt starts, and stays in the command."""

_FOUND = re.compile(r"(?<!\$)(?:\{\{([A-Za-z_]\w*)\}\}|\{([A-Za-z_]\w*)\})", re.ASCII)


def fill(text: str, values: Values, filled: frozenset[str]) -> str:
    """`text` with its placeholders filled; those not in `filled` stay where not all are filled.

    Args:
        text: A word of a base command.
        values: Placeholder → text; None: it stays, to be filled at launch.
        filled: The placeholders that are filled.

    Raises:
        Refused: A placeholder that there is not, or one that has no value for this job.

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
            message = f"`{{{name}}}` is no placeholder: there are {known}"
            raise Refused("PBT325", message, f"for these very characters write `{{{{{name}}}}}`")
        if name not in values:
            message = f"`{{{name}}}` has no value: the job is no member of a population"
            hint = f"leave it out, or for these very characters write `{{{{{name}}}}}`"
            raise Refused("PBT326", message, hint)
        value = values[name]
        return match[0] if value is None else value

    return _FOUND.sub(one, text)


def values_of(
    name: str, directory: str, params: Mapping[str, Any], prefix: str, styles: Iterable[str]
) -> dict[str, str | None]:
    """What each placeholder stands for in the command of one job.

    Args:
        name: Name of the job.
        directory: Folder of its experiment, with `train_dir`.
        params: Its parameters.
        prefix: The description's `param_prefix`.
        styles: Names of the population styles that the module asked for.

    Example:
        >>> values_of("00_ant", "train_dir/ant", {}, "--", ())
        {'name': '00_ant', 'dir': 'train_dir/ant', 'port': None}
    """
    values: dict[str, str | None] = {NAME: name, DIR: directory, PORT: None}
    if (member := member_of(params, prefix, styles)) is not None:
        values[MEMBER] = member
    return values


def places_of_port(words: Iterable[str], filled: frozenset[str]) -> int:
    """How often the words of a base command hold `{port}` as a placeholder."""
    if PORT not in filled:
        return 0
    return sum(m[2] == PORT for word in words if "{" in word for m in _FOUND.finditer(word))


def member_of(params: Mapping[str, Any], prefix: str, styles: Iterable[str]) -> str | None:
    """The index that the parameters give to a member; None: the job is none.

    Args:
        params: Parameters of a job.
        prefix: The description's `param_prefix`.
        styles: Names of the population styles that the module asked for.

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
