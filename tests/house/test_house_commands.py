"""The commands in the README and in the guide do what the pages say: all of them are run.

Each page is worked through from top to bottom in a folder of its own, with its own files, and with
the examples of the repository on a small budget. A line exits as its comment says, or with 0.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import ROOT, Fence, fences
from small_population import small

from pbt_tui.journal import RunDir, lock

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/guide/*.md"))]
ENDLESS = {"docs/guide/resume-and-requests.md": 100_000}
"""Pages that need a training which is still there when the next line is typed."""
SETTING_UP = ("make ", ". .venv/")
"""Lines that are for people only; that `make` has these targets is a test of its own."""
EXIT = re.compile(r"\s+# exit (\d+)$")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with the examples; whatever executes a run there is gone at the end."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignore)
    yield tmp_path
    for run in tmp_path.glob("train_dir/*/_pbt*"):
        for _ in range(2):  # stop, then kill
            if pid := lock.holder(RunDir(run).lock):
                os.kill(pid, signal.SIGTERM)
                time.sleep(0.5)
        while lock.holder(RunDir(run).lock):
            time.sleep(0.1)


def script(blocks: list[Fence], several_gpus: bool) -> str:
    """The lines of all blocks, one after the other, in a shell that stops at the first surprise."""
    lines = ['check() { [ $1 = $2 ] || { echo "line $3: exit $1, not $2" >&2; exit 99; }; }']
    for block in blocks:
        if block.language != "sh" or (block.title == "two GPUs" and not several_gpus):
            continue
        for k, line in enumerate(block.text.splitlines(), block.line + 1):
            if line.strip() and not line.startswith(SETTING_UP):
                code = found[1] if (found := EXIT.search(line)) else "0"
                lines += [EXIT.sub("", line), f"check $? {code} {k}"]
    return "\n".join(lines)


def lay_out(blocks: list[Fence], place: Path) -> None:
    """The files that the page shows: a block whose title is a path is that file."""
    for block in blocks:
        if block.language in ("python", "toml") and block.title:
            (place / block.title).parent.mkdir(parents=True, exist_ok=True)
            (place / block.title).write_text(block.text)


def work_through(page: str, place: Path) -> subprocess.CompletedProcess[str]:
    source = small(ENDLESS.get(page, 3))
    (place / "examples/swingup_pbt.py").write_text(source)
    blocks = fences((ROOT / page).read_text())
    (place / "train.py").write_text("print('trained')\n")
    lay_out(blocks, place)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "PBT_"))}
    return subprocess.run(
        ["bash", "-c", script(blocks, _several_gpus())],
        cwd=place, env={**keep, "PATH": path, "PYTHONPATH": str(place)}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def _several_gpus() -> bool:
    """Two or more; or no driver to ask, which is as good: then they are taken on trust."""
    from pbt_tui.observe import gpus

    found = gpus.devices()
    return found is None or len(found) > 1


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_a_page_do_what_it_says(page: str, place: Path) -> None:
    done = work_through(page, place)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


def test_a_page_that_is_wrong_is_found(tmp_path: Path) -> None:
    blocks = fences("```sh\ntrue\nfalse\n```\n")
    done = subprocess.run(
        ["bash", "-c", script(blocks, True)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (99, "line 3: exit 1, not 0\n")
    blocks = fences("```sh\nfalse  # exit 1\ntrue\n```\n")
    assert subprocess.run(["bash", "-c", script(blocks, True)], check=False).returncode == 0
