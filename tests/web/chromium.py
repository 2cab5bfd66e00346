"""Headless Chromium, driven with the DevTools protocol over one websocket."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import re
import signal
import struct
import subprocess
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 120.0
_SAYS = re.compile(rb"DevTools listening on (ws://\S+)")


_HOOK = """
Object.defineProperty(Object.prototype, "fitAddon", {
  configurable: true,
  set(addon) {
    Object.defineProperty(this, "fitAddon", { value: addon, writable: true });
    window.seen = () => {
      const lines = this.terminal.buffer.active;
      const line = (_, i) => lines.getLine(i).translateToString();
      return Array.from({ length: lines.length }, line).join("\\n");
    };
  },
});
"""
"""The page keeps its terminal to itself: this makes a function of what the terminal shows."""


class Chromium:
    """The browser. Each page gets a profile of its own, so that none has the cookie of another.

    Args:
        program: Path of the program.
        folder: For its files.
    """

    def __init__(self, program: str, folder: Path) -> None:
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                   "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                   "--disable-component-update", "--hide-scrollbars", "--window-size=1000,640",
                   )  # fmt: skip
        log = folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, *options, f"--user-data-dir={folder / 'profile'}", "about:blank"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env=os.environ | {"HOME": str(folder)},
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not (found := _SAYS.search(log.read_bytes())):
            if time.monotonic() > end or self._process.poll() is not None:
                self.close()
                raise RuntimeError(f"Chromium did not start: {log.read_bytes()[-500:]!r}")
            time.sleep(0.05)
        self._address = found[1].decode()

    def close(self) -> None:
        """Ends it with its children, which are in a process group of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @asynccontextmanager
    async def pages(self) -> AsyncIterator[Profile]:
        """A new profile, closed at the end of the block."""
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(self._address, max_msg_size=1 << 26) as socket,
        ):
            profile = Profile(socket)
            await profile.begin()
            try:
                yield profile
            finally:
                await profile.end()


class Profile:
    """Cookies and pages that no other profile sees."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        """What the browser said unasked."""
        self._reader: asyncio.Task[None] | None = None
        self._context = ""

    async def begin(self) -> None:
        self._reader = asyncio.create_task(self._read())
        made = await self.ask("Target.createBrowserContext")
        self._context = made["browserContextId"]

    async def end(self) -> None:
        await self.ask("Target.disposeBrowserContext", browserContextId=self._context)
        assert self._reader is not None
        self._reader.cancel()

    async def open(self, url: str) -> Tab:
        """A new page."""
        made = await self.ask(
            "Target.createTarget", url="about:blank", browserContextId=self._context
        )
        tab = await self.ask("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        page = Tab(self, tab["sessionId"], made["targetId"])
        for name in ("Page", "Runtime", "Network", "Log"):
            await page.ask(f"{name}.enable")
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=_HOOK)
        await self.ask("Browser.grantPermissions", browserContextId=self._context,
                       permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])  # fmt: skip
        await page.go(url)
        return page

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return await self.send(method, params, None)

    async def send(self, method: str, params: dict[str, Any], tab: str | None) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        await self._socket.send_json(message if tab is None else message | {"sessionId": tab})
        answer = await asyncio.wait_for(self._answers[number], PATIENCE)
        assert "error" not in answer, (method, answer)
        return dict(answer["result"])

    async def _read(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            else:
                self.events.append(said)


class Tab:
    """One page."""

    def __init__(self, profile: Profile, number: str, target: str) -> None:
        self._profile = profile
        self._number = number
        self._target = target

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return await self._profile.send(method, params, self._number)

    async def go(self, url: str) -> None:
        await self.ask("Page.navigate", url=url)

    async def close(self) -> None:
        await self._profile.ask("Target.closeTarget", targetId=self._target)

    async def js(self, expression: str) -> Any:
        """The value of an expression, also of a promise."""
        answer = await self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def press(self, text: str) -> None:
        """Types characters, one key each, once the terminal of the page has the focus."""
        await self.until("document.activeElement?.className.includes('xterm')")
        for key in text:
            await self.ask("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
            await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def until(self, expression: str) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(AssertionError):  # the page is just being replaced
                if value := await self.js(expression):
                    return value
            await asyncio.sleep(0.05)
        shown = await self.js("window.seen ? seen() : document.body.innerText")
        raise AssertionError(f"never true: {expression}; {shown!r}")

    async def colours(self, x: int, y: int, width: int, height: int) -> Counter[bytes]:
        """How many pixels of a part of the page have which colour, as painted."""
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        answer = await self.ask("Page.captureScreenshot", format="png", clip=clip)
        return _pixels(base64.b64decode(answer["data"]))

    async def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])

    async def events(self, method: str) -> list[dict[str, Any]]:
        """What the browser said about this page."""
        return [e["params"] for e in self._profile.events
                if e["method"] == method and e.get("sessionId") == self._number]  # fmt: skip


def _pixels(png: bytes) -> Counter[bytes]:
    """The colours of a PNG of 8 bits a channel."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size, data, at = {2: 3, 6: 4}[kind], b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    raw, row, found = zlib.decompress(data), bytearray(width * size), Counter[bytes]()
    for y in range(height):
        line = y * (len(row) + 1)
        above, row = row, bytearray(raw[line + 1 : line + 1 + len(row)])
        for x in range(len(row)):
            left, corner = (row[x - size], above[x - size]) if x >= size else (0, 0)
            row[x] = (row[x] + _filtered(raw[line], left, above[x], corner)) & 255
        found.update(bytes(row[x : x + 3]) for x in range(0, len(row), size))
    return found


def _filtered(kind: int, left: int, above: int, corner: int) -> int:
    if kind < 4:
        return (0, left, above, (left + above) // 2)[kind]
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
