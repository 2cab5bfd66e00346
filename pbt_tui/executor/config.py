"""The effective settings of one executor: options override the spec, the spec the last executor.

`executor_config` computes them once, for a run, a dry run and a detached run. It is pure: it must
not read files, the clock or the state of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends import BACKENDS, Backend
from pbt_tui.errors import BadSpec, Diagnostic, Findings, UsageError, printable
from pbt_tui.executor.kept_settings import settings_of
from pbt_tui.journal import RunState
from pbt_tui.runtimes import RUNTIMES, RuntimeKind
from pbt_tui.spec import SHM, Container, Policy, Processes

USUAL_BACKEND = "processes"
"""The default backend: its runtimes start the jobs unless an option chooses another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """The options that the user gave, without defaults. Paths are absolute."""

    cwd: Path
    train_dir: Path
    policy: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    backend: str | None = None
    runtime: str | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings of backends, by the name of the backend."""
    compiled: Mapping[str, Any] = field(default_factory=dict)
    """The compiled settings of `backend`, or those of the settings file."""
    environ: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    """`--python`: the interpreter of plain processes."""
    forget_host: str | None = None
    """Name of a host whose attempts are counted as lost."""
    from_scratch: bool = False
    """Whether all members begin from scratch, so that older generations are moved aside."""
    share_gpus: bool = False
    """`--share_gpus`: other runs may use the GPUs at the same time."""
    resume_trackers: bool = False
    """`--resume_trackers`: attempts go on in the W&B and MLflow runs of the attempts before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorConfig:
    """The effective settings of one executor. Paths are absolute."""

    kind: RuntimeKind
    policy: Policy
    cwd: Path
    train_dir: Path
    container: Container | None = None
    """Set also if jobs are plain processes: a later executor may run them in containers."""
    settings: Any | None = None
    """Settings of the backend, an instance of its struct; None if the backend has no settings."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """The environment of this start."""
    python: str | None = None
    """The interpreter that an option names; None: the last executor's, else that of `environ`."""
    keeps_gpus: bool = False
    """Whether the GPUs of the last executor stay: no option names or counts others."""
    found: tuple[Diagnostic, ...] = ()
    """Warnings and notes of the backend's rules."""
    forget_host: str | None = None
    """Name of a host whose attempts are counted as lost."""
    from_scratch: bool = False
    """Whether all members begin from scratch, so that older generations are moved aside."""
    share_gpus: bool = False
    """Whether other runs may use the GPUs at the same time: then this one claims none."""
    resume_trackers: bool = False
    """Whether attempts go on in the W&B and MLflow runs of the attempts before them."""

    @property
    def claims_gpus(self) -> bool:
        """Whether each attempt holds slots of the machine, which no other run may have."""
        return self.kind.local and self.policy.experiments_per_gpu >= 1 and not self.share_gpus


def executor_config(
    spec: Processes | None, state: RunState, options: ExecutorOptions
) -> ExecutorConfig:
    """Computes the effective settings: options override the spec, the spec the last executor.

    Args:
        spec: The spec that this start names; None if it names a run directory, which keeps the
            settings of its last executor.
        state: The state of the run directory.
        options: The options of this start.

    Raises:
        UsageError: The options do not go together, or name a kind that is not installed.
        BadSpec: The run was last executed by a runtime that is not installed.
        Findings: The backend's rules find errors in these settings.
    """
    before = _last_kind(state)
    container = _container(state, options.container, spec)
    kind = _kind(before, options, container, spec)
    _refuse_without_containers(kind, state.spec)
    _refuse_python(kind, options.python)
    if options.share_gpus and not kind.local:
        raise UsageError(
            f"`--share_gpus` is for GPUs of this machine, and jobs run in {kind.title}"
        )
    policy = _policy(state, before, options.policy, spec)
    backend = _backend(state, kind, options)
    _refuse_settings_of_others(options, backend)
    settings, found = _settings(state, kind, backend, options)
    return ExecutorConfig(
        kind=kind,
        policy=queue_policy(policy, len(state.jobs)) if kind.has_queue else policy,
        cwd=Path(state.cwd) if state.cwd else options.cwd,
        train_dir=Path(state.train_dir) if state.train_dir else options.train_dir,
        container=container,
        settings=settings,
        environ=options.environ,
        python=options.python,
        keeps_gpus=before is not None and before.local and _keeps_gpus(state, policy),
        found=found,
        forget_host=_forgotten(state, options.forget_host),
        from_scratch=options.from_scratch,
        share_gpus=options.share_gpus,
        resume_trackers=options.resume_trackers,
    )


def _forgotten(state: RunState, host: str | None) -> str | None:
    """The host of `--forget_host`. Raises `UsageError` if it left no attempts active."""
    if host is None:
        return None
    last = state.executor.host if state.executor is not None and state.active else None
    if host != last:
        left = "no host has" if last is None else f"only `{printable(last)}` has"
        raise UsageError(
            f"`--forget_host`: host `{printable(host)}` has left no attempts active: {left}"
        )
    return host


def _last_kind(state: RunState) -> RuntimeKind | None:
    """The runtime of the last executor."""
    if state.executor is None:
        return None
    name = state.executor.runtime
    if name not in RUNTIMES:
        raise BadSpec(
            f"the run was last executed by runtime `{printable(name)}`, which is not installed",
            hint=f"installed runtimes: {', '.join(RUNTIMES.names())}",
        )
    return RUNTIMES.get(name)


# -- which runtime ---------------------------------------------------------------------------------


