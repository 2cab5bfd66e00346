"""Upstream's populations are recognised, and what stops their exchange is said (P1, P2, P19)."""

from __future__ import annotations

from typing import Any

import pytest

from pbt_tui import population
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.population_detection import check, recognise
from pbt_tui.errors import Diagnostic
from pbt_tui.settings.argv import settings
from pbt_tui.spec import Job
from tests.compiler.compile_specs import spec

LAB = "python t.py agent.pbt.enabled=True agent.pbt.objective=episode.success"


def jobs(
    cmd: str,
    rows: list[dict[str, Any]],
    *,
    prefix: str = "",
    train_dir: str = "./train_dir",
    more: tuple[LoadedExperiment, ...] = (),
) -> list[Job]:
    experiments = (LoadedExperiment("ant", cmd, tuple(rows)), *more)
    read = Loaded("m", None, "run", "", "experiment", "dir", False, prefix, experiments)
    return expand(read, train_dir, "")[0]


def members(size: int, key: str = "pbt.policy_idx", **others: Any) -> list[dict[str, Any]]:
    return [{key: i, **others} for i in range(size)]


def found(cmd: str, rows: list[dict[str, Any]], **words: Any) -> list[str]:
    return [d.code for d in recognise(jobs(cmd, rows, **words))[2]]


@pytest.mark.parametrize(
    ("key", "prefix", "style", "workspace"),
    [
        ("pbt.policy_idx", "", "isaacgymenvs", "run/ant_/runs/pbt_workspace"),
        ("pbt.policy_idx", "++", "isaacgymenvs", "run/ant_/runs/pbt_workspace"),
        ("pbt_policy_idx", "--", "isaacgymenvs", "run/ant_/runs/pbt_workspace"),
        ("agent.pbt.policy_idx", "", "isaaclab", "../logs/rl_games"),
        ("agent.pbt.policy_idx", "--", "isaaclab", "../logs/rl_games"),
    ],
)
def test_the_ways_of_naming_an_index(key: str, prefix: str, style: str, workspace: str) -> None:
    given = jobs("python t.py", members(8, key), prefix=prefix)
    out, (population,), findings = recognise(given)
    assert (population.id, population.style, population.size) == ("ant", style, 8)
    assert population.workspace == workspace
    assert population.members == tuple(j.id for j in given)
    assert [(j.population, j.member) for j in out] == [("ant", i) for i in range(8)]
    assert [j.argv for j in out] == [j.argv for j in given]
    assert [d.code for d in findings] == (["PBT410", "PBT411"] if style == "isaaclab" else [])


@pytest.mark.parametrize(
    ("cmd", "train_dir", "workspace"),
    [
        ("python t.py agent.pbt.workspace=w agent.params.config.name=ant", "./t/u",
         "../../logs/rl_games/ant/w"),
        ("python t.py agent.pbt.workspace=w", "./t", "../logs/rl_games"),
        ("python t.py agent.pbt.directory=/data agent.params.config.name=a", "./t",
         "/data/logs/rl_games/a/pbt_workspace"),
        ("python t.py agent.pbt.directory=. agent.params.config.name=a", "t",
         "../logs/rl_games/a/pbt_workspace"),
        ("python t.py", "/abs", "logs/rl_games"),
    ],
)  # fmt: skip
def test_the_workspace_of_isaac_lab(cmd: str, train_dir: str, workspace: str) -> None:
    given = jobs(cmd, members(8, "agent.pbt.policy_idx"), train_dir=train_dir)
    assert recognise(given)[1][0].workspace == workspace


def test_an_absolute_workspace_and_one_from_the_command() -> None:
    rows = members(8)
    for name, path in (("w", "run/ant_/runs/w"), ("/data/w", "/data/w")):
        given = jobs(f"python t.py pbt.workspace={name}", rows)
        assert recognise(given)[1][0].workspace == path


@pytest.mark.parametrize(
    "cmd",
    [
        "python t.py --with_pbt=True --num_policies=4",
        "python t.py --with_pbt true --num_policies 4",
        "python t.py --with_pbt=False --with_pbt=1 --num_policies=2 --num_policies=4",
    ],
)
def test_sample_factory_is_one_job(cmd: str) -> None:
    out, (population,), findings = recognise(jobs(cmd, [], prefix="--"))
    assert (population.style, population.size, population.members) == (
        "sample_factory", 4, (out[0].id,)
    )  # fmt: skip
    assert population.workspace == "run/ant_/00_ant"
    assert out[0].population == population.id == "00_ant"
    assert findings == []


@pytest.mark.parametrize("cmd", ["t --with_pbt=False", "t --with_pbt=True --num_policies=x", "t"])
def test_what_is_no_population(cmd: str) -> None:
    given = jobs(cmd, [])
    assert recognise(given) == (given, [], [])


