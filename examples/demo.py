"""The whole way in one command: compile a population, train it, watch it, say what it learned.

    python -m examples.demo [MODULE] [--runtime docker]

On a terminal it opens the monitor; elsewhere it prints progress. It must not know how anything is
done: it types the commands that a person would type, and prints the report of the example. In
containers these differ by an image, and nothing else.

Each demo is a training of its own: its number, the experiment suffix, keeps it apart from those
before it in `train_dir/`. Nothing is ever removed.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from examples.swingup import report

TRAIN_DIR = Path("train_dir")
IMAGE = "pbt-train"
BUILD = Path(__file__).parents[1] / "docker/build-without-registry"
LOOK = 10.0  # seconds between two lines of progress


@dataclass(frozen=True)
class Demo:
    """Where the parts of one demo are."""

    spec: Path
    run_dir: Path
    folder: Path
    """Of the members; their workspace is below."""


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", allow_abbrev=False)
    parser.add_argument("module", nargs="?", default="examples.swingup_pbt", metavar="MODULE")
    parser.add_argument(
        "--runtime", choices=("process", "docker"), default="process", help="what members are"
    )
    args = parser.parse_args(words)
    image: tuple[str, ...] = ()
    if args.runtime == "docker":
        code = _type(BUILD, "--tag", IMAGE)
        if code:
            return code
        image = ("--image", IMAGE)
    number, specs = _place()
    code = _type(
        *("pbt-compile", args.module, "--backend", "processes", "--out", specs),
        *("--train_dir", TRAIN_DIR, "--experiment_suffix", number, *image),
    )
    if code:
        return code
    demo = _read(next(specs.glob("*/processes.json")), number)
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return _watched(demo) if on_terminal else _told(demo)


def _place() -> tuple[int, Path]:
    """The number of this demo and its folder for specs; whoever makes the folder has both."""
    for number in count(1):
        specs = TRAIN_DIR / "specs" / f"demo_{number}"
        try:
            specs.mkdir(parents=True)
        except FileExistsError:
            continue
        return number, specs
    raise AssertionError("there is always a next number")


def _read(spec: Path, number: int) -> Demo:
    plan: dict[str, Any] = json.loads(spec.read_text())
    run_dir = TRAIN_DIR / plan["run"] / f"_pbt_{number}"
    return Demo(spec.parent, run_dir, TRAIN_DIR / plan["jobs"][0]["dir"])


def _watched(demo: Demo) -> int:
    """In the monitor. The training does not depend on it, and goes on when it is left."""
    code = _type("pbt-run", demo.spec, "--detach") or _type("pbt-tui", demo.run_dir)
    if code:
        return code
    asked = _argv("pbt-tui", demo.run_dir, "--once", "--json")
    found = json.loads(subprocess.run(asked, stdout=subprocess.PIPE, check=False).stdout)
    if found["state"] in ("live", "held"):
        print("\nThe training goes on without the monitor. To come back, to stop it (it can be")
        print("resumed), and to hear what was learned so far:\n")
        print(f"  {_typed('pbt-tui', demo.run_dir)}")
        print(f"  {_typed('pbt-run', demo.run_dir, '--stop')}")
        print(f"  {_typed('python', '-m', 'examples.swingup.report', demo.folder)}")
        return 0
    return _report(demo) or (0 if found["counts"]["failed"] == 0 else 4)


def _told(demo: Demo) -> int:
    """In words, to the end. What would stop us stops the run instead, gently at first."""
    words = ("pbt-run", demo.spec)
    _say(words)
    # A process group of its own: a Ctrl-C reaches it once, through us, and never twice.
    running = subprocess.Popen(_argv(*words), stdin=subprocess.DEVNULL, process_group=0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: running.send_signal(received))
    while True:
        try:
            code = running.wait(timeout=LOOK)
            break
        except subprocess.TimeoutExpired:
            _progress(demo)
    if code in (5, 130):  # it has said why it cannot go on, or how it does
        return code
    return _report(demo) or code


def _progress(demo: Demo) -> None:
    for history in report.histories(demo.folder):
        newest = [max(found) for found in history.values()]
        best, member = max(
            (saved.objective, member)
            for member, found in history.items()
            for saved in found.values()
        )
        print(
            f"  {len(history)} members at generations {min(newest)} to {max(newest)}, "
            f"best objective {best:.2f} by member {member}",
            flush=True,
        )


def _report(demo: Demo) -> int:
    print(flush=True)
    code = report.main([str(demo.folder)])
    print(f"\nLook at the run again: `{_typed('pbt-tui', demo.run_dir)}`")
    return code


# -- typing ----------------------------------------------------------------------------------------


def _type(*words: object) -> int:
    """Shows the command, then runs it on our own terminal; its exit code."""
    _say(words)
    return subprocess.run(_argv(*words), check=False).returncode


def _say(words: Sequence[object]) -> None:
    print(f"$ {shlex.join(map(_short, words))}", flush=True)


def _short(word: object) -> str:
    if isinstance(word, Path) and word.is_relative_to(Path.cwd()):
        word = word.relative_to(Path.cwd())
    return str(word)


def _argv(command: object, *words: object) -> list[str]:
    """Ours as modules of this interpreter, whatever the `PATH` says; a path as it is."""
    if isinstance(command, Path):
        return list(map(str, (command, *words)))
    module = str(command).replace("pbt-", "pbt_tui.cli.")
    return [sys.executable, "-m", module, *map(str, words)]


def _typed(command: str, *words: object) -> str:
    """As it is to be typed here: with its folder, unless it is the one on the `PATH`."""
    ours = Path(sys.executable).parent / command
    found = shutil.which(command)
    if found is None or Path(found) != ours:
        command = _short(ours)
    return shlex.join([command, *map(str, words)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
