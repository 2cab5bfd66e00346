"""`--detach`: what the caller learns about the start of the executor (more in tests/executor)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]


def caller(work: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that detaches `work(ready)` and says what it heard."""
    code = "\n".join(
        [
            "import os, sys, time",
            "from pathlib import Path",
            "from pbt_tui.cli.detach import detached, write_to",
            "from pbt_tui.errors import PbtError, RunError, UsageError, Where",
            "def work(ready):",
            textwrap.indent(textwrap.dedent(work), "    "),
            "try:",
            "    print('heard', *detached(work), flush=True)",
            "except PbtError as e:",
            "    print(e.exit_code, *e.diagnostics, sep='|')",
        ]
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_it_returns_once_the_run_is_its_own(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    done = caller(
        "ready(); Path('go').read_text(); Path('told').write_text('x'); return 0", tmp_path
    )
    word, pid, code = done.stdout.split()
    assert (word, code) == ("heard", "None")
    assert os.getsid(int(pid)) == int(pid), "a session of its own"
    (tmp_path / "go").write_text("now")
    watched = os.pidfd_open(int(pid)) if Path(f"/proc/{pid}").exists() else None
    if watched is not None:
        import select

        assert select.select([watched], [], [], 60)[0]
        os.close(watched)
    assert (tmp_path / "told").read_text() == "x"


def test_a_run_that_was_over_gives_its_code(tmp_path: Path) -> None:
    assert caller("return 4", tmp_path).stdout.split()[2] == "4"


def test_errors_before_it_begins_come_back_whole(tmp_path: Path) -> None:
    done = caller(
        "raise UsageError('no\\x1b such', hint='try', where=Where(file='f', line=3, job='j'))",
        tmp_path,
    )
    assert done.stdout == "2|error: `f`:3: job `j`: no\x1b such\nhint: try\n"


def test_errors_after_it_began_go_to_its_log(tmp_path: Path) -> None:
    done = caller("write_to(Path('log')); ready(); raise RunError('disk full', hint='h')", tmp_path)
    pid = int(done.stdout.split()[1])
    while Path(f"/proc/{pid}").exists():
        pass
    assert (tmp_path / "log").read_text() == "error: disk full\nhint: h\n"


def test_our_bug_is_told_as_one(tmp_path: Path) -> None:
    done = caller("raise KeyError('x')", tmp_path)
    assert done.stdout.startswith("70|error: this is a bug: KeyError\nhint: ")
    Path(done.stdout.split("`")[1]).unlink()


def test_killed_before_a_word(tmp_path: Path) -> None:
    done = caller(f"os.kill(os.getpid(), {int(signal.SIGKILL)})", tmp_path)
    assert done.stdout == "5|error: the executor died before it started the run: signal 9\n"


def test_what_it_says_does_not_reach_the_callers_terminal(tmp_path: Path) -> None:
    done = caller("print('to nobody'); sys.stderr.write('nor here'); return 0", tmp_path)
    assert "nobody" not in done.stdout
    assert done.stderr == ""
