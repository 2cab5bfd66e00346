"""Heavy packages are imported late, and some commands never import them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("textual", "rich", "docker", "jsonschema", "asyncio", "yaml", "pynvml", "msgspec")
MODULE = """\
from pbt_tui import Experiment, ParamGrid, RunDescription

params = ParamGrid([("x", [1, 2])])
RUN_DESCRIPTION = RunDescription(
    "small", experiments=[Experiment("a", "true", params.generate_params(False))]
)
"""


def loaded(code: str, cwd: Path) -> set[str]:
    """The packages and modules in memory after `code`; pytest's own process is not asked."""
    tell = "import sys; sys.stdout.flush(); print('\\nLOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"],
        cwd=cwd, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(done.stdout.rpartition("LOADED")[2].split())


def command(name: str, *argv: str) -> str:
    """Code that runs the command in its own process and says its exit code when it is not 0."""
    return f"from pbt_tui.cli import {name}\nassert {name}.main({list(argv)!r}) == 0"


@pytest.mark.parametrize(
    ("code", "never"),
    [
        ("import pbt_tui", HEAVY),
        ("import pbt_tui.cli.compile", HEAVY),
        ("import pbt_tui.cli.run", HEAVY),
        (
            "import pbt_tui.cli.tui",
            ("textual", "rich", "docker", "jsonschema", "pynvml", "asyncio"),
        ),
        ("import pbt_tui.scheduler.decide", ("asyncio", "subprocess", "socket", "docker")),
    ],
)
def test_an_import_costs_little(code: str, never: tuple[str, ...], tmp_path: Path) -> None:
    assert loaded(code, tmp_path) & set(never) == set()


def test_compiling_loads_neither_docker_nor_textual_nor_the_executor(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(MODULE)
    names = loaded(command("compile", "small.py"), tmp_path)
    assert names & {"docker", "textual", "asyncio", "jsonschema", "pbt_tui.executor"} == set()
    assert "pbt_tui.compiler" in names


def test_help_loads_the_rows_of_the_settings_and_nothing_that_reads_them(tmp_path: Path) -> None:
    code = (
        "from pbt_tui.cli.compile_options import parser\n"
        "try:\n    parser(['--help']).parse_args(['--help'])\n"
        "except SystemExit as e:\n    assert e.code == 0"
    )
    never = {"msgspec", "decimal", "difflib", "pathlib", "shutil", "subprocess", "tomllib"}
    names = loaded(code, tmp_path)
    assert names & {*HEAVY, *never, "importlib.metadata", "pbt_tui.backends.slurm.index"} == set()
    assert {"pbt_tui.backends.slurm.settings", "pbt_tui.backends.ngc.settings"} <= names
    assert "pbt_tui.settings.descriptions" not in names


def test_only_the_help_of_a_topic_loads_the_types(tmp_path: Path) -> None:
    code = (
        "from pbt_tui.cli.compile_options import parser\n"
        "try:\n    parser().parse_args(['--help', 'slurm'])\n"
        "except SystemExit as e:\n    assert e.code == 0"
    )
    names = loaded(code, tmp_path)
    assert {"msgspec", "pbt_tui.backends.slurm.index"} <= names
    assert names & {"pbt_tui.backends.ngc.request", "textual", "docker", "jsonschema"} == set()


def test_compiling_loads_no_tools_that_it_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(MODULE)
    names = loaded(command("compile", "small.py", "--backend", "processes"), tmp_path)
    never = {"tempfile", "random", "hashlib", "shutil", "glob", "difflib", "shlex", "json"}
    assert names & {*never, "importlib.metadata", "pbt_tui.backends.slurm.index"} == set()


def test_the_child_that_imports_a_module_loads_next_to_nothing(tmp_path: Path) -> None:
    """It starts twice a compilation."""
    told = "import sys\nopen('loaded', 'w').write('\\n'.join(sys.modules))\n"
    (tmp_path / "small.py").write_text(MODULE + told)
    loaded(command("compile", "small.py"), tmp_path)
    names = set((tmp_path / "loaded").read_text().split())
    never = {"typing", "re", "json", "contextlib", "enum", "collections", "pathlib", "dataclasses"}
    assert names & {*HEAVY, *never} == set()
    assert "pbt_tui.compiler.child" in names


def test_running_plain_processes_loads_neither_docker_nor_textual(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(MODULE)
    names = loaded(command("run", "small.py", "--pause_between", "0"), tmp_path)
    assert names & {"docker", "textual", "jsonschema", "pbt_tui.tui"} == set()
    assert "pbt_tui.executor" in names


def test_a_target_alone_loads_no_backend(tmp_path: Path) -> None:
    code = "from pbt_tui.cli.tui_options import target_alone\nassert target_alone(['x'])"
    assert "pbt_tui.backends" not in loaded(code, tmp_path)


def test_looking_once_loads_neither_textual_nor_the_executor(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(MODULE)
    loaded(command("run", "small.py", "--pause_between", "0"), tmp_path)
    for mode in ("--once", "--plain"):
        names = loaded(command("tui", "train_dir/small", mode), tmp_path)
        assert names & {"textual", "asyncio", "docker", "pbt_tui.executor"} == set()
        assert "pbt_tui.tui" in names


def test_a_planted_import_is_found(tmp_path: Path) -> None:
    assert "asyncio" in loaded("import pbt_tui, asyncio", tmp_path)