def test_a_word_that_only_looks_like_an_index() -> None:
    given = jobs("python t.py my_policy_idx_file", [])
    assert recognise(given) == (given, [], [])


def test_several_populations_in_a_run() -> None:
    other = LoadedExperiment("ball", "python t.py pbt.num_policies=3", tuple(members(3)))
    rows = members(4, **{"pbt.workspace": "a"}) + members(4, **{"pbt.workspace": "b"})
    given = jobs("python t.py pbt.num_policies=4", rows, more=(other,))
    out, populations, findings = recognise(given)
    assert [(p.id, p.size) for p in populations] == [("ant", 4), ("ant.2", 4), ("ball", 3)]
    assert [p.workspace.rsplit("/", 1)[1] for p in populations] == ["a", "b", "pbt_workspace"]
    assert {j.id for p in populations for j in out if j.population == p.id} == {j.id for j in out}
    assert findings == []


def test_other_parameters_in_one_workspace() -> None:
    rows = [{"lr": lr, "pbt.policy_idx": i} for lr in (1, 2) for i in range(3)]
    out, populations, findings = recognise(jobs("python t.py pbt.num_policies=3", rows))
    assert [p.size for p in populations] == [3, 3]
    assert [d.code for d in findings] == ["PBT404"]
    assert [j.member for j in out] == [0, 1, 2] * 2


@pytest.mark.parametrize("indices", [(0, 1, 3), (1, 2, 3), (0, 1, 1), ("x", 0, 1), (-1, 0, 1)])
def test_indices_that_are_not_0_to_n(indices: tuple[int | str, int, int]) -> None:
    rows = [{"pbt.policy_idx": i} for i in indices]
    assert found("python t.py pbt.num_policies=3", rows) == ["PBT402"]


def test_p19_the_size_that_is_not_in_the_command() -> None:
    assert found("python t.py", members(8)) == []
    assert found("python t.py", members(4)) == ["PBT403"]
    assert found("python t.py pbt.num_policies=8", members(4)) == ["PBT403"]
    assert found("python t.py", members(4, "pbt_policy_idx")) == []


def test_members_that_differ() -> None:
    rows = [{"pbt.policy_idx": i, "task": t} for i, t in enumerate("aab")]
    assert found("python t.py pbt.num_policies=3", rows) == ["PBT405"]
    rows = [{"pbt.policy_idx": i, **({"task": 1} if i else {})} for i in range(3)]
    _, _, (finding,) = recognise(jobs("python t.py pbt.num_policies=3", rows))
    assert (finding.code, finding.where.param) == ("PBT405", "task")
    assert "nothing and `1`" in finding.message


def test_seeds() -> None:
    rows = [{"pbt.policy_idx": i, "seed": i} for i in range(3)]
    assert found("python t.py pbt.num_policies=3", rows) == []
    assert found("python t.py pbt.num_policies=3 seed=-1", members(3)) == []
    assert found("python t.py pbt.num_policies=3 seed=42", members(3)) == ["PBT408"]


def test_p1_a_second_equals_sign() -> None:
    assert found("python t.py pbt.num_policies=3 kv=a=b", members(3)) == ["PBT406"]
    lab = members(3, "agent.pbt.policy_idx")
    assert found(f"{LAB} agent.pbt.num_policies=3 kv=a=b", lab) == []


def test_p11_options_that_a_restart_loses() -> None:
    lab = members(4, "agent.pbt.policy_idx")
    cmd = f"{LAB} agent.pbt.num_policies=4"
    assert found(f"{cmd} --device=cuda:0", lab) == ["PBT414"]
    assert found(f"{cmd} --device cuda:0 --max_iterations 9", lab) == ["PBT414"] * 2
    assert found(f"{cmd} --task=X --num_envs=4096 --headless", lab) == []
    assert found("python t.py pbt.num_policies=4 --device=cuda:0", members(4)) == []


def test_too_small_to_exchange() -> None:
    assert found("python t.py pbt.num_policies=2", members(2)) == ["PBT407"]
    lab = members(2, "agent.pbt.policy_idx")
    assert found(f"{LAB} agent.pbt.num_policies=2", lab) == []
    assert found("python t.py --with_pbt=True --num_policies=1", []) == ["PBT407"]


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab", "sample_factory"])
def test_what_our_own_word_makes_is_recognised(style: str) -> None:
    prefix = "--" if style == "sample_factory" else ""
    cmd = "python t.py agent.pbt.objective=x" if style == "isaaclab" else "python t.py"
    _, (made,), findings = recognise(jobs(cmd, population(4, style), prefix=prefix))
    assert (made.style, made.size, findings) == (style, 4, [])


def test_settings_as_the_trainer_reads_them() -> None:
    argv: tuple[str, ...] = ("a", "--x", "1", "--y", "--z=2", "+k=3", "k=4", "--", "-m", "--end")
    assert settings(argv) == {"x": "1", "y": "", "z": "2", "k": "4", "end": ""}
    argv = ("train.py", "--headless", "agent.pbt.policy_idx=3")
    assert settings(argv) == {"headless": "", "agent.pbt.policy_idx": "3"}


