from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.processes import render as processes
from pbt_tui.compiler import compile_module, cross_references, spec_rules
from pbt_tui.compiler.existing import PreviousCompilation
from pbt_tui.compiler.expand import expand
from pbt_tui.compiler.loaded import Loaded, LoadedExperiment
from pbt_tui.compiler.population_detection import recognise
from pbt_tui.compiler.resolve import resolve_container, resolve_policy
from pbt_tui.compiler.validate import validate
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.errors import Findings, PbtError
from pbt_tui.spec import FORMAT, Container, Policy, Population, Processes


def gang(size: int, style: str = "isaacgymenvs") -> list[Population]:
    members = tuple(f"{i:02d}" for i in range(size))
    return [Population("ant", style, size, "w", members)]


def before(**more: Any) -> PreviousCompilation:
    return PreviousCompilation("m", "t", Policy(**more), Container("old", memory=5))


def test_p2_max_parallel_not_given_fits_the_largest_population() -> None:
    policy, [note] = resolve_policy({}, gang(8), None)
    assert policy.max_parallel == 8
    assert (note.level, note.code) == ("note", "PBT421")
    assert resolve_policy({}, gang(8), None, ["isaacgymenvs"]) == (policy, [])
    assert len(resolve_policy({}, gang(8), None, ["isaaclab"])[1]) == 1
    assert resolve_policy({}, gang(4), None) == (Policy(), [])
    assert resolve_policy({}, [], None) == (Policy(), [])
    assert resolve_policy({}, gang(8, "sample_factory"), None) == (Policy(), [])
    assert resolve_policy({"max_parallel": 2}, gang(8), None) == (Policy(max_parallel=2), [])


def test_num_gpus_not_given_is_the_length_of_the_list() -> None:
    assert resolve_policy({"gpus": ("3", "5")}, [], None)[0].num_gpus == 2
    assert resolve_policy({"gpus": ("3", "5"), "num_gpus": 1}, [], None)[0].num_gpus == 1


def test_what_was_before_stands_unless_given() -> None:
    policy, _ = resolve_policy({"retries": 1}, [], before(retries=2, grace=3.0))
    assert (policy.retries, policy.grace) == (1, 3.0)
    assert resolve_policy({}, gang(8), before(max_parallel=9))[0].max_parallel == 9
    assert resolve_policy({}, gang(8), before(max_parallel=4))[0].max_parallel == 8


def test_container() -> None:
    assert resolve_container({}, None) == (None, [])
    assert resolve_container({"image": "a"}, None) == (Container("a", shm_size=1 << 30), [])
    assert resolve_container({"memory": 7}, before()) == (Container("old", memory=7), [])
    none, [note] = resolve_container({"memory": 7, "cpus": 1.0}, None)
    assert none is None
    assert (note.level, note.code) == ("note", "PBT530")
    assert "`memory`, `cpus`" in note.message


DRAWN = (
    "from pbt_tui import *\nfrom random import randint\n"
    "RUN_DESCRIPTION = RunDescription('drawn', experiments=[Experiment('d', 'python t.py', "
    "[{'seed': randint(0, 10**9)}])])\n"
)


def test_d12_frozen_draws_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("drawn.py").write_text(DRAWN)
    with pytest.raises(Findings):
        compile_module("drawn.py")
    compiled = compile_module("drawn.py", freeze=True)
    assert [(d.level, d.code) for d in compiled.diagnostics] == [("warning", "PBT120")]
    assert list(compiled.files) == ["drawn/processes.json"]
    assert (
        compiled.files["drawn/processes.json"] == processes.render(compiled.spec)["processes.json"]
    )


def test_all_findings_at_once_with_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.py").write_text(
        "from pbt_tui import *\n"
        "e = Experiment('e', 'python t.py', [{'a': 1}], env_vars={'CUDA_VISIBLE_DEVICES': '0'})\n"
        "RUN_DESCRIPTION = RunDescription('a/b', experiments=[e])\n"
    )
    with pytest.raises(Findings) as found:
        compile_module(
            "bad.py",
            policy={"experiments_per_gpu": 1, "gpus": ("0", "0")},
            container={"image": "a b"},
        )
    codes = {d.code: d for d in found.value.diagnostics}
    assert {"PBT220", "PBT521", "PBT524", "PBT527"} <= set(codes)
    assert (codes["PBT524"].where.file, codes["PBT524"].where.line) == ("bad.py", 2)
    assert codes["PBT524"].where.experiment == "e"
    assert all(d.where.pointer is None for d in found.value.diagnostics)


ODD = st.text(st.sampled_from("ab=_.-/ \"'\\\n\tä\0:%$"), max_size=6)
WORD = st.one_of(ODD, st.sampled_from(["seed", "pbt.policy_idx", "agent.pbt.policy_idx", "a.b_c"]))
PLAIN = st.one_of(st.integers(-5, 5), st.booleans(), st.none(), st.floats(-1, 1), ODD)
VARIABLE = ODD.filter(lambda n: n and "=" not in n and "\0" not in n)
"""Other names are refused while the module is read."""
EXPERIMENT = st.builds(
    LoadedExperiment,
    name=ODD,
    cmd=st.one_of(
        ODD, st.sampled_from(["python t.py --with_pbt=True --num_policies=4", "sh -c 'a b'"])
    ),
    params=st.lists(st.dictionaries(WORD, PLAIN, max_size=3), min_size=1, max_size=4).map(tuple),
    env_vars=st.none() | st.dictionaries(VARIABLE, ODD, max_size=2),
    line=st.none() | st.just(3),
)
LOADED = st.builds(
    Loaded,
    module=st.just("m"),
    file=st.just("m.py"),
    run_name=ODD,
    suffix=st.just(""),
    experiment_arg=st.sampled_from(["--experiment", "experiment"]),
    dir_arg=st.sampled_from(["--train_dir", "hydra.run.dir"]),
    customize_names=st.booleans(),
    param_prefix=st.sampled_from(["", "--"]),
    experiments=st.lists(EXPERIMENT, min_size=1, max_size=3).map(tuple),
)


@settings(max_examples=250, deadline=None)
@given(LOADED)
def test_what_is_compiled_is_valid_whatever_was_described(loaded: Loaded) -> None:
    try:
        jobs, found = expand(loaded, "./train_dir", "")
        jobs, populations, more = recognise(jobs)
    except PbtError:
        return
    policy, note = resolve_policy({}, populations, None)
    spec = Processes(
        FORMAT, loaded.run_name, "m", "./train_dir", policy, None, tuple(populations), tuple(jobs)
    )
    found = [*found, *more, *note, *spec_rules.check(spec)]
    if any(d.level == "error" for d in found):
        return
    assert list(cross_references.check(spec)) == []
    [data] = processes.render(spec).values()
    read, wrong = validate(data, "f")
    assert [str(d) for d in wrong if d.level == "error"] == []
    assert read == spec
    assert len({job.id for job in jobs}) == len(jobs)
    jsonschema.Draft202012Validator(load_schema("processes-1")).validate(msgspec.json.decode(data))
