"""A run module's description as data, and what of it is not the same at each load.

Must not know how a module is imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ELSEWHERE = frozenset(("host", "user", "revision", "home", "checkout"))
"""Sources that are the same at each load here, and others in another place."""


@dataclass(frozen=True, slots=True)
class Variation:
    """One part of a description that is not the same everywhere.

    `what` is a parameter, a field of the description or a phrase; `source` is None where no reason
    was found; `function` and the place are those of the call that asks the source.
    """

    what: str
    source: str | None = None
    function: str | None = None
    file: str | None = None
    line: int | None = None
    experiment: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether it is the same at each load here."""
        return self.source in ELSEWHERE


@dataclass(frozen=True, slots=True)
class LoadedExperiment:
    """One `Experiment` as data.

    `params` holds a dictionary per job, JSON values only (non-finite floats and foreign objects as
    text). `texts` holds what Python's `str` makes of a value where the JSON value does not tell:
    job index -> name -> text. `problems` is what the description classes noticed on the way:
    (kind, parameter or None, detail); the kinds are in `pbt_tui.description`.
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
    variations: tuple[Variation, ...] = ()
    """What another load, or a load on another machine, describes otherwise."""
    seed: int | None = None
    """The seed that the import had, if any."""
    written: tuple[tuple[str, str | None, int | None], ...] = ()
    """Paths below the current folder that the import writes to: path, file, line."""
    styles: tuple[str, ...] = ()
    """The population styles that the module asked `population` for."""
    named_files: tuple[str, ...] = ()
    """Paths of files that the child names beside the description, as it wrote them."""
    leaves_processes: bool = False
    """Whether processes that the import started had to be ended."""

    @property
    def unrepeatable(self) -> tuple[str, ...]:
        """What differs between two loads on this machine, by its name."""
        return tuple(v.what for v in self.variations if not v.elsewhere)
