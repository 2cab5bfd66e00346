"""The server as a process: what it answers to whom, and that nothing outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from pbt_tui.cli import error_boundary, tui, tui_options
from pbt_tui.web import server as serving
from pbt_tui.web.browser_session import WIDEST
from pbt_tui.web.door import Door
from tests.tui.journals import Story, spec, typical
from tests.walkthroughs.shown import missing
from tests.web.served import Served, Visitor, children, is_gone, shown, until_gone

Serve = Callable[..., Served]
NAME = "ant_pbt"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return typical(tmp_path / "r" / "_pbt")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests that change nothing."""
    found = Served(str(typical(tmp_path_factory.mktemp("web") / "_pbt").rundir.path))
    yield found
    found.close()


async def test_the_token_opens_all_that_belongs_to_the_page_and_nothing_else_does(
    server: Served,
) -> None:
    page = "docs/guide/browser-and-plain-text.md"
    assert missing(page, "$ pbt-tui", "".join(server.said)) == []
    assert f"ssh -L {server.port}:127.0.0.1:{server.port} " in server.said[2]
    async with Visitor(server.port, server.token) as known, Visitor(server.port, "x") as unknown:
        assert known.path != "/"
        assert server.token not in known.path + known.cookie
        for name in ("", "page.js", "page.css", "textual.js", "xterm.css", "font.ttf"):
            answer = await known.get(known.path + name)
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
            for stranger, more in (
                (unknown, {}),
                (known, {"Host": f"evil.example:{server.port}"}),
                (known, {"Origin": "http://127.0.0.1:1"}),
                (known, {"Sec_Fetch_Site": "same-site"}),
            ):
                answer = await stranger.get(known.path + name, **more)
                text = await answer.text()
                assert (answer.status, NAME in text, "--web" in text) == (403, False, True)
        for path in (
            "/",
            "/?token=",
            "/favicon.ico",
            "/static/js/textual.js",
            "/download/x",
            "/ws",
        ):
            assert (await unknown.get(path)).status == 403, path
            assert (await known.get(path)).status in (403, 404), path
        for path in ("../", "server.py", "static/", "..%2f..%2fserver.py", "download/x"):
            assert (await known.get(known.path + path)).status in (403, 404), path
        assert NAME in await (await known.get(known.path)).text()


@pytest.mark.parametrize(
    ("configured", "argv", "shade"),
    [
        ('theme = "light"', (), "light"),
        ('theme = "mine"\n[monitor.themes.mine]\nbase = "light"', (), "light"),
        ('theme = "light"', ("--theme", "ansi-dark"), "dark"),
        ("", ("--theme", "catppuccin-latte"), "light"),
    ],
)
async def test_the_page_is_as_light_as_the_theme_of_the_monitor(
    story: Story, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    configured: str, argv: tuple[str, ...], shade: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "pbt").mkdir()
    (tmp_path / "pbt" / "config.toml").write_text(f"[monitor]\n{configured}\n")
    server = serve(str(story.rundir.path), *argv)
    async with Visitor(server.port, server.token) as known:
        assert f'<body class="{shade}">' in await (await known.get(known.path)).text()


async def test_each_answer_forbids_frames_referrers_and_other_origins(server: Served) -> None:
    async with Visitor(server.port, server.token) as known:
        for path in ("/", f"/?token={server.token}", known.path, f"{known.path}none"):
            answer = await known.get(path)
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Server"] == "pbt-tui"
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'; script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
        answer = await known.get(f"/?token={server.token}")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"pbt_tui_{server.port}=")
        for part in ("HttpOnly", "SameSite=Strict", f"Path={known.path}"):
            assert part in cookie.split("; ")
        assert "Expires" not in cookie


async def test_a_websocket_of_a_stranger_starts_nothing(server: Served) -> None:
    async with Visitor(server.port, server.token) as known:
        for wrong in (
            {"Cookie": ""}, {"Origin": ""}, {"Origin": "http://127.0.0.1:1"},
            {"Origin": "null"}, {"Host": "evil.example"},
        ):  # fmt: skip
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with known.page(**wrong):
                    pass
            assert refused.value.status == 403
    assert server.children() == []


async def test_a_page_shows_the_run_and_its_process_ends_with_it(server: Served) -> None:
    async with Visitor(server.port, server.token) as known:
        async with known.page() as page:
            await shown(page, "17_ant_pbt")
            pids = server.children()
            for pid in [server.process.pid, *pids]:  # any user may read these
                for file in ("cmdline", "environ"):
                    assert server.token.encode() not in Path(f"/proc/{pid}/{file}").read_bytes()
            environ = Path(f"/proc/{pids[0]}/environ").read_bytes()
            assert b"\0TMUX=" not in environ
            for text in ("", "[", "{}", "[1]", '["stdin", 5]', '["resize", {"width": "x"}]',
                         '["resize", {"width": 99999999, "height": 1e99}]', "[" * 9999,
                         '["stdin", "\\ud800"]'):  # fmt: skip
                await page.send_str(text)
            await page.send_bytes(b"\xff")
            await page.send_json(["ping", "1"])
            await page.send_json(["resize", {"width": 10**6, "height": 20}])
            await page.send_json(["stdin", "f"])
            await shown(page, "CUDA out of memory")
        until_gone(pids)
    assert server.process.poll() is None
    assert WIDEST < 10**6


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
async def test_no_process_outlives_the_server(
    number: signal.Signals, story: Story, serve: Serve
) -> None:
    server = serve(str(story.rundir.path))
    async with Visitor(server.port, server.token) as known, known.page() as page:
        await shown(page, "17_ant_pbt")
        pids = server.children()
        server.process.send_signal(number)
        code = await asyncio.to_thread(server.process.wait, 30)
        assert code == (-9 if number is signal.SIGKILL else 0)
        await asyncio.to_thread(until_gone, pids)
    assert server.process.stderr is not None
    assert server.process.stderr.read() == ""


async def test_a_path_is_read_by_no_shell(tmp_path: Path, serve: Serve) -> None:
    hostile = tmp_path / "$(touch made) `touch made`;touch made #'\" --write \n\x1b]0;x\x07"
    typical(hostile / "_pbt")
    (tmp_path / "textual.py").write_text("open('made', 'w')")  # a module in the working directory
    server = serve(str(hostile / "_pbt"), cwd=tmp_path)
    async with Visitor(server.port, server.token) as known, known.page() as page:
        await shown(page, "17_ant_pbt")
        argv = Path(f"/proc/{server.children()[0]}/cmdline").read_bytes().split(b"\0")
    assert os.fsencode(hostile / "_pbt") in argv
    assert b"--read_only" in argv
    assert not (tmp_path / "made").exists()


async def test_what_stops_a_monitor_is_on_its_page(story: Story, serve: Serve) -> None:
    server = serve(str(story.rundir.path))
    story.rundir.spec.write_bytes(b"\x1b[2J not a spec")
    async with Visitor(server.port, server.token) as known, known.page() as page:
        text = await shown(page, "\r\n")
    assert b"the monitor ended: exit code 3\r\n" in text
    assert b"\x1b[2J not" not in text


async def test_what_a_monitor_says_at_its_end_is_escaped_and_bounded() -> None:
    says = r"import sys; sys.stderr.write('x' * 9999 + '\x1b[2J\x1b]0;x\x07'); sys.exit(3)"
    async with (
        serving_of([sys.executable, "-S", "-c", says]) as door,
        Visitor(door.port, door.token) as known,
        known.page() as page,
    ):
        text = await shown(page, "\r\n")
    begin, end = text.split(b"the monitor ended: exit code 3\r\n")
    assert end.endswith(rb"x\x1b[2J\x1b]0;x\x07" + b"\r\n")
    assert (b"\x1b" in begin, b"\x1b" in end, len(end) < 3000) == (True, False, True)


async def test_a_monitor_that_cannot_start_is_told() -> None:
    async with (
        serving_of(["/no/such/program"]) as door,
        Visitor(door.port, door.token) as known,
        known.page() as page,
    ):
        await shown(page, "cannot start a monitor: no such file or directory")


