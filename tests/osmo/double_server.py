"""The double on a port of the loopback, with the paths and headers of OSMO's service."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.osmo.service_double import OsmoDouble, Refused, encoded, is_over

STANDIN = Path(__file__).parent / "standin_osmo.py"
TOKEN = "a-token-of-the-tests"
CLIENT = "PBT_TEST_OSMO"
"""Variable with the path of NVIDIA's own client, to be used in place of the stand-in."""


class _Handler(BaseHTTPRequestHandler):
    double: OsmoDouble
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        every = parse_qs(where.query)
        query = {k: v[-1] for k, v in every.items()}
        double = self.double
        if where.path == "/api/workflow":
            self._answer(lambda: _listed(double, query, every.get("pools", [])))
        elif found := re.fullmatch(r"/api/workflow/([^/]+)", where.path):
            ident = found[1]
            self._answer(lambda: double.query(ident))
        elif found := re.fullmatch(r"/api/workflow/([^/]+)/logs", where.path):
            ident, last = found[1], int(query.get("last_n_lines", 1000))
            self._answer(lambda: _Stream(ident, double.logs(ident, last)))
        else:
            self._send(404, {"message": "no such path"})

    def do_POST(self) -> None:
        where = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(where.query).items()}
        text = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if found := re.fullmatch(r"/api/pool/([^/]+)/workflow", where.path):
            pool, file = found[1], json.loads(text)["file"]
            if query.get("dry_run", "False").lower() == "true":
                self._answer(lambda: self.double.dry_run(file))
            else:
                self._answer(lambda: _named(self.double.submit(file, pool)))
        elif found := re.fullmatch(r"/api/workflow/([^/]+)/cancel", where.path):
            ident = found[1]
            self._answer(lambda: self.double.cancelled(ident))
        else:
            self._send(404, {"message": "no such path"})

    def _answer(self, ask: Callable[[], Any]) -> None:
        token = self.double.token
        if token is not None and self.headers["Authorization"] != f"Bearer {token}":
            self._send(401, {"message": "invalid token"})
            return
        try:
            answer = ask()
        except Refused as error:
            code = {} if error.code is None else {"error_code": error.code}
            self._send(error.status, {"message": error.message, **code})
            return
        if answer is None:
            self.close_connection = True  # performed or not: no answer
            return
        if isinstance(answer, _Stream):
            self._stream(answer)
        else:
            self._send(200, answer)

    def _stream(self, log: _Stream) -> None:
        """Sends lines as they come, until the workflow ends or the client goes away."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        one, lines = self.double.table[log.ident], log.lines
        at = len(one.lines)
        while True:
            over = is_over(one.state)
            if lines:
                data = "".join(f"{line}\n" for line in lines).encode()
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                except OSError:
                    self.close_connection = True
                    return
            elif over or self.double.closed.wait(0.05):
                break
            lines = one.lines[at:]
            at += len(lines)
        with suppress(OSError):
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, answer: Any) -> None:
        data = answer if isinstance(answer, bytes) else encoded(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@dataclass
class _Stream:
    """The log of a workflow."""

    ident: str
    lines: list[str]


def _listed(double: OsmoDouble, query: dict[str, str], pools: list[str]) -> dict[str, Any]:
    limit = int(query.get("limit", 20))
    if query.get("all_pools", "false").lower() == "true":
        pools = []
    elif not pools:
        raise Refused(400, "No pool selected!", "USER")
    newest = query.get("order", "ASC") == "DESC"
    rows = double.find(query.get("name", ""), limit + 1, pools, newest=newest)
    return {"workflows": rows[:limit], "more_entries": len(rows) > limit}


def _named(ident: str | None) -> dict[str, Any] | None:
    if ident is None:
        return None
    return {"name": ident, "overview": "o", "logs": "l", "spec": None, "dashboard_url": "d"}


@contextmanager
def served(double: OsmoDouble) -> Iterator[str]:
    """The address of the double while it is served."""
    handler = type("Handler", (_Handler,), {"double": double})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        double.close()
        server.shutdown()
        server.server_close()
        thread.join()


def install_client(folder: Path) -> Path:
    """Puts a program `osmo` into a folder: NVIDIA's, or one that calls `OSMO_DOUBLE` as it does."""
    folder.mkdir(exist_ok=True)
    script = folder / "osmo"
    if CLIENT in os.environ:
        script.write_text(f'#!/bin/sh\necho "$*" >>"$OSMO_CALLS"\nexec {os.environ[CLIENT]} "$@"\n')
    else:
        script.write_text(f"#!{sys.executable} -IS\n" + STANDIN.read_text())
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder
