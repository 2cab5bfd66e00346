"""Real pages, in headless Chromium: what a person sees, and what other pages cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from pbt_tui.journal import lock
from tests.executor.running import until
from tests.observe.test_member_folders import write
from tests.tui.journals import Story, spec
from tests.web.chromium import Chromium, Tab
from tests.web.served import Served, until_gone

Serve = Callable[..., Served]
MEMBERS, GENERATIONS = 4, 12


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A run of one population, whose executor this process plays."""
    plan = spec(MEMBERS, population=MEMBERS, train_dir=str(tmp_path / "train_dir"))
    found = Story(tmp_path / "train_dir/r/_pbt", plan).opened().executor()
    for job in plan.jobs:
        found.start(job.id, 0).log(job.id, f"started {job.id}\nstep 100 reward 3.5\n")
    for member in range(MEMBERS):
        for number in range(1, GENERATIONS + 1):
            folder = tmp_path / "train_dir" / plan.populations[0].workspace
            write(folder, member, number, (member + 1) * number**0.5)
    lock.acquire(found.flush().rundir.lock)
    yield found
    lock.release(found.rundir.lock)


async def seen(tab: Tab, *words: str) -> str:
    """What the terminal shows, once all of these words are there."""
    has = " && ".join(f"seen().includes({word!r})" for word in words)
    await tab.until(f"window.seen && {has}")
    return str(await tab.js("seen()"))


async def test_a_population_is_seen_and_keys_work(
    story: Story, serve: Serve, chromium: Chromium
) -> None:
    server = serve(str(story.rundir.path))
    async with chromium.pages() as profile:
        tab = await profile.open(server.url)
        await seen(tab, "00_ant_pbt", "read-only", "? help")
        assert await tab.js("document.getElementById('starting').offsetHeight") == 0
        assert "token" not in await tab.js("location.href + document.referrer + document.cookie")
        assert await tab.js("document.title") == "ant_pbt · pbt-tui"
        await tab.press("p")
        text = await seen(tab, "MEMBER", "ant_pbt_0", "objective by generation")
        assert any(0x2801 <= ord(c) <= 0x28FF for c in text)  # the curves
        width, height = await tab.js("[innerWidth, innerHeight]")
        screen = "document.querySelector('.xterm-screen')"
        assert width - await tab.js(f"{screen}.clientWidth") < 30
        assert height - await tab.js(f"{screen}.clientHeight") < 30
        lines = text.split("\n")
        first = next(i for i, line in enumerate(lines) if "objective by" in line)
        cell = height / len(lines)
        await painted(tab, 60, int((first + 1) * cell), 400, int(8 * cell))
        await tab.press("1x")
        await seen(tab, "cannot cancel: this is a read-only view")
        assert list(story.rundir.requests.iterdir()) == []
        failed = [e["errorText"] for e in await tab.events("Network.loadingFailed")]
        asked = await tab.events("Network.requestWillBeSent")
        ours = (f"http://127.0.0.1:{server.port}/", "data:")
        foreign = [e for e in asked if not e["request"]["url"].startswith(ours)]
        thrown = await tab.events("Runtime.exceptionThrown")
        assert (failed, foreign, thrown) == ([], [], [])
        pids = server.children()
        await tab.close()
        await asyncio.to_thread(until_gone, pids)


async def painted(tab: Tab, x: int, y: int, width: int, height: int) -> None:
    """Waits until the curves are there in their colours, and not on a bright ground."""
    for _ in range(100):
        colours = await tab.colours(x, y, width, height)
        bright = [c for c in colours if max(c) - min(c) > 60]
        if bright and colours.most_common(1)[0][0] == bytes.fromhex("121212"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(colours.most_common(8))


async def test_a_page_has_one_monitor_if_it_loads_after_the_terminal(
    story: Story, serve: Serve, chromium: Chromium
) -> None:
    server = serve(str(story.rundir.path))
    async with chromium.pages() as profile:
        tab = await profile.open(server.url)
        await seen(tab, "00_ant_pbt", "? help")
        await tab.js("window.dispatchEvent(new Event('load'))")
        await tab.press("p")
        await seen(tab, "MEMBER")
        opened = await tab.events("Network.webSocketCreated")
        assert (len(opened), len(server.children())) == (1, 1)


async def test_with_write_a_page_cancels_a_job_and_copies_its_name(
    story: Story, serve: Serve, chromium: Chromium
) -> None:
    server = serve(str(story.rundir.path), "--write")
    async with chromium.pages() as profile:
        tab = await profile.open(server.url)
        assert "read-only" not in await seen(tab, "00_ant_pbt", "? help")
        await tab.press("y")
        await seen(tab, "copied: 00_ant_pbt")
        await tab.until("navigator.clipboard.readText().then((text) => text === '00_ant_pbt')")
        await tab.press("x")
        await seen(tab, "cancel 00_ant_pbt")
        await tab.press("y")
        await asyncio.to_thread(until, lambda: list(story.rundir.requests.glob("*.json")))
        await tab.press("q")
        await tab.until("document.getElementById('ended').offsetHeight > 0")
        await tab.js("document.querySelector('#ended a').click()")
        await seen(tab, "00_ant_pbt", "? help")  # a new process


@asynccontextmanager
async def other_origin(seen: list[str]) -> AsyncIterator[str]:
    """Another program on this machine that serves pages; it notes the cookies that it gets."""

    async def page(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie", ""))
        return web.Response(text="<p>another origin", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{tail:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


_TRY = """
(async () => {{
  const url = {url!r}, found = {{}}, all = {{ credentials: "include" }};
  for (const mode of ["cors", "no-cors"]) {{
    try {{ found[mode] = (await fetch(url, {{ ...all, mode }})).status; }} catch {{}}
  }}
  found.socket = await new Promise((done) => {{
    const socket = new WebSocket(url.replace("http", "ws") + "ws");
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  }});
  found.script = await new Promise((done) => {{
    const script = document.createElement("script");
    script.src = url + "page.js";
    script.onload = () => done("loaded");
    script.onerror = () => done("refused");
    document.body.append(script);
  }});
  return JSON.stringify(found);
}})()
"""


async def test_without_the_token_or_from_another_origin_nothing_is_seen(
    story: Story, serve: Serve, chromium: Chromium
) -> None:
    server = serve(str(story.rundir.path), "--write")
    cookies: list[str] = []
    async with chromium.pages() as profile, other_origin(cookies) as other:
        tab = await profile.open(server.url.partition("?")[0])
        await tab.until("document.body.innerText.includes('403')")
        assert "ant_pbt" not in await tab.js("document.title + document.documentElement.outerHTML")
        await tab.go(server.url)
        await seen(tab, "00_ant_pbt")
        url = str(await tab.js("location.href"))
        pids = server.children()
        evil = await profile.open(other)  # of the same profile: the browser has the cookie
        await evil.until("document.body.innerText.includes('another')")
        assert await evil.js(_TRY.format(url=url)) == '{"socket":"refused","script":"refused"}'
        assert await evil.js(_TRY.format(url=url.replace("127.0.0.1", "localhost"))) == (
            '{"socket":"refused","script":"refused"}'
        )
        await evil.js(f"document.body.innerHTML = '<iframe src={url}></iframe>'")
        assert server.children() == pids
        assert [cookie for cookie in cookies if cookie] == []
        # Through a tunnel, the host has another name.
        tunnel = await profile.open(server.url.replace("127.0.0.1", "localhost"))
        await seen(tunnel, "00_ant_pbt")
