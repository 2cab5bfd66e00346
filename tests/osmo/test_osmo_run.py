"""`pbt-run --backend osmo` from the start to the end, against the double of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.executor.running import job
from tests.osmo.osmo_place import placed


@pytest.mark.parametrize("rest", [False, True], ids=["client", "rest"])
def test_a_sweep_runs(tmp_path: Path, rest: bool) -> None:
    with placed(tmp_path, rest=rest, execute=True) as place:
        spec = place.spec(job("a", "echo one; echo two"), job("b", "echo {{ x }}; exit 3"))
        said = place.end(place.on_osmo(spec))
        print(said.out, said.err)
        assert said.code == 4, said
        assert place.double.doubles() == []
        ends = place.ends()
        assert (ends["a"].outcome, ends["b"].outcome, ends["b"].exit_code) == (
            "succeeded",
            "failed",
            3,
        )
        assert (place.rundir.logs / "a.1.log").read_text() == "one\ntwo\n"
        assert "{{ x }}" in (place.rundir.logs / "b.1.log").read_text()
        if rest:
            assert "a-token" not in "".join(
                p.read_text() for p in place.rundir.path.rglob("*") if p.is_file()
            )