@pytest.mark.parametrize("value", ["0", "0.0", "-0.1", "0e3"])
def test_p7_a_fraction_of_nothing(value: str) -> None:
    ige = "python t.py pbt.num_policies=4"
    for end in ("worst", "best"):
        assert found(f"{ige} pbt.replace_fraction_{end}={value}", members(4)) == ["PBT409"]
    alone = f"python t.py --with_pbt=True --num_policies=4 --pbt_replace_fraction={value}"
    assert found(alone, []) == ["PBT409"]


@pytest.mark.parametrize("value", ["0.125", "1", "x", "", "${worst}"])
def test_fractions_that_are_some(value: str) -> None:
    cmd = f"python t.py pbt.num_policies=4 pbt.replace_fraction_worst={value}"
    assert found(cmd, members(4)) == []


def test_p3_an_objective_that_cannot_be_read() -> None:
    cmd = "python t.py agent.pbt.enabled=True agent.pbt.num_policies=4"
    lab = members(4, "agent.pbt.policy_idx")
    [d] = recognise(jobs(f"{cmd} agent.pbt.objective=episode.consecutive_successes", lab))[2]
    assert (d.code, d.level, d.where.param) == ("PBT411", "warning", "agent.pbt.objective")
    [d] = recognise(jobs(cmd, lab))[2]
    assert (d.code, d.level) == ("PBT411", "note")
    assert found(f"{LAB} agent.pbt.num_policies=4", lab) == []


@pytest.mark.parametrize(
    "switch", ["pbt.enabled=False", "pbt.enabled=false", "pbt=no_pbt", "pbt.enabled=0"]
)
def test_a_population_that_is_switched_off(switch: str) -> None:
    assert found(f"python t.py pbt.num_policies=4 {switch}", members(4)) == ["PBT410"]


def test_the_last_switch_counts() -> None:
    cmd = "python t.py pbt.num_policies=4 pbt.enabled=False pbt.enabled=True"
    assert found(cmd, members(4)) == []
    lab = "python t.py agent.pbt.num_policies=4 agent.pbt.objective=x agent.pbt.enabled=no"
    assert found(lab, members(4, "agent.pbt.policy_idx")) == ["PBT410"]


def test_an_interval_of_no_steps() -> None:
    assert found("python t.py pbt.num_policies=4 pbt.interval_steps=0", members(4)) == ["PBT412"]
    assert found(f"{LAB} agent.pbt.num_policies=4 agent.pbt.interval_steps=-1",
                 members(4, "agent.pbt.policy_idx")) == ["PBT412"]  # fmt: skip
    assert found("python t.py pbt.num_policies=4 pbt.interval_steps=9", members(4)) == []


def apart(*indices: int, cmd: str = "python t.py pbt.num_policies=4") -> list[Diagnostic]:
    """Members that are experiments of their own."""
    others = tuple(
        LoadedExperiment(f"ant{k}", cmd, ({"pbt.policy_idx": i},))
        for k, i in enumerate(indices[1:])
    )
    return recognise(jobs(cmd, [{"pbt.policy_idx": indices[0]}], more=others))[2]


def test_p14_members_in_different_directories_are_one_finding() -> None:
    [d] = apart(0, 1, 2, 3)
    assert (d.code, d.level) == ("PBT413", "error")
    assert d.message == (
        "the 4 members of a population have 4 workspaces: "
        "`run/ant_`, `run/ant0_`, `run/ant1_`, `run/ant2_`"
    )


@pytest.mark.parametrize("indices", [(0, 0), (0, 2), (1, 2)])
def test_what_is_not_one_population_in_pieces(indices: tuple[int, int]) -> None:
    assert "PBT413" not in [d.code for d in apart(*indices)]


def test_two_whole_populations_are_not_one_in_pieces() -> None:
    other = LoadedExperiment("ball", "python t.py pbt.num_policies=3", tuple(members(3)))
    assert found("python t.py pbt.num_policies=3", members(3), more=(other,)) == []


def test_a_process_list_is_asked_the_same() -> None:
    given = jobs("python t.py pbt.num_policies=8 pbt.replace_fraction_worst=0", members(3))
    out, populations, findings = recognise(given)
    assert {d.code for d in findings} == {"PBT403", "PBT409"}
    again = list(check(spec(jobs=tuple(out), populations=tuple(populations))))
    assert [(d.code, d.message) for d in again] == [(d.code, d.message) for d in findings]
    assert {d.where.pointer for d in again} == {"/populations/0"}
    alone, one, _ = recognise(jobs("t --with_pbt=True --num_policies=1", []))
    assert [d.code for d in check(spec(jobs=tuple(alone), populations=tuple(one)))] == ["PBT407"]
