"""58 recorded inputs of the upstream launcher give its jobs, or a refusal where it raised."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pbt_tui import Experiment, ParamGrid, RunDescription
from pbt_tui.errors import BadParam

CASES = json.loads(Path(__file__).with_name("naming_cases.json").read_text(encoding="utf-8"))


def described(case: dict[str, Any]) -> RunDescription:
    params: Iterable[dict[str, Any]]
    if case["kind"] == "grid":
        names = [(tuple(n) if isinstance(n, list) else n, v) for n, v in case["params"]]
        params = ParamGrid(names).generate_params(randomize=False)
    else:
        params = [dict(pairs) for pairs in case["params"]]
    run = RunDescription(
        case["run_name"],
        [Experiment(case["base_name"], case["base_cmd"], params)],
        case["experiment_arg_name"],
        case["experiment_dir_arg_name"],
        case["customize_experiment_name"],
        case["param_prefix"],
    )
    run.experiment_suffix = case["suffix"]
    return run


def test_there_are_58() -> None:
    assert len(CASES) == 58


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["case"])
def test_as_the_original(case: dict[str, Any]) -> None:
    def jobs() -> list[tuple[str, str, str, dict[str, str] | None]]:
        return list(described(case).generate_experiments(case["train_dir"], makedirs=False))

    if "error" in case:
        with pytest.raises(BadParam) as refused:
            jobs()
        assert refused.value.where.experiment == "base"
        assert refused.value.where.param
        return
    keys = ("cmd", "experiment_name", "root_dir", "env_vars")
    assert jobs() == [tuple(job[k] for k in keys) for job in case["jobs"]]
