"""A run module is imported by a child: what is read, and what every kind of broken one is told.

D12, D13, D50, D51 of the originals.
"""

import random
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pbt_tui.compiler.children import OUTPUT_KEPT
from pbt_tui.compiler.describe import described, plain
from pbt_tui.compiler.load import load
from pbt_tui.compiler.stub_modules import LEAVES
from pbt_tui.errors import BadParam, CannotLoad, NotARun

MODULES = Path(__file__).with_name("modules")
WORDS = "from pbt_tui import Experiment, ParamGrid, ParamList, RunDescription, seeds\n"
RUN = 'RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])\n'
PLENTY = 60.0
"""Seconds: loads are quick, machines may be busy."""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in, and a way to write modules there."""
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


def read(target, **words):
    return load(target, timeout=PLENTY, **words)


def refused(target, error=CannotLoad, **words):
    with pytest.raises(error) as e:
        load(target, **{"timeout": PLENTY, **words})
    return e.value


# What is read


@pytest.mark.parametrize("target", ["ant.py", "./ant.py", "ant", "./ant", "{folder}/ant.py"])
def test_dotted_name_and_path(here, tmp_path, target):
    here("ant.py", WORDS + RUN)
    loaded = read(target.format(folder=tmp_path), twice=False)
    assert (loaded.run_name, loaded.experiments[0].cmd) == ("r", "python t.py")
    assert loaded.module == target.format(folder=tmp_path)
    assert loaded.file == (f"{tmp_path}/ant.py" if "{" in target else "ant.py")
    assert loaded.experiments[0].line == 2
    assert loaded.unrepeatable == ()


def test_all_of_it(here):
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
def test_d51_the_six_paths_are_stood_in_for(here, leaf):
    here(
        "ant.py",
        f"from {leaf} import Experiment, ParamGenerator, ParamGrid, ParamList, RunDescription\n"
        f"import {leaf.rpartition('.')[0]}\n" + RUN,
    )
    assert read("ant.py", twice=False).run_name == "r"


def test_the_neighbours_that_run_modules_use(here):
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


def test_a_real_package_comes_before_a_stand_in(here):
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


def test_d51_a_checkout_whose_requirements_are_not_installed(here):
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


def test_siblings_and_the_current_folder(here):
    here("runs/base.py", "CMD = 'python t.py'\n")
    here("top.py", "NAME = 'n'\n")
    text = WORDS + "from base import CMD\nfrom top import NAME\n"
    here("runs/ant.py", text + "RUN_DESCRIPTION = RunDescription(NAME, [Experiment('e', CMD)])\n")
    assert read("runs/ant.py", twice=False).run_name == "n"
    assert read("runs.ant", twice=False).run_name == "n"


@pytest.mark.parametrize("name", ["random.py", "two words.py", "json.py", "my-run.py"])
def test_a_file_of_any_name(here, name):
    here(name, WORDS + "import random, json\nassert random.random\nassert json.loads\n" + RUN)
    assert read(name, twice=False).run_name == "r"


def test_a_neighbour_called_like_what_we_need_is_not_taken_for_it(here):
    for name in ("json", "re", "typing", "enum", "signal"):
        here(f"runs/{name}.py", "raise OSError('not mine')\n")
        here(f"{name}.py", "raise OSError('not mine')\n")
    here("runs/ant.py", WORDS + "import re, json, enum\nassert re.compile\n" + RUN)
    assert read("runs/ant.py", twice=False).run_name == "r"
    here("runs/bad.py", WORDS + "RUN_DESCRIPTION = RunDescription('r', [Experiment(1, 'c')])\n")
    with pytest.raises(BadParam):
        read("runs/bad.py", twice=False)


def test_text_of_a_derived_type(here):
    here("ant.py", WORDS + "class T(str): pass\nRUN_DESCRIPTION = RunDescription(T('r'), "
         "[Experiment(T('e'), T('c'), [{T('a'): T('b')}, {'a': 1}])])\n")  # fmt: skip
    loaded = read("ant.py")
    assert loaded.experiments[0].params == ({"a": "b"}, {"a": 1})
    assert loaded.experiments[0].texts == {0: {"a": "b"}}
    assert type(loaded.run_name) is type(loaded.experiments[0].cmd) is str
    assert loaded.unrepeatable == ()


def test_output_is_kept_to_its_end(here):
    here("ant.py", "import sys\nprint('x' * 10**6)\nsys.stderr.write('the end')\n" + WORDS + RUN)
    loaded = read("ant.py", twice=False)
    assert len(loaded.output) == OUTPUT_KEPT
    assert loaded.output.endswith("x\nthe end")


def test_what_a_module_prints_or_writes_is_no_answer(here):
    noise = "import os, sys\nprint('{\"error\": 1}')\nos.write(1, b'\\xff\\x00')\nos.close(0)\n"
    here("ant.py", noise + WORDS + RUN + "sys.stdout = sys.stderr = None\n")
    assert read("ant.py", twice=False).run_name == "r"


def test_threads_children_and_exit_handlers_do_not_outlive_it(here, tmp_path):
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
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the module's child is still there")


def test_nothing_is_written(here, tmp_path):
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


# Randomness (D12)


def test_d12_what_differs_is_named(here):
    path = str(MODULES / "ige" / "seeds_at_import.py")
    assert read(path).unrepeatable == ("seed",)
    assert read(path, twice=False).unrepeatable == ()


def test_d12_a_seed_makes_it_repeatable_and_is_the_originals_draw():
    path = str(MODULES / "ige" / "seeds_at_import.py")
    loaded = read(path, seed=3)
    random.seed(3)
    assert [p["seed"] for p in loaded.experiments[0].params] == [
        random.randrange(1000000, 9999999) for _ in range(8)
    ]
    assert loaded.unrepeatable == ()
    assert read(path, seed=4).experiments != loaded.experiments


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ParamList([{'a': i} for i in range(99)]).generate_params()", ("a",)),
        ("[{'a': object()}]", ("a",)),
        ("[{'a': 1}] * (os.getpid() % 10**6)", ("the number of jobs",)),
        ("[{'a': 1, **{str(os.getpid()): 2}}]", None),
        ("[dict.fromkeys(sorted(map(str, range(20)), key=lambda x: random.random()), 1)]",
         ("the order of parameters",)),
    ],
)  # fmt: skip
def test_d12_in_other_ways(here, text, names):
    here("ant.py", WORDS + f"import os, random\nE = Experiment('e', 'c', {text})\n"
         "RUN_DESCRIPTION = RunDescription('r', [E])\n")  # fmt: skip
    differing = read("ant.py").unrepeatable
    assert differing == names if names else len(differing) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RunDescription(f'r{pid}', [])", "run_name"),
        ("RunDescription('r', [Experiment('e', f'c{pid}')])", "cmd"),
        ("RunDescription('r', [Experiment(str(i), 'c') for i in range(pid)])",
         "the number of experiments"),
        ("RunDescription('r', [], param_prefix=str(pid))", "param_prefix"),
    ],
)  # fmt: skip
def test_d12_outside_of_parameters(here, text, name):
    here("ant.py", WORDS + "import os\npid = os.getpid() % 1000\nRUN_DESCRIPTION = " + text + "\n")
    assert read("ant.py").unrepeatable == (name,)


def test_d12_an_import_that_works_only_once(here):
    here("ant.py", WORDS + "import os\ntry:\n    os.mkdir('once')\nexcept OSError:\n"
         "    raise SystemExit(1)\n" + RUN)  # fmt: skip
    with suppress(CannotLoad):  # the one that counts may come second
        assert read("ant.py").unrepeatable == ("the import itself",)


# What cannot be read


def test_no_such_module(here):
    for target in ("nothing", "nothing.at.all", "nothing.py"):
        e = refused(target)
        assert (e.exit_code, e.code) == (1, "PBT101")
        assert "no module `nothing" in e.what
        assert e.hint


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("a/b.py", "no such file"),
        ("../ant", "no such file"),
        ("folder", "is a directory"),
        (".", "is a directory"),
        ("", "no run module is named"),
        ("a\0b", "no run module is named"),
        ("--flag", "no such file"),
        ("x" * 300, "no module"),
        ("x/" * 3000, "no such file"),
        ("runs/\udcff.py", "its name is not UTF-8"),
    ],
)
def test_no_such_file(here, tmp_path, target, what):
    (tmp_path / "folder").mkdir()
    assert refused(target).what.startswith(what)


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("x = 1\nimport torch_that_is_nowhere\n", "No module named 'torch_that_is_nowhere'", 2),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError: division by zero", 2),
        ("import json\njson.loads('{')\n", "JSONDecodeError", 2),
        ("import sys\nsys.exit(3)\n", "it exits while it is imported: code 3", 2),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1),
        ("x = (\n", "SyntaxError: '(' was never closed", 1),
        ("x = 1\n  y = 2\n", "IndentationError", 2),
        ("x = [\n1,\n<<<<<<< HEAD\n2,\n=======\n", "holds a merge marker", 3),
        (b"x = '\xff'\n", "SyntaxError: (unicode error) 'utf-8' codec", None),
        ("x = '\0'\n", "null bytes", None),
        ("input()\n", "EOFError", 1),
        (
            WORDS + "RunDescription('r', [], use_gpus=3)\n",
            "TypeError: RunDescription.__init__() got an unexpected keyword argument 'use_gpus'",
            2,
        ),
        (
            "from sample_factory.utils.utils import project_tmp_dir\n",
            "ImportError: cannot import name 'project_tmp_dir'",
            1,
        ),
        ("import sample_factory.envs\n", "No module named 'sample_factory.envs'", 1),
        ("import os\nos._exit(7)\n", "exit code 7", None),
        ("import os\nos.kill(os.getpid(), 11)\n", "the import was killed: SIGSEGV", None),
        ("import os\nos.kill(os.getpid(), 40)\n", "the import was killed: 40", None),
        ("raise Exception('\\x1b[31m' + 'x' * 5000)\n", r"Exception: \x1b[31mxxx", 1),
    ],
)  # fmt: skip
def test_broken_modules(here, text, what, line):
    e = refused(here("broken.py", text), twice=False)
    assert (type(e), e.exit_code, e.code) == (CannotLoad, 1, "PBT101")
    assert what in e.what
    assert e.where.file == "broken.py"
    assert line is None or e.where.line == line
    assert len(e.what) < 2000


def test_d13_hints(here):
    here("ant.py", WORDS + "RunDescription('r', [], use_gpus=3)\n")
    assert "Sample-Factory 1" in refused("ant.py").hint
    here("bee.py", "import sample_factory.envs\n")
    assert "not installed" in refused("bee.py").hint
    here("cat.py", "from sample_factory.utils.utils import x\n")
    assert "not installed" in refused("cat.py").hint


def test_d50_the_frame_is_in_their_file(here):
    here("base.py", "def cli(x):\n    return int(x)\n")
    here("ant.py", "from base import cli\n\ncli('a')\n")
    e = refused("ant.py")
    assert (e.where.file, e.where.line) == ("base.py", 2)
    here("base.py", "x = (\n")
    assert refused("ant.py").where.file == "base.py"


def test_the_last_words_of_a_module_are_a_hint(here):
    here("ant.py", "import os\nos.write(2, b'out of licences\\n')\nos._exit(1)\n")
    assert "out of licences" in refused("ant.py").hint


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", "while True: print('x' * 1000)", "import time; time.sleep(600)"],
)
def test_endless_modules_are_ended_with_their_place(here, loop):
    here("ant.py", f"import sys\ndef f():\n    {loop}\nf()\n")
    e = refused("ant.py", timeout=0.5)
    assert "did not end within 0.5 s" in e.what
    assert (e.where.file, e.where.line) == ("ant.py", 3)


def test_a_module_that_closes_everything(here):
    here("ant.py", "import os, time\nos.closerange(3, 2048)\ntime.sleep(600)\n")
    assert "closed the pipe" in refused("ant.py", twice=False).what
    here("bee.py", "import os\nos.closerange(0, 256)\nf = open('f', 'w')\n" + WORDS + RUN)
    assert read("bee.py", twice=False).run_name == "r"
    assert Path("f").read_bytes() == b""  # our answer is not written into what takes its number


def test_a_module_that_writes_into_the_pipe(here):
    here("ant.py", "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'0' * 15 + "
         "b'4null')\n    except OSError:\n        pass\nos._exit(0)\n")  # fmt: skip
    refused("ant.py", twice=False)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 1\n", "no `RUN_DESCRIPTION`"),
        ("RUN_DESCRIPTION = [1]\n", "is no RunDescription: list"),
        ("RUN_DESCRIPTION = None\n", "is no RunDescription: NoneType"),
        (WORDS + "RUN_DESCRIPTION = RunDescription\n", "is no RunDescription: type"),
        (WORDS + "RUN_DESCRIPTION = RunDescription('r', 3)\n", "`experiments` is not a list: int"),
        (WORDS + "RUN_DESCRIPTION = RunDescription('r', ['a'])\n", "`experiments` holds a str"),
        (
            "class Old:\n    run_name, experiments = 'r', []\nRUN_DESCRIPTION = Old()\n",
            "it is of an older launcher",
        ),
    ],
)
def test_not_a_run(here, text, what):
    e = refused(here("ant.py", text), NotARun, twice=False)
    assert (e.exit_code, e.code, e.where.file) == (3, "PBT102", "ant.py")
    assert what in e.what


def test_a_description_of_another_name_is_pointed_at(here):
    here("ant.py", WORDS + RUN.replace("RUN_DESCRIPTION", "gridsearch"))
    assert "`gridsearch`" in refused("ant.py", NotARun).hint


@pytest.mark.parametrize(
    ("experiment", "param"),
    [
        ("'e', 'c', ParamGrid([('a', 1)]).generate_params()", "a"),
        ("'e', 'c', [{3: 1}]", None),
        ("'e', ['c']", None),
        ("'e', 'c', [3]", None),
        ("'e', 'c', env_vars=3", None),
        ("'e', 'c', env_vars={'A=B': '1'}", "A=B"),
        ("'e', 'c', env_vars={'A': None}", "A"),
        ("'e', 'c', resources=3", None),
        ("'e', 'c', resources={'disk': 1}", "disk"),
        ("'e', 'c', resources={'gpus': 'two'}", "gpus"),
        ("'e', 'c', resources={'gpus': True}", "gpus"),
        ("'e', 'c', resources={'gpus': 2**63}", "gpus"),
    ],
)
def test_values_of_no_use_have_their_place(here, experiment, param):
    here("ant.py", WORDS + "\nE = [\n    Experiment(" + experiment + "),\n]\n"
         "RUN_DESCRIPTION = RunDescription('r', E)\n")  # fmt: skip
    e = refused("ant.py", BadParam, twice=False)
    assert (e.exit_code, e.code) == (3, "PBT103")
    assert (e.where.file, e.where.line, e.where.experiment) == ("ant.py", 4, "e")
    assert e.where.param == param


def test_a_name_that_is_no_text(here):
    here("ant.py", WORDS + "RUN_DESCRIPTION = RunDescription('r', [Experiment(3, 'c')])\n")
    assert "`name` is not text" in refused("ant.py", BadParam).what


def test_scalars_of_an_array_library_are_values():
    class Scalar:
        shape = ()

        def item(self):
            return 3

    assert plain([Scalar(), float("inf"), 2.5]) == [3, "inf", 2.5]


def test_run_names_may_be_paths():
    class Run:
        run_name, experiments = Path("a/b"), []
        experiment_arg_name = experiment_dir_arg_name = param_prefix = ""

    assert described(Run(), None)["run"][0] == "a/b"


def test_the_caller_keeps_no_descriptors(here):
    here("ant.py", WORDS + RUN)
    before = {p.name for p in Path("/proc/self/fd").iterdir()}
    read("ant.py")
    assert {p.name for p in Path("/proc/self/fd").iterdir()} == before
    assert "ant" not in sys.modules
