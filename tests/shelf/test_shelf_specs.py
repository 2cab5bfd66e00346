"""Every run module of the tests compiles to the recorded bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shelf import compiled

CASES = compiled.cases()
GROUPS = sorted({case.group for case in CASES})


def test_nothing_is_missing() -> None:
    stored = compiled.stored()
    assert sorted(stored) == sorted(case.name for case in CASES)
    made = [name for name, what in stored.items() if what["code"] == 0]
    assert len(made) >= 180
    kinds = {file.split("/")[1] for name in made for file in stored[name]["files"]}
    assert kinds == {"processes.json", "slurm", "ngc", "osmo"}
    assert not any(what["files"] for what in stored.values() if what["code"])


@pytest.mark.parametrize("group", GROUPS)
def test_the_bytes_are_what_they_were(group: str, tmp_path: Path) -> None:
    chosen = [case for case in CASES if case.group == group]
    stored = compiled.stored()
    found = compiled.compiled(chosen, tmp_path)
    changed = {name: what for name, what in found.items() if what != stored.get(name)}
    assert changed == {name: stored.get(name) for name in changed}
