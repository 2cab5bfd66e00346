"""Reads what a list shows of a spec: the number of jobs and the policy, without its jobs."""

from __future__ import annotations

import msgspec

from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.spec import FORMAT, Policy

_PIECE = 1 << 20
_JOBS = b'"jobs":[\n'
_END = b"\n]}\n"
_HEAD = 8 << 20
"""Bytes before the jobs, at most, that are kept."""


class _Head(msgspec.Struct):
    format: str
    policy: Policy


_decoder = msgspec.json.Decoder(_Head)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def spec_size(rundir: RunDir) -> tuple[int, Policy] | None:
    """The number of jobs of a run, and its policy; None: the whole spec has to be decoded.

    A spec has one job per line, so counting lines suffices. One that is damaged, has another layout
    or another version is left to whoever decodes all of it.

    Args:
        rundir: The run directory.

    Raises:
        OSError: If the spec cannot be read.
    """
    fd = open_regular(rundir.spec)
    try:
        data = disk.calls.pread(fd, _PIECE, 0)
        offset = len(data)
        while _JOBS not in data:
            more = disk.calls.pread(fd, _PIECE, offset)
            offset += len(more)
            if not more or offset > _HEAD:
                return None
            data += more
        begin = data.index(_JOBS) + len(_JOBS)
        try:
            head = _decoder.decode(data[:begin] + b"]}")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if head.format != FORMAT:
            return None
        lines, last = data[begin:].count(b"\n"), data[-len(_END) :]
        while more := disk.calls.pread(fd, _PIECE, offset):
            offset += len(more)
            lines += more.count(b"\n")
            last = (last + more)[-len(_END) :]
    finally:
        disk.let_go(fd)
    return (lines - 1, head.policy) if last == _END else None
