"""`pbt-tui --web`: the options of the processes behind the pages, and what the terminal says."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pbt_tui.errors import RunError, UsageError, command, printable

_PASSED_ON = ("theme", "interval", "at")
"""Options with a value that are for the screen."""
_SWITCHES = ("ascii", "mouse")


def add_options(p: argparse.ArgumentParser) -> None:
    """Adds the options of this mode."""
    group = p.add_argument_group("in a browser")
    group.add_argument(
        "--web",
        action="store_true",
        help="serve the monitor to browsers on this machine, read-only; prints its address",
    )
    group.add_argument(
        "--write", action="store_true", help="with --web: pages may send requests to the executor"
    )
    group.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="with --web: port on 127.0.0.1; without it 8000, or a free one if 8000 is in use",
    )


def check(args: argparse.Namespace) -> None:
    """Checks the options of this mode with each other, before anything is started.

    Raises:
        UsageError: They exclude each other, or have no effect.
        RunError: The package is missing.
    """
    if not args.web:
        for name in ("write", "port"):
            if _given(args, name):
                raise UsageError(f"`--{name}` needs `--web`")
        return
    for name in ("once", "json", "plain", "export"):
        if _given(args, name):
            raise UsageError(f"`--web` and `--{name}` exclude each other")
    if args.write and args.read_only:
        raise UsageError("`--write` and `--read_only` exclude each other")
    try:
        import textual_serve  # noqa: F401
    except ImportError as e:
        raise RunError(
            "`--web` needs the package `textual-serve`, which is not installed",
            hint="pip install 'pbt-tui[web]'",
        ) from e


def _given(args: argparse.Namespace, name: str) -> bool:
    value = getattr(args, name)
    return value is not None and value is not False  # 0 is a port


def run(
    args: argparse.Namespace, find: Callable[[], tuple[str, Path]] | None, *, light: bool
) -> int:
    """Serves the run until a signal. Returns the exit code.

    Args:
        args: The checked options.
        find: Finds what is shown, its name and its path, and starts it where TARGET is a spec or a
            module. None: each page shows an example run of its own.
        light: Whether the monitor's theme has a light background, which the page continues.
    """
    import asyncio

    from pbt_tui.web.door import Door
    from pbt_tui.web.server import MonitorServer, listen, serve

    with listen(args.port) as listener:
        if find is None:
            name, target = "example run", ["--demo"]
        else:
            name, path = find()
            name, target = printable(name), [str(path.absolute())]
        door = Door(listener.getsockname()[1])

        async def main() -> None:
            server = MonitorServer(child_argv(args, target), name, door, light=light)
            await serve(server, listener, lambda: _tell(door.port, door.token, args.write))

        asyncio.run(main())
    return 0


def child_argv(args: argparse.Namespace, target: Sequence[str]) -> list[str]:
    """The command line of the process behind a page; it has no secret.

    Args:
        args: The options of the server.
        target: The run directory, the workspace or the folder of runs, absolute, or `--demo`.
    """
    argv = [sys.executable, "-P", "-m", "pbt_tui.cli.tui"]
    for name in _SWITCHES:
        if (on := getattr(args, name)) is not None:
            argv.append(f"--{name}" if on else f"--no_{name}")
    argv += [
        f"--{name}={value}"
        for name in _PASSED_ON
        if (value := getattr(args, name, None)) is not None
    ]
    if not args.write:
        argv.append("--read_only")
    return argv + (list(target) if args.demo else ["--", *target])


def _tell(port: int, token: str, write: bool) -> None:
    may = "pages may send requests" if write else "read-only: `--write` lets pages send requests"
    tunnel = command("ssh", "-L", f"{port}:127.0.0.1:{port}", os.uname().nodename)
    print(f"open: http://127.0.0.1:{port}/?token={token}")
    print(f"to stop: press Ctrl-C; {may}")
    print(f"hint: for a browser on another machine, first run `{tunnel}` there", flush=True)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got `{text}`")
    return int(text)
