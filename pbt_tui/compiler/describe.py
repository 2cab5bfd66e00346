"""Converts a `RUN_DESCRIPTION` to plain data.

Recognises one by its attributes and not by its type, so that objects of the upstream launcher's
classes work too. Runs in the child process.
"""

from __future__ import annotations

import os

from pbt_tui.naming import LIMIT, argument_name, argument_style_named, mapping, plain, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = frozenset((str, bool, type(None)))
_NUMBERS = frozenset((int, float))
_WORDS = ("run_name", "experiment_arg_name", "experiment_dir_arg_name", "param_prefix")
_MAY_BE_NONE = ("experiment_arg_name", "experiment_dir_arg_name")
_MOST = 2**53
"""The largest count or number of bytes: `spec.types.MOST`, which would load msgspec here."""


def described(run: Any, file: str | None) -> dict[str, Any]:
    """The description as data. Raises `NotARun`, `BadParam`.

    `file` is that of the run module: a place in another file gives no line.
    """
    if isinstance(run, type) or not hasattr(run, "experiments") or not hasattr(run, "run_name"):
        raise _not_a_run(f"`RUN_DESCRIPTION` is not a RunDescription: {type(run).__name__}")
    if missing := [word for word in _WORDS if not hasattr(run, word)]:
        origin = f"{type(run).__module__}.{type(run).__qualname__}"
        raise _not_a_run(f"`RUN_DESCRIPTION` has no `{missing[0]}`: its class is `{origin}`")
    try:
        experiments = list(run.experiments)
    except TypeError:
        kind = type(run.experiments).__name__
        raise _not_a_run(f"`experiments` is not a list: {kind}") from None
    words = [_word(getattr(run, word), word) for word in _WORDS]
    return {
        "run": words,
        "suffix": str(getattr(run, "experiment_suffix", "")),
        "customize": bool(getattr(run, "customize_experiment_name", True)),
        **_form(run),
        "experiments": [_experiment(experiment, file) for experiment in experiments],
    }


def _word(value: Any, what: str) -> str | None:
    if what not in _MAY_BE_NONE:
        return text(_path(value), what)
    value = argument_name(value, what)
    return None if value is None else text(_path(value), what)


def _form(given: Any, experiment: str | None = None) -> dict[str, Any]:
    """The argument style and placeholders of a run or experiment; upstream classes have neither."""
    style = getattr(given, "argument_style", None)
    placeholders = getattr(given, "placeholders", None)
    return {
        "style": argument_style_named(style, experiment) if isinstance(style, str) else None,
        "placeholders": placeholders if isinstance(placeholders, bool) else None,
    }


def _experiment(experiment: Any, file: str | None) -> dict[str, Any]:
    from pbt_tui.errors import PbtError, Where

    for word in ("base_name", "cmd", "params"):
        if not hasattr(experiment, word):
            raise _not_a_run(f"`experiments` holds a {type(experiment).__name__}")
    places = getattr(experiment, "places", ())
    line = next((line for place, line in places if place == file), None)
    line = line if type(line) is int else None
    name = experiment.base_name
    try:
        name = text(name, "name")
        rows, texts = _rows(experiment.params, name)
        return {
            "name": name,
            "cmd": text(experiment.cmd, "cmd", name),
            "rows": rows,
            "texts": texts,
            "env": _env(experiment.env_vars, name),
            "resources": _resources(getattr(experiment, "resources", None), name),
            "line": line,
            **_form(experiment, name),
            "problems": getattr(experiment, "problems", ()) if _ours(experiment) else (),
            "shuffled": getattr(experiment, "shuffled", None) if _ours(experiment) else None,
        }
    except PbtError as e:
        e.where = e.where.within(Where(line=line))
        raise


def _rows(params: Any, experiment: str) -> tuple[list[dict[str, Any]], dict[int, dict[str, str]]]:
    """The parameters as JSON values, and by row the `str()` of values that JSON would change."""
    rows: list[dict[str, Any]] = []
    texts: dict[int, dict[str, str]] = {}
    known: set[tuple[str, ...]] = set()
    for index, given in enumerate(params):
        row = given if type(given) is dict else dict(mapping(given, experiment).items())
        names = tuple(row)
        if names not in known:
            for name in names:
                text(name, "parameter", experiment)
            known.add(names)
        for value in row.values():
            kind = type(value)
            if kind not in _PLAIN and (kind not in _NUMBERS or not -LIMIT <= value < LIMIT):
                row, texts[index] = _reduced(row, experiment)
                break
        rows.append(row)
    return rows, texts


def _reduced(row: dict[str, Any], experiment: str) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for given, value in row.items():
        name = str.__str__(given)
        try:
            values[name], texts[name] = plain(value), f"{value}"
            if not isinstance(value, str) and any(mark in texts[name] for mark in _OBJECTS):
                break
        except Exception as e:  # the user's `__str__`, or more digits than Python converts
            message = f"converting the value to text failed: {_said(e)}"
            raise _bad(message, experiment, name) from None
    else:
        return values, texts
    kind = getattr(value, "__name__", None) or type(value).__name__
    message = f"the value is a Python object, which no command can contain: {texts[name]:.60}"
    raise _bad(
        message, experiment, name, f"write the text that the trainer expects, such as `{kind!r}`"
    )


_OBJECTS = ("<class '", "<function ", "<module '", "<built-in ", "<bound method ", " at 0x")
"""Parts of the default text of a class, a function, a module or another object."""


def _said(e: Exception) -> str:
    try:
        return f"{type(e).__name__}: {e!s:.200}"
    except Exception:
        return type(e).__name__


def _ours(experiment: Any) -> bool:
    from pbt_tui.description import Experiment

    return isinstance(experiment, Experiment)


def _env(env: Any, experiment: str) -> dict[str, str] | None:
    if env is None:
        return None
    if not hasattr(env, "items"):
        raise _bad(f"`env_vars` is not a dictionary: {type(env).__name__}", experiment, None)
    texts: dict[str, str] = {}
    for name, value in env.items():
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise _bad("not a valid name for an environment variable", experiment, str(name))
        try:
            texts[str(name)] = written = str(value)
        except Exception as e:
            message = f"converting the value to text failed: {_said(e)}"
            raise _bad(message, experiment, name) from None
        if not isinstance(value, (str, int, float, os.PathLike)) or "\0" in written:
            hint = "values of environment variables are text"
            raise _bad(f"`env_vars` value is not text: {value!r:.80}", experiment, name, hint)
    return texts


def _resources(resources: Any, experiment: str) -> dict[str, Any] | None:
    if not resources:
        return None
    if not hasattr(resources, "items"):
        raise _bad(f"`resources` is not a dictionary: {resources!r:.80}", experiment, None)
    for name, value in resources.items():
        if name not in ("gpus", "cpus", "memory"):
            raise _bad("no such resource", experiment, str(name), "one of gpus, cpus, memory")
        counts = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST
        if not counts and not (name == "memory" and isinstance(value, str)):
            expected = f"a whole number up to {_MOST}"
            raise _bad(f"not {expected}: {_shown(value)}", experiment, name)
    return dict(resources)


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # more digits than Python converts
        return f"an integer of {value.bit_length()} bits"


def _path(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _bad(what: str, experiment: str, param: str | None, hint: str | None = None) -> Exception:
    from pbt_tui.errors import BadParam, Where

    return BadParam(what, hint=hint, where=Where(experiment=experiment, param=param))


def _not_a_run(what: str) -> Exception:
    from pbt_tui.errors import NotARun

    return NotARun(what, hint="`RUN_DESCRIPTION = RunDescription(name, [Experiment(…), …])`")
