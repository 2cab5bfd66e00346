"""The server: on the loopback only, behind the door, with a bounded number of pages."""

from __future__ import annotations

import asyncio
import html
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import web

from pbt_tui.errors import RunError
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import read_regular
from pbt_tui.web.browser_session import HIGHEST, WIDEST, BrowserSession, cells, written
from pbt_tui.web.door import Door

LOOPBACK = "127.0.0.1"
PORT = 8000
"""The usual port; another one is taken where this one is not free."""
PAGES = 8
"""Most pages at a time: behind each is a process."""
_WAIT = 4.0
"""Seconds that a page waits for another one to end: a page that is loaded again is both."""
_MESSAGE = 1 << 18
"""Bytes of the longest message of a page: what a person pastes."""
_HERE = Path(__file__).parent / "page"
_THERE = Path(textual_serve.__file__).parent / "static"
_FILES = {
    "page.css": _HERE / "page.css",
    "page.js": _HERE / "page.js",
    "xterm.css": _THERE / "css/xterm.css",
    "textual.js": _THERE / "js/textual.js",
    "font.ttf": _THERE / "fonts/RobotoMono-VariableFont_wght.ttf",
}
"""All files that are served."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "pbt-tui",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src data:; connect-src 'self'{socket}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def listen(port: int | None) -> socket.socket:
    """A socket that listens on the loopback, and nowhere else.

    Args:
        port: The port; 0: any free one; None: `PORT`, or any free one where it is taken.

    Raises:
        RunError: The port is taken, or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((LOOPBACK, PORT if port is None else port))
        except OSError:
            if port is not None:
                raise
            listener.bind((LOOPBACK, 0))
        listener.listen(64)
    except OSError as e:
        listener.close()
        raise RunError(
            f"cannot listen on `{LOOPBACK}:{port or PORT}`: {reason(e)}",
            hint="pass another `--port`, or none for a free one",
        ) from e
    return listener


class MonitorServer:
    """Serves one run.

    Args:
        argv: Command line of the process behind each page.
        name: Name of the run, for the title of the page.
        door: Who may come in.
        light: Whether the page is light around its terminal.
    """

    def __init__(self, argv: Sequence[str], name: str, door: Door, *, light: bool = False) -> None:
        self._argv = argv
        self._door = door
        self._places = asyncio.Semaphore(PAGES)
        self._open: set[web.WebSocketResponse] = set()
        names = {"title": html.escape(name), "theme": "light" if light else "dark"}
        self._page = Template(_text("index.html")).substitute(names)
        self._refusal = _text("refused.html")

    def application(self) -> web.Application:
        """The routes, all behind the door."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get(self._door.path, self._index)
        app.router.add_get(f"{self._door.path}ws", self._terminal)
        app.router.add_get(f"{self._door.path}{{name}}", self._file)
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets in who shows the token, and answers nobody else who lacks the cookie."""
        if request.path == "/" and request.method == "GET":
            if self._door.lets_in(request.headers, request.query.get("token", "")):
                return self._let_in()
            return self._refuse()
        socket = "Upgrade" in request.headers or request.path.endswith("/ws")
        if not self._door.admits(request.headers, socket=socket):
            return self._refuse()
        return await handler(request)

    def _let_in(self) -> web.Response:
        """To the address without the token, which then is in no history and no header."""
        door = self._door
        answer = web.Response(status=303, headers={"Location": door.path})
        answer.set_cookie(
            door.cookie, door.secret, path=door.path, httponly=True, samesite="Strict"
        )
        return answer

    def _refuse(self) -> web.Response:
        return web.Response(status=403, text=self._refusal, content_type="text/html")

    async def _index(self, request: web.Request) -> web.Response:
        return web.Response(text=self._page, content_type="text/html")

    async def _file(self, request: web.Request) -> web.FileResponse:
        path = _FILES.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _terminal(self, request: web.Request) -> web.WebSocketResponse:
        """A websocket, and a process for as long as it is open."""
        page = web.WebSocketResponse(heartbeat=15, max_msg_size=_MESSAGE)
        width = cells(request.query.get("width"), 80, WIDEST)
        height = cells(request.query.get("height"), 24, HIGHEST)
        await page.prepare(request)
        self._open.add(page)
        try:
            try:
                await asyncio.wait_for(self._places.acquire(), _WAIT)
            except TimeoutError:
                await page.send_bytes(
                    written(
                        f"{PAGES} pages are open, and more would be too many"
                        "\r\nclose one of them, then open this one again"
                    )
                )
                return page
            try:
                await BrowserSession(self._argv, page).run(width, height)
            finally:
                self._places.release()
        except ConnectionError:
            pass  # the page is gone
        finally:
            self._open.discard(page)
            await page.close()
        return page

    async def _close(self, app: web.Application) -> None:
        """Closes all pages, which ends their processes."""
        await asyncio.gather(*(page.close(code=1001) for page in list(self._open)))


def _text(name: str) -> str:
    return read_regular(_HERE / name, 1 << 16).decode()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    # Some browsers do not count a websocket of the same host as `'self'`.
    own = f" ws://{request.host}" if response.status == 200 else ""
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _POLICY.format(socket=own)


async def serve(server: MonitorServer, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serves until a signal says to end; then all pages and processes are closed.

    Args:
        server: What is served.
        listener: Where.
        ready: Called once a browser may come.
    """
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup`
            loop.add_signal_handler(number, over.set)
    # The access log would have the token.
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=5.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        ready()
        await over.wait()
    finally:
        await runner.cleanup()
