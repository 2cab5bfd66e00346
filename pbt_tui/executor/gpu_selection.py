"""The GPUs that a run may use, and the environment variables that pin a job to some of them.

Must not query the driver (`observe.nvml` does) or count busy GPUs (the slots do).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.events import Gpu
from pbt_tui.spec import Policy

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"


def choose(
    policy: Policy, environ: Mapping[str, str], nvml: Sequence[Gpu] | None
) -> tuple[tuple[Gpu, ...], bool]:
    """The GPUs of the run, and whether they are known to exist.

    The sources in order: `--gpus`, `CUDA_VISIBLE_DEVICES` of the executor, the GPUs that NVML
    reports (`nvml`; None if there is no driver), and 0..num_gpus-1, which nobody checked. If jobs
    are pinned, the run uses all GPUs of `--gpus`, or the first `num_gpus` of the other sources.

    Raises `RuntimeUnavailable` if the policy asks for more GPUs than there are, or for slots
    without a GPU.
    """
    pinned = policy.experiments_per_gpu >= 1
    if policy.gpus is not None:
        found, source = _listed(policy.gpus, nvml), "`--gpus` lists"
    elif VISIBLE in environ:
        found, source = _visible(environ[VISIBLE], nvml), f"`{VISIBLE}` shows"
    elif nvml is not None:
        found, source = tuple(nvml), "this machine has"
    else:
        found = assumed(policy)
        if pinned and not found:
            raise _none(policy, "`--num_gpus 0` was given")
        return found, False
    if not pinned:
        return found, True
    if not found:
        raise _none(policy, f"{source} none")
    if policy.num_gpus > len(found):
        count = f"{len(found)} GPU{'' if len(found) == 1 else 's'}"
        raise RuntimeUnavailable(
            f"`--num_gpus {policy.num_gpus}` was given, but {source} {count}: {names(found)}",
            hint=f"pass `--num_gpus {len(found)}`, or list the devices with `--gpus`",
        )
    return (found if policy.gpus is not None else found[: policy.num_gpus]), True


def assumed(policy: Policy) -> tuple[Gpu, ...]:
    """The GPUs that the policy supposes where nobody can tell which there are."""
    return tuple(Gpu(index) for index in range(policy.num_gpus))


def mask(gpus: Sequence[str], pinned: bool) -> dict[str, str]:
    """The variables that pin a process to `gpus` (UUIDs or indices); empty if not `pinned`.

    They are set after the variables of the job: a job that sets its own mask would use GPUs whose
    slots the scheduler gave to other jobs (defect D26).
    """
    if not pinned:
        return {}
    return {VISIBLE: ",".join(gpus), ORDER: "PCI_BUS_ID"}


def _listed(texts: Iterable[str], nvml: Sequence[Gpu] | None) -> tuple[Gpu, ...]:
    """The devices of `--gpus`. An unknown device is an error; one named twice counts once."""
    found: list[Gpu] = []
    for text in (part.strip() for value in texts for part in value.split(",")):
        gpu = _device(text, nvml)
        if gpu is None:
            known = f"this machine has {names(nvml or ()) or 'none'}"
            raise RuntimeUnavailable(
                f"`--gpus` names a GPU that is not there: `{text}`",
                hint=f"{known}; name them by index or by UUID",
            )
        if gpu not in found:
            found.append(gpu)
    return tuple(found)


def _visible(text: str, nvml: Sequence[Gpu] | None) -> tuple[Gpu, ...]:
    """The devices of the variable, read as CUDA does: the first unknown device ends the list."""
    found: list[Gpu] = []
    for part in (part.strip() for part in text.split(",")):
        gpu = _device(part, nvml)
        if gpu is None:
            break
        if gpu not in found:
            found.append(gpu)
    return tuple(found)


def _device(text: str, nvml: Sequence[Gpu] | None) -> Gpu | None:
    """The device called `text`: an index, a UUID or the beginning of a UUID, or a MIG device.

    Without a driver, every well-formed name is accepted.
    """
    if text.isdecimal() and text.isascii():
        index = int(text)
        if nvml is None:
            return Gpu(index)
        return next((gpu for gpu in nvml if gpu.index == index), None)
    if text.startswith("MIG-"):  # a part of a device: the driver lists only full devices
        return Gpu(None, text)
    if text.startswith("GPU-"):
        if nvml is None:
            return Gpu(None, text)
        same = [gpu for gpu in nvml if gpu.uuid is not None and gpu.uuid.startswith(text)]
        return same[0] if len(same) == 1 else None
    return None


def names(gpus: Sequence[Gpu]) -> str:
    """The GPUs for people: indices, or UUIDs where no index is known."""
    return ", ".join(str(gpu.index) if gpu.index is not None else str(gpu.uuid) for gpu in gpus)


def _none(policy: Policy, why: str) -> RuntimeUnavailable:
    return RuntimeUnavailable(
        f"`--experiments_per_gpu {policy.experiments_per_gpu}` needs a GPU, but {why}",
        hint="leave `--experiments_per_gpu` out to run without slots",
    )
