"""Calls OSMO's service by HTTP, with a token from a variable of the environment.

The token is in the headers of requests alone: it must not get into files, messages or arguments,
nor to another host by a redirect.
"""

from __future__ import annotations

import http.client
import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pbt_tui.errors import RuntimeUnavailable, printable
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.runtimes.osmo import workflow_answers as answers
from pbt_tui.runtimes.osmo.client import IDLE, LOG_LIMIT
from pbt_tui.runtimes.osmo.workflow_answers import WorkflowReport
from pbt_tui.runtimes.osmo.workflow_service import (
    LIMIT,
    ServiceBusy,
    TakeLine,
    refusal,
    silence,
)

_LOCAL = ("localhost", "127.0.0.1", "::1")
_TOKEN = re.compile(r"[\x21-\x7e]+")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the token along to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class OsmoRest:
    """The service, by HTTP.

    Args:
        url: Address of the service.
        pool: Pool of submissions.
        priority: Priority of submissions; None: the service's default.
        variable: Name of the variable that has the token.
        environ: Environment with this variable.
        limit: Seconds for each call.
    """

    def __init__(
        self,
        url: str,
        pool: str,
        priority: str | None,
        variable: str,
        environ: Mapping[str, str],
        limit: float = LIMIT,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RuntimeUnavailable(f"no address of a service: `{printable(url)}`")
        token = environ.get(variable, "").strip()
        if token and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise RuntimeUnavailable(
                f"a token is not sent without encryption: `{printable(url)}`",
                hint="use `https`",
            )
        if token and not _TOKEN.fullmatch(token):
            raise RuntimeUnavailable(f"the value of `{printable(variable)}` is no token")
        self._url = url.rstrip("/")
        self._pool, self._priority, self._limit = pool, priority, limit
        self._headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._opener = urllib.request.build_opener(_NoRedirect)

    def submit(self, file: Path, name: str, lock: Path) -> str:
        text = read_regular(file, TEXT_BYTES).decode()
        query = {"priority": self._priority} if self._priority else {}
        body = {"file": text, "set_variables": [], "set_string_variables": []}
        pool = urllib.parse.quote(self._pool, safe="")
        answer = self._ask(f"/api/pool/{pool}/workflow", query, body, slow=2)
        ident = answers.submitted_id(answer, name)
        if ident is None:
            raise silence("its answer names no workflow of this name")
        return ident

    def is_sending(self, lock: Path) -> bool:
        return False  # a request ends with its executor; the service may still perform it

    def find(self, name: str) -> list[str]:
        try:
            # without `all_pools`, the service lists the default pool of the user alone
            query = {"name": name, "limit": "100", "all_pools": "true"}
            return answers.ids(self._ask("/api/workflow", query), name)
        except ValueError as error:
            raise silence(str(error)) from error

    def query(self, ident: str) -> WorkflowReport:
        try:
            return answers.report(self._ask(f"/api/workflow/{ident}", {}))
        except ValueError as error:
            raise silence(str(error)) from error

    def cancel(self, ident: str, *, force: bool) -> None:
        self._ask(f"/api/workflow/{ident}/cancel", {"force": "true"} if force else {}, {})

    def logs(self, ident: str, lines: int, take: TakeLine) -> None:
        until = time.monotonic() + LOG_LIMIT
        path = f"/api/workflow/{ident}/logs"
        with self._open(path, {"last_n_lines": str(lines)}, None, IDLE) as answer:
            try:
                while time.monotonic() < until and (line := answer.readline(64 << 10)):
                    if not take(line.rstrip(b"\n")):
                        return
            except (OSError, http.client.HTTPException):
                return  # a live stream: nothing more came

    # -- one call ----------------------------------------------------------------------------------

    def _ask(
        self, path: str, query: Mapping[str, str], body: Any = None, *, slow: float = 1
    ) -> Any:
        try:
            with self._open(path, query, body, self._limit * slow) as answer:
                return answers.document(answer.read(answers.MOST))
        except ValueError as error:
            raise silence(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise silence(f"the answer broke off: {error}") from error

    def _open(self, path: str, query: Mapping[str, str], body: Any, limit: float) -> Any:
        import msgspec

        words = urllib.parse.urlencode(query)
        request = urllib.request.Request(
            f"{self._url}{path}" + (f"?{words}" if words else ""),
            data=None if body is None else msgspec.json.encode(body),
            headers=self._headers,
            method="GET" if body is None else "POST",
        )
        try:
            return self._opener.open(request, timeout=limit)
        except urllib.error.HTTPError as error:
            with error:
                raise _declined(error) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, socket.timeout | TimeoutError):
                raise silence(f"no answer within {limit:g} s") from None
            raise silence(str(reason)) from None


def _declined(error: urllib.error.HTTPError) -> Exception:
    """The error for an answer that is none of 2xx."""
    text = ""
    try:
        data = error.read(1 << 16)
        found = answers.document(data)
        if isinstance(found, dict):
            parts = (found.get("error_code"), found.get("message"))
            text = ": ".join(part for part in parts if isinstance(part, str) and part)
    except (OSError, ValueError, http.client.HTTPException):
        pass
    text = text or f"HTTP {error.code}"
    if error.code == 429:
        return ServiceBusy(printable(text))
    if error.code >= 500 or error.code == 408 or error.code < 400:
        return silence(f"HTTP {error.code}: {text}")
    return refusal(error.code, text)
