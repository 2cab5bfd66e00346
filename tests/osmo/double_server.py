"""The double on a port of the loopback, with the paths and headers of OSMO's service."""

from __future__ import annotations

import json
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.osmo.service_double import OsmoDouble, Refused, encoded

STANDIN = Path(__file__).parent / "standin_osmo.py"
TOKEN = "a-token-of-the-tests"


class _Handler(BaseHTTPRequestHandler):
    double: OsmoDouble

    def log_message(self, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        query = {k: v[-1] for k, v in parse_qs(where.query).items()}
        double = self.double
        if where.path == "/api/workflow":
            limit = int(query.get("limit", 20))
            self._answer(lambda: {"workflows": double.find(query.get("name", ""), limit)})
        elif found := re.fullmatch(r"/api/workflow/([^/]+)", where.path):
            ident = found[1]
            self._answer(lambda: double.query(ident))
        elif found := re.fullmatch(r"/api/workflow/([^/]+)/logs", where.path):
            ident, last = found[1], int(query.get("last_n_lines", 1000))
            self._answer(lambda: "".join(f"{t}\n" for t in double.logs(ident, last)).encode())
        else:
            self._send(404, {"message": "no such path"})

    def do_POST(self) -> None:
        where = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if re.fullmatch(r"/api/pool/[^/]+/workflow", where.path):
            self._answer(lambda: _named(self.double.submit(body["file"])))
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
            self._send(error.status, {"message": error.message, "error_code": error.code})
            return
        if answer is None:
            self.close_connection = True  # performed or not: no answer
            return
        self._send(200, answer)

    def _send(self, status: int, answer: Any) -> None:
        data = answer if isinstance(answer, bytes) else encoded(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


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
        server.shutdown()
        server.server_close()
        thread.join()


def install_client(folder: Path) -> Path:
    """Puts a program `osmo` into a folder, which calls the service in `OSMO_DOUBLE`."""
    folder.mkdir(exist_ok=True)
    script = folder / "osmo"
    script.write_text(f"#!{sys.executable} -IS\n" + STANDIN.read_text())
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder
