"""What we ask of a container engine, in its own words.

Must not know attempts or runs, nor any client library: `client` speaks for the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

Found = Mapping[str, Any]
"""What the engine's API answers with: a JSON object."""


class Stream(Protocol):
    """What arrives until the other side, or `close` from another thread, ends it."""

    def __iter__(self) -> Iterator[Any]: ...
    def close(self) -> None: ...


class Engine(Protocol):
    """Containers are named by id or name. Every call may raise `EngineUnavailable`."""

    where: str
    """Its address, for messages."""

    def info(self) -> Found: ...
    def accepts(self) -> bool:
        """Whether it takes new connections: one that goes serves its old ones to the end."""

    def started(self) -> float | None:
        """Unix seconds at which the engine itself began, where it can be told."""

    def image(self, name: str) -> Found | None:
        """What is inspected of a local image; None where it is not there."""

    def pull(self, name: str) -> Iterator[Found]:
        """The engine's progress objects; one with `error` ends it. Raises `EngineError`."""

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """The new container's id. Raises `EngineError`: 409 where the name is taken."""

    def start(self, container: str) -> None:
        """Raises `EngineError`; what is running stays so, what has ended would run again."""

    def inspect(self, container: str) -> Found | None: ...
    def signal(self, container: str, name: str) -> None:
        """Does nothing where it is not running."""

    def remove(self, container: str, *, force: bool = False) -> None:
        """Does nothing where it is gone.

        Raises `EngineError`: 409 where it runs and not `force`.
        """

    def list(self, labels: Sequence[str]) -> Sequence[Found]:
        """All containers that bear them, stopped ones too; not inspected."""

    def events(self, labels: Sequence[str], since: float) -> Stream:
        """Ends of containers, from Unix second `since` on."""

    def began(self, container: str) -> bool:
        """Whether it was started within the last minutes, though it may be gone."""

    def attach(self, container: str) -> Stream:
        """Its output from here on, as bytes."""

    def logs(self, container: str, *, follow: bool) -> Stream:
        """Its output from the first byte, as far as the engine holds it."""

    def has_file(self, container: str, path: str) -> bool: ...
    def close(self) -> None: ...
