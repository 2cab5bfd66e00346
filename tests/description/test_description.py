"""The input language: what it keeps of upstream's, refuses and reports (D1-D6, D14)."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pbt_tui
from pbt_tui import Experiment, ParamGrid, ParamList, RunDescription, population, seeds
from pbt_tui.description import ParamGenerator
from pbt_tui.errors import BadParam
from pbt_tui.naming import shorthands


def kinds(experiment: Experiment) -> list[tuple[str, str | None]]:
    return [(kind, param) for kind, param, _ in experiment.problems]


def grid(*pairs: tuple[str | tuple[str, str], Any]) -> Experiment:
    return Experiment("e", "python t.py", ParamGrid(list(pairs)).generate_params())


def foreign(value: object) -> Any:
    """Of a type that the parameter does not have."""
    return value


def test_the_public_words() -> None:
    assert set(pbt_tui.__all__) == {
        "Experiment", "ParamGrid", "ParamList", "RunDescription", "population", "seeds"
    }  # fmt: skip


def test_importing_it_imports_nothing_that_costs() -> None:
    code = "import sys; a = set(sys.modules); import pbt_tui; print(*set(sys.modules) - a)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    mine = {"pbt_tui", "pbt_tui.description", "pbt_tui.naming", "__future__", "itertools"}
    assert set(done.stdout.split()) <= mine


def test_d1_an_empty_value_list_gives_one_bare_job_and_is_noticed() -> None:
    experiment = grid(("seed", []), ("lr", [1]))
    assert experiment.params == []
    assert kinds(experiment) == [("empty", "seed")]
    assert kinds(Experiment("e", "c", ParamList([]).generate_params())) == [("empty", None)]


def test_d2_a_shared_generator_is_noticed_by_the_second_experiment() -> None:
    params = ParamGrid([("seed", [1, 2])]).generate_params()
    first, second = (Experiment(n, "python t.py", params) for n in "ab")
    assert (len(first.params), kinds(first)) == (2, [])
    assert (len(second.params), kinds(second)) == (0, [("spent", None)])


def test_d2_of_a_generator_that_is_not_ours() -> None:
    params = ({"seed": i} for i in range(2))
    experiments = [Experiment(n, "python t.py", params) for n in "ab"]
    assert [kinds(e) for e in experiments] == [[], [("spent", None)]]


def test_an_iterator_that_gives_nothing_is_noticed_and_an_empty_list_is_not() -> None:
    assert kinds(Experiment("e", "c", iter([]))) == [("nothing", None)]
    assert kinds(Experiment("e", "c", [])) == []
    assert kinds(Experiment("e", "c", ParamGrid([]).generate_params())) == []


def test_d3_d4_shuffling_changes_the_order_and_never_a_value() -> None:
    values = [1, 0.5, "a", True, None, [1, 2], (3,)]
    pairs = [("x", values), (("a", "b"), [(1, "x"), (2.5, False)])]
    plain = list(ParamGrid(pairs).generate_params())
    random.seed(7)
    mixed = list(ParamGrid(pairs).generate_params(randomize=True))
    assert mixed != plain
    assert sorted(map(repr, mixed)) == sorted(map(repr, plain))
    random.seed(7)
    assert mixed == list(ParamGrid(pairs).generate_params(randomize=True))


def test_a_list_is_shuffled_unless_told_otherwise_and_stays_as_it_was() -> None:
    rows = [{"i": i} for i in range(20)]
    params = ParamList(rows)
    random.seed(1)
    mixed = list(params.generate_params())
    assert mixed != rows
    assert sorted(r["i"] for r in mixed) == list(range(20))
    assert all(any(m is r for r in rows) for m in mixed)
    assert list(params.generate_params(randomize=False)) == rows == [{"i": i} for i in range(20)]


def test_d5_repeated_names_are_noticed() -> None:
    assert kinds(grid(("a", [1, 2]), ("a", [3]))) == [("repeated", "a")]
    assert kinds(grid(("a", [1, 2]), (("a", "b"), [(3, 4)]))) == [("repeated", "a")]


def test_d6_tuples() -> None:
    assert kinds(grid((("a", "b"), [(1, 2, 3)]))) == [("cut", "('a', 'b')")]
    assert kinds(grid((("a", "b"), ["xy"]))) == [("letters", "('a', 'b')")]
    assert kinds(grid(("a", "xyz"))) == [("letters", "a")]
    few: list[Any] = [(1,), 1, {}]
    for value in few:
        with pytest.raises(BadParam, match="needs a value for each of its 2 names"):
            grid((("a", "b"), [value]))


def test_a_tuple_may_take_what_can_only_be_indexed() -> None:
    class Odd:
        def __getitem__(self, i: int) -> int:
            return i

    assert grid((("a", "b"), [Odd()])).params == [{"a": 0, "b": 1}]


@pytest.mark.parametrize(
    ("what", "match"),
    [
        (lambda: grid(("seed", 1)), "values are not a list: 1"),
        (lambda: ParamGrid(foreign([("seed",)])), "a grid is a list of"),
        (lambda: ParamGrid([(["a", "b"], [])]), "a grid is a list of"),
        (lambda: ParamGrid(foreign(3)), "a grid is a list of"),
        (
            lambda: Experiment("e", "c", foreign(ParamGrid([]))),
            "a ParamGrid is not a list of parameters",
        ),
        (
            lambda: Experiment("e", "c", foreign(ParamList([]))),
            "a ParamList is not a list of parameters",
        ),
        (lambda: Experiment("e", "c", foreign(3)), "not iterable"),
        (lambda: population(0), "at least one member"),
        (lambda: population(2, "other"), "no such style"),  # type: ignore[arg-type]
        (lambda: ParamList(foreign(3)).generate_params().__next__(), "values are not a list"),
    ],
)
def test_what_is_refused(what: Callable[..., Any], match: str) -> None:
    with pytest.raises(BadParam, match=match):
        what()


def jobs(
    *experiments: Experiment, run: str = "r", **words: Any
) -> list[tuple[str, str, str, dict[str, str] | None]]:
    made = RunDescription(run, list(experiments), **words)
    return list(made.generate_experiments("./t", makedirs=False))


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(foreign(3), "c"),
        Experiment("e", foreign(["c"])),
        Experiment("e", "c", foreign([3])),
        Experiment("e", "c", foreign([{3: 1}])),
    ],
)
def test_what_is_refused_when_jobs_are_made(experiment: Experiment) -> None:
    with pytest.raises(BadParam):
        jobs(experiment)


def test_an_error_of_the_users_own_generator_passes_unchanged() -> None:
    def broken() -> Iterator[dict[str, int]]:
        yield {"a": 1}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Experiment("e", "c", broken())


def test_directories_are_made_when_asked_for(tmp_path: Path) -> None:
    run = RunDescription("r", [Experiment("a", "c"), Experiment("b", "c", [{"x": 1}, {"x": 2}])])
    list(run.generate_experiments(str(tmp_path)))
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["a_", "b_"]


def test_a_generator_of_ones_own() -> None:
    class Mine(ParamGenerator):
        pass

    with pytest.raises(NotImplementedError):
        Mine().generate_params()


def test_environment_and_resources_are_kept() -> None:
    experiment = Experiment("e", "c", env_vars={"A": "1"}, resources={"gpus": 2})
    assert jobs(experiment)[0][3] == {"A": "1"}
    assert experiment.resources == {"gpus": 2}


def test_an_experiment_knows_where_it_was_written() -> None:
    experiment = Experiment("e", "c")
    assert experiment.places[0][0] == __file__


def test_a_grid_from_a_dictionary_and_read_late() -> None:
    values = [1]
    params = ParamGrid({"a": values}).generate_params()
    values.append(2)
    assert next(params) == {"a": 1}
    assert list(params) == [{"a": 2}]


def test_seeds_are_those_of_the_original() -> None:
    random.seed(3)
    expected = [random.randrange(1000000, 9999999) for _ in range(4)]
    random.seed(3)
    assert seeds(4) == expected
    assert all(len(str(s)) == 7 for s in seeds(100))


def test_populations_in_short() -> None:
    assert population(2) == [
        {"pbt.policy_idx": 0, "pbt.num_policies": 2},
        {"pbt.policy_idx": 1, "pbt.num_policies": 2},
    ]
    assert population(1, "isaaclab", workspace="w") == [
        {
            "agent.pbt.policy_idx": 0,
            "agent.pbt.num_policies": 1,
            "agent.pbt.workspace": "w",
            "agent.pbt.enabled": True,
        }
    ]
    assert population(8, "sample_factory") == [{"with_pbt": True, "num_policies": 8}]
    assert population(1, index_arg="pbt_policy_idx") == [
        {"pbt_policy_idx": 0, "pbt_num_policies": 1}
    ]


@pytest.mark.parametrize(
    ("words", "message", "cure"),
    [
        ({"index_arg": "idx"}, "style `isaacgymenvs` knows no index `idx`", {}),
        ({"index_arg": "my.policy_idx"}, "style `isaacgymenvs` knows no index `my.policy_idx`", {}),
        ({"style": "isaaclab", "index_arg": "pbt.policy_idx"}, "style `isaaclab` knows no index",
         {"style": "isaaclab"}),
        ({"style": "sample_factory", "index_arg": "policy"}, "takes no `index_arg`",
         {"style": "sample_factory"}),
        ({"style": "sample_factory", "workspace": "w"}, "takes no `workspace`",
         {"style": "sample_factory"}),
    ],
)  # fmt: skip
def test_an_argument_without_effect_is_refused(
    words: dict[str, Any], message: str, cure: dict[str, Any]
) -> None:
    with pytest.raises(BadParam, match=re.escape(message)):
        population(3, **words)
    assert population(3, **cure)


steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines may be busy, and the first text that is drawn waits for tables."""

