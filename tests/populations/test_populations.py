"""The built-in styles fulfil their contract, and are not loaded without a population."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from pbt_tui import population
from pbt_tui.errors import BadParam, BadSpec, BrokenKind, UnknownKind
from pbt_tui.executor.run_dirs import read_spec as executors
from pbt_tui.journal import RunDir
from pbt_tui.observe.workspaces import reader
from pbt_tui.populations import STYLES, FoundFolder, Style
from pbt_tui.populations.contract import ExchangeSettings
from pbt_tui.spec import Policy, Population, Processes, encode
from pbt_tui.tui.journal_follower import read_spec as screens

ALL = STYLES.built_in


@pytest.mark.parametrize("name", ALL)
def test_each_style_has_all_words(name: str, tmp_path: Path) -> None:
    style = STYLES.get(name)
    assert isinstance(style, Style)
    assert style.name == name
    assert style.members_are_jobs == bool(style.index_keys)
    assert style.signs or style.index_keys
    assert set(style.setting_names) <= set(ExchangeSettings._fields)
    for key in style.index_keys:
        assert key.key.startswith(key.stem)
    module, _, made = style.reader.partition(":")
    assert hasattr(import_module(module), made)
    assert reader(name, tmp_path / "none").poll() == []


@pytest.mark.parametrize("name", ALL)
def test_a_workspace_is_of_one_style(name: str) -> None:
    lab = FoundFolder("w", "cartpole", ("000",), (), True, lambda: ("agent.params.x",))
    gym = FoundFolder("w", "runs", ("000", "best1"), (), True, lambda: ())
    factory = FoundFolder("w", "x", ("checkpoint_p0",), ("config.json",), False, lambda: ())
    empty = FoundFolder("w", "runs", ("000",), (), False, lambda: ())
    found = {"isaacgymenvs": gym, "isaaclab": lab, "sample_factory": factory}
    assert [n for n, f in found.items() if STYLES.get(name).is_workspace(f)] == [
        n
        for n in found
        if n == name  # rl_games leaves what Isaac Lab does
    ]
    assert not STYLES.get(name).is_workspace(empty)


def test_an_unknown_style_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownKind, match="there is no style `x`") as e:
        STYLES.get("x")
    assert e.value.hint == "one of isaacgymenvs, isaaclab, rl_games, sample_factory"
    with pytest.raises(BadParam, match="no such style: 'x'") as wrong:
        population(2, style="x")  # type: ignore[arg-type]
    assert wrong.value.hint == "one of isaacgymenvs, isaaclab, rl_games, sample_factory"


@pytest.mark.parametrize("read", [executors, screens])
def test_a_run_directory_of_an_unknown_style_is_refused(
    read: Callable[[RunDir], Processes], tmp_path: Path
) -> None:
    spec = Processes(
        format="pbt-processes/1", run="ant", module="m", train_dir="./t", policy=Policy(),
        container=None, jobs=(), populations=(Population("ant", "isaaclab", 2, "ws", ()),),
    )  # fmt: skip
    rundir = RunDir(tmp_path)
    rundir.spec.write_bytes(encode(spec))
    assert read(rundir) == spec
    strange = msgspec.structs.replace(spec.populations[0], style="isaacgym")
    rundir.spec.write_bytes(encode(msgspec.structs.replace(spec, populations=(strange,))))
    with pytest.raises(BadSpec, match="there is no style `isaacgym`") as e:
        read(rundir)
    assert e.value.exit_code == 3
    assert e.value.where.pointer == "/populations/0/style"
    assert e.value.hint == "one of isaacgymenvs, isaaclab, rl_games, sample_factory"


def test_a_reader_of_an_installed_style_that_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    bad = replace(STYLES.get("isaaclab"), name="odd", reader="no_such_module:Reader")
    monkeypatch.setitem(STYLES._loaded, "odd", bad)
    with pytest.raises(BrokenKind, match="no_such_module"):
        reader("odd", tmp_path)


def test_styles_are_light() -> None:
    """A run module that asks for a population loads them, twice for each compilation."""
    code = (
        "import sys; from pbt_tui import population; assert 'dataclasses' not in sys.modules\n"
        "assert [len(population(3, s)) for s in ('isaacgymenvs', 'isaaclab', 'sample_factory')]"
        " == [3, 3, 1]\n"
        "heavy = {'msgspec', 'statistics', 'yaml', 'importlib.metadata', 'pathlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
