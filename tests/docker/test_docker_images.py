"""The Dockerfiles beside `docker/Dockerfile` build, as far as a machine without a registry can.

Their base images are on registries. A stand-in takes the place of each: busybox, with a `pip` and
an `isaaclab.sh` that record what they are called with.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.codebase import ROOT
from tests.docker.containers_driver import BUSYBOX

STAND_IN = "pbt-stand-in:test"
SCRIPT = "#!/bin/sh\\necho ${0##*/} $@ | tee -a /asked\\n"
RECIPE = f"""FROM {BUSYBOX}
ENV PATH=/usr/local/bin:/bin
RUN mkdir -p /usr/local/bin /workspace/isaaclab \\
 && for name in /bin/pip /workspace/isaaclab/isaaclab.sh; \\
    do printf '{SCRIPT}' >$name && chmod 755 $name; done
"""
CLASSIC = {"DOCKER_BUILDKIT": "0"}
"""The builder that needs no plugin."""


def _docker(*words: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *words], env={**os.environ, **CLASSIC}, cwd=ROOT,
        capture_output=True, text=True, check=False, timeout=240, input=given,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture
def build(engine: Any) -> Iterator[Callable[..., str]]:
    """Builds the image of a Dockerfile on the stand-in; its tag."""
    _docker("build", "--tag", STAND_IN, "-", given=RECIPE)
    made = [STAND_IN]

    def one(name: str, context: Path, *options: str) -> str:
        made.append(f"pbt-{name}:test")
        file = f"docker/{name}.Dockerfile"
        base = ("--build-arg", f"BASE={STAND_IN}", *options)
        _docker("build", "--file", file, "--tag", made[-1], *base, str(context))
        return made[-1]

    yield one
    for tag in reversed(made):
        engine.remove_image(tag, force=True)


def _run(image: str, *command: str) -> str:
    return _docker("run", "--rm", "--entrypoint", "", image, *command)


def test_the_image_for_torch_has_its_packages_with_versions(build: Callable[..., str]) -> None:
    image = build("cuda-pytorch", ROOT / "docker")
    [asked] = _run(image, "cat", "/asked").splitlines()
    packages = asked.removeprefix("pip install --no-cache-dir ").split()
    assert packages
    assert all("==" in package for package in packages)
    assert "PYTHONUNBUFFERED=1" in _run(image, "env").splitlines()


def test_the_image_for_isaac_lab_runs_python_by_its_script(
    build: Callable[..., str], engine: Any
) -> None:
    image = build("isaac-lab", ROOT / "docker", "--build-arg", "PACKAGES=toy==1.0")
    assert engine.inspect_image(image)["Config"]["Entrypoint"] in (None, [])
    ran = _docker("run", "--rm", image, "python", "train.py", "a b")
    assert ran == "isaaclab.sh -p train.py a b\n"
    assert _run(image, "cat", "/asked") == "isaaclab.sh -p -m pip install --no-cache-dir toy==1.0\n"


def test_the_image_for_rl_games_has_the_python_of_its_base(build: Callable[..., str]) -> None:
    """The command in its comment, on the stand-in."""
    said = (ROOT / "docker/isaac-lab.Dockerfile").read_text()
    [packages] = re.findall(r'PACKAGES="(.+)" docker/$', said, re.MULTILINE)
    options = ("--build-arg", "PYTHON=true", "--build-arg", f"PACKAGES={packages}")
    image = build("isaac-lab", ROOT / "docker", *options)
    assert _run(image, "cat", "/usr/local/bin/python").splitlines()[1] == 'exec true "$@"'


def test_the_image_for_ci_has_what_installs_the_compiler(
    build: Callable[..., str], engine: Any, tmp_path: Path
) -> None:
    for part in ("pyproject.toml", "README.md", "LICENSE", ".dockerignore"):
        shutil.copy(ROOT / part, tmp_path)
    for part in ("schemas", "docs", "docker", "pbt_tui"):
        shutil.copytree(ROOT / part, tmp_path / part)
    image = build("compile", tmp_path)
    first, second = _run(image, "cat", "/asked").splitlines()
    assert first.startswith("pip install --no-cache-dir msgspec>=")
    assert second == "pip install --no-cache-dir --no-deps /src"
    config = engine.inspect_image(image)["Config"]
    assert (config["Entrypoint"], config["Cmd"]) == (["pbt-compile"], ["--check"])
    assert config["User"] == "1000:1000"
