"""Run modules that cannot be read: what is told, with its place, and hints.

D12, D13 and D50 of the originals.
"""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from pbt_tui.compiler import compile_module
from pbt_tui.errors import BadParam, CannotLoad, NotARun, PbtError
from tests.compiler.loading import RUN, WORDS, Write, read, refused
from tests.compiler.shelf import MODULES

# Randomness (D12)


def test_d12_what_differs_is_named(here: Write) -> None:
    path = str(MODULES / "ige" / "seeds_at_import.py")
    assert read(path).unrepeatable == ("seed",)
    assert read(path, twice=False).unrepeatable == ()


def test_d12_a_seed_makes_it_repeatable_and_is_the_originals_draw() -> None:
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
        ("[{'a': 1}] * (os.getpid() % 10**6)", ("the number of jobs",)),
        ("[{'a': 1, **{str(os.getpid()): 2}}]", None),
        ("[dict.fromkeys(sorted(map(str, range(20)), key=lambda x: random.random()), 1)]",
         ("the order of parameters",)),
    ],
)  # fmt: skip
def test_d12_in_other_ways(here: Write, text: str, names: tuple[str] | None) -> None:
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
def test_d12_outside_of_parameters(here: Write, text: str, name: str) -> None:
    here("ant.py", WORDS + "import os\npid = os.getpid() % 1000\nRUN_DESCRIPTION = " + text + "\n")
    assert read("ant.py").unrepeatable == (name,)


def test_d12_an_import_that_works_only_once(here: Write) -> None:
    here("ant.py", WORDS + "import os\ntry:\n    os.mkdir('once')\nexcept OSError:\n"
         "    raise SystemExit(1)\n" + RUN)  # fmt: skip
    with suppress(CannotLoad):  # the one that counts may come second
        assert read("ant.py").unrepeatable == ("the import itself",)


# What cannot be read


def test_no_such_module(here: Write) -> None:
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
        ("", "no run module was given"),
        ("a\0b", "no run module was given"),
        ("--flag", "no such file"),
        ("x" * 300, "no module"),
        ("x/" * 3000, "no such file"),
        ("runs/\udcff.py", "its name is not UTF-8"),
    ],
)
def test_no_such_file(here: Write, tmp_path: Path, target: str, what: str) -> None:
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
def test_broken_modules(here: Write, text: bytes | str, what: str, line: int | None) -> None:
    e = refused(here("broken.py", text), twice=False)
    assert (type(e), e.exit_code, e.code) == (CannotLoad, 1, "PBT101")
    assert what in e.what
    assert e.where.file == "broken.py"
    assert line is None or e.where.line == line
    assert len(e.what) < 2000


def test_d13_hints(here: Write) -> None:
    here("ant.py", WORDS + "RunDescription('r', [], use_gpus=3)\n")
    assert "Sample-Factory 1" in str(refused("ant.py").hint)
    here("bee.py", "import sample_factory.envs\n")
    assert "not installed" in str(refused("bee.py").hint)
    here("cat.py", "from sample_factory.utils.utils import x\n")
    assert "not installed" in str(refused("cat.py").hint)


def test_d50_the_frame_is_in_their_file(here: Write) -> None:
    here("base.py", "def cli(x):\n    return int(x)\n")
    here("ant.py", "from base import cli\n\ncli('a')\n")
    e = refused("ant.py")
    assert (e.where.file, e.where.line) == ("base.py", 2)
    here("base.py", "x = (\n")
    assert refused("ant.py").where.file == "base.py"


def test_the_last_words_of_a_module_are_a_hint(here: Write) -> None:
    here("ant.py", "import os\nos.write(2, b'out of licences\\n')\nos._exit(1)\n")
    assert "out of licences" in str(refused("ant.py").hint)


