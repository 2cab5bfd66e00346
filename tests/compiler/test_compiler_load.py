"""A run module is imported by a child: what is read of it, and what is kept from it.

D51 of the originals.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pbt_tui.compiler.children import OUTPUT_KEPT
from pbt_tui.compiler.describe import described
from pbt_tui.compiler.stub_modules import LEAVES
from pbt_tui.errors import BadParam
from pbt_tui.naming import plain
from tests.compiler.loading import RUN, WORDS, Write, read, refused
from tests.executor.running import until

MODULES = Path(__file__).with_name("modules")


# What is read


@pytest.mark.parametrize("target", ["ant.py", "./ant.py", "ant", "./ant", "{folder}/ant.py"])
def test_dotted_name_and_path(here: Write, tmp_path: Path, target: str) -> None:
    here("ant.py", WORDS + RUN)
    loaded = read(target.format(folder=tmp_path), twice=False)
    assert (loaded.run_name, loaded.experiments[0].cmd) == ("r", "python t.py")
    assert loaded.module == target.format(folder=tmp_path)
    assert loaded.file == (f"{tmp_path}/ant.py" if "{" in target else "ant.py")
    assert loaded.experiments[0].line == 2
    assert loaded.unrepeatable == ()


def test_all_of_it(here: Write) -> None:
    here(
        "ant.py",
        WORDS
        + "from fractions import Fraction\n"
        + "rows = [{'f': 1e22, 'n': None, 'nan': float('nan'), 'big': 2**80, 'l': [1, (2,)]},\n"
        + "        {'q': Fraction(1, 3), 'd': {1: 2.0}, 's': '\\udc80', 'i': -5, 'b': True}]\n"
        + "RUN_DESCRIPTION = RunDescription('r', [Experiment('e', 'c', rows,\n"
        + "    env_vars={'A': 1}, resources={'gpus': 2, 'memory': '4G'})],\n"
        + "    'experiment', 'hydra.run.dir', False, '')\n"
        + "RUN_DESCRIPTION.experiment_suffix = 'sfx'\n",
    )
    loaded = read("ant.py")
    assert (loaded.suffix, loaded.experiment_arg, loaded.dir_arg) == (
        "sfx", "experiment", "hydra.run.dir"
    )  # fmt: skip
    assert (loaded.customize_names, loaded.param_prefix) == (False, "")
    (e,) = loaded.experiments
    assert e.params == (
        {"f": 1e22, "n": None, "nan": "nan", "big": str(2**80), "l": [1, [2]]},
        {"q": "1/3", "d": {"1": 2.0}, "s": "\udc80", "i": -5, "b": True},
    )
    assert e.texts[0]["l"] == "[1, (2,)]"
    assert e.texts[0]["nan"] == "nan"
    assert e.texts[1]["d"] == "{1: 2.0}"
    assert (e.env_vars, e.resources) == ({"A": "1"}, {"gpus": 2, "memory": "4G"})


@pytest.mark.parametrize("leaf", sorted(n for n in LEAVES if n.endswith("run_description")))
def test_d51_the_six_paths_are_stood_in_for(here: Write, leaf: str) -> None:
    here(
        "ant.py",
        f"from {leaf} import Experiment, ParamGenerator, ParamGrid, ParamList, RunDescription\n"
        f"import {leaf.rpartition('.')[0]}\n" + RUN,
    )
    assert read("ant.py", twice=False).run_name == "r"


@pytest.mark.parametrize(
    "leaf",
    [
        "pbt_baseline.launcher.run_description",
        "fast_td3.launcher.run_description",
        "sample_factory.launcher.run_descriptions",
    ],
)
def test_no_other_path_is_stood_in_for(here: Write, leaf: str) -> None:
    """Other projects have classes of these names that write other commands."""
    here("ant.py", f"from {leaf} import Experiment, RunDescription\n{RUN}")
    assert "ModuleNotFoundError" in refused("ant.py").what


def test_the_neighbours_that_run_modules_use(here: Write) -> None:
    here(
        "ant.py",
        WORDS
        + "from sample_factory.utils.utils import log, str2bool\n"
        + "from sample_factory.utils.algo_version import ALGO_VERSION\n"
        + "from sample_factory.launcher.launcher_utils import seeds as a\n"
        + "from sample_factory.runner.runs.run_utils import seeds as b\n"
        + "from isaacgymenvs.pbt.experiments.run_utils import seeds as c, version\n"
        + "assert a is b is c is seeds and str2bool('True') and not str2bool(False)\n"
        + RUN.replace('"r"', 'f"r_{version}_{ALGO_VERSION}"'),
    )
    assert read("ant.py", twice=False).run_name == "r_v1_82"


def test_a_real_package_comes_before_a_stand_in(here: Write) -> None:
    here("sample_factory/__init__.py", "")
    here("sample_factory/launcher/__init__.py", "")
    here(
        "sample_factory/launcher/run_description.py",
        "class Experiment:\n"
        "    base_name, cmd, params, env_vars = 'real', 'c', [{'a': 1}], None\n"
        "class RunDescription:\n"
        "    run_name, experiments = 'real', [Experiment()]\n"
        "    experiment_arg_name, experiment_dir_arg_name = '--e', '--d'\n"
        "    customize_experiment_name, param_prefix = True, '--'\n",
    )
    here(
        "ant.py",
        "from sample_factory.launcher.run_description import RunDescription\n"
        "from sample_factory.runner.run_description import ParamGrid\n"  # not in the real one
        "RUN_DESCRIPTION = RunDescription()\n",
    )
    loaded = read("ant.py", twice=False)
    assert (loaded.run_name, loaded.experiments[0].params) == ("real", ({"a": 1},))
    assert loaded.experiments[0].line is None


def test_d51_a_checkout_whose_requirements_are_not_installed(here: Write) -> None:
    here("isaacgymenvs/__init__.py", "import hydra_that_is_nowhere\n")
    here("isaacgymenvs/pbt/__init__.py", "")
    here("isaacgymenvs/pbt/experiments/__init__.py", "")
    here("isaacgymenvs/pbt/experiments/run_utils.py", "version = 'v7'\n")
    here("isaacgymenvs/pbt/launcher/__init__.py", "")
    here("isaacgymenvs/pbt/launcher/run_description.py", "import numpy_that_is_nowhere\n")
    here(
        "isaacgymenvs/pbt/experiments/ant.py",
        "from isaacgymenvs.pbt.launcher.run_description import Experiment, RunDescription\n"
        "from .run_utils import version\n" + RUN.replace('"r"', "version"),
    )
    for target in ("isaacgymenvs.pbt.experiments.ant", "isaacgymenvs/pbt/experiments/ant.py"):
        loaded = read(target, twice=False)
        assert (loaded.run_name, loaded.module) == ("v7", target)
        assert loaded.file == "isaacgymenvs/pbt/experiments/ant.py"
        assert loaded.experiments[0].line == 3


def test_siblings_and_the_current_folder(here: Write) -> None:
    here("runs/base.py", "CMD = 'python t.py'\n")
    here("top.py", "NAME = 'n'\n")
    text = WORDS + "from base import CMD\nfrom top import NAME\n"
    here("runs/ant.py", text + "RUN_DESCRIPTION = RunDescription(NAME, [Experiment('e', CMD)])\n")
    assert read("runs/ant.py", twice=False).run_name == "n"
    assert read("runs.ant", twice=False).run_name == "n"


@pytest.mark.parametrize("name", ["random.py", "two words.py", "json.py", "my-run.py"])
def test_a_file_of_any_name(here: Write, name: str) -> None:
    here(name, WORDS + "import random, json\nassert random.random\nassert json.loads\n" + RUN)
    assert read(name, twice=False).run_name == "r"


def test_a_neighbour_called_like_what_we_need_is_not_taken_for_it(here: Write) -> None:
    for name in ("json", "re", "typing", "enum", "signal"):
        here(f"runs/{name}.py", "raise OSError('not mine')\n")
        here(f"{name}.py", "raise OSError('not mine')\n")
    here("runs/ant.py", WORDS + "import re, json, enum\nassert re.compile\n" + RUN)
    assert read("runs/ant.py", twice=False).run_name == "r"
    here("runs/bad.py", WORDS + "RUN_DESCRIPTION = RunDescription('r', [Experiment(1, 'c')])\n")
    with pytest.raises(BadParam):
        read("runs/bad.py", twice=False)


def test_text_of_a_derived_type(here: Write) -> None:
    here("ant.py", WORDS + "class T(str): pass\nRUN_DESCRIPTION = RunDescription(T('r'), "
         "[Experiment(T('e'), T('c'), [{T('a'): T('b')}, {'a': 1}])])\n")  # fmt: skip
    loaded = read("ant.py")
    assert loaded.experiments[0].params == ({"a": "b"}, {"a": 1})
    assert loaded.experiments[0].texts == {0: {"a": "b"}}
    assert type(loaded.run_name) is type(loaded.experiments[0].cmd) is str
    assert loaded.unrepeatable == ()


def test_output_is_kept_to_its_end(here: Write) -> None:
    here("ant.py", "import sys\nprint('x' * 10**6)\nsys.stderr.write('the end')\n" + WORDS + RUN)
    loaded = read("ant.py", twice=False)
    assert len(loaded.output) == OUTPUT_KEPT
    assert loaded.output.endswith("x\nthe end")


def test_what_a_module_prints_or_writes_is_no_answer(here: Write) -> None:
    noise = "import os, sys\nprint('{\"error\": 1}')\nos.write(1, b'\\xff\\x00')\nos.close(0)\n"
    here("ant.py", noise + WORDS + RUN + "sys.stdout = sys.stderr = None\n")
    assert read("ant.py", twice=False).run_name == "r"


def test_threads_children_and_exit_handlers_do_not_outlive_it(here: Write, tmp_path: Path) -> None:
    here(
        "ant.py",
        "import atexit, os, subprocess, threading, time\n"
        "atexit.register(lambda: time.sleep(600))\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "if os.fork() == 0:\n    time.sleep(600)\n"
        "open('pid', 'w').write(str(child.pid))\n" + WORDS + RUN,
    )
    assert read("ant.py", twice=False).run_name == "r"
    pid = int((tmp_path / "pid").read_text())

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    until(gone, "the module's child is still there")


def test_nothing_is_written(here: Write, tmp_path: Path) -> None:
    here("pkg/__init__.py", "")
    here("pkg/base.py", "")
    here("pkg/ant.py", WORDS + "from . import base\n" + RUN)
    read("pkg/ant.py")
    assert sorted(p.name for p in tmp_path.rglob("*")) == [
        "__init__.py",
        "ant.py",
        "base.py",
        "pkg",
    ]


# What cannot be read


def test_scalars_of_an_array_library_are_values() -> None:
    class Scalar:
        shape = ()

        def item(self) -> int:
            return 3

    assert plain([Scalar(), float("inf"), 2.5]) == [3, "inf", 2.5]


def test_run_names_may_be_paths() -> None:
    class Run:
        run_name = Path("a/b")
        experiments: tuple[()] = ()
        experiment_arg_name = experiment_dir_arg_name = param_prefix = "x"

    assert described(Run(), None)["run"][0] == "a/b"


def test_the_caller_keeps_no_descriptors(here: Write) -> None:
    here("ant.py", WORDS + RUN)
    before = {p.name for p in Path("/proc/self/fd").iterdir()}
    read("ant.py")
    assert {p.name for p in Path("/proc/self/fd").iterdir()} == before
    assert "ant" not in sys.modules
