"""`pbt-tui --web` as a process, and a client that speaks to it as a page does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp

from tests.executor.running import PATIENCE, until

Socket = aiohttp.ClientWebSocketResponse


class Served:
    """The command, until it says where it is."""

    def __init__(self, *argv: str, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pbt_tui.cli.tui", "--web", "--port", "0", *argv],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=cwd, env=os.environ | {"TMUX": "/tmp/no-server,1,0"},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.said = [self.process.stdout.readline() for _ in range(3)]
        self.url = self.said[0].removeprefix("open: ").strip()
        parts = urlsplit(self.url)
        assert self.url.startswith("http://127.0.0.1:"), (self.said, self.errors())
        assert parts.port is not None
        self.port = parts.port
        self.token = parts.query.removeprefix("token=")

    def errors(self) -> str:
        self.process.kill()
        return self.process.communicate()[1]

    def close(self) -> None:
        """Ends it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            finally:
                self.process.kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def children(self) -> list[int]:
        """The processes behind its pages."""
        return children(self.process.pid)


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]
    return []


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until_gone(pids: Sequence[int]) -> None:
    assert pids
    until(lambda: all(map(is_gone, pids)), f"some of {pids} live on")


class Visitor:
    """A client that keeps cookies; it does what it is told, as no browser would."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self.host = f"127.0.0.1:{port}"
        self.path = "/"
        self.cookie = ""
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def __aenter__(self) -> Visitor:
        answer = await self.get(f"/?token={self.token}")
        if answer.status == 303:
            self.path = answer.headers["Location"]
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        await self._client.close()

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        own = {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {})}
        sent = own | {name.replace("_", "-"): text for name, text in headers.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._client.get(url, headers=sent, allow_redirects=False) as answer:
            await answer.read()
            return answer

    @asynccontextmanager
    async def page(
        self, query: str = "?width=100&height=30", **headers: str
    ) -> AsyncIterator[Socket]:
        """The websocket of a page."""
        sent = {"Cookie": self.cookie, "Origin": f"http://{self.host}", "Host": self.host}
        sent |= headers
        url = f"http://127.0.0.1:{self.port}{self.path}ws{query}"
        kept = {name: text for name, text in sent.items() if text}
        async with self._client.ws_connect(url, headers=kept, max_msg_size=1 << 26) as socket:
            yield socket


async def shown(socket: Socket, words: str) -> bytes:
    """What a page gets, up to some words; fails if it is closed before."""
    seen, end = b"", time.monotonic() + PATIENCE
    while words.encode() not in seen:
        message = await asyncio.wait_for(socket.receive(), end - time.monotonic())
        if message.type is not aiohttp.WSMsgType.TEXT:  # an answer to a ping
            assert message.type is aiohttp.WSMsgType.BINARY, (message, seen[-500:])
            seen += message.data
    return seen
