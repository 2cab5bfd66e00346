"""A workflow is submitted once, however often executors die and answers are lost."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.osmo.workflow_submitter import WorkflowSubmitter
from pbt_tui.runtimes.protocol import Launch
from tests.compiler.compile_specs import job
from tests.osmo.osmo_runs import population, settings_of, sweep
from tests.osmo.submissions_under_deaths import SETTLE, all_runs, one_run, run_of


def test_nothing_is_doubled_or_lost(capsys: pytest.CaptureFixture[str]) -> None:
    assert all_runs(0, 24), capsys.readouterr().out
    assert "deaths=0," not in capsys.readouterr().out


def test_submitting_again_at_once_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault that the waiting is for: without it, late requests make doubles."""
    monkeypatch.setattr(WorkflowSubmitter, "_is_unsettled", lambda self, record: False)
    spec = run_of(200)
    plan = WorkflowPlan(spec, settings_of(settle=SETTLE), "0123abcd")
    found = 0
    for seed in range(12):
        (folder := tmp_path / str(seed)).mkdir()
        found += one_run(seed, folder, spec, plan).doubled
    assert found > 0


def test_presuming_unsent_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault that the look-up is for."""
    monkeypatch.setattr(WorkflowSubmitter, "_find", lambda self, record: None)
    spec = run_of(200)
    plan = WorkflowPlan(spec, settings_of(settle=SETTLE), "0123abcd")
    found = 0
    for seed in range(12):
        (folder := tmp_path / str(seed)).mkdir()
        found += one_run(seed, folder, spec, plan).doubled
    assert found > 0


def test_names_are_of_folder_content_and_attempts() -> None:
    spec = sweep(job(0), job(1))
    [first, second] = [one.id for one in spec.jobs]
    plan = WorkflowPlan(spec, settings_of(), "0123abcd")
    names = {plan.made([(first, 1), (second, 1)], {})[0].name}
    assert names == {plan.made([(first, 1), (second, 1)], {})[0].name}
    names.add(plan.made([(first, 2), (second, 1)], {})[0].name)
    names.add(plan.made([(first, 1)], {})[0].name)
    other = msgspec.structs.replace(spec.jobs[0], argv=("other",))
    launch = Launch(first, 1, ("other",), {}, Path(), Path(), Path(), (), other)
    names.add(plan.made([(first, 1)], {(first, 1): launch})[0].name)
    names.add(WorkflowPlan(spec, settings_of(), "0123abce").made([(first, 1)], {})[0].name)
    assert len(names) == 5


def test_a_workflow_has_the_members_of_one_population() -> None:
    spec = population(4)
    plan = WorkflowPlan(spec, settings_of(), "0123abcd")
    names = [(one.id, 1) for one in spec.jobs]
    assert plan.pieces(names) == [names]
    record, text = plan.made(names[2:], {})
    assert [(one.job, one.attempt) for one in record.tasks] == names[2:]
    assert text.count(b'lead: "true"') == 1
