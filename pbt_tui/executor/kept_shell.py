"""What an executor keeps of the shell of the last one: its Python interpreter and its GPUs.

A resumed run would otherwise get those of the shell that happens to resume it. Must not keep any
other variable of a shell: it may be a secret, or belong to a session that is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import UNSET

from pbt_tui.errors import Diagnostic, RuntimeUnavailable, printable
from pbt_tui.executor import interpreter
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.gpu_selection import VISIBLE, assumed, choose, names
from pbt_tui.journal.events import ExecutorStarted, Gpu

ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")
"""Variables that name the active environment."""


@dataclass(frozen=True, slots=True)
class JobEnvironment:
    """Interpreter, GPUs and environment of one executor."""

    environ: Mapping[str, str]
    """What plain processes inherit."""
    python: str | None
    """The interpreter that jobs get; None if they get that of `environ`."""
    gpus: tuple[Gpu, ...]
    """GPUs that the executor may use; empty if jobs run elsewhere."""
    known: bool
    """Whether these GPUs were listed or detected, and not only assumed."""
    masked: bool
    """Whether they are those that `CUDA_VISIBLE_DEVICES` shows."""
    notes: tuple[Diagnostic, ...]
    """What is kept although this shell differs."""


def job_environment(
    config: ExecutorConfig, last: ExecutorStarted | None, nvml: Sequence[Gpu] | None
) -> JobEnvironment:
    """The interpreter and the GPUs: named by an option, else kept, else those of this shell.

    Args:
        config: The effective settings of this executor.
        last: How the last executor started; None if there was none.
        nvml: The GPUs that the driver reports; None without a driver.

    Raises:
        RuntimeUnavailable: The policy asks for more GPUs than there are, or a kept GPU is gone.
    """
    environ, notes = dict(config.environ), list[Diagnostic]()
    python = _python(config, last, environ, notes)
    if python is not None:
        environ = activated(environ, python)
    gpus: tuple[Gpu, ...] = ()
    known = masked = False
    if config.kind.local and config.keeps_gpus and last is not None:
        masked = _was_masked(last, nvml)
        gpus, known = _kept_gpus(config, last, nvml, masked=masked, notes=notes)
        environ.pop(VISIBLE, None)
        if masked:
            environ[VISIBLE] = ",".join(gpu.uuid or str(gpu.index) for gpu in gpus)
    elif config.kind.local:
        gpus, known = choose(config.policy, environ, nvml)
        masked = config.policy.gpus is None and VISIBLE in environ
    return JobEnvironment(environ, python, gpus, known, masked, tuple(notes))


def _note(text: str) -> Diagnostic:
    return Diagnostic("note", text)


# -- the interpreter -------------------------------------------------------------------------------


def _python(
    config: ExecutorConfig,
    last: ExecutorStarted | None,
    environ: Mapping[str, str],
    notes: list[Diagnostic],
) -> str | None:
    """The named or the kept interpreter; None if it is that of this shell."""
    if not config.kind.plain:
        return None
    if config.python is not None:
        return config.python
    kept, here = last.interpreter if last is not None else None, interpreter.interpreter(environ)
    if kept is None or _same(kept, here):
        return None
    other = f"`{printable(here)}`" if here else "none"
    notes.append(
        _note(
            f"jobs keep the interpreter of the last executor: `{printable(kept)}`; this shell "
            f"would choose {other}; `--python PATH` changes it"
        )
    )
    return kept


def _same(kept: str, here: str | None) -> bool:
    """Whether two paths are the same interpreter of the same environment."""
    if here is None or Path(kept).parent != Path(here).parent:
        return False
    return kept == here or interpreter.is_same_file(kept, here)


def activated(environ: Mapping[str, str], python: str) -> dict[str, str]:
    """`environ` as if the environment of `python` were the active one, and no other.

    Without this, a job would get the interpreter of one environment, and the variables and the
    programs of another. The environment of `python` itself may be active already.
    """
    prefix = Path(python).parent.parent
    active = {name: environ[name] for name in ENVIRONMENTS if environ.get(name)}
    if str(prefix) in active.values():
        return dict(environ)
    folders = {str(Path(folder) / "bin") for folder in active.values()}
    changed = {name: value for name, value in environ.items() if name not in ENVIRONMENTS}
    if folders and "PATH" in changed:
        parts = changed["PATH"].split(":")
        changed["PATH"] = ":".join(part for part in parts if part not in folders)
    if (prefix / "pyvenv.cfg").is_file():
        changed["VIRTUAL_ENV"] = str(prefix)
    elif (prefix / "conda-meta").is_dir():
        changed["CONDA_PREFIX"] = str(prefix)
    return changed


# -- the GPUs --------------------------------------------------------------------------------------


def _kept_gpus(
    config: ExecutorConfig,
    last: ExecutorStarted,
    nvml: Sequence[Gpu] | None,
    *,
    masked: bool,
    notes: list[Diagnostic],
) -> tuple[tuple[Gpu, ...], bool]:
    """The GPUs of the last executor, and whether they are known to exist.

    Without slots and without a mask, the last executor chose none: jobs see all that there are.
    """
    chosen = masked or config.policy.experiments_per_gpu >= 1
    unmasked = {name: value for name, value in config.environ.items() if name != VISIBLE}
    if chosen:
        _refuse_gone(last.gpus, nvml)
        gpus, known = last.gpus, masked or nvml is not None
    else:
        gpus, known = choose(config.policy, unmasked, nvml)
    try:
        here: Sequence[Gpu] | None = choose(config.policy, config.environ, nvml)[0]
    except RuntimeUnavailable:
        here = None
    if chosen and (here is None or names(here) != names(gpus)):
        notes.append(
            _note(
                f"jobs keep the GPUs of the last executor: {names(gpus) or 'none'}; this shell "
                f"would choose {names(here or ()) or 'none'}; `--gpus LIST` changes it"
            )
        )
    elif not chosen and VISIBLE in config.environ:
        notes.append(
            _note(
                "jobs keep seeing all GPUs, as with the last executor: `CUDA_VISIBLE_DEVICES="
                f"{printable(config.environ[VISIBLE])}` has no effect; `--gpus LIST` changes it"
            )
        )
    return gpus, known


def _was_masked(last: ExecutorStarted, nvml: Sequence[Gpu] | None) -> bool:
    """Whether `CUDA_VISIBLE_DEVICES` showed the last executor its GPUs.

    Executors of earlier versions did not record it: they had a mask if the driver has more GPUs
    than they saw, or if without a driver they saw other GPUs than they would have assumed.
    """
    if last.masked is not UNSET:
        return last.masked
    uuids = {gpu.uuid for gpu in last.gpus}
    if nvml is not None and last.gpus and None not in uuids:
        return uuids < {gpu.uuid for gpu in nvml}
    return last.gpus != assumed(last.policy)


def _refuse_gone(gpus: Sequence[Gpu], nvml: Sequence[Gpu] | None) -> None:
    """Raises `RuntimeUnavailable` if this machine lacks one of the GPUs, as far as it can tell."""
    for gpu in gpus:
        if nvml is None:
            there = gpu.name is None  # a driver reported the others, and it is gone
        elif gpu.uuid is None:
            there = any(one.index == gpu.index for one in nvml)
        else:
            there = gpu.uuid.startswith("MIG-") or any(one.uuid == gpu.uuid for one in nvml)
        if not there:
            raise RuntimeUnavailable(
                f"a GPU of the last executor is gone: {printable(gpu.uuid or str(gpu.index))}",
                hint=f"this machine has {names(nvml or ()) or 'none'}; pass `--gpus LIST`",
            )
