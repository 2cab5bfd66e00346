"""A population in parts: `--validate` looks at all the process lists that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.cli import compile as pbt_compile

MODULE = """from pbt_tui import *
CMD = "python train.py pbt.num_policies=8 pbt.workspace={workspace}"
ROWS = [{{"pbt.policy_idx": i}} for i in {numbers}]
RUN_DESCRIPTION = RunDescription("{name}", [Experiment("ant", CMD, ROWS)], "experiment", "dir",
                                 False, "")
"""


def compiled(folder: Path, workspace: str = "/data/ant", **parts: object) -> int:
    for name, numbers in parts.items():
        text = MODULE.format(name=name, numbers=numbers, workspace=workspace)
        (folder / f"{name}.py").write_text(text)
        assert pbt_compile.main([f"{name}.py", "--out", "specs"]) == 0
    return pbt_compile.main(["--validate", "specs"])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_halves_are_one_population(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled(here, low="range(4)", high="range(4, 8)") == 0
    both = capsys.readouterr().err
    assert "members 0 to 3 of 8; it expects members 4 to 7 in another run" in both
    assert pbt_compile.main(["--validate", "specs"]) == 0
    assert "PBT415" not in capsys.readouterr().err
    assert pbt_compile.main(["--validate", "specs/low"]) == 0
    assert "PBT415" in capsys.readouterr().err


def test_a_member_in_two_of_them(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled(here, low="range(5)", high="range(4, 8)") == 3
    err = capsys.readouterr().err
    assert "error[PBT416]: `specs/low/processes.json`" in err
    assert "member 4 of the workspace `/data/ant` is also in `specs/high/processes.json`" in err
    assert "hint: leave member 4 out of one of the two" in err
    assert compiled(here, low="range(4)") == 0


def test_the_hint_helps(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiled(here, low="range(8)", high="range(8)") == 3
    assert "hint: give the members of `ant` another workspace" in capsys.readouterr().err
    assert compiled(here, workspace="/data/other", low="range(8)") == 0


def test_other_workspaces_and_other_folders_are_nobody_s_twins(here: Path) -> None:
    assert compiled(here, workspace="relative", low="range(8)", high="range(8)") == 0
