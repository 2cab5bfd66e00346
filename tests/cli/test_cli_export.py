"""`pbt-tui --export`: the files that it writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pbt_tui.cli.tui import main
from pbt_tui.errors import PbtError, UsageError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for member in range(2):
        for number in (1, 2, 3):
            path = tmp_path / "w" / f"00{member}" / f"00000{number}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"iteration: {number}\nframe: {number}00\nexperiment_name: e\n"
                f"params:\n  train.params.config.lr: 0.{number}\n"
                f"true_objective: {number}.{member}\n"
            )
    return tmp_path / "w"


@pytest.mark.parametrize("suffix", ["csv", "json", "svg", "SVG"])
def test_it_writes_the_lineage_and_the_schedule(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    target = tmp_path / f"lineage.{suffix}"
    assert main([str(workspace), "--export", str(target)]) == 0
    assert capsys.readouterr().out == f"wrote: {target}\nwrote: {tmp_path / 'schedule.json'}\n"
    assert target.stat().st_size > 200
    schedule = json.loads((tmp_path / "schedule.json").read_text())
    assert schedule["format"] == "pbt-schedule/1"
    values = schedule["populations"][0]["parameters"]["train.params.config.lr"]
    assert [(s["value"], s["source"]) for s in values] == [
        (0.1, "file"),
        (0.2, "file"),
        (0.3, "file"),
    ]
    if suffix == "json":
        assert json.loads(target.read_text())["format"] == "pbt-lineage/1"
    before = target.read_bytes()
    assert main([str(workspace), "--export", str(target)]) == 0  # again, over its own files
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("lineage.txt", [], "does not know the format"),
        ("lineage", [], "does not know the format"),
        ("schedule.json", [], "beside the file"),
        ("lineage.csv", ["--once"], "exclude each other"),
    ],
)
def test_what_it_refuses(
    workspace: Path, tmp_path: Path, name: str, more: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        main([str(workspace), "--export", str(tmp_path / name), *more])
    assert not (tmp_path / name).exists()


def test_a_file_that_cannot_be_written(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(PbtError, match="cannot write") as caught:
        main([str(workspace), "--export", str(tmp_path / "none" / "lineage.csv")])
    assert str(tmp_path / "none" / "lineage.csv") in str(caught.value)
