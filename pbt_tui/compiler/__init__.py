"""Compiles a run module into spec files.

The steps are load → expand → populations → rules → backends → output. This module calls all of them
but the last: it returns the files, and `output` writes them. Must not know the command line,
engines or screens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import Diagnostic, Findings, Where
from pbt_tui.settings.run_settings import LOAD_TIMEOUT, TRAIN_DIR

if TYPE_CHECKING:
    from pbt_tui.compiler.existing import PreviousCompilation
    from pbt_tui.compiler.loaded import Loaded
    from pbt_tui.spec import Processes

_OF_THE_RUN = ("/run", "/suffix", "/jobs", "/train_dir")
"""Places in a process list that a finding reports at the line that assigns `RUN_DESCRIPTION`."""


@dataclass(frozen=True)
class Compiled:
    """A process list, the files to write with paths relative to `--out`, and warnings and notes."""

    spec: Processes
    files: dict[str, bytes]
    diagnostics: list[Diagnostic]
    owned: list[str]
    """Patterns of the run's files, relative to `--out`. A file that matches one but is missing in
    `files` is left over from an earlier compilation."""
    records: list[str]
    """Paths that match `owned` and are always kept: records of what was done with the files."""
    backends: list[str]
    """The backends that have files among `files`."""


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
    accepted: Collection[str] = (),
) -> Compiled:
    """Compiles the run module `target`; writes nothing.

    `policy` and `container` hold the given settings by field, and `settings` those of each backend.
    `backends` None means every backend whose required settings are given. `load_timeout` is in
    seconds, `load_memory` in bytes. A setting that is not given comes from the earlier compilation
    that `known` returns for the folder of the run, if there is one, else from its default. With
    `freeze`, a description that differs between two loads is a warning instead of an error, and
    the first load counts (D12). Errors of `IGNORABLE` are left out where `accepted` has the code.

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
        accepted=accepted,
    )


def _import_the_rest(backends: Sequence[str] | None) -> None:
    """Imports what the later steps need, while the child processes import the run module."""
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
    accepted: Collection[str] = (),
) -> Compiled:
    """As `compile_module`, for a description that is already loaded. Raises `Findings`."""
    from pbt_tui.compiler import cross_references, repeatability_rules, spec_rules
    from pbt_tui.compiler.existing import keeps_name
    from pbt_tui.compiler.expand import expand
    from pbt_tui.compiler.population_detection import recognise
    from pbt_tui.compiler.project import portable
    from pbt_tui.compiler.rendering import render
    from pbt_tui.compiler.resolve import resolve_container, resolve_policy
    from pbt_tui.diagnostics import IGNORABLE, credentials
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
    left_out = IGNORABLE.intersection(map(str.upper, accepted))
    ruled = spec_rules.check(spec, slots=backends is None or "processes" in backends)
    found += [d for d in ruled if d.code not in left_out]
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
    place = "".join(f"[{c}]" if c in "*?[" else c for c in folder)  # a run name may contain `[`
    owned = [f"{place}/{pattern}" for pattern in made.owned]
    records = [f"{folder}/{path}" for path in made.records]
    return Compiled(spec, files, found, owned, records, made.backends)


def _has_program(settings: Mapping[str, Mapping[str, Any]], backends: Sequence[str] | None) -> bool:
    """Whether a template or a command line of one of these backends may supply the program."""
    return any(
        settings.get(name, {}).get(key) is not None
        for name, key in _TEMPLATES
        if backends is None or name in backends
    )


_TEMPLATES = (("slurm", "sbatch_template"), ("ngc", "commandline"), ("ngc", "job_template"))
"""(backend, setting): texts that contain the command of a job and may name its program."""


def _over(
    settings: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The settings of each backend; those that are not given come from `before`."""
    names = dict.fromkeys((*before, *settings))
    return {name: {**before.get(name, {}), **settings.get(name, {})} for name in names}


def _place(d: Diagnostic, loaded: Loaded, spec: Processes) -> Diagnostic:
    """The finding, with its place in the process list replaced by one in the run module."""
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
