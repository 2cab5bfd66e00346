"""Posts messages to the webhook that the variable `PBT_WEBHOOK` names, and to no other place.

The address is a secret: whoever knows it can write to a channel. Only its host is ever printed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from pbt_tui.errors import UsageError, printable

VARIABLE = "PBT_WEBHOOK"
LIMIT = 10.0
"""Seconds after which a webhook is given up."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook."""

    host: str
    address: str = field(repr=False)
    """The whole address, which is a secret."""


def webhook(address: str) -> Webhook:
    """The webhook at an address. Raises `UsageError`, which does not show the address.

    Example:
        >>> webhook("https://hooks.example.org/services/T0/B0/secret")
        Webhook(host='hooks.example.org')
    """
    from urllib.parse import urlsplit

    if not address.isascii() or any(c <= " " or c == "\x7f" for c in address):
        raise _wrong("it contains a character that no address contains")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _wrong("its host or its port cannot be read") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise _wrong("it does not begin with `https://` or `http://` and a host")
    if "@" in parts.netloc:
        raise _wrong("it contains a user name or a password")
    return Webhook(printable(host), address)


def post(hook: Webhook, body: bytes, limit: float | None = None) -> str | None:
    """Posts `body`; returns what went wrong, or None.

    A thread of its own waits for names, connections and answers, each of which may take any time;
    after `limit` seconds (None: `LIMIT`) it is left alone.
    """
    limit = LIMIT if limit is None else limit
    found: list[str | None] = []
    thread = threading.Thread(
        target=lambda: found.append(_posted(hook, body, limit)), name="webhook", daemon=True
    )
    thread.start()
    thread.join(limit)
    why = found[0] if found else _silent(limit)
    return None if why is None else f"`{hook.host}`: {why}"


def _silent(limit: float) -> str:
    return f"no answer within {limit:g} s"


def _wrong(why: str) -> UsageError:
    return UsageError(f"`{VARIABLE}` is no address of a webhook: {why}")


def _posted(hook: Webhook, body: bytes, limit: float) -> str | None:
    """What went wrong. Texts of exceptions may contain the address, and are not shown."""
    from urllib.error import HTTPError, URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirects(HTTPRedirectHandler):
        """A redirect would send the message to another place, or drop its body."""

        def redirect_request(self, *args: Any, **more: Any) -> None:
            return None

    headers = {"Content-Type": "application/json", "User-Agent": "pbt_tui"}
    request = Request(hook.address, body, headers, method="POST")
    try:
        with build_opener(NoRedirects).open(request, timeout=limit):
            return None
    except HTTPError as e:
        e.close()
        if 300 <= e.code < 400:
            return f"it redirects elsewhere, which is not followed: status {e.code}"
        return f"it refuses the message: status {e.code}"
    except TimeoutError:
        return _silent(limit)
    except URLError as e:
        reason = e.reason
        if isinstance(reason, TimeoutError):
            return _silent(limit)
        text = reason.strerror if isinstance(reason, OSError) else None
        return (text or type(reason).__name__).lower()
    except Exception as e:
        return type(e).__name__
