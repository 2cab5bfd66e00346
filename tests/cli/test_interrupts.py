"""SIGINT where an exception would break something: real processes interrupt themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = "import os, signal, sys, time\nfrom pbt_tui.cli.interrupts import defer_in_imports\n"
IMPORT = "try:\n    import slow\n    time.sleep(20)\n"
Ended = Callable[[str], tuple[int, str]]
INTERRUPTED = "except KeyboardInterrupt:\n    print(vars(slow).get('done'))\n"


@pytest.fixture
def ended(tmp_path: Path) -> Ended:
    """Runs a program that imports `slow`, which interrupts its process while it is imported."""
    (tmp_path / "slow.py").write_text(
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "time.sleep(0.05)\n"
        "done = True\n"
    )

    def run(program: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", HEAD + program],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout

    return run


def test_an_import_is_finished_first(ended: Ended) -> None:
    assert ended(f"defer_in_imports()\n{IMPORT}{INTERRUPTED}") == (0, "True\n")
    code, out = ended(f"slow = None\n{IMPORT}except KeyboardInterrupt:\n    print(slow)\n")
    assert (code, out) == (0, "None\n"), "Python's own handler breaks the import off"


def test_a_handler_that_is_installed_meanwhile_gets_it(ended: Ended) -> None:
    own = "signal.signal(signal.SIGINT, lambda *_: (print('own', flush=True), os._exit(7)))\n"
    program = f"defer_in_imports()\nimport slow\n{own}time.sleep(20)\n"
    assert ended(program) == (7, "own\n")


def test_an_ignored_interrupt_stays_ignored(ended: Ended) -> None:
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    assert ended(f"{ignored}defer_in_imports()\nimport slow\nprint(slow.done)\n") == (0, "True\n")


TOLD = """from pbt_tui.cli.error_boundary import outcome
from pbt_tui.errors import RunError
class Stream:
    def isatty(self): return False
    def flush(self): pass
    def write(self, text): os.kill(os.getpid(), signal.SIGINT); time.sleep(20)
class Slow(RunError):
    @property
    def exit_code(self): os.kill(os.getpid(), signal.SIGINT); time.sleep(20)
def main(argv): raise {error}
sys.stderr = Stream() if {error} is RunError else sys.stderr
defer_in_imports()
print(outcome(main, []))
"""


@pytest.mark.parametrize(("error", "code"), [("RunError", "5"), ("Slow", "130")])
def test_an_interrupt_while_an_error_is_told(ended: Ended, error: str, code: str) -> None:
    program = TOLD.replace("raise {error}", f"raise {error}('why')").replace("{error}", error)
    assert ended(program) == (0, f"{code}\n")
