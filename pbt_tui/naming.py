"""The naming rules of the upstream launcher, and the checks of what a run module gives.

Must not import anything that costs: every import of a run module loads it. `errors` comes when
needed. Names and directories are upstream's, character for character.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from pbt_tui.errors import BadParam


def shorthands(names: Iterable[str]) -> list[str]:
    """Shortens parameter names for the name of an experiment.

    First letters of all parts but the last, up to three letters of the last one, more of them while
    that is taken.

    Args:
        names: Parameter names, in the order in which the command has them.

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
    """The directory of an experiment below `train_dir`; the underscore stays without a suffix.

    Args:
        run_name: Name of the run.
        base_name: Name of the experiment.
        suffix: What `--experiment_suffix` says; empty without one.

    Example:
        >>> root_of("ant", "base", "v2"), root_of("ant", "base", "")
        ('ant/base_v2', 'ant/base_')
    """
    return os.path.join(run_name, f"{base_name}_{suffix}")  # noqa: PTH118 - text, `./` is kept


def text(value: Any, what: str, experiment: str | None = None) -> str:
    """Returns `value` if it is text.

    Args:
        value: What a run module gave.
        what: The argument that it was given for.
        experiment: Name of the experiment, for the message.

    Raises:
        BadParam: It is no text.

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
        params: What a run module gave for one combination of parameters.
        experiment: Name of the experiment, for the message.

    Raises:
        BadParam: It is no dictionary.

    Example:
        >>> mapping({"seed": 1}, "base")
        {'seed': 1}
    """
    if not hasattr(params, "items"):
        hint = "an experiment takes a list of dictionaries"
        raise bad(f"parameters are not a dictionary: {params!r:.80}", experiment, hint=hint)
    return params


def bad(
    what: str, experiment: Any = None, param: str | None = None, hint: str | None = None
) -> BadParam:
    """The error for a wrong description, with the place that it is about."""
    from pbt_tui.errors import BadParam, Where

    place = Where(experiment=experiment if isinstance(experiment, str) else None, param=param)
    return BadParam(what, hint=hint, where=place, code="PBT103")


def placed(error: Exception, experiment: object) -> Exception:
    """`error`, with the experiment added where it is one of ours."""
    from pbt_tui.errors import PbtError, Where

    if isinstance(error, PbtError) and isinstance(experiment, str):
        error.where = error.where.within(Where(experiment=experiment))
    return error