@pytest.mark.parametrize(
    "loop",
    ["while True: pass", "while True: print('x' * 1000)", "import time; time.sleep(600)"],
)
def test_endless_modules_are_ended_with_their_place(here: Write, loop: str) -> None:
    here("ant.py", f"import sys\ndef f():\n    {loop}\nf()\n")
    for seconds in (0.5, 5.0, 50.0):  # a busy machine comes to the loop later
        e = refused("ant.py", timeout=seconds)
        assert f"did not end within {seconds:g} s" in str(e)
        if e.where.line:
            break
    assert (e.where.file, e.where.line) == ("ant.py", 3)


def test_a_module_that_closes_everything(here: Write) -> None:
    here("ant.py", "import os, time\nos.closerange(3, 2048)\ntime.sleep(600)\n")
    assert "closed the pipe" in refused("ant.py", twice=False).what
    here("bee.py", "import os\nos.closerange(0, 256)\nf = open('f', 'w')\n" + WORDS + RUN)
    assert read("bee.py", twice=False).run_name == "r"
    assert Path("f").read_bytes() == b""  # our answer is not written into what takes its number


def test_a_module_that_writes_into_the_pipe(here: Write) -> None:
    here("ant.py", "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, b'0' * 15 + "
         "b'4null')\n    except OSError:\n        pass\nos._exit(0)\n")  # fmt: skip
    refused("ant.py", twice=False)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 1\n", "no `RUN_DESCRIPTION`"),
        ("RUN_DESCRIPTION = [1]\n", "is not a RunDescription: list"),
        ("RUN_DESCRIPTION = None\n", "is not a RunDescription: NoneType"),
        (WORDS + "RUN_DESCRIPTION = RunDescription\n", "is not a RunDescription: type"),
        (WORDS + "RUN_DESCRIPTION = RunDescription('r', 3)\n", "`experiments` is not a list: int"),
        (WORDS + "RUN_DESCRIPTION = RunDescription('r', ['a'])\n", "`experiments` holds a str"),
        (
            "class Old:\n    run_name, experiments = 'r', []\nRUN_DESCRIPTION = Old()\n",
            "its class is `ant.Old`",
        ),
    ],
)
def test_not_a_run(here: Write, text: str, what: str) -> None:
    e = refused(here("ant.py", text), NotARun, twice=False)
    assert (e.exit_code, e.code, e.where.file) == (3, "PBT102", "ant.py")
    assert what in e.what


def test_a_description_of_another_name_is_pointed_at(here: Write) -> None:
    here("ant.py", WORDS + RUN.replace("RUN_DESCRIPTION", "gridsearch"))
    assert "`gridsearch`" in str(refused("ant.py", NotARun).hint)


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
def test_values_of_no_use_have_their_place(here: Write, experiment: str, param: str | None) -> None:
    here("ant.py", WORDS + "\nE = [\n    Experiment(" + experiment + "),\n]\n"
         "RUN_DESCRIPTION = RunDescription('r', E)\n")  # fmt: skip
    e = refused("ant.py", BadParam, twice=False)
    assert (e.exit_code, e.code) == (3, "PBT103")
    assert (e.where.file, e.where.line, e.where.experiment) == ("ant.py", 4, "e")
    assert e.where.param == param


def test_a_name_that_is_no_text(here: Write) -> None:
    here("ant.py", WORDS + "RUN_DESCRIPTION = RunDescription('r', [Experiment(3, 'c')])\n")
    assert "`name` is not text" in refused("ant.py", BadParam).what


@pytest.mark.parametrize("value", ["2**53 + 1", "10**5000", "'10000T'", "-(2**60)"])
def test_a_resource_that_no_spec_can_hold(tmp_path: Path, value: str) -> None:
    (tmp_path / "ant.py").write_text(
        "from pbt_tui import Experiment, RunDescription\n"
        "RUN_DESCRIPTION = RunDescription('r', [\n"
        f"    Experiment('e', 'python t.py', resources={{'memory': {value}}})\n"
        "])\n"
    )
    with pytest.raises(PbtError) as caught:
        compile_module(str(tmp_path / "ant.py"))
    (found,) = (d for d in caught.value.diagnostics if d.level == "error")
    assert found.where.line == 3
    assert found.where.param == "memory"
    assert found.code in ("PBT103", "PBT113")
