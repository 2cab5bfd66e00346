"""Decides who may talk to the server: pure functions of the headers of a request.

Every request has to name this machine's loopback as its host, so that no name of somebody else that
resolves to it will do (DNS rebinding). It must not come from a page of another origin, and it has
to carry the cookie, which a browser gets once it has shown the token.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Protocol

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
"""Any port: `ssh -L` may give the tunnel another one."""
_BYTES = 24
"""Random bytes of a secret: 192 bits."""
_LONGEST = 8192
"""Characters of a `Cookie` header that are read."""


class Headers(Protocol):
    """The headers of a request, of which one may be there several times."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Door:
    """The secrets of one server, and what they open.

    Args:
        port: Port of the server. Browsers keep one cookie of a name for all ports of a host.

    Example:
        >>> door = Door(8000)
        >>> door.knows(door.token), door.knows("guessed")
        (True, False)
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    """What the address has that `pbt-tui` prints."""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    """The value of the cookie."""
    path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(9)}/")
    """Where the page is. Browsers send a cookie to every port of a host, but only below its path:
    the program of another user, on another port, does not know it."""

    @property
    def cookie(self) -> str:
        """Name of the cookie."""
        return f"pbt_tui_{self.port}"

    def knows(self, token: str) -> bool:
        """Whether it is the token, in a time that does not tell how much of it is right."""
        return compare_digest(token.encode("utf-8", "replace"), self.token.encode())

    def admits(self, headers: Headers, *, socket: bool = False) -> bool:
        """Whether a request may see the page and what belongs to it.

        Args:
            headers: Headers of the request.
            socket: Whether it opens a websocket; browsers always say from which origin.
        """
        return (
            is_ours(headers)
            and (not socket or bool(headers.getall("Origin", ())))
            and _site(headers) in ("same-origin", "none", None)
            and self._has_cookie(headers)
        )

    def lets_in(self, headers: Headers, token: str) -> bool:
        """Whether a request with this token gets the cookie."""
        return is_ours(headers) and self.knows(token)

    def _has_cookie(self, headers: Headers) -> bool:
        """Whether one of the cookies is ours; another path may have one of the same name."""
        found = False
        for line in headers.getall("Cookie", ()):
            for pair in line[:_LONGEST].split(";"):
                name, _, value = pair.strip().partition("=")
                same = compare_digest(value.encode("utf-8", "replace"), self.secret.encode())
                found |= name == self.cookie and same
        return found


def is_ours(headers: Headers) -> bool:
    """Whether a request names the loopback, and comes from no page of another origin.

    Args:
        headers: Headers of the request.
    """
    hosts, origins = headers.getall("Host", ()), headers.getall("Origin", ())
    if len(hosts) != 1 or len(origins) > 1 or not _HOST.fullmatch(hosts[0]):
        return False
    return not origins or origins[0].lower() == f"http://{hosts[0]}".lower()


def _site(headers: Headers) -> str | None:
    """Where the page is from that sends the request, as the browser says."""
    said = headers.getall("Sec-Fetch-Site", ())
    return ",".join(said) if said else None
