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
    """The ids given so far in one run, each with the directory and name of its job."""

    given: dict[str, tuple[str, str]] = field(default_factory=dict)
    clashed: set[tuple[str, str]] = field(default_factory=set)

    def of(self, directory: str, name: str) -> tuple[str, bool]:
        """(id, whether another job has the same name in the same directory, D9)."""
        key = (directory, name)
        safe = _SAFE(name) is not None
        candidate = name if safe else _cut(name, directory)
        if candidate not in self.given:
            self.given[candidate] = key
            return candidate, False
        twin = key in self.clashed or self.given[candidate] == key
        self.clashed.add(key)
        count = 0
        while (alias := _cut(name, f"{directory}\0{count}")) in self.given:
            count += 1
        self.given[alias] = key
        return alias, twin


def _cut(name: str, salt: str) -> str:
    import hashlib  # imported late: most runs need no digest

    whole = f"{salt}\0{name}".encode(errors="surrogatepass")
    digest = hashlib.blake2b(whole, digest_size=_DIGEST // 2).hexdigest()
    readable = _UNSAFE.sub("-", name).lstrip("_.-")[: _LONGEST - _DIGEST - 1].rstrip("_.-")
    return f"{readable or 'job'}-{digest}"
