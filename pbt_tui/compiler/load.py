"""A run module in, its description out: imported in a child process, never in ours.

Must not know jobs, names or commands: what the description means is `expand`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LoadedExperiment:
    """One `Experiment` as data.

    `params` holds a dictionary per job, JSON values only (non-finite floats and foreign objects as
    text). `texts` holds what Python's `str` makes of a value where that cannot be told from the JSON
    value: job index -> name -> text. `problems` is what the description classes noticed on the way:
    (kind, parameter or None, detail).
    """

    name: str
    cmd: str
    params: tuple[dict[str, Any], ...]
    env_vars: dict[str, str] | None = None
    resources: dict[str, Any] | None = None
    line: int | None = None
    problems: tuple[tuple[str, str | None, str], ...] = ()
    texts: dict[int, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One `RunDescription` as data, and what its module printed (the last of it)."""

    module: str
    file: str | None
    run_name: str
    suffix: str
    experiment_arg: str
    dir_arg: str
    customize_names: bool
    param_prefix: str
    experiments: tuple[LoadedExperiment, ...]
    output: str = ""
    unrepeatable: tuple[str, ...] = ()


def load(
    target: str, *, timeout: float = 30.0, seed: int | None = None, twice: bool = True
) -> Loaded:
    """Imports `target` (dotted name or path of a file) and returns its description.

    `timeout` in seconds. `twice`: a second load tells whether the description is repeatable; what
    differs is named in `unrepeatable` (the caller decides whether that is an error). `seed` seeds
    `random`, and NumPy where it is, before the import.

    Raises `CannotLoad`, `NotARun`, `BadParam`.
    """
    raise NotImplementedError
