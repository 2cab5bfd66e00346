"""A run description as data, as the child process that imported its module sent it."""

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

    `params` holds one dictionary of JSON values for each job; non-finite floats and other objects
    are text. `texts` holds `str()` of a value where the JSON value would give another text: job
    index -> name -> text. `problems` holds what the description classes reported: (kind, parameter
    or None, detail); `pbt_tui.description` lists the kinds.
    """

    name: str
    cmd: str
    params: tuple[dict[str, Any], ...]
    env_vars: dict[str, str] | None = None
    resources: dict[str, Any] | None = None
    line: int | None = None
    problems: tuple[tuple[str, str | None, str], ...] = ()
    texts: dict[int, dict[str, str]] = field(default_factory=dict)
    argument_style: str | None = None
    placeholders: bool | None = None
    """Both as those of the run, where it has none of its own."""
    shuffled: str | None = None
    """What shuffled its parameters, as `naming.Params` has it; None: nothing of ours."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One `RunDescription` as data, and the end of what its module printed."""

    module: str
    file: str | None
    run_name: str
    suffix: str
    experiment_arg: str | None
    dir_arg: str | None
    customize_names: bool
    param_prefix: str
    experiments: tuple[LoadedExperiment, ...]
    output: str = ""
    variations: tuple[Variation, ...] = ()
    """What another load, or a load on another machine, describes otherwise."""
    seed: int | None = None
    """The seed that the import had, if any."""
    written: tuple[tuple[str, str | None, int | None], ...] = ()
    """Paths below the current folder that the import writes to; file and line of the code."""
    writes: bool = False
    """Whether the import writes to any file at all, caches and temporary ones included."""
    styles: tuple[str, ...] = ()
    """The population styles that the module asked `population` for."""
    named_files: tuple[str, ...] = ()
    """Paths of files that the child names beside the description, as it wrote them."""
    argument_style: str | None = None
    placeholders: bool | None = None
    leaves_processes: bool = False
    """Whether `load` had to kill processes that the import started."""

    @property
    def unrepeatable(self) -> tuple[str, ...]:
        """What differs between two loads on this machine, by its name."""
        return tuple(v.what for v in self.variations if not v.elsewhere)
