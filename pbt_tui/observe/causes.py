"""The cause of a bad end, from the end of the log and the exit code.

The executor does not ask this for attempts that it stopped itself: it knows their cause.
"""

from __future__ import annotations

import re
import signal as signals
from pathlib import Path
from typing import NamedTuple

from pbt_tui.observe.log_reader import LogLine, line_number, tail
from pbt_tui.observe.tracebacks import Raised, raised
from pbt_tui.spec import Cause


class Finding(NamedTuple):
    """The cause of an end, with its evidence."""

    cause: Cause
    """The cause."""
    detail: str | None
    """One line for people about it, without control characters."""
    line: int | None
    """Line of the log that shows it, from 1."""
    hint: str | None = None
    """What to do about it, if the message points the wrong way."""


_VERDICT = re.compile(
    r"oom[-_]kill|Memory cgroup out of memory|Out of memory: Kill|"
    r"Exceeded (?:job|step) memory limit|killed by signal: Killed|"
    r"invoked oom-killer",
    re.I,
)
_SAYS: tuple[tuple[Cause, re.Pattern[str]], ...] = (
    (
        "cuda_oom",
        re.compile(
            r"(?:CUDA|HIP|NCCL|GPU)[ \w]*:? out of memory|torch\.(?:cuda\.)?OutOfMemoryError"
            r"|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation"
            r"|CUDA_ERROR_OUT_OF_MEMORY|CudaDeviceMemoryAllocator fail"
            r"|RESOURCE_EXHAUSTED: .*memory",
            re.I,
        ),
    ),
    (
        # Not "device-side assert", "illegal memory access" or "no CUDA GPUs": these come from bugs
        # and settings, and would come again after a retry.
        "gpu_lost",
        re.compile(
            r"Failed to initialize NVML|\bXid \(|\bXid: ?\d|GPU is lost|GPU_IS_LOST"
            r"|fallen off the bus|uncorrectable (?:NVLink|ECC) error"
            r"|CUDA-capable device\(s\) is/are busy|devices are busy or unavailable",
            re.I,
        ),
    ),
    (
        "shm",
        re.compile(
            r"insufficient shared memory|out of shared memory|\bBus error\b"
            r"|No space left on device.*(?:/dev/shm|torch_)|(?:/dev/shm|torch_).*No space left"
            r"|shm_open.*(?:failed|No space)|unable to (?:open|mmap|resize).*shared memory",
            re.I,
        ),
    ),
    (
        "oom",
        re.compile(
            r"\bMemoryError\b|std::bad_alloc|Cannot allocate memory"
            r"|DefaultCPUAllocator: (?:can't|not enough)|_ArrayMemoryError",
        ),
    ),
)
_ADVICE = re.compile(r"\s*Set the environment variable HYDRA_FULL_ERROR=1")
"""What Hydra prints after each failure: how to see more of it, and never why."""
_FROM_OUTSIDE = {"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGXCPU"}
_CHILD_DIED = re.compile(
    rb"CalledProcessError: Command .{,8000} died with <Signals\.(SIG[A-Z0-9]+)"
)
"""What a program prints whose child, the trainer, was killed (`isaaclab train`, `accelerate`)."""
_NEAR = 60
"""Lines from the end in which a message without a traceback still counts."""
TELLING = re.compile(
    r"error|fail|fatal|cannot|can't|could not|unable|not found|no such|denied|invalid|missing"
    r"|abort|unrecognized|unknown|full|refused|exception|usage:",
    re.I,
)
"""Matches a line that reads like an error, and not like progress."""


def diagnose(log: Path, exit_code: int | None, signal: int | None) -> Finding:
    """The cause as far as log and exit code show it; no content of a log makes it raise.

    Reads the last 256 kB of the log.

    Args:
        log: the log.
        exit_code: the exit code; shells report 128 + n for signal n.
        signal: number of the signal that ended the process, if known.
    """
    lines = tail(log)
    sign = _signal(exit_code, signal) or _of_child(lines[-_NEAR:])
    cause, detail, at = _decide(lines, exit_code, sign)
    line = None if at is None else line_number(log, at.offset)
    return Finding(cause, detail, line, _hint(lines, detail))


def _decide(
    lines: list[LogLine], exit_code: int | None, sign: str | None
) -> tuple[Cause, str | None, LogLine | None]:
    near = lines[-_NEAR:]
    for line in reversed(near):
        if _VERDICT.search(line.text):
            return "oom", line.text, line
    fault = raised(lines)
    if sign in _FROM_OUTSIDE and not (fault and _ends(lines, fault) and _kind(fault.text)):
        return "signal", f"killed by {sign}", None
    if fault:
        return _kind(fault.text) or "traceback", fault.text, fault.line
    for line in reversed(near):
        message = _kind(line.text)
        if message:
            return message, line.text, line
    if sign == "SIGBUS":
        return "shm", "killed by SIGBUS: shared memory is likely too small", None
    last = _last(near)
    if sign:
        return "signal", f"killed by {sign}", None
    if exit_code is None:
        return "lost", None, None
    text = last.text if last else None
    if exit_code == 127 and text and re.search(r"not found|No such file", text):
        return "command_not_found", text, last
    if exit_code == 126 and text and re.search(r"denied|cannot execute|format error", text, re.I):
        return "not_executable", text, last
    return "exit", text, last


def _kind(text: str) -> Cause | None:
    return next((cause for cause, pattern in _SAYS if pattern.search(text)), None)


def _ends(lines: list[LogLine], fault: Raised) -> bool:
    return fault.line in lines[-_NEAR:]


def _last(near: list[LogLine]) -> LogLine | None:
    """The last line that reads like an error, else the last line that is not empty."""
    lines = [line for line in near if line.text.strip() and not _ADVICE.match(line.text)]
    errors = (line for line in reversed(lines[-8:]) if TELLING.search(line.text))
    return next(errors, lines[-1] if lines else None)


def _signal(exit_code: int | None, signal: int | None) -> str | None:
    number = signal
    if number is None and exit_code is not None and 128 < exit_code < 128 + signals.NSIG:
        number = exit_code - 128
    if number is None:
        return None
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _of_child(near: list[LogLine]) -> str | None:
    """The signal that ended the child of a program which then failed, as its traceback says."""
    found = next((m for line in reversed(near) if (m := _CHILD_DIED.search(line.raw))), None)
    return found[1].decode() if found else None


def _hint(lines: list[LogLine], detail: str | None) -> str | None:
    """Hints for two defects whose message points the wrong way (R1, R2)."""
    if detail and "No module named" in detail:
        recent = b"\n".join(line.raw for line in lines[-400:])
        if b"Mutating initial set" in recent or b"Restarting self with args" in recent:
            return (
                "the member restarted itself as bare `python3`:"
                " put the folder of its interpreter first on `PATH` (R1)"
            )
    if detail and "weights_only" in detail.lower().replace("weights only", "weights_only"):
        return "set `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1` for this job (R2)"
    return None
