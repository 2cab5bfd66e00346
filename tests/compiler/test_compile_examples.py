"""Each rule's example produces its code and its cure does not: both are run as printed."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from pbt_tui.compiler import load as loading
from pbt_tui.diagnostics import rules
from tests.compiler.rule_examples import furnish, makes_files, said


@pytest.mark.parametrize("code", sorted(rules()))
def test_the_example_fails_and_the_cure_cures(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = rules()[code]
    if code not in ("PBT120", "PBT224", "PBT225"):  # the second load is for these alone
        monkeypatch.setattr(loading, "load", partial(loading.load, twice=False))
    sick, well = tmp_path / "sick", tmp_path / "well"
    furnish(sick, code)
    monkeypatch.chdir(sick)
    monkeypatch.setenv("PATH", f"{sick / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert (rule.level, code) in said(sick, rule.example)
    if not makes_files(rule.example):
        furnish(well, code)
        monkeypatch.chdir(well)
    left = said(Path.cwd(), rule.cure)
    if makes_files(rule.example) and code.startswith("PBT8"):
        left |= said(Path.cwd(), "pbt-compile --validate specs")
    left = {(level, other) for level, other in left if level != "note" or other == code}
    layout = {("warning", "PBT805")} if rule.cure.startswith(("{", '"')) else set()
    assert left - layout == set()
