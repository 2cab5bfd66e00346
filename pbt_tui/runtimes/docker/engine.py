"""The protocol of a container engine: the calls of its API that the runtime uses.

Must not depend on a client library: `client` implements the protocol with docker-py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

Found = Mapping[str, Any]
"""An answer of the engine's API: a JSON object."""


class Stream(Protocol):
    """Items that arrive until the engine ends the stream, or another thread calls `close`."""

    def __iter__(self) -> Iterator[Any]: ...
    def close(self) -> None: ...


class Engine(Protocol):
    """A container engine. Calls take the id or name of a container.

    Every call may raise `EngineUnavailable`.
    """

    where: str
    """Its address, for messages."""

    def info(self) -> Found: ...
    def accepts(self) -> bool:
        """Whether it accepts new connections: an engine that shuts down only serves old ones."""

    def started(self) -> float | None:
        """When the engine started, in Unix seconds; None if unknown."""

    def image(self, name: str) -> Found | None:
        """The inspected local image; None if there is none."""

    def pull(self, name: str) -> Iterator[Found]:
        """Pulls an image; yields the engine's progress objects. One with `error` is the last.

        Raises `EngineError`.
        """

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Creates a container, returns its id. Raises `EngineError`: 409 if the name is taken."""

    def start(self, container: str) -> None:
        """Starts a container. A running one stays as it is; one that has ended would run again.

        Raises `EngineError`.
        """

    def inspect(self, container: str) -> Found | None: ...
    def signal(self, container: str, name: str) -> bool:
        """Sends a signal; False if the engine says that the container is not running."""

    def remove(self, container: str, *, force: bool = False) -> None:
        """Removes a container; does nothing if there is none.

        Raises `EngineError`: 409 if it is running, without `force`.
        """

    def list(self, labels: Sequence[str]) -> Sequence[Found]:
        """All containers with these labels, stopped ones too; not inspected."""

    def events(self, labels: Sequence[str], since: float) -> Stream:
        """Events of ends and pauses of containers, from Unix second `since` on."""

    def began(self, container: str) -> bool:
        """Whether it was started within the last minutes, also if it is gone since."""

    def paused_at(self, container: str) -> float | None:
        """When it was last paused, in Unix seconds; None if the engine remembers no pause."""

    def attach(self, container: str) -> Stream:
        """Its output from here on, as bytes."""

    def logs(self, container: str, *, follow: bool) -> Stream:
        """Its output from the first byte that the engine still has."""

    def networks(self, labels: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The networks with these labels: their names → all their labels."""

    def make_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Makes a network of its own for some containers. Raises `EngineError`."""

    def remove_network(self, name: str) -> None:
        """Removes a network. Raises `EngineError` if a container is in it, or there is none."""

    def has_file(self, container: str, path: str) -> bool: ...
    def close(self) -> None: ...
