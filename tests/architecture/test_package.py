"""The wheel contains everything that the program needs, and has the right version."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from docs import release
from tests.architecture.codebase import ROOT
from tests.executor.running import PATIENCE
from tests.tui.test_tui_terminal import Terminal

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WRONG = '{"format":"pbt-processes/1","run":"x","module":"m","train_dir":"t","policy":{},"jobs":3}'


CLONE = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")


def committed() -> set[str]:
    """The files of the repository, by path from its root."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return made


def test_the_version_is_that_of_the_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    found = re.search(r"^The next version is (\S+)\.$|^## \[(\d\S*)\]", text, re.MULTILINE)
    assert found
    assert (found[1] or found[2]) == PROJECT["version"]
    assert "## [Unreleased]" in text


def test_the_commands_say_the_version() -> None:
    for command in PROJECT["scripts"]:
        done = _command(command.removeprefix("pbt-"), "--version")
        assert (done.returncode, done.stdout.split()[-1:]) == (0, [PROJECT["version"]])


def test_the_wheel_has_what_is_not_python_too(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "pbt_tui/py.typed" in names
    schemas = {f"pbt_tui/schemas/{path.name}" for path in (ROOT / "schemas").iterdir()}
    styles = {str(path.relative_to(ROOT)) for path in (ROOT / "pbt_tui").rglob("*.tcss")}
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "pbt_tui").rglob("*.py")}
    assert schemas
    assert styles
    assert schemas | styles | sources <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"pbt_tui"}


def test_schemas_are_found_in_the_wheel_and_in_a_checkout(wheel: Path, tmp_path: Path) -> None:
    site, spec = tmp_path / "site", tmp_path / "processes.json"
    zipfile.ZipFile(wheel).extractall(site)
    spec.write_text(WRONG)
    for home in (site, ROOT):
        said = subprocess.run(
            [sys.executable, "-c", "import pbt_tui; print(pbt_tui.__file__)"],
            cwd=tmp_path, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert Path(said.strip()).is_relative_to(home)
        done = _command("compile", "--validate", str(spec), path=home, cwd=tmp_path)
        assert done.returncode == 3
        assert "/jobs: expected a list" in done.stderr


def test_the_long_description_has_no_relative_link(wheel: Path) -> None:
    package = zipfile.ZipFile(wheel)
    (name,) = (name for name in package.namelist() if name.endswith(".dist-info/METADATA"))
    text = package.read(name).decode().partition("\n\n")[2]
    links = re.findall(r"\]\(([^)#]+)|(?:src|srcset)=\"([^\"]+)", text)
    addresses = [a or b for a, b in links]
    assert len(addresses) > 20
    assert [a for a in addresses if not a.startswith("https://")] == []
    ours = [a for a in addresses if a.startswith(f"{release.repository()}/")]
    paths = [re.sub(r".*/(?:blob|raw)/main/", "", a).partition("#")[0] for a in ours]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_code_in_the_long_description_stays_as_it_is() -> None:
    text = '[a](b) [c](#d) [e](https://f)\n```python\ng[0](h)\n```\n<img src="i.svg">\n'
    assert release.described(text, "https://x/y") == (
        "[a](https://x/y/blob/main/b) [c](#d) [e](https://f)\n```python\ng[0](h)\n```\n"
        '<img src="https://x/y/raw/main/i.svg">\n'
    )


@CLONE
def test_the_address_of_the_project_stands_in_one_place() -> None:
    address = release.repository()
    found = {
        str(path.relative_to(ROOT))
        for path in map(ROOT.joinpath, committed())
        if address.encode() in path.read_bytes()
    }
    generated = {path for path in found if path.startswith("schemas/")}
    assert found - generated == {"pyproject.toml"}
    assert len(generated) == len(list((ROOT / "schemas").glob("*.json")))


@pytest.mark.parametrize("wrong", ["http://x.org/y", "https://", "x", "https://x.org/a b"])
def test_an_address_is_one_of_https(wrong: str, tmp_path: Path) -> None:
    text = f"[tool.pbt-tui-release]\nrepository = '{wrong}'\n"
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ValueError, match="is not an address"):
        release.repository(tmp_path)


@CLONE
def test_the_source_distribution_has_what_is_committed(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (made,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(made) as archive:
        packed = {m.name.partition("/")[2]: m.mode & 0o100 for m in archive if m.isfile()}
    names = committed()
    assert names - set(packed) == set()
    assert {n for n in names if (ROOT / n).stat().st_mode & 0o100} == {
        name for name in names if packed[name]
    }


class FromTheWheel(Terminal):
    """`pbt-tui` of an environment that has the wheel and what it depends on, and nothing else."""

    def shows(self, *words: str) -> None:
        """Until the screen shows all of them. A new size makes it draw everything again."""
        end, text, height = time.monotonic() + PATIENCE, "", 45
        while not all(word in text for word in words) and time.monotonic() < end:
            height = 89 - height
            before = len(self.seen)
            self.resize(160, height)
            self.read(1.0)
            text = re.sub(
                r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen[before:].decode("utf-8", "replace")
            )
        assert [word for word in words if word not in text] == [], text

    def press(self, keys: str) -> None:
        super().press(keys)
        self.answer(keys)


def test_the_recorded_run_is_shown_from_the_wheel_alone(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    site = home / f"lib/python3.{sys.version_info.minor}/site-packages"
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", home, *install], check=True)
    # Its dependencies are those of the tests. What is installed in place there is not found so.
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    monkeypatch.setattr(FromTheWheel, "PROGRAM", (str(home / "bin/pbt-tui"),))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = subprocess.run(
        [home / "bin/python", "-c", "import pbt_tui; print(pbt_tui.__file__)"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert found.startswith(f"{site}/")
    terminal = FromTheWheel("--demo", size=(160, 45))
    try:
        terminal.wait_for(b"% ended")
        terminal.shows("8× CUDA out of memory", "cube_pbt", "succeeded", "PROGRESS")
        terminal.press("p")
        terminal.shows("copied member", "best 3", "isaacgymenvs")
        terminal.press("f")
        terminal.shows("killed by SIGKILL", "exit 1: error: cannot load")
        terminal.press("q")
        terminal.press("q")
        terminal.wait_for(b"this was an example run, and it is removed")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert not list(tmp_path.glob("pbt-demo-*"))


def _command(
    name: str, *argv: str, path: Path = ROOT, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"pbt_tui.cli.{name}", *argv],
        cwd=cwd, env={"PYTHONPATH": str(path)}, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    extras = [need for k in ("dev", "docs") for need in PROJECT["optional-dependencies"][k]]
    for need in (*PROJECT["dependencies"], *extras):
        name = re.match(r"[\w.-]+", need)
        assert name
        assert name[0].lower().replace("_", "-") in pinned