# -- the number of pages ---------------------------------------------------------------------------

STAND_IN = [
    sys.executable, "-S", "-c",
    r"import sys; print('__GANGLION__\nD\0\0\0\x05ready', flush=True); sys.stdin.read()",
]  # fmt: skip
"""Says that it is ready, and lives until its input ends."""


def _is_stand_in(pid: int) -> bool:
    return b"GANGLION" in Path(f"/proc/{pid}/cmdline").read_bytes()


@asynccontextmanager
async def serving_of(argv: list[str]) -> AsyncIterator[Door]:
    """A server in this process, until the block ends or a signal comes."""
    listener = serving.listen(0)
    door = Door(listener.getsockname()[1])
    server = serving.MonitorServer(argv, "r", door)
    task = asyncio.create_task(serving.serve(server, listener, lambda: None))
    await asyncio.sleep(0)
    yield door
    os.kill(os.getpid(), signal.SIGTERM)
    await task


async def test_a_page_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_WAIT", 0.2)
    monkeypatch.setattr(serving, "PAGES", 2)
    async with serving_of(STAND_IN) as door, Visitor(door.port, door.token) as known:
        async with known.page() as first, known.page() as second:
            await shown(first, "ready")
            await shown(second, "ready")
            async with known.page() as third:
                await shown(third, "2 pages are open, and more would be too many")
                assert (await third.receive()).type is aiohttp.WSMsgType.CLOSE
        async with known.page() as fourth:
            await shown(fourth, "ready")
            pids = [pid for pid in children(os.getpid()) if _is_stand_in(pid)]
            assert pids
    assert all(map(is_gone, pids))


def test_it_listens_on_the_loopback_alone_and_a_taken_port_is_told() -> None:
    with serving.listen(0) as first:
        assert first.getsockname()[0] == "127.0.0.1"
        port = first.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "pbt_tui.cli.tui", "--web", "--demo", f"--port={port}"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr.startswith(f"error: cannot listen on `127.0.0.1:{port}`: address already")
    assert "Traceback" not in done.stderr


def test_where_the_usual_port_is_taken_another_one_is() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        usual = serving.PORT
        serving.PORT = taken.getsockname()[1]
        try:
            with serving.listen(None) as found:
                assert found.getsockname()[1] != serving.PORT
        finally:
            serving.PORT = usual


# -- options ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["--web", "--once"], "`--web` and `--once` exclude each other"),
        (["--web", "--once", "--json"], "`--web` and `--once` exclude each other"),
        (["--web", "--export", "x.csv"], "`--web` and `--export` exclude each other"),
        (["--web", "--write", "--read_only"], "`--write` and `--read_only` exclude each other"),
        (["--write"], "`--write` needs `--web`"),
        (["--port", "0"], "`--port` needs `--web`"),
        (["--web", "--port", "65536"], "expected a port from 0 to 65535, got `65536`"),
        (["--web", "--port", "-1"], "expected"),
        (["--web", "--demo", "some"], "has no effect on it"),
    ],
)
def test_wrong_options(argv: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_boundary.outcome(tui.main, argv) == 2
    assert why in capsys.readouterr().err


def test_without_the_package_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    assert error_boundary.outcome(tui.main, ["--web", "--demo"]) == 5
    assert "hint: pip install 'pbt-tui[web]'" in capsys.readouterr().err


def test_a_spec_is_started_once_and_not_by_each_page(tmp_path: Path) -> None:
    from pbt_tui.cli import web

    args = tui_options.parser().parse_args(
        ["--web", "--write", "spec", "--interval=0.5", "--no_mouse"]
    )
    argv = web.child_argv(args, ["/r/_pbt"])
    assert argv[-2:] == ["--", "/r/_pbt"]
    assert {"--interval=0.5", "--no_mouse"} < set(argv)
    assert not {"spec", "--web", "--write", "--read_only"} & set(argv)
    assert spec(1).run
