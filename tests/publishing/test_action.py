"""The steps of the action for other repositories, run as GitHub runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.codebase import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
INSTALL, CHECK = [step for step in ACTION["runs"]["steps"] if "run" in step]
MODULE = """from pbt_tui import Experiment, ParamGrid, RunDescription

grid = ParamGrid([("lr", [{lrs}])])
RUN_DESCRIPTION = RunDescription(
    "{run}", experiments=[Experiment("e", "python train.py", grid.generate_params(False))]
)
"""


def run(
    step: dict[str, Any], theirs: Path, python: Path, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Runs a step in a repository, with inputs in the place of their defaults."""
    values = {name: about["default"] for name, about in ACTION["inputs"].items()} | inputs

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)

    env = {
        **os.environ,
        **{name: filled(text) for name, text in step["env"].items()},
        "GITHUB_ACTION_PATH": str(ROOT),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_IGNORE_INSTALLED": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
    }  # fmt: skip
    env.pop("PYTHONPATH", None)
    assert step["shell"] == "bash"
    script = theirs.parent / "step.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=theirs / filled(step["working-directory"]), env=env, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A repository of a user, with two runs whose specs are up to date."""
    folder = tmp_path / "theirs"
    (folder / "runs").mkdir(parents=True)
    for name in ("ant", "cube"):
        (folder / f"runs/{name}.py").write_text(MODULE.format(run=name, lrs="1, 2"))
        command = [sys.executable, "-m", "pbt_tui", "compile", f"runs/{name}.py"]
        subprocess.run(command, cwd=folder, env=_env(), check=True, capture_output=True)
    return folder


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


HERE = Path(sys.executable)


def test_specs_that_are_up_to_date_pass(theirs: Path) -> None:
    done = run(CHECK, theirs, HERE)
    assert (done.returncode, "::error" in done.stdout) == (0, False), done.stdout + done.stderr
    assert run(CHECK, theirs, HERE, modules="runs/ant.py runs/cube.py").returncode == 0


def test_a_stale_spec_fails_at_its_line(theirs: Path) -> None:
    (theirs / "runs/cube.py").write_text(MODULE.format(run="cube", lrs="1, 2, 3"))
    done = run(CHECK, theirs, HERE)
    assert done.returncode == 3
    assert "::error file=specs/cube/processes.json" in done.stdout
    assert run(CHECK, theirs, HERE, modules="runs/ant.py").returncode == 0
    assert run(CHECK, theirs, HERE, modules="runs/ant.py runs/cube.py").returncode == 3


def test_a_broken_spec_fails_unless_it_is_not_validated(theirs: Path) -> None:
    spec = theirs / "specs/cube/processes.json"
    spec.write_text(spec.read_text().replace('"max_parallel":4', '"max_parallel":"4"'))
    done = run(CHECK, theirs, HERE, modules="runs/ant.py")
    assert done.returncode == 3
    assert "::error file=specs/cube/processes.json" in done.stdout
    assert run(CHECK, theirs, HERE, modules="runs/ant.py", validate="false").returncode == 0


def test_inputs_are_words_and_no_code(theirs: Path) -> None:
    """An input may come from the title of a pull request."""
    for name in ("modules", "options", "specs"):
        done = run(CHECK, theirs, HERE, **{name: "$(touch ran) `touch ran`; touch ran *"})
        assert done.returncode != 0
        assert not list(theirs.rglob("ran"))


def test_options_and_folders_reach_the_command(theirs: Path) -> None:
    (theirs / "specs").rename(theirs / "compiled")
    assert run(CHECK, theirs, HERE, specs="compiled", options="--strict").returncode == 0
    inside = {"specs": "compiled", "working-directory": theirs.name}
    assert run(CHECK, theirs.parent, HERE, **inside).returncode == 0
    assert run(CHECK, theirs, HERE, options="--no_such_option").returncode == 2


def test_the_first_step_installs_this_version(theirs: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    site = home / f"lib/python3.{sys.version_info.minor}/site-packages"
    # pip, hatchling and what pbt_tui needs are those of the tests.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    done = run(INSTALL, theirs, home / "bin/python")
    assert done.returncode == 0, done.stderr
    assert (site / "pbt_tui/schemas/processes-1.json").is_file()
    done = run(CHECK, theirs, home / "bin/python")
    assert done.returncode == 0, done.stdout + done.stderr
