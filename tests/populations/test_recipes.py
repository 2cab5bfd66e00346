"""How the command of a member changes so that its trainer continues, read by Hydra itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.populations import STYLES, Continued, Saved
from pbt_tui.populations.hydra_text import NotHydra, overrides, value_text
from pbt_tui.spec import merged

PATH = "/data/runs/ws/003/000012.pth"
NAME = "03_ant_pbt_03_21-08-24-58"
PARAMS = {"train.params.config.lr": 1e-05, "task.env.weight": None, "train.mini_epochs": 4}


def recipe(style: str, argv: list[str], saved: Saved | None) -> Continued:
    found = STYLES.get(style).recipe
    assert found is not None
    return found(argv, saved)


def by_hydra(words: tuple[str, ...]) -> dict[str, Any]:
    parsed = OverridesParser.create().parse_overrides(list(words))
    return {o.key_or_group: o.value() for o in parsed}


def plain(value: Any) -> Any:
    """A value of Hydra's parser as a plain one."""
    text = getattr(value, "text", None)
    if text is not None:
        return text
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_isaacgymenvs_gets_the_spellings_that_its_restart_drops() -> None:
    found = recipe("isaacgymenvs", [], Saved(PATH, NAME, PARAMS))
    assert found == Continued(
        (
            "++pbt_restart=True",
            f"+full_experiment_name={NAME}",
            f"checkpoint={PATH}",
            "train.params.config.lr=1e-05",
            "task.env.weight=null",
            "train.mini_epochs=4",
        ),
        {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"},
    )


@pytest.mark.parametrize("style", ["isaaclab", "rl_games"])
def test_isaac_lab_gets_the_checkpoint_and_all_parameters(style: str) -> None:
    params = {"agent.params.config.lr": 0.5, "agent.params.config.schedule": "adaptive"}
    assert recipe(style, [], Saved("/a=b/c d.pth", "", params)) == Continued(
        (
            "--checkpoint=/a=b/c d.pth",
            "agent.params.config.lr=0.5",
            "agent.params.config.schedule=adaptive",
        )
    )


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab", "rl_games"])
def test_from_scratch_is_the_command_of_the_job(style: str) -> None:
    assert recipe(style, [], None) == Continued()


@pytest.mark.parametrize(
    ("argv", "args"),
    [
        (["p", "--with_pbt=True"], ()),
        (["p", "--restart_behavior=overwrite"], ("--restart_behavior=resume",)),
        (["p", "--restart_behavior", "restart"], ("--restart_behavior=resume",)),
    ],
)
def test_r12_sample_factory_resumes_by_itself(argv: list[str], args: tuple[str, ...]) -> None:
    env = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    assert recipe("sample_factory", argv, Saved("", "", {})) == Continued(args, env)
    scratch = recipe("sample_factory", argv, None)
    assert scratch == Continued(("--restart_behavior=restart",))
    assert sum("restart" in word for word in merged(argv, scratch.args)) == 1


@pytest.mark.parametrize("character", "()[]{},#'\" é")
def test_a_path_is_quoted_where_hydra_needs_it(character: str) -> None:
    path = f"/data/a{character}b/000012.pth"
    args = recipe("isaacgymenvs", [], Saved(path, NAME, {})).args
    assert plain(by_hydra(args)["checkpoint"]) == path
    assert f"checkpoint={path}" not in args
    assert all(word.count("=") == 1 for word in args)


@pytest.mark.parametrize("path", ["/a=b/c.pth", "/a\\b.pth", "/a\nb.pth", "/${x}.pth"])
def test_a_path_that_its_restart_cannot_pass_on_is_refused(path: str) -> None:
    found = recipe("isaacgymenvs", [], Saved(path, NAME, {}))
    assert found.args == ()
    assert found.refused is not None


def test_metadata_that_lacks_the_name_of_the_run_is_refused() -> None:
    assert recipe("isaacgymenvs", [], Saved(PATH, "", {})).refused == (
        "its metadata has no `experiment_name`"
    )


def test_a_parameter_that_no_argument_can_hold_is_refused_by_name() -> None:
    found = recipe("rl_games", [], Saved(PATH, NAME, {"agent.x": {"a": 1}}))
    assert found.refused == (
        "its command cannot be written: parameter `agent.x`: it is neither a number nor text"
    )
    with pytest.raises(NotHydra, match="Hydra takes no such name"):
        list(overrides({"a b": 1}))
    with pytest.raises(NotHydra, match="parameter `a`: it contains `=`"):
        list(overrides({"a": "b=c"}, again=True))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_hydra_reads_the_value_that_was_written(value: Any) -> None:
    try:
        text = value_text(value)
    except NotHydra:
        return
    found = plain(by_hydra((f"a={text}",))["a"])
    assert same(found, value), (text, found)


def same(found: Any, value: Any) -> bool:
    """Whether Hydra's value is ours; text that looks like a number is passed as the number."""
    if isinstance(value, list):
        return len(found) == len(value) and all(map(same, found, value))
    if isinstance(value, float) and math.isnan(value):
        return isinstance(found, float) and math.isnan(found)
    if isinstance(value, str) and isinstance(found, int | float):
        return float(value.replace("_", "")) == found
    return type(found) is type(value) and bool(found == value)


def test_the_command_composes_with_the_configuration(tmp_path: Any) -> None:
    """Hydra refuses `+key` for a key that is there, and `key` for one that is not."""
    (tmp_path / "config.yaml").write_text(
        "checkpoint: ''\nexperiment: ''\ntask: {env: {weight: 1.0}}\n"
        "train: {mini_epochs: 1, params: {config: {lr: 1.0}}}\n"
        "pbt: {policy_idx: 0, workspace: w}\n"
    )
    argv = (
        *("train.py", "experiment=03_ant", "pbt.policy_idx=3", "pbt.workspace=ws"),
        *("train.params.config.lr=0.1", "+train.params.config.compile=False"),
    )
    params = PARAMS | {"train.params.config.compile": True}

    saved = Saved(PATH, NAME, params)
    with initialize_config_dir(str(tmp_path), version_base=None):
        command = merged(argv, recipe("isaacgymenvs", list(argv), saved).args)
        again = merged(command, recipe("isaacgymenvs", list(command), saved).args)
        assert again == command
        found = compose("config", list(command[1:]))
    assert found.checkpoint == PATH
    assert (found.pbt_restart, found.full_experiment_name) == (True, NAME)
    assert (found.train.params.config.lr, found.train.params.config.compile) == (1e-05, True)
    assert found.task.env.weight is None
    assert found.pbt.policy_idx == 3
