"""One page in a browser, and the process of the monitor behind it: both end together.

The process speaks the protocol of Textual's web driver on its standard streams, the page that of
textual-serve's terminal on a websocket. Both are foreign here: what they say is bounded.
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from pbt_tui.errors import printable
from pbt_tui.files.faults import reason
from pbt_tui.web.child_environment import environment

_BEGINS = b"__GANGLION__\n"
"""What Textual writes before its first packet."""
_PACKET = 1 << 24
"""Bytes of the longest packet of the monitor that is passed on."""
_SAID = 2000
"""Last bytes of the monitor's error output that are shown."""
_PATIENCE = 3.0
"""Seconds that the process has to end, before it is killed."""
WIDEST, HIGHEST = 1000, 400
"""The largest terminal in cells: the monitor keeps each of them."""


class BrowserSession:
    """Starts the process, and passes on what it and the page write.

    Args:
        argv: Command line of the process. No shell reads it.
        socket: The websocket of the page, open.
    """

    def __init__(self, argv: Sequence[str], socket: web.WebSocketResponse) -> None:
        self._argv = argv
        self._socket = socket
        self._said = b""

    async def run(self, width: int, height: int) -> None:
        """Returns when the page is closed or the monitor has ended; then neither is there.

        Args:
            width: Columns of the page's terminal.
            height: Its rows.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=environment(os.environ, width, height),
                start_new_session=True,  # Ctrl-C is for the server, which ends this process itself
            )
        except OSError as e:
            await self._socket.send_bytes(written(f"cannot start a monitor: {reason(e)}"))
            return
        errors = asyncio.create_task(self._keep_errors(process))
        ways = [
            asyncio.create_task(self._to_page(process)),
            asyncio.create_task(self._to_monitor(process)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await self._end(process)
            await asyncio.gather(errors, return_exceptions=True)
        if process.returncode and not self._socket.closed:
            with suppress(ConnectionError):
                await self._socket.send_bytes(self._why(process.returncode))

    async def _to_page(self, process: Process) -> None:
        """Ends when the monitor leaves, or writes something else than the protocol."""
        output = process.stdout
        assert output is not None
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            await output.readuntil(_BEGINS)
            while True:
                head = await output.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > _PACKET:
                    return
                packet = await output.readexactly(size)
                if head[:1] == b"D":
                    await self._socket.send_bytes(packet)
                elif head[:1] == b"M" and _kind(packet) == "exit":
                    return

    async def _to_monitor(self, process: Process) -> None:
        """Ends when the page is closed, or the monitor reads no more."""
        pipe = process.stdin
        assert pipe is not None
        with suppress(ConnectionError):
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                what, data = _parsed(message.data)
                if what == "ping":
                    await self._socket.send_json(["pong", str(data)[:40]])
                    continue
                packet = _packet(what, data)
                if packet:
                    pipe.write(packet)
                    await pipe.drain()

    async def _keep_errors(self, process: Process) -> None:
        errors = process.stderr
        assert errors is not None
        while data := await errors.read(4096):
            self._said = (self._said + data)[-_SAID:]

    async def _end(self, process: Process) -> None:
        """The end of its input ends the monitor; its output is read on, or it could not write."""
        if process.stdin is not None:
            process.stdin.close()
        rest = asyncio.create_task(_read_away(process))
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except BaseException as e:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if not isinstance(e, TimeoutError):
                raise
        finally:
            rest.cancel()

    def _why(self, code: int) -> bytes:
        """What the page shows where the monitor failed."""
        lines = self._said.decode("utf-8", "replace").splitlines()[-12:]
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        text = "\r\n".join([f"the monitor ended: {how}", *map(printable, lines)])
        return written(text)


def written(text: str) -> bytes:
    """A text for the terminal of a page, on an empty screen.

    Args:
        text: Its lines, each ending with `\\r\\n`, without control characters.
    """
    return f"\x1b[?1049l\x1b[0m\x1b[2J\x1b[H{text}\r\n".encode("utf-8", "replace")


def cells(text: str | None, usual: int, most: int) -> int:
    """A width or a height as a page says it.

    Args:
        text: Decimal digits; anything else counts as unknown.
        usual: Where it is unknown.
        most: The largest.

    Example:
        >>> cells("120", 80, 1000), cells("-3", 80, 1000), cells("9" * 9, 80, 1000)
        (120, 80, 1000)
    """
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > 9:
        return usual
    return max(1, min(int(text), most))


def _parsed(text: str) -> tuple[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(message, list) or not message or not isinstance(message[0], str):
        return "", None
    return message[0], message[1] if len(message) > 1 else None


def _packet(what: str, data: Any) -> bytes:
    """What the monitor gets; empty: nothing."""
    if what == "stdin" and isinstance(data, str):
        return _encoded(b"D", data.encode("utf-8", "replace"))
    if what in ("focus", "blur"):
        return _encoded(b"M", json.dumps({"type": what}).encode())
    if what == "resize" and isinstance(data, dict):
        width = cells(str(data.get("width")), 0, WIDEST)
        height = cells(str(data.get("height")), 0, HIGHEST)
        if width and height:
            size = {"type": "resize", "width": width, "height": height}
            return _encoded(b"M", json.dumps(size).encode())
    return b""


def _encoded(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(4, "big") + data if data else b""


def _kind(packet: bytes) -> str:
    with suppress(ValueError, RecursionError):
        meta = json.loads(packet)
        if isinstance(meta, dict):
            return str(meta.get("type"))
    return ""


async def _read_away(process: Process) -> None:
    while process.stdout is not None and await process.stdout.read(1 << 16):
        pass
