"""How a trainer is called, and in what members may differ."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pbt_tui import population
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.population_detection import check, recognise
from pbt_tui.errors import Diagnostic
from pbt_tui.populations import STYLES
from tests.compiler.compile_specs import spec
from tests.compiler.test_compiler_populations import LAB, found, jobs, members

LAB3 = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"


def lab(**words: Any) -> list[Diagnostic]:
    rows = population(4, "isaaclab", workspace="ws")
    one = LoadedExperiment("shadow", LAB3, tuple(rows))
    call = {"experiment_arg": "--experiment", "dir_arg": "--train_dir", "param_prefix": "--"}
    given = {**call, **words}
    read = Loaded("m", None, "lab3", "", customize_names=False, experiments=(one,), **given)
    return recognise(expand(read, "./train_dir", "")[0])[2]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ({}, ["PBT417", "PBT418"]),
        ({"param_prefix": ""}, ["PBT418"]),
        ({"experiment_arg": "--wandb-name", "dir_arg": "agent.pbt.directory"}, ["PBT417"]),
    ],
)
def test_isaac_lab_s_script_is_not_called_so(words: dict[str, str], codes: list[str]) -> None:
    findings = lab(**words)
    assert [(d.code, d.level) for d in findings] == [(code, "error") for code in codes]
    assert all('param_prefix="", experiment_arg_name="--wandb-name"' in str(d) for d in findings)


def test_what_the_hint_says_is_how_isaac_lab_is_called() -> None:
    call = STYLES.get("isaaclab").call
    assert call.name_arg
    assert call.dir_arg
    words = {"experiment_arg": call.name_arg, "dir_arg": call.dir_arg, "param_prefix": call.prefix}
    assert lab(**words) == []


@pytest.mark.parametrize(
    "name", ["wandb_name", "--wandb-name", "wandb.group", "logger.tags", "group", "wandb-tags"]
)
def test_labels_may_differ(name: str) -> None:
    rows = [{"pbt.policy_idx": i, name: f"member-{i}"} for i in range(3)]
    assert found("python t.py pbt.num_policies=3", rows) == []


@pytest.mark.parametrize("name", ["agent.seed", "agent.params.seed", "env.seed"])
def test_members_may_differ_in_their_seed(name: str) -> None:
    rows = [{"agent.pbt.policy_idx": i, name: 7 + i} for i in range(3)]
    assert found(f"{LAB} agent.pbt.num_policies=3", rows) == []


def test_a_seed_of_each_member_for_the_script_itself() -> None:
    """As `--seed={member}` in the base command comes out."""
    given = jobs(f"{LAB} agent.pbt.num_policies=3", members(3, "agent.pbt.policy_idx"))
    seeded = [
        msgspec.structs.replace(job, argv=(*job.argv, f"--seed={i}")) for i, job in enumerate(given)
    ]
    assert recognise(seeded)[2] == []


def test_rl_games_is_a_style_where_the_module_says_so() -> None:
    rows = population(4, "rl_games", workspace="ws")
    given = jobs("python train_pbt.py --device=cpu agent.pbt.objective=x", rows)
    _, (one,), findings = recognise(given, ("rl_games",))
    assert (one.style, one.workspace, findings) == ("rl_games", "../logs/rl_games", [])
    out, populations, _ = recognise(given, ("rl_games",))
    assert list(check(spec(jobs=tuple(out), populations=tuple(populations)))) == []
    assert recognise(given)[1][0].style == "isaaclab"