# The naming rules once more, in another way, to compare with.


def oracle_short(name: str, taken: list[str]) -> str:
    parts = name.translate(str.maketrans("._-", "...")).split(".")
    front = "".join(f"{p[0]}." for p in parts[:-1])
    choices = [front + parts[-1][:n] for n in range(3, max(4, len(parts[-1]) + 1))]
    return next((c for c in choices if c not in taken), choices[-1])


def oracle(
    base: str,
    cmd: str,
    rows: list[dict[str, Any]],
    prefix: str,
    *,
    arg: str = "--experiment",
    custom: bool,
) -> Iterator[tuple[str, str]]:
    for i, row in enumerate(rows or [{}]):
        taken: list[str] = []
        for name in row:
            taken.append(oracle_short(name, taken))
        name = "_".join([f"{i:02d}", base])
        if custom:
            name = "_".join([name, *(f"{s}_{v}" for s, v in zip(taken, row.values(), strict=True))])
        yield " ".join([cmd, *(f"{prefix}{k}={v}" for k, v in row.items()), f"{arg}={name}"]), name


part = st.text("abcdeXY+~/1", min_size=1, max_size=6)
name = st.lists(part, min_size=1, max_size=4).flatmap(
    lambda parts: st.sampled_from("._-").map(lambda sep: sep.join(parts))
)
value = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.lists(st.integers()),
)


