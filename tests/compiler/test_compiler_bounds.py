"""What an import may take, what it leaves behind, and that it ends with whoever began it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.load import load
from pbt_tui.compiler.loaded import Loaded
from pbt_tui.errors import CannotLoad
from pbt_tui.settings.run_settings import LOAD_MEMORY
from tests.compiler import shelf
from tests.executor.running import until

WORDS = "from pbt_tui import Experiment, RunDescription\n"
RUN = 'RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])\n'
PLENTY = 60.0
"""Seconds: loads are quick, machines may be busy."""
MIB = 1 << 20


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)

    def loaded(text: str, **more: Any) -> Loaded | None:
        Path("ant.py").write_text(WORDS + text + RUN)
        return load("ant.py", **{"timeout": PLENTY, "twice": False, **more})

    return loaded


def test_memory_is_that_of_its_own_and_what_is_only_reserved_may_be_more(
    here: Callable[..., Any],
) -> None:
    here("room = bytearray(200 << 20)\n", memory=512 * MIB)
    here("import mmap\nlater = mmap.mmap(-1, 1 << 30, prot=mmap.PROT_READ)\n", memory=512 * MIB)
    for text in ("room = bytearray(600 << 20)\n", "import mmap\nlater = mmap.mmap(-1, 3 << 30)\n"):
        with pytest.raises(CannotLoad) as refused:
            here(text, memory=512 * MIB)
        assert refused.value.where.file == "ant.py"
        assert refused.value.exit_code == 1


def test_out_of_memory_is_said_though_all_of_it_is_held(here: Callable[..., Any]) -> None:
    hoard = "hoard = []\nwhile True:\n    hoard.append(object())\n"
    with pytest.raises(CannotLoad) as refused:
        here(hoard, memory=128 * MIB)
    assert refused.value.what == "the import needs more memory than it may have"
    assert "`--load_memory`" in str(refused.value.hint)
    assert refused.value.where.line in (3, 4)


def test_by_default_two_imports_leave_the_machine_standing(here: Callable[..., Any]) -> None:
    assert 2 * resource_limits.usual(LOAD_MEMORY) <= os.sysconf("SC_PAGE_SIZE") * os.sysconf(
        "SC_PHYS_PAGES"
    )
    assert resource_limits.usual(1 << 20) == 1 << 20
    assert here("room = bytearray(1 << 29)\n").run_name == "r"


def test_limits_that_are_lower_already_stay(here: Callable[..., Any]) -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (300 * MIB, 300 * MIB))

    Path("ant.py").write_text(f"{WORDS}room = bytearray(400 << 20)\n{RUN}")
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.compile", "ant.py"],
        preexec_fn=lower, env=shelf.environment(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"more memory than it may have" in done.stderr


@pytest.mark.parametrize(("size", "code"), [("1M", 2), ("soon", 2), ("64M", 1), ("512M", 0)])
def test_it_is_a_setting(here: Callable[..., Any], tmp_path: Path, size: str, code: int) -> None:
    Path("ant.py").write_text(f"{WORDS}room = bytearray(100 << 20)\n{RUN}")
    Path("pbt.toml").write_text(f'load_memory = "{size}"\n')
    for words in ([], ["--load_memory", size]):
        done = subprocess.run(
            [sys.executable, "-m", "pbt_tui.cli.compile", "ant.py", *words],
            env=shelf.environment(), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr.decode()
        Path("pbt.toml").unlink(missing_ok=True)


def test_no_core_is_left(here: Callable[..., Any]) -> None:
    with pytest.raises(CannotLoad, match="SIGSEGV"):
        here("import ctypes\nctypes.string_at(0)\n")
    assert [p.name for p in Path.cwd().iterdir()] == ["ant.py"]


def test_a_fork_that_goes_on_importing_is_no_second_answer(here: Callable[..., Any]) -> None:
    text = "import os\nchild = os.fork()\nif child:\n    os.waitpid(child, 0)\n"
    named = "RUN_DESCRIPTION = RunDescription('mine' if child else 'forked', [])\n"
    Path("ant.py").write_text(WORDS + text + named)
    assert load("ant.py", timeout=PLENTY, twice=False).run_name == "mine"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("open('f', 'w')", ["f"]),
        ("open('f', 'ab')", ["f"]),
        ("open(__file__)", []),
        ("os.makedirs('a/b/c')", ["a"]),
        ("os.open(b'f', os.O_WRONLY | os.O_CREAT)", ["f"]),
        ("os.symlink('ant.py', 'g')", ["ant.py", "g"]),
        ("os.rename('ant.py', 'g')", ["ant.py", "g"]),
        ("open('../outside', 'w').close()", []),
        ("os.makedirs('.cache/x')", []),
        ("os.makedirs('__pycache__')", []),
        ("os.chdir('/'), open('/dev/null', 'w')", []),
        ("open(os.dup(2), 'w')", []),
    ],
)
def test_what_an_import_writes_is_seen(
    here: Callable[..., Any], text: str, written: list[str]
) -> None:
    loaded = here(f"import os\n{text}\n")
    assert [path for path, _, _ in loaded.written] == written
    assert {(file, line) for _, file, line in loaded.written} <= {("ant.py", 3)}
    found = expand(loaded, "./t", "")[1]
    assert [d.code for d in found] == ["PBT118"] * len(written)


def test_who_writes_is_told_by_the_module_that_does_it(here: Callable[..., Any]) -> None:
    Path("sibling.py").write_text("def note():\n    open('log', 'w').close()\n")
    ((path, file, line),) = here("import sibling\nsibling.note()\n").written
    assert (path, file, line) == ("log", "sibling.py", 2)


def alive(folder: Path) -> list[int]:
    """The importing processes that stand in `folder`."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if (process / "cwd").readlink() == folder and process.name.isdigit():
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
                found += [int(process.name)] * (state != "Z")
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_an_import_ends_though_nobody_is_left_to_end_it(
    here: Callable[..., Any], tmp_path: Path
) -> None:
    Path("ant.py").write_text("import time\nopen('begun', 'w').close()\ntime.sleep(10**6)\n")
    command = [sys.executable, "-m", "pbt_tui.cli.compile", "ant.py", "--load_timeout", "3"]
    with subprocess.Popen(command, env=shelf.environment(), stderr=subprocess.DEVNULL) as process:
        until(Path("begun").exists)
        process.send_signal(signal.SIGKILL)
    until(lambda: not alive(tmp_path))
