"""The GPUs that a run may choose from, and the mask that pins a job to some of them.

Must not ask the driver (`observe.gpus` does) nor count who is busy (the scheduler's slots do).
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
    """The list, and whether its devices are known (listed or seen) or only taken on trust.

    `--gpus`, else the host's `CUDA_VISIBLE_DEVICES`, else what NVML lists (`nvml`; None: nobody to
    ask), else 0..num_gpus-1 on trust. Where jobs are pinned, `num_gpus` of them are used: all of
    those that `--gpus` lists, the first of those that were found. Raises `RuntimeUnavailable` where
    more is asked than there is, or where slots are asked on no GPU.
    """
    pinned = policy.experiments_per_gpu >= 1
    if policy.gpus is not None:
        found, source = _listed(policy.gpus, nvml), "`--gpus` lists"
    elif VISIBLE in environ:
        found, source = _visible(environ[VISIBLE], nvml), f"`{VISIBLE}` shows"
    elif nvml is not None:
        found, source = tuple(nvml), "this machine has"
    else:
        trusted = tuple(Gpu(index) for index in range(policy.num_gpus))
        if pinned and not trusted:
            raise _none(policy, "`--num_gpus 0` was given")
        return trusted, False
    if not pinned:
        return found, True
    if not found:
        raise _none(policy, f"{source} none")
    if policy.num_gpus > len(found):
        count = f"{len(found)} GPU{'' if len(found) == 1 else 's'}"
        raise RuntimeUnavailable(
            f"`--num_gpus {policy.num_gpus}` was asked for, {source} {count}: {_names(found)}",
            hint=f"pass `--num_gpus {len(found)}`, or list the devices with `--gpus`",
        )
    return (found if policy.gpus is not None else found[: policy.num_gpus]), True


def mask(gpus: Sequence[str], pinned: bool) -> dict[str, str]:
    """The environment that pins a process to `gpus` (uuids or indices); last of all it is set.

    Last, because a variable of the job's own would make the slots a lie (defect D26). Not pinned
    (`experiments_per_gpu -1`): a process keeps the mask that it has, nothing is set.
    """
    if not pinned:
        return {}
    return {VISIBLE: ",".join(gpus), ORDER: "PCI_BUS_ID"}


def _listed(texts: Iterable[str], nvml: Sequence[Gpu] | None) -> tuple[Gpu, ...]:
    """What a person wrote: a device that is not there is an error, one named twice counts once."""
    found: list[Gpu] = []
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        gpu = _device(text, nvml)
        if gpu is None:
            there = f"this machine has {_names(nvml or ()) or 'none'}"
            raise RuntimeUnavailable(
                f"`--gpus` names a GPU that is not there: `{text}`",
                hint=f"{there}; name them by index or by UUID",
            )
        if gpu not in found:
            found.append(gpu)
    return tuple(found)


def _visible(text: str, nvml: Sequence[Gpu] | None) -> tuple[Gpu, ...]:
    """What CUDA makes of the variable: the first device that is not there ends the list."""
    found: list[Gpu] = []
    for part in (part.strip() for part in text.split(",")):
        gpu = _device(part, nvml)
        if gpu is None:
            break
        if gpu not in found:
            found.append(gpu)
    return tuple(found)


def _device(text: str, nvml: Sequence[Gpu] | None) -> Gpu | None:
    """The device called `text`: an index, a UUID or the beginning of one, or a MIG device.

    Where there is nobody to ask, what looks like a name is believed.
    """
    if text.isdecimal() and text.isascii():
        index = int(text)
        if nvml is None:
            return Gpu(index)
        return next((gpu for gpu in nvml if gpu.index == index), None)
    if text.startswith("MIG-"):  # a part of a device: the driver lists whole ones
        return Gpu(None, text)
    if text.startswith("GPU-"):
        if nvml is None:
            return Gpu(None, text)
        same = [gpu for gpu in nvml if gpu.uuid is not None and gpu.uuid.startswith(text)]
        return same[0] if len(same) == 1 else None
    return None


def _names(gpus: Sequence[Gpu]) -> str:
    return ", ".join(str(gpu.index) if gpu.index is not None else str(gpu.uuid) for gpu in gpus)


def _none(policy: Policy, why: str) -> RuntimeUnavailable:
    return RuntimeUnavailable(
        f"`--experiments_per_gpu {policy.experiments_per_gpu}` needs a GPU, but {why}",
        hint="leave `--experiments_per_gpu` out to run without slots",
    )
