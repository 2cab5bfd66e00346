"""Decodes a spec of many jobs in little memory: parts that jobs have in common are held once.

A spec has one job per line, so it is decoded piece by piece. Any other document is decoded as a
whole. Must not read or write files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from pbt_tui.errors import PbtError
from pbt_tui.spec.codec import decode
from pbt_tui.spec.types import Job, Processes

_JOBS = b'"jobs":[\n'
_END = b"\n]}\n"
_LONGEST = 1 << 22
"""Bytes before the jobs, or of one job: a document that has more is decoded as a whole, because to
append pieces to what is long takes long."""
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
    return decode_pieces((data,)) or decode(data, file)


def decode_pieces(pieces: Iterable[bytes]) -> Processes | None:
    """The same for a document that is read in pieces, and is never in memory as a whole.

    Args:
        pieces: The document, in parts of any size.

    Returns:
        The spec; None if something is wrong with the document, or if it has not one job per line:
        `decode` says what is wrong, and where.

    Example:
        >>> decode_pieces([b"{", b"}"]) is None
        True
    """
    try:
        return _decoded(iter(pieces))
    except (*_WRONG, PbtError):
        return None


def _decoded(pieces: Iterator[bytes]) -> Processes | None:
    head = next(pieces, b"")
    while (begin := head.find(_JOBS)) < 0:
        if len(head) > _LONGEST or not (more := next(pieces, b"")):
            return None
        head += more
    spec = decode(head[:begin] + b'"jobs":[]}')
    rest = head[begin + len(_JOBS) :]
    jobs = _SharedJobs()
    for piece in pieces:
        cut = rest.rfind(b",\n")
        if cut >= 0:
            jobs.add(rest[:cut])
            rest = rest[cut + 2 :]
        elif len(rest) > _LONGEST:
            return None
        rest += piece
    if not rest.endswith(_END):
        return None
    jobs.add(rest[: -len(_END)])
    return structs.replace(spec, jobs=tuple(jobs.found))


class _SharedJobs:
    """The jobs that were decoded so far, and the parts of them that later ones may have, too."""

    def __init__(self) -> None:
        self.found: list[Job] = []
        self._texts: dict[str, str] = {}
        self._commands: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._env: dict[str, str] = {}
        self._params: dict[str, Any] = {}

    def add(self, lines: bytes) -> None:
        """Decodes jobs. Raises an error of msgspec where there is something else."""
        jobs = _jobs.decode(b"[" + lines + b"]")
        self._share(jobs)
        self.found += jobs

    def _share(self, jobs: list[Job]) -> None:
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
