from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.cli import error_boundary, report
from pbt_tui.errors import CannotLoad, Diagnostic, Findings, RunBusy, UsageError, Where
from tests.executor.running import PATIENCE, until

ROOT = Path(__file__).parents[2]


def outcome(error: BaseException) -> int:
    def main(argv: list[str]) -> int:
        raise error

    return error_boundary.outcome(main, [])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("no", hint="yes"), 2, "error: no\nhint: yes\n"),
        (CannotLoad("no", code="PBT101"), 1, "error[PBT101]: no\n"),
        (RunBusy("held: pid 3"), 5, "error: held: pid 3\n"),
        (Findings([Diagnostic("error", "a"), Diagnostic("note", "b")]), 3, "error: a\nnote: b\n"),
        (KeyboardInterrupt(), 130, ""),
        (SystemExit(0), 0, ""),
        (SystemExit(None), 0, ""),
        (FileNotFoundError(2, "No such file", "x"), 5, "error: `x`: no such file\n"),
        (OSError(28, "No space left on device"), 5, "error: no space left on device\n"),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
    ],
)
def test_each_exception_has_its_words_and_code(
    error: Any,
    code: int,
    said: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with os.fdopen(os.dup(1), "w") as stdout:  # whatever is done to it, the capture stays whole
        monkeypatch.setattr("sys.stdout", stdout)
        assert outcome(error) == code
        monkeypatch.undo()
    assert capfd.readouterr().err == said


def test_a_bug_is_one_line_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert outcome(ZeroDivisionError("ours")) == 70
    [file] = tmp_path.iterdir()
    said = f"error: this is a bug: ZeroDivisionError\nhint: please report it with `{file}`\n"
    assert capsys.readouterr().err == said
    assert "ZeroDivisionError: ours" in file.read_text()


def test_a_bug_with_no_place_for_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert outcome(ZeroDivisionError("ours")) == 70
    assert "ZeroDivisionError: ours" in capsys.readouterr().err


def child(tmp_path: Path, *argv: str, **more: Any) -> subprocess.Popen[bytes]:
    code = "from pbt_tui.cli.compile import entry; entry()"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", code, *argv], cwd=tmp_path, env=env, **more)


GRID = (
    "from pbt_tui import *\n"
    "g = ParamGrid([('seed', list(range(5000)))])\n"
    "RUN_DESCRIPTION = RunDescription('grid', experiments=[Experiment('e', 'python -m t', "
    "g.generate_params(randomize=False))])\n"
)


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    (tmp_path / "grid.py").write_text(GRID)
    run = child(tmp_path, "grid.py", "--print", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.read(10)
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait(PATIENCE) == 141
    run.stderr.close()


def test_interrupted_while_the_module_loads(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(60)\n"
    )
    run = child(tmp_path, "slow.py", stderr=subprocess.PIPE)
    until((tmp_path / "began").exists)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=PATIENCE)
    assert (run.returncode, err) == (130, b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["began", "slow.py"]


def test_colour_only_on_a_terminal_and_never_alone(tmp_path: Path) -> None:
    def seen(**env: str) -> bytes:
        here, there = os.openpty()
        code = (
            "from pbt_tui.cli.report import say; from pbt_tui.errors import Diagnostic; "
            "say([Diagnostic('error', 'a\\x1b[2J', 'PBT101', hint='b')])"
        )
        clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        subprocess.run(
            [sys.executable, "-c", code],
            stderr=there,
            check=True,
            env={**clean, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env},
        )
        os.close(there)
        data = os.read(here, 4096)
        os.close(here)
        return data

    assert seen().startswith(b"\x1b[1;31merror[PBT101]\x1b[0m: a")
    assert b"\x1b[1;32mhint\x1b[0m: b" in seen()
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert seen(**env).startswith(b"error[PBT101]: a")


def test_foreign_text_never_reaches_the_terminal_raw() -> None:
    place = Where(file="a\x1b]0;x\x07", experiment="b\x1b[2J")
    assert "\x1b" not in str(Diagnostic("error", "c", where=place))
    text = report.workflow_commands([Diagnostic("note", "a\nb%", where=Where("f,g:h", 3))])
    assert text == "::notice file=f%2Cg%3Ah,line=3::a%0Ab%25\n"


def test_the_document_is_json() -> None:
    found = [Diagnostic("warning", "m", "PBT524", Where("f", 1, "e", "p", "j", "/x"), "h")]
    document = report.document(found, "run", 3, ["a"])
    assert json.loads(json.dumps(document)) == {
        "diagnostics": [
            {
                "code": "PBT524", "level": "warning", "message": "m", "file": "f", "line": 1,
                "experiment": "e", "param": "p", "job": "j", "hint": "h", "pointer": "/x",
            }
        ],
        "run": "run",
        "jobs": 3,
        "files": ["a"],
        "changes": [],
        "differences": [],
    }  # fmt: skip
