"""The same input gives the same bytes, wherever and however it is compiled (D12)."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.compiler.load import load
from tests.compiler import shelf

ROOT = shelf.MODULES.parents[2]
CHOSEN = ("ige/kuka_pbt.py", "quads/swarm_runs/single.py", "odd/values.py", "odd/umlauts.py")
NUMPY = """
class random:
    state = None
    def seed(value):
        random.state = value
    def randint(low, high, size):
        import random as chance
        drawn = chance.Random(random.state) if random.state is not None else chance.SystemRandom()
        return [drawn.randrange(low, high) for _ in range(size)]
"""
"""As much of NumPy as draws numbers: of its own state, which the library's seed leaves alone."""


def compiled(
    tree: Path,
    out: Path,
    *words: Any,
    umask: int = 0o022,
    env: dict[str, str] | None = None,
    modules: tuple[str, ...] = CHOSEN,
) -> dict[str, bytes]:
    """File below `out` -> bytes, of every chosen module."""
    for module in modules:
        done = subprocess.run(
            [sys.executable, "-m", "pbt_tui.cli.compile", module, "--out", str(out), *words],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            umask=umask,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
    files = [p for p in sorted(out.rglob("*")) if p.is_file()]
    return {str(p.relative_to(out)): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    tree = tmp_path_factory.mktemp("usual") / "modules"  # of no project, as every other copy here
    shutil.copytree(shelf.MODULES, tree)
    return compiled(tree, tree.with_name("out"))


OTHERWISE = {
    "hash seed 0": {"env": {"PYTHONHASHSEED": "0"}},
    "hash seed 7": {"env": {"PYTHONHASHSEED": "7"}},
    "no language": {"env": {"LANG": "C", "LC_ALL": "C"}},
    "bytes as text": {"env": {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONCOERCECLOCALE": "0"}},
    "time zone": {"env": {"TZ": "Pacific/Kiritimati"}},
    "umask": {"umask": 0o077},
}


@pytest.mark.parametrize("words", OTHERWISE.values(), ids=OTHERWISE)
def test_nothing_around_it_matters(
    words: dict[str, Any], usual: dict[str, bytes], tmp_path: Path
) -> None:
    shutil.copytree(shelf.MODULES, tmp_path / "modules")
    assert compiled(tmp_path / "modules", tmp_path / "out", **words) == usual


def test_a_copy_elsewhere_gives_the_same(usual: dict[str, bytes], tmp_path: Path) -> None:
    tree = tmp_path / "another place" / "runs"
    shutil.copytree(shelf.MODULES, tree)
    assert compiled(tree, tmp_path / "out") == usual


def test_what_is_written_is_as_open_as_the_caller_wants(tmp_path: Path) -> None:
    compiled(shelf.MODULES, tmp_path / "out", umask=0o077, modules=CHOSEN[:1])
    modes = {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in (tmp_path / "out").rglob("*")}
    assert modes == {0}


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "ant.py"
    path.write_text("from pbt_tui import Experiment, ParamGrid, RunDescription, seeds\n" + text)
    return str(path)


def run_of(expression: str, more: str = "") -> str:
    return f"{more}RUN_DESCRIPTION = RunDescription('r', [Experiment('e', 'c', {expression})])\n"


@pytest.mark.parametrize("given", [None, "0", "1", "random"])
def test_the_order_of_sets_is_found_whatever_the_hash_seed_of_the_caller(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given is None:
        monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    else:
        monkeypatch.setenv("PYTHONHASHSEED", given)
    module = written(tmp_path, run_of("[{'x': '+'.join(set('abcdefgh')), 'y': 1}]"))
    assert load(module, timeout=60).unrepeatable == ("x",)
    first, again = (load(module, timeout=60, seed=3) for _ in range(2))
    assert first.unrepeatable == ()
    assert first.experiments == again.experiments


def test_the_environment_that_a_module_sees_is_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = written(tmp_path, run_of("(), env_vars=dict(os.environ)", "import os\n"))
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    for seed in (None, 3):
        loaded = load(module, timeout=60, seed=seed)
        assert loaded.unrepeatable == ()
        assert loaded.experiments[0].env_vars == dict(os.environ)
    monkeypatch.delenv("PYTHONHASHSEED")
    assert load(module, timeout=60).experiments[0].env_vars == dict(os.environ)


def test_draws_are_named_by_parameter(tmp_path: Path) -> None:
    grid = "ParamGrid([('a', [1]), ('seed', seeds(2)), ('b', [random.random()])])"
    module = written(tmp_path, run_of(f"{grid}.generate_params()", "import random\n"))
    assert load(module, timeout=60).unrepeatable == ("seed", "b")


def test_a_seed_makes_seeds_repeatable(tmp_path: Path) -> None:
    module = written(tmp_path, run_of("[{'seed': s} for s in seeds(4)]"))
    loaded = load(module, timeout=60, seed=11)
    random.seed(11)
    drawn = [random.randrange(1000000, 9999999) for _ in range(4)]
    assert [row["seed"] for row in loaded.experiments[0].params] == drawn
    assert loaded.unrepeatable == ()


def test_a_seed_makes_numpy_repeatable_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    (packages / "numpy").mkdir(parents=True)
    (packages / "numpy" / "__init__.py").write_text(NUMPY)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    draw = "numpy.random.randint(0, 10**6, 4)"
    module = written(tmp_path, run_of(f"[{{'seed': s}} for s in {draw}]", "import numpy\n"))
    assert load(module, timeout=60).unrepeatable == ("seed",)
    for seed in (5, 2**32 + 5, -1):
        loaded = load(module, timeout=60, seed=seed)
        drawn = random.Random(seed % 2**32)
        assert [row["seed"] for row in loaded.experiments[0].params] == [
            drawn.randrange(0, 10**6) for _ in range(4)
        ]
        assert loaded.unrepeatable == ()


@pytest.mark.parametrize("text", ["", "raise ImportError('libblas is missing')\n"])
def test_a_numpy_that_is_none_does_not_matter(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    (packages / "numpy").mkdir(parents=True)
    (packages / "numpy" / "__init__.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    module = written(tmp_path, run_of("[{'seed': s} for s in seeds(2)]"))
    assert load(module, timeout=60, seed=1).unrepeatable == ()


def test_files_are_read_alike_in_every_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    monkeypatch.setenv("PYTHONUTF8", "0")
    Path(tmp_path, "names.txt").write_text("größe", encoding="utf-8")
    opened = f"open({str(tmp_path / 'names.txt')!r}).read()"
    module = written(tmp_path, run_of(f"[{{'name': {opened}}}]"))
    assert load(module, timeout=60).experiments[0].params == ({"name": "größe"},)
