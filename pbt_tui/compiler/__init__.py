"""A RUN MODULE IN, SPEC FILES OUT: load → expand → populations → rules → backends → output.

Must not know the command line, engines or screens. This page is the whole pipeline but its last
step: what is compiled here is pure, `output` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import Diagnostic, Findings, Where
from pbt_tui.settings.run_settings import LOAD_TIMEOUT, TRAIN_DIR

if TYPE_CHECKING:
    from pbt_tui.compiler.existing import PreviousCompilation
    from pbt_tui.compiler.loaded import Loaded
    from pbt_tui.spec import Processes

_OF_THE_RUN = ("/run", "/suffix", "/jobs", "/train_dir")
"""Places in a process list of which the assignment of `RUN_DESCRIPTION` tells."""


@dataclass(frozen=True)
class Compiled:
    """A process list, its files relative to `--out`, and what was found that is no error."""

    spec: Processes
    files: dict[str, bytes]
    diagnostics: list[Diagnostic]
    owned: list[str]
    """Patterns, relative to `--out` like the files: what else is there of them is not made now."""
    records: list[str]
    """Of what these patterns find: what is kept by whoever acts on it."""
    backends: list[str]
    """Of which there are files."""


def compile_module(
    target: str,
    *,
    train_dir: str | None = None,
    suffix: str = "",
    policy: Mapping[str, Any] | None = None,
    container: Mapping[str, Any] | None = None,
    load_timeout: float = LOAD_TIMEOUT,
    load_memory: int | None = None,
    seed: int | None = None,
    freeze: bool = False,
    known: Callable[[str], PreviousCompilation | None] = lambda folder: None,
    backends: Sequence[str] | None = ("processes",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    command_prefix: Sequence[str] | None = None,
) -> Compiled:
    """Compiles the run module `target`; writes nothing.

    `policy` and `container` hold what was set, by field, and `settings` the same for each backend;
    `backends` None means all that can be made. `load_timeout` in seconds, `load_memory` in bytes;
    `train_dir` is `./train_dir` if not given. What is not set is taken from the files that `known`
    has for the folder of the run, if any. With `freeze` a description that differs between
    two loads is a warning, and the first one stands (D12).
    Raises `CannotLoad`, `NotARun`, or `Findings` with everything that is wrong.
    """
    from pbt_tui.compiler.load import load

    return compile_loaded(
        load(
            target,
            timeout=load_timeout,
            memory=load_memory,
            seed=seed,
            meanwhile=lambda: _import_the_rest(backends),
        ),
        train_dir=train_dir,
        suffix=suffix,
        policy=policy,
        container=container,
        freeze=freeze,
        known=known,
        backends=backends,
        settings=settings,
        command_prefix=command_prefix,
    )


def _import_the_rest(backends: Sequence[str] | None) -> None:
    """What is needed once the module is loaded: imported while the children import the module."""
    from pbt_tui.backends import BACKENDS
    from pbt_tui.compiler import (  # noqa: F401
        cross_references,
        existing,
        expand,
        population_detection,
        rendering,
        repeatability,
        repeatability_rules,
        resolve,
        spec_rules,
    )

    for name in BACKENDS.built_in if backends is None else backends:
        BACKENDS.get(name).prepare()


def compile_loaded(
    loaded: Loaded,
    *,
    train_dir: str | None = None,
    suffix: str = "",
    policy: Mapping[str, Any] | None = None,
    container: Mapping[str, Any] | None = None,
    freeze: bool = False,
    known: Callable[[str], PreviousCompilation | None] = lambda folder: None,
    backends: Sequence[str] | None = ("processes",),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    command_prefix: Sequence[str] | None = None,
) -> Compiled:
    """The same for a description that is loaded already. Raises `Findings`."""
    from pbt_tui.compiler import cross_references, repeatability_rules, spec_rules
    from pbt_tui.compiler.existing import keeps_name
    from pbt_tui.compiler.expand import expand
    from pbt_tui.compiler.population_detection import recognise
    from pbt_tui.compiler.project import portable
    from pbt_tui.compiler.rendering import render
    from pbt_tui.compiler.resolve import resolve_container, resolve_policy
    from pbt_tui.diagnostics import credentials
    from pbt_tui.spec import FORMAT, Processes

    suffix = suffix or loaded.suffix
    folder = spec_rules.folder(loaded.run_name, suffix)
    before, module = known(folder), portable(loaded.module)
    train_dir = train_dir or (before.train_dir if before else TRAIN_DIR)
    found = repeatability_rules.check(loaded, freeze)
    if command_prefix is None:
        command_prefix = before.command_prefix if before else ()
    given = _over(settings or {}, before.settings if before else {})
    jobs, more = expand(
        loaded,
        train_dir,
        suffix,
        prefix=command_prefix,
        supplied=bool(command_prefix) or _has_program(given, backends),
    )
    found += more
    jobs, populations, more = recognise(jobs, loaded.styles)
    found += more
    wanted, more = resolve_policy(policy or {}, populations, before, loaded.styles)
    found += more
    box, more = resolve_container(container or {}, before)
    found += more
    spec = Processes(
        format=FORMAT,
        run=loaded.run_name,
        module=before.module if before and keeps_name(before.module, module) else module,
        train_dir=train_dir,
        policy=wanted,
        container=box,
        populations=tuple(populations),
        jobs=tuple(jobs),
        command_prefix=tuple(command_prefix),
        suffix=suffix,
        seed=loaded.seed,
    )
    found += spec_rules.check(spec, slots=backends is None or "processes" in backends)
    if not any(d.level == "error" for d in found):
        found += cross_references.check(spec)
    made = render(
        spec,
        backends if backends is not None or before is None else before.backends,
        given,
        asked=backends is not None,
        sound=not any(d.level == "error" for d in found),
    )
    found = [_place(d, loaded, spec) for d in credentials.veiled(found + made.found, spec)]
    if any(d.level == "error" for d in found):
        raise Findings(found)
    files = {f"{folder}/{path}": data for path, data in made.files.items()}
    place = "".join(f"[{c}]" if c in "*?[" else c for c in folder)  # a run may be called `a[1]`
    owned = [f"{place}/{pattern}" for pattern in made.owned]
    records = [f"{folder}/{path}" for path in made.records]
    return Compiled(spec, files, found, owned, records, made.backends)


def _has_program(settings: Mapping[str, Mapping[str, Any]], backends: Sequence[str] | None) -> bool:
    """Whether a template or command line of a backend that is made starts the commands."""
    return any(
        settings.get(name, {}).get(key) is not None
        for name, key in _TEMPLATES
        if backends is None or name in backends
    )


_TEMPLATES = (("slurm", "sbatch_template"), ("ngc", "commandline"), ("ngc", "job_template"))
"""Settings whose text holds the command of a job, and may begin with the program."""


def _over(
    settings: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The settings of each backend, and from `before` what is not said."""
    names = dict.fromkeys((*before, *settings))
    return {name: {**before.get(name, {}), **settings.get(name, {})} for name in names}


def _place(d: Diagnostic, loaded: Loaded, spec: Processes) -> Diagnostic:
    """The finding with its place in the module instead of the one in the process list."""
    where, experiment = d.where, d.where.experiment
    if where.pointer is not None and where.pointer.startswith("/populations/"):
        members = spec.populations[int(where.pointer.split("/")[2])].members
        experiment = next((j.experiment for j in spec.jobs if j.id in members[:1]), None)
    line = where.line or next((e.line for e in loaded.experiments if e.name == experiment), None)
    if line is None and experiment is None and where.pointer in _OF_THE_RUN and loaded.file:
        from pbt_tui.compiler.source_lines import of_name

        line = of_name(loaded.file, "RUN_DESCRIPTION")
    if where.param is not None and line is not None and loaded.file is not None:
        from pbt_tui.compiler.source_lines import in_file

        line = in_file(loaded.file, line, where.param) or line
    inner = replace(where, pointer=None, line=line)
    return replace(d, where=inner.within(Where(file=loaded.file or loaded.module)))
