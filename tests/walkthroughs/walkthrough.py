"""Runs the commands of a page from top to bottom, as a reader would, in its own folder.

The folder has the page's own files, and the repository's examples on a small budget. A line of a
block marked `sh` has to exit as its comment says, or with 0. A block with a title needs something
that not every machine has, and is skipped without it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pbt_tui.journal import RunDir, lock
from tests import standins
from tests.architecture.codebase import ROOT, Fence, fences
from tests.executor.running import until
from tests.small_population import small
from tests.walkthroughs import faults_page

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/guide/*.md"))]
TWO_GPUS, CONTAINERS, SLURM, PACKAGE = "two GPUs", "containers", "slurm", "package"
ENDLESS = {"docs/guide/resume-and-requests.md": 100_000}
"""Pages that need a training that still runs when the next line starts."""


def webhook(folder: Path) -> None:
    """A home directory with the address of a webhook, where nobody listens."""
    (folder / "home/.config").mkdir(parents=True)
    (folder / "home/.config/my-webhook").write_text("http://127.0.0.1:9/hook\n")


BEFORE: dict[str, tuple[Callable[[Path], None], ...]] = {
    "docs/guide/notifications.md": (webhook,),
    "docs/guide/populations.md": (standins.isaac_lab,),
    "docs/guide/populations-rl-games.md": (standins.rl_games,),
    "docs/guide/populations-sample-factory-isaacgymenvs.md": (
        standins.sample_factory,
        standins.isaacgymenvs,
    ),
}
"""What a page takes for granted. Stand-ins take the commands of trainers that are not installed."""
SETTING_UP = ("make ", ". .venv/", "uvx ")
"""Lines that are for people only; other tests hold that `make` and `uvx` find what they name."""
EXIT = re.compile(r"\s+# exit (\d+)$")


@contextmanager
def place(folder: Path) -> Iterator[Path]:
    """Creates a folder like a checkout; ends all executors there afterwards."""
    ignore = shutil.ignore_patterns("__pycache__")
    for part in ("examples", "docker"):
        shutil.copytree(ROOT / part, folder / part, ignore=ignore)
    yield folder
    for run in folder.glob("train_dir/*/_pbt*"):
        until(partial(_ended, RunDir(run)))


def _ended(run: RunDir) -> bool:
    """Sends the executor a stop request, and at the next poll a kill."""
    pid = lock.holder(run.lock)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return not pid


def script(blocks: list[Fence], able: Collection[str] = ()) -> str:
    """A shell script with the lines of all blocks; it ends at the first unexpected exit code."""
    lines = ['check() { [ $1 = $2 ] || { echo "line $3: exit $1, not $2" >&2; exit 99; }; }']
    for block in blocks:
        if block.language != "sh" or (block.title and block.title not in able):
            continue
        for k, line in enumerate(block.text.splitlines(), block.line + 1):
            if line.strip() and not line.startswith(SETTING_UP):
                code = found[1] if (found := EXIT.search(line)) else "0"
                lines += [EXIT.sub("", line), f"check $? {code} {k}"]
    return "\n".join(lines)


def work_through(
    page: str, folder: Path, able: Collection[str]
) -> subprocess.CompletedProcess[str]:
    """`able`: titles of the blocks that this machine can run."""
    source = small(ENDLESS.get(page, 3))
    (folder / "examples/swingup_pbt.py").write_text(source)
    for put in BEFORE.get(page, ()):
        put(folder)
    blocks = fences((ROOT / page).read_text())
    (folder / "train.py").write_text("print('trained')\n")
    _lay_out(blocks, folder)
    return _bash(script(blocks, able), folder)


def shown(page: str) -> list[str]:
    """What a page shows of the output of its own commands: its blocks marked `text`."""
    if page == faults_page.PAGE:  # each of its blocks is of a command that the page does not have
        return []
    blocks = fences((ROOT / page).read_text())
    return [block.text for block in blocks if block.language == "text" and not block.title]


def printed(page: str, folder: Path, command: str) -> str:
    """What a command prints in a folder that has the files of the page and nothing else."""
    _lay_out(fences((ROOT / page).read_text()), folder)
    return _bash(command, folder).stdout


def _bash(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    places = (folder / "bin", Path(sys.executable).parent, os.environ["PATH"])
    path = os.pathsep.join(map(str, places))
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "PBT_"))}
    home = {"HOME": str(folder / "home")} if (folder / "home").exists() else {}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder, env={**keep, **home, "PATH": path, "PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def _lay_out(blocks: list[Fence], folder: Path) -> None:
    """The files that the page shows: a block whose title is a path is that file."""
    for block in blocks:
        if block.language in ("python", "toml", "json", "yaml") and block.title:
            (folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.title).write_text(block.text)


def here() -> set[str]:
    """Titles of blocks that this machine can run without a service."""
    from pbt_tui.observe import nvml

    found = nvml.devices(nvml.sample())
    return {TWO_GPUS} if found is None or len(found) > 1 else set()