@steady
@given(
    columns=st.dictionaries(name, st.lists(value, min_size=1, max_size=3), max_size=4),
    prefix=st.sampled_from(["", "--"]),
    custom=st.booleans(),
)
def test_names_and_commands_are_those_of_the_rules(
    columns: dict[str, list[Any]], prefix: str, custom: bool
) -> None:
    rows = [dict(zip(columns, c, strict=True)) for c in itertools.product(*columns.values())]
    rows = rows if columns else []
    experiment = Experiment("base", "python t.py", ParamGrid(columns).generate_params())
    made = jobs(experiment, param_prefix=prefix, customize_experiment_name=custom)
    expected = list(oracle("base", "python t.py", rows, prefix, custom=custom))
    assert [(c, n) for c, n, _, _ in made] == [
        (f"{c} --train_dir=./t/r/base_", n) for c, n in expected
    ]


@steady
@given(st.lists(st.text("ab._-", max_size=6), max_size=4))
def test_a_name_is_shortened_or_refused_and_nothing_else(names: list[str]) -> None:
    bad = [n for n in names if not all(n.translate(str.maketrans("_-", "..")).split(".")[:-1])]
    if bad:
        with pytest.raises(BadParam) as refused:
            shorthands(names)
        assert refused.value.where.param == bad[0]
    else:
        assert len(shorthands(names)) == len(names)
