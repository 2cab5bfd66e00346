"""Each alarm has words, a page and `--explain`, and nothing else has."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from pbt_tui.cli.compile import main
from pbt_tui.diagnostics.alarm_codes import ALARMS, AlarmCode, alarm_page
from pbt_tui.observe import snapshot_types

ROOT = Path(__file__).parents[2]


def test_each_code_of_the_snapshot_has_words() -> None:
    assert [alarm.code for alarm in ALARMS] == list(get_args(snapshot_types.Code))


def test_levels_are_those_that_are_raised() -> None:
    assert {level for alarm in ALARMS for level in alarm.levels} <= set(
        get_args(snapshot_types.Level)
    )
    raised = {
        "before_start": ("note",),
        "stale_member": ("warning", "note"),
        "objective_unreadable": ("error", "warning"),
    }
    assert {a.code: a.levels for a in ALARMS if a.code in raised} == raised


@pytest.mark.parametrize("alarm", ALARMS, ids=[alarm.code for alarm in ALARMS])
def test_it_is_explained(alarm: AlarmCode, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain", alarm.code]) == 0
    assert capsys.readouterr().out == alarm_page(alarm)
    assert f"\n## {alarm.code}\n" in (ROOT / "docs/reference/alarms.md").read_text("utf-8")
    assert alarm.explanation.endswith(".")
    assert alarm.cure.endswith(".")


def test_a_code_that_is_nearly_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--explain", "stale_membr"]) == 2
    assert "hint: did you mean `stale_member`" in capsys.readouterr().err
