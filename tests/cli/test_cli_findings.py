"""Five mistakes give five findings with their places, in every format, and no files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pbt_tui.cli import compile as command

MODULE = """\
from pbt_tui import Experiment, ParamGrid, RunDescription

grid = ParamGrid([
    ("lr", []),
    ("seed", [1, 2]),
])
RUN_DESCRIPTION = RunDescription("five", experiments=[
    Experiment("empty", "python train.py", grid.generate_params()),
    Experiment("script", "train.py"),
    Experiment("open", "python train.py --note=it's"),
    Experiment("told", "python train.py --api_key=q1w2e3r4t5"),
    Experiment("members", "python train.py --pbt.num_policies=3", [
        {"pbt.policy_idx": i} for i in (0, 1, 3)
    ]),
])
"""
EXPECTED = [
    ("PBT106", 4, "empty", "lr"),
    ("PBT306", 9, "script", None),
    ("PBT301", 10, "open", None),
    ("PBT402", 13, "members", "pbt.policy_idx"),
    ("PBT324", 11, "told", None),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("five.py").write_text(MODULE)
    return tmp_path


def test_as_text_as_json_and_as_annotations(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["five.py", "--format", "json"]) == 3
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [(d["code"], d["line"], d["experiment"], d["param"]) for d in found] == EXPECTED
    assert {(d["level"], d["file"]) for d in found} == {("error", "five.py")}
    assert command.main(["five.py"]) == 3
    text = capsys.readouterr()
    assert text.out == ""
    lines = [line for line in text.err.splitlines() if not line.startswith("hint: ")]
    for line, d in zip(lines, found, strict=True):
        assert line.startswith(f"error[{d['code']}]: `five.py`:{d['line']}: ")
        assert line.endswith(d["message"])
    assert command.main(["five.py", "--format", "github"]) == 3
    notes = capsys.readouterr().out.splitlines()
    for note, d in zip(notes, found, strict=True):
        assert note.startswith(f"::error file=five.py,line={d['line']},title={d['code']}::")
    assert sorted(p.name for p in here.iterdir() if p.name != "__pycache__") == ["five.py"]
    assert "q1w2e3r4t5" not in f"{found}{text.err}{notes}"


def test_none_of_them_can_be_ignored(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = ",".join(code for code, *_ in EXPECTED)
    assert command.main(["five.py", "--ignore", codes]) == 3
    assert capsys.readouterr().err.count("error[PBT") == 5


def test_each_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for code, *_ in EXPECTED:
        assert command.main(["--explain", code]) == 0
        assert capsys.readouterr().out.startswith(f"# {code}: ")
