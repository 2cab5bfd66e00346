"""`python -m examples.demo`: the whole way, with a small population of the same trainer."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_population import small

DEMO = [sys.executable, "-m", "examples.demo", "small_pbt.py"]
PATIENCE = 120.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with a small population's module; what was left running there is stopped."""
    (tmp_path / "small_pbt.py").write_text(small())
    (tmp_path / "pbt.toml").write_text("pause_between = 0\n")
    yield tmp_path
    for run_dir in tmp_path.glob("train_dir/*/_pbt*"):
        _ask("run", run_dir, "--kill")


def _ask(command: str, *words: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", f"pbt_tui.cli.{command}", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PATIENCE)


def _demo(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *words], cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=PATIENCE,
    )  # fmt: skip


def _state(run_dir: Path) -> str:
    return str(json.loads(_ask("tui", run_dir, "--once", "--json").stdout)["state"])


def test_without_a_terminal_it_trains_to_the_end_and_reports(place: Path) -> None:
    done = _demo(place)
    assert done.returncode == 0, done.stderr
    assert "$ pbt-compile small_pbt.py" in done.stdout
    assert "What 3 members learned in 3 generations" in done.stdout
    assert "Best checkpoint: train_dir/" in done.stdout
    assert _state(place / "train_dir/swingup_pbt/_pbt_1") == "closed"


def test_a_second_demo_is_a_training_of_its_own(place: Path) -> None:
    assert _demo(place).returncode == 0
    first = {path: path.read_bytes() for path in place.rglob("train_dir/**/*") if path.is_file()}
    done = _demo(place)
    assert done.returncode == 0
    assert "What 3 members learned in 3 generations" in done.stdout
    assert (place / "train_dir/swingup_pbt/_pbt_2").is_dir()
    assert {path: path.read_bytes() for path in first} == first


def test_containers_without_an_engine_are_one_line_and_what_to_do(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{place}/nobody.sock")
    done = _demo(place, "--runtime", "docker")
    assert done.returncode == 5
    assert done.stdout.splitlines()[1:] == []
    assert re.fullmatch(r"error: no docker engine.*\nhint: .*`DOCKER_HOST`.*\n", done.stderr)
    assert not (place / "train_dir").exists()


def test_a_module_that_cannot_be_compiled_ends_the_demo(place: Path) -> None:
    (place / "small_pbt.py").write_text("import nothing_of_that_name\n")
    done = _demo(place)
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_cannot_begin_ends_the_demo_in_its_words(place: Path) -> None:
    old = place / "train_dir/swingup_pbt/swingup_1/runs/swingup/000/000001.yaml"
    old.parent.mkdir(parents=True)
    old.write_text("")
    done = _demo(place)
    assert done.returncode == 5
    assert "holds generations of an older one" in done.stderr
    assert "no member has saved anything" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_stops_the_demo_stops_the_run_so_that_it_can_be_resumed(
    place: Path, number: signal.Signals
) -> None:
    (place / "small_pbt.py").write_text(small(generations=100_000))
    demo = subprocess.Popen(
        DEMO, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    pids = []
    for line in demo.stdout:
        if found := re.search(r"started .*: pid (\d+)", line):
            pids.append(int(found[1]))
        if len(pids) == 3:
            break
    assert len(pids) == 3
    demo.send_signal(number)
    rest = demo.stdout.read()
    assert demo.wait(PATIENCE) == 130
    assert re.search(r"hint: go on with `pbt-run \S*train_dir/swingup_pbt/_pbt_1`", rest)
    assert "What 3 members learned" not in rest
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert _state(place / "train_dir/swingup_pbt/_pbt_1") == "no_executor"


def test_on_a_terminal_it_opens_the_monitor_and_leaving_it_stops_nothing(place: Path) -> None:
    (place / "small_pbt.py").write_text(small(generations=100_000))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
        os.execv(DEMO[0], DEMO)
    seen = _until(terminal, b"01_swingup", b"running")
    os.write(terminal, b"q")
    said = _until(terminal, b"examples.swingup.report train_dir/swingup_pbt/swingup_1")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert b"\x1b[?1049h" in seen, "the monitor takes the screen"
    assert b"The training goes on without the monitor" in said
    assert _state(place / "train_dir/swingup_pbt/_pbt_1") == "live"


def _until(terminal: int, *words: bytes) -> bytes:
    """What the terminal shows until all words were there."""
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while not all(word in seen for word in words):
        assert time.monotonic() < deadline, seen.decode(errors="replace")
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
    assert all(word in seen for word in words), seen.decode(errors="replace")
    return seen