def _kind(
    before: RuntimeKind | None,
    options: ExecutorOptions,
    container: Container | None,
    spec: Processes | None,
) -> RuntimeKind:
    """The chosen runtime, else the last one, else the default: containers if there is an image.

    The choice never depends on which engines this machine has.
    """
    if options.runtime is not None:
        kind = RUNTIMES.get(options.runtime)
    elif options.backend is not None:
        names = BACKENDS.get(options.backend).runtimes
        kind = RUNTIMES.get(names[0]) if spec is None else _usual(names, container)
    elif spec is None and before is not None:
        kind = before
    else:
        kind = _usual(BACKENDS.get(USUAL_BACKEND).runtimes, container)
    if kind.needs_image and container is None:
        raise UsageError(f"`{kind.option}` needs an image", hint="pass `--image NAME`")
    return kind


def _refuse_without_containers(kind: RuntimeKind, spec: Processes) -> None:
    own = next((job.id for job in spec.jobs if job.container is not None), None)
    if own is not None and not kind.needs_image:
        raise UsageError(
            f"job `{own}` runs in a container of its own, and not in {kind.title}",
            hint="leave `--runtime` out, or pass `--runtime docker`",
        )


def _usual(names: tuple[str, ...], container: Container | None) -> RuntimeKind:
    """The first runtime that matches the run (with or without containers), else the first."""
    kinds = [RUNTIMES.get(name) for name in names]
    fitting = (kind for kind in kinds if kind.needs_image == (container is not None))
    return next(fitting, kinds[0])


def _refuse_python(kind: RuntimeKind, python: str | None) -> None:
    if python is not None and not kind.plain:
        raise UsageError(
            f"`--python` is for plain processes, and these jobs run in {kind.title}",
            hint="their image or their node has the interpreter: leave the option out",
        )


# -- policy and container --------------------------------------------------------------------------

_OF_A_QUEUE = ("experiments_per_gpu", "max_parallel", "pause_between")


def _policy(
    state: RunState,
    before: RuntimeKind | None,
    given: Mapping[str, Any],
    spec: Processes | None,
) -> Policy:
    """The effective policy. Values that only a queue set for the last executor are reset."""
    kept = state.spec.policy if spec is None else spec.policy
    if spec is None and state.executor is not None and before is not None:
        own = {name: getattr(kept, name) for name in _OF_A_QUEUE if before.has_queue}
        kept = msgspec.structs.replace(state.executor.policy, **own)
    return msgspec.structs.replace(kept, **given)


def _keeps_gpus(state: RunState, policy: Policy) -> bool:
    """Whether the policy leaves the choice of GPUs to the last executor."""
    if state.executor is None or policy.gpus is not None:
        return False
    before = state.executor.policy
    pinned, were_pinned = policy.experiments_per_gpu >= 1, before.experiments_per_gpu >= 1
    if not pinned and before.gpus is not None:
        return False  # an option listed them, and the jobs were not pinned to the list
    return (policy.num_gpus, pinned) == (before.num_gpus, were_pinned)


def queue_policy(policy: Policy, jobs: int) -> Policy:
    """The policy for a runtime with its own queue: no slots, no pause, all jobs at once."""
    values = dict(zip(_OF_A_QUEUE, (-1, max(jobs, 1), 0.0), strict=True))
    return msgspec.structs.replace(policy, **values)


def _container(
    state: RunState, given: Mapping[str, Any], spec: Processes | None
) -> Container | None:
    """The effective container; None if no image is set."""
    if spec is None:
        before = state.executor.container if state.executor else state.spec.container
    else:
        before = spec.container
    if before is not None:
        return msgspec.structs.replace(before, **given)
    if "image" in given:
        return Container(**{"shm_size": SHM, **given})
    if given:
        name = next(iter(given))
        raise UsageError(
            f"`--{name}` needs a container, and no image is set", hint="pass `--image`"
        )
    return None


# -- settings of the backend -----------------------------------------------------------------------


def _backend(state: RunState, kind: RuntimeKind, options: ExecutorOptions) -> Backend | None:
    """The backend whose settings and rules apply.

    Installed backends are looked up only if there are settings for one.
    """
    name = options.backend or kind.backend
    if name is not None:
        return BACKENDS.get(name)
    kept = settings_of(state.executor, kind) if state.executor is not None else None
    if not kept and not any(options.settings.values()):
        return None
    added = [BACKENDS.get(name) for name in BACKENDS.names() if name not in BACKENDS.built_in]
    return next((backend for backend in added if kind.name in backend.runtimes), None)


def _refuse_settings_of_others(options: ExecutorOptions, backend: Backend | None) -> None:
    for name, given in options.settings.items():
        if given and (backend is None or name != backend.name):
            raise UsageError(
                f"`--{name}_{next(iter(given))}` is for {BACKENDS.get(name).title}",
                hint=f"pass `--backend {name}` as well",
            )


def _settings(
    state: RunState, kind: RuntimeKind, backend: Backend | None, options: ExecutorOptions
) -> tuple[Any | None, tuple[Diagnostic, ...]]:
    """The options of this start over the compiled settings, or over those of the last executor."""
    if backend is None or backend.struct is None:
        return None, ()
    before = settings_of(state.executor, kind) if state.executor is not None else None
    kept = options.compiled if options.compiled or before is None else before
    values = {**kept, **options.settings.get(backend.name, {}), **kind.overrides}
    lacking = backend.lacks(values, state.spec)
    if lacking is not None:
        raise UsageError(f"backend `{backend.name}`: {lacking}")
    try:
        settings: Any = msgspec.convert(values, backend.struct)
    except msgspec.ValidationError as e:
        raise BadSpec(
            f"the last executor's settings for {backend.title} cannot be read: {e}"
        ) from e
    found = tuple(backend.check(state.spec, settings))
    if any(d.level == "error" for d in found):
        raise Findings(found)
    return settings, found
