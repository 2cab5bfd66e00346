"""The table of argument styles, and the arguments that each style writes for a value.

`RunDescription(argument_style=…)` names a style. Without a style, an argument name that is None, or
a placeholder, a command has exactly the characters that upstream writes, and this module is not
loaded.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OMITTED = None
"""The parameter is left out of the command."""


class ArgumentStyle:
    """One row of the table: how a style writes values, `True`, `False`, `None` and lists.

    A form is a tuple of arguments, or `OMITTED`. In a form, `{name}` and `{value}` stand for the
    name and the value of a parameter, and `{negated}` for its name with `no-` before the last part.
    `sequence` says how the items of a list are written: as one argument each (`words`), or together
    as one value in the syntax of Python (`python`), Hydra (`hydra`) or JSON (`json`).
    """

    __slots__ = ("dashes", "false", "name", "none", "sequence", "true", "used_by", "value")

    def __init__(
        self,
        name: str,
        *,
        used_by: str,
        dashes: str,
        value: tuple[str, ...],
        true: tuple[str, ...] | None,
        false: tuple[str, ...] | None,
        none: tuple[str, ...] | None,
        sequence: str,
    ) -> None:
        self.name = name
        self.used_by = used_by
        self.dashes = dashes
        self.value = value
        self.true = true
        self.false = false
        self.none = none
        self.sequence = sequence


STYLES = {
    style.name: style
    for style in (
        ArgumentStyle(
            "hydra",
            used_by="Hydra",
            dashes="",
            value=("{name}={value}",),
            true=("{name}=True",),
            false=("{name}=False",),
            none=("{name}=null",),
            sequence="hydra",
        ),
        ArgumentStyle(
            "keyvalue",
            used_by="scripts that read `key=value` as Python literals, such as Sacred's",
            dashes="",
            value=("{name}={value}",),
            true=("{name}=True",),
            false=("{name}=False",),
            none=("{name}=None",),
            sequence="python",
        ),
        ArgumentStyle(
            "argparse",
            used_by="argparse options that take a value each",
            dashes="--",
            value=("{name}", "{value}"),
            true=("{name}", "True"),
            false=("{name}", "False"),
            none=OMITTED,
            sequence="words",
        ),
        ArgumentStyle(
            "jsonargparse",
            used_by="jsonargparse: Lightning CLI",
            dashes="--",
            value=("{name}", "{value}"),
            true=("{name}", "true"),
            false=("{name}", "false"),
            none=("{name}", "null"),
            sequence="json",
        ),
        ArgumentStyle(
            "tyro",
            used_by="tyro, and argparse's `BooleanOptionalAction`",
            dashes="--",
            value=("{name}", "{value}"),
            true=("{name}",),
            false=("{negated}",),
            none=OMITTED,
            sequence="words",
        ),
        ArgumentStyle(
            "flags",
            used_by="argparse with bare switches (`store_true`)",
            dashes="--",
            value=("{name}", "{value}"),
            true=("{name}",),
            false=OMITTED,
            none=OMITTED,
            sequence="words",
        ),
    )
}
"""Name → style."""

_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+").fullmatch
"""What argparse accepts as a negative number; it reads `-1e-05` as an option."""
_PLAIN_HYDRA = re.compile(r"[A-Za-z0-9_/.+@%*-]+").fullmatch
"""What Hydra's grammar reads as text without quotes in every context."""
_HYDRA_CONSTANTS = ("true", "false", "null")


class Refused(Exception):
    """A command that cannot be written, with the code of its rule, a message and a hint."""

    def __init__(self, code: str, what: str, hint: str, param: str | None = None) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.hint = hint
        self.param = param


def argument_name(style: ArgumentStyle, prefix: str, name: str) -> str:
    """The name of an argument as a style writes it.

    The style's dashes replace those of the prefix and the name. Exception: in a style with dashes,
    a name that begins with a dash, such as `-f`, stays as it is.
    """
    if style.dashes and name.startswith("-"):
        return name
    return style.dashes + f"{prefix}{name}".lstrip("-")


def spelled(style: ArgumentStyle, name: str, value: Any, text: str) -> list[str]:
    """The command-line arguments for one parameter: `value` is a JSON value, `text` its text.

    Raises:
        Refused: This style cannot write the value.

    Example:
        >>> spelled(STYLES["argparse"], "--layers", [64, 64], "[64, 64]")
        ['--layers', '64', '64']
    """
    if value is True or value is False or value is None:
        form = style.none if value is None else style.true if value else style.false
        return [] if form is OMITTED else _written(form, name, text)
    if not isinstance(value, (list, tuple, dict)):
        return _one(style, name, text)
    if style.sequence == "python":
        return _one(style, name, text)
    if style.sequence == "hydra":
        return _one(style, name, _hydra(value, name))
    if style.sequence == "json":
        import json

        return _one(style, name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return _several(name, value)


def _one(style: ArgumentStyle, name: str, text: str) -> list[str]:
    if style.dashes and text.startswith("-"):  # alone, argparse would read it as an option
        return [f"{name}={text}"]
    return _written(style.value, name, text)


def _written(form: tuple[str, ...], name: str, text: str) -> list[str]:
    words = []
    for word in form:
        if word == "{negated}":
            start, dot, last = name.lstrip("-").rpartition(".")
            words.append(f"--{start}{dot}no-{last}")
        else:
            head, mark, _ = word.partition("{value}")
            words.append(head.replace("{name}", name) + (text if mark else ""))
    return words


def _several(name: str, value: Any) -> list[str]:
    if isinstance(value, dict) or any(isinstance(item, (list, tuple, dict)) for item in value):
        what = "a dictionary" if isinstance(value, dict) else "a list of lists"
        message = f"this argument style cannot write {what}"
        raise Refused("PBT116", message, "give the value as text: `json.dumps(value)`", name)
    items = [str(item) for item in value]
    odd = [item for item in items if item.startswith("-") and not _NEGATIVE(item)]
    if odd and len(items) == 1:
        return [f"{name}={items[0]}"]
    if odd:
        message = f"the trainer would read an item of the list as an option: `{odd[0]:.40}`"
        raise Refused("PBT116", message, "give the value as text: `json.dumps(value)`", name)
    return [name, *items]


def hydra_text(text: str) -> str:
    """`text` in Hydra's syntax, with quotes only if its grammar needs them.

    Example:
        >>> hydra_text("train_dir/ant"), hydra_text("00_lay_[1, 2]")
        ('train_dir/ant', "'00_lay_[1, 2]'")
    """
    if _PLAIN_HYDRA(text) and text.lower() not in _HYDRA_CONSTANTS and not _number(text):
        return text
    inner = re.sub(r"(\\*)'", r"\1\1\\'", text)  # a backslash is literal, except before a quote
    inner = re.sub(r"(\\+)$", r"\1\1", inner)
    return f"'{inner}'"


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _hydra(value: Any, name: str) -> str:
    """A list, a dictionary, or a value inside one, in Hydra's syntax."""
    if isinstance(value, dict):
        for key in value:
            if not _PLAIN_HYDRA(key):
                message = f"Hydra cannot read this key of a dictionary: `{key:.40}`"
                raise Refused("PBT116", message, "put the value into a config file", name)
        return "{" + ",".join(f"{k}:{_hydra(v, name)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_hydra(item, name) for item in value) + "]"
    if isinstance(value, str):
        return hydra_text(value)
    return "null" if value is None else str(value)
