"""The naming rules of the upstream launcher, and checks of the arguments that run modules pass.

Must not import anything slow: every import of a run module loads it, so `errors` is imported only
for an error. Names and directories equal those of upstream, character by character.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from pbt_tui.errors import BadParam

    Problem = tuple[str, str | None, str]


ARGUMENT_STYLES = ("hydra", "keyvalue", "argparse", "jsonargparse", "tyro", "flags")
"""The names of the styles in `pbt_tui.arguments.styles`, which is loaded only when one is used."""
LIMIT = 2**63
"""Integers from this size on are text in JSON."""


def shorthands(names: Iterable[str]) -> list[str]:
    """Shortens parameter names for the name of an experiment.

    Takes the first letter of each part but the last, and three letters of the last part. If another
    name has that result already, it takes more letters.

    Args:
        names: Parameter names, in their order in the command.

    Raises:
        BadParam: The upstream launcher cannot shorten the name (D7).

    Example:
        >>> shorthands(["seed", "agent.pbt.mutation_rate", "seeds"])
        ['see', 'a.p.m.rat', 'seed']
    """
    taken: list[str] = []
    for name in names:
        *parts, last = text(name, "parameter").replace("_", ".").replace("-", ".").split(".")
        if not all(parts):
            raise bad("a name cannot begin with a separator, nor hold two in a row", param=name)
        stem = "".join(part[0] + "." for part in parts)
        length = 3
        while (short := stem + last[:length]) in taken and length < len(last):
            length += 1
        taken.append(short)
    return taken


def root_of(run_name: str, base_name: str, suffix: str) -> str:
    """The directory of an experiment below `train_dir`; without a suffix it ends in an underscore.

    Args:
        run_name: Name of the run.
        base_name: Name of the experiment.
        suffix: The value of `--experiment_suffix`, or empty.

    Example:
        >>> root_of("ant", "base", "v2"), root_of("ant", "base", "")
        ('ant/base_v2', 'ant/base_')
    """
    return os.path.join(run_name, f"{base_name}_{suffix}")  # noqa: PTH118 - text, `./` is kept


def text(value: Any, what: str, experiment: str | None = None) -> str:
    """Returns `value` if it is text.

    Args:
        value: What a run module passed.
        what: Name of the argument.
        experiment: Name of the experiment, for the message.

    Raises:
        BadParam: It is not text.

    Example:
        >>> text("python train.py", "cmd")
        'python train.py'
    """
    if not isinstance(value, str):
        raise bad(f"`{what}` is not text: {value!r:.80}", experiment)
    return value


def mapping(params: Any, experiment: str) -> Any:
    """Returns `params` if it is a dictionary.

    Args:
        params: What a run module passed as one combination of parameters.
        experiment: Name of the experiment, for the message.

    Raises:
        BadParam: It is not a dictionary.

    Example:
        >>> mapping({"seed": 1}, "base")
        {'seed': 1}
    """
    if not hasattr(params, "items"):
        hint = "an experiment takes a list of dictionaries"
        raise bad(f"parameters are not a dictionary: {params!r:.80}", experiment, hint=hint)
    return params


def argument_name(value: Any, what: str) -> Any:
    """Returns `value` if it can be the name of an argument, or is None.

    Args:
        value: What a run module passed.
        what: `experiment_arg_name` or `experiment_dir_arg_name`, for the message.

    Raises:
        BadParam: It is an empty name.

    Example:
        >>> argument_name("--train_dir", "experiment_dir_arg_name")
        '--train_dir'
    """
    if isinstance(value, str) and not value.strip("-+ "):
        where = "folder" if "dir" in what else "name"
        raise bad(
            f"`{what}` is not the name of an argument: {value!r}",
            hint=f"for a trainer that takes no {where}, write `{what}=None`",
        )
    return value


def argument_style_named(value: Any, experiment: object = None) -> Any:
    """Returns `value` if it is the name of an argument style, or None.

    Args:
        value: What a run module passed.
        experiment: Name of the experiment, for the message.

    Raises:
        BadParam: There is no such style.

    Example:
        >>> argument_style_named("tyro")
        'tyro'
    """
    if value is not None and value not in ARGUMENT_STYLES:
        known = ", ".join(f"`{name}`" for name in ARGUMENT_STYLES)
        raise bad(f"no such `argument_style`: {value!r:.80}", experiment, hint=f"one of {known}")
    return value


def as_upstream(cmd: object, style: str | None, name_arg: str | None, dir_arg: str | None) -> bool:
    """Whether a command certainly has upstream's form, so that `arguments` need not be loaded.

    Args:
        cmd: The base command.
        style: The argument style, or None.
        name_arg: Argument for the name of a job, or None.
        dir_arg: Argument for the directory, or None.

    Example:
        >>> as_upstream("python train.py", None, "--experiment", None)
        False
    """
    return style is None and name_arg is not None and dir_arg is not None and "{" not in str(cmd)


def plain(value: Any) -> Any:
    """Converts `value` to a JSON value: NumPy scalars to numbers, other types to text.

    Args:
        value: What a run module passed for a parameter.

    Example:
        >>> plain((1, 2.5, float("inf")))
        [1, 2.5, 'inf']
    """
    if value is None or isinstance(value, (str, bool)):
        return value if value is None or isinstance(value, bool) else str.__str__(value)
    if isinstance(value, int):
        return int(value) if -LIMIT <= value < LIMIT else str(value)
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else str(float(value))
    if isinstance(value, (list, tuple)):
        return [_inner(item) for item in value]
    if isinstance(value, dict):
        return {_inner(str(key)): _inner(item) for key, item in value.items()}
    if getattr(value, "shape", None) == () and hasattr(value, "item"):  # a scalar of NumPy or torch
        return plain(value.item())
    return str(value)


def _inner(value: Any) -> Any:
    """As `plain`, for a value in a list or dictionary: escapes unpaired surrogates like `repr`."""
    value = plain(value)
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def column_of(name: Any, values: Any, problems: list[Problem]) -> list[Any]:
    """The values of one name of a grid, or the combinations of a `ParamList`, as a list.

    Args:
        name: The name, or the tuple of names; None for combinations.
        values: What a run module passed.
        problems: Receives problems that the compiler reports.

    Raises:
        BadParam: `values` is not a list.

    Example:
        >>> column_of("seed", (1, 2), [])
        [1, 2]
    """
    shown = None if name is None else str(name)
    try:
        len(values)
        column = list(values)
    except TypeError:
        hint = None if name is None else f"write `({name!r}, [{values!r:.40}])`"
        raise bad(f"values are not a list: {values!r:.80}", param=shown, hint=hint) from None
    if not column:
        problems.append(("empty", shown, ""))
    elif isinstance(values, str):
        problems.append(("letters", shown, values))
    return column


def cell_of(name: Any, value: Any, problems: list[Problem]) -> tuple[Any, ...]:
    """One entry of a column of a grid, as a tuple with a value for each name.

    Args:
        name: The name, or the tuple of names.
        value: What a run module passed for it.
        problems: Receives problems that the compiler reports.

    Raises:
        BadParam: It has fewer values than there are names.

    Example:
        >>> cell_of(("env", "steps"), ["ant", 10], [])
        ('ant', 10)
    """
    if not isinstance(name, tuple):
        return (value,)
    try:
        cell = tuple(value[i] for i in range(len(name)))
    except (IndexError, KeyError, TypeError):
        message = f"needs a value for each of its {len(name)} names: {value!r:.80}"
        raise bad(message, param=str(name)) from None
    if isinstance(value, str):
        problems.append(("letters", str(name), value))
    elif getattr(value, "__len__", int)() > len(name):
        problems.append(("cut", str(name), f"{value!r:.80}"))
    return cell


def bad(
    what: str, experiment: Any = None, param: str | None = None, hint: str | None = None
) -> BadParam:
    """The error for a mistake in a description, with its place."""
    from pbt_tui.errors import BadParam, Where

    place = Where(experiment=experiment if isinstance(experiment, str) else None, param=param)
    return BadParam(what, hint=hint, where=place, code="PBT103")


def placed(error: Exception, experiment: object) -> Exception:
    """`error`, with the experiment added to its place if it is a `PbtError`."""
    from pbt_tui.errors import PbtError, Where

    if isinstance(error, PbtError) and isinstance(experiment, str):
        error.where = error.where.within(Where(experiment=experiment))
    return error


class Params:
    """The combinations of a generator, which can be iterated once, and the problems found then."""

    def __init__(
        self,
        make: Callable[[list[Problem]], Iterator[dict[str, Any]]],
        shuffled: str | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self.shuffled = shuffled
        """What is shuffled: a `list`, a `grid`, or an `uneven grid` of names and tuples (D4)."""
        self.generator = make(self.problems)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.generator

    def __next__(self) -> dict[str, Any]:
        return next(self.generator)
