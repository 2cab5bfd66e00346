"""Ids of jobs: safe as names of files and containers, unique in the run, and deterministic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}").fullmatch
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 100
_DIGEST = 8


@dataclass(slots=True)
class Ids:
    """The ids given so far in one run."""

    given: dict[str, str] = field(default_factory=dict)
    """Id -> directory of the job, where the id is the name of the job."""
    made: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Id -> directory and name of the job, for all other ids."""
    clashed: set[tuple[str, str]] = field(default_factory=set)

    def of(self, directory: str, name: str) -> tuple[str, bool]:
        """(id, whether another job has the same name in the same directory, D9)."""
        safe = _SAFE(name) is not None
        if safe and name not in self.given and name not in self.made:
            self.given[name] = directory
            return name, False
        key = (directory, name)
        candidate = name if safe else _cut(name, directory)
        if not self._taken(candidate):
            self.made[candidate] = key
            return candidate, False
        twin = key in self.clashed or self._job(candidate) == key
        self.clashed.add(key)
        count = 0
        while self._taken(alias := _cut(name, f"{directory}\0{count}")):
            count += 1
        self.made[alias] = key
        return alias, twin

    def _taken(self, candidate: str) -> bool:
        return candidate in self.given or candidate in self.made

    def _job(self, candidate: str) -> tuple[str, str]:
        directory = self.given.get(candidate)
        return self.made[candidate] if directory is None else (directory, candidate)


def _cut(name: str, salt: str) -> str:
    import hashlib  # imported late: most runs need no digest

    whole = f"{salt}\0{name}".encode(errors="surrogatepass")
    digest = hashlib.blake2b(whole, digest_size=_DIGEST // 2).hexdigest()
    readable = _UNSAFE.sub("-", name).lstrip("_.-")[: _LONGEST - _DIGEST - 1].rstrip("_.-")
    return f"{readable or 'job'}-{digest}"
