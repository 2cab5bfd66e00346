"""Decodes a spec of many jobs in little memory: parts that jobs have in common are held once.

A spec has one job per line, so it is decoded some hundred jobs at a time. Any other document is
decoded as a whole. Must not read or write files.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from pbt_tui.spec.codec import decode
from pbt_tui.spec.types import Job, Processes

_JOBS = b'"jobs":[\n'
_END = b"\n]}\n"
_PIECE = 1 << 17
"""Bytes that are decoded at once."""
_MOST = 4096
"""Different texts, or commands, that are remembered for later jobs."""
_jobs = msgspec.json.Decoder(list[Job])
_WRONG = (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_shared(data: bytes, file: str | None = None) -> Processes:
    """The same as `decode`, with equal texts, commands and tables of jobs in memory once.

    Args:
        data: The document.
        file: Its name, for errors.

    Raises:
        UnknownVersion: as `decode` does.
        BadSpec: as `decode` does.

    Example:
        >>> from pbt_tui.spec import Policy, encode
        >>> spec = Processes("pbt-processes/1", "ant", "runs.ant", "./train_dir", Policy(),
        ...                  None, (), ())
        >>> decode_shared(encode(spec)) == spec
        True
    """
    begin = data.find(_JOBS)
    if begin < 0 or not data.endswith(_END):
        return decode(data, file)
    try:
        head = decode(data[:begin] + b'"jobs":[]}', file)
        jobs = _decoded(data, begin + len(_JOBS), len(data) - len(_END))
    except Exception:  # `decode` says what is wrong, and where
        return decode(data, file)
    return structs.replace(head, jobs=tuple(jobs))


def _decoded(data: bytes, at: int, end: int) -> list[Job]:
    """The jobs in these lines. Raises an error of msgspec where there is something else."""
    found: list[Job] = []
    parts = _Parts()
    while at < end:
        cut = data.find(b",\n", min(end, at + _PIECE), end)
        piece = data[at : cut if cut >= 0 else end]
        jobs = _jobs.decode(b"[" + piece + b"]")
        parts.share(jobs)
        found += jobs
        at = cut + 2 if cut >= 0 else end
    return found


class _Parts:
    """The parts of jobs that were seen before."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._commands: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._env: dict[str, str] = {}
        self._params: dict[str, Any] = {}

    def share(self, jobs: list[Job]) -> None:
        """Replaces parts of jobs by equal ones that were seen before."""
        put, texts, commands = structs.force_setattr, self._texts, self._commands
        for job in jobs:
            if job.name == job.id:
                put(job, "name", job.id)
            put(job, "experiment", texts.get(job.experiment) or self._text(job.experiment))
            put(job, "dir", texts.get(job.dir) or self._text(job.dir))
            put(job, "argv", commands.get(job.argv) or self._command(job.argv))
            if job.population is not None:
                put(job, "population", self._text(job.population))
            if job.env == self._env:
                put(job, "env", self._env)
            else:
                self._env = job.env
            params, last = job.params, self._params
            if params == last and (not params or repr(params) == repr(last)):  # 1 equals 1.0
                put(job, "params", last)
            else:
                self._params = params

    def _text(self, text: str) -> str:
        known = self._texts.get(text)
        if known is None:
            known = text
            if len(self._texts) < _MOST:
                self._texts[text] = text
        return known

    def _command(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        known = self._commands.get(argv)
        if known is None:
            known = tuple(map(self._text, argv))
            if len(self._commands) < _MOST:
                self._commands[known] = known
        return known
