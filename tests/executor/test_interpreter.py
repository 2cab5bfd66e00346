"""Which Python a job gets: real folders, real links, real starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.executor.interpreter import Interpreters, first_on_path, interpreter, resolve


def environment(at: Path, *names: str) -> Path:
    (at / "bin").mkdir(parents=True)
    for name in names or ("python", "python3"):
        (at / "bin" / name).symlink_to(sys.executable)
    return at


@pytest.fixture
def bare() -> dict[str, str]:
    return {"PATH": "/usr/local/bin:/usr/bin:/bin"}


@pytest.mark.parametrize("word", ["python", "python3"])
def test_the_active_virtual_environment(tmp_path: Path, word: str, bare: dict[str, str]) -> None:
    env = environment(tmp_path / "env")
    argv, first = resolve([word, "-m", "x"], {**bare, "VIRTUAL_ENV": str(env)})
    assert argv == (str(env / "bin" / word), "-m", "x")
    assert first == str(env / "bin")


def test_the_active_conda_environment(tmp_path: Path, bare: dict[str, str]) -> None:
    env = environment(tmp_path / "env", "python3")
    argv, first = resolve(["python"], {**bare, "CONDA_PREFIX": str(env)})
    assert argv == (str(env / "bin" / "python3"),)
    assert first == str(env / "bin")


def test_of_two_active_environments_path_decides(tmp_path: Path) -> None:
    venv, conda = environment(tmp_path / "venv"), environment(tmp_path / "conda")
    both = {"VIRTUAL_ENV": str(venv), "CONDA_PREFIX": str(conda)}
    for first, second in ((venv, conda), (conda, venv)):
        path = f"{first}/bin:{second}/bin:/usr/bin"
        assert interpreter({**both, "PATH": path}) == str(first / "bin" / "python3")
    assert interpreter({**both, "PATH": "/usr/bin"}) == str(venv / "bin" / "python3")


def test_what_was_found_serves_the_same_environment_only(
    tmp_path: Path, bare: dict[str, str]
) -> None:
    one, two = environment(tmp_path / "one"), environment(tmp_path / "two")
    environs = [bare, *({**bare, "VIRTUAL_ENV": str(env)} for env in (one, two))]
    commands = [["python", "a"], ["python3", "b"], ["sh", "-c", "x"], [], [f"{one}/bin/python"]]
    found = Interpreters(None)
    for _ in range(2):
        for environ in environs:
            for argv in commands:
                assert found.resolve(argv, environ) == resolve(argv, environ)
    (two / "bin" / "python").unlink()
    (two / "bin" / "python3").unlink()
    words, _ = found.resolve(["python"], environs[2])
    assert words == (str(two / "bin" / "python"),), "it is looked for once"


@pytest.mark.parametrize("broken", ["missing", "no-python", "relative", "empty"])
def test_an_environment_that_is_none_is_passed_over(
    tmp_path: Path, broken: str, bare: dict[str, str]
) -> None:
    (tmp_path / "no-python" / "bin").mkdir(parents=True)
    value = {"relative": "some/env", "empty": ""}.get(broken, str(tmp_path / broken))
    assert interpreter({**bare, "VIRTUAL_ENV": value}) == sys.executable


def test_else_the_callers_own(bare: dict[str, str]) -> None:
    argv, first = resolve(["python3", "train.py"], bare)
    assert argv == (sys.executable, "train.py")
    assert first == str(Path(sys.executable).parent)


@pytest.mark.parametrize("mark", ["pipx_metadata.json", "uv-receipt.toml"])
def test_in_a_tool_environment_the_one_on_path(
    tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, user = environment(tmp_path / "tool"), environment(tmp_path / "user")
    (tool / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tool))
    monkeypatch.setattr(sys, "executable", str(tool / "bin" / "python"))
    environ = {"PATH": f"{tmp_path}/nowhere:{user}/bin"}
    assert resolve(["python"], environ) == ((f"{user}/bin/python",), f"{user}/bin")
    assert resolve(["python"], {"PATH": str(tmp_path)}) == (("python",), None)


@pytest.mark.parametrize(
    "word", ["python2.7", "python3.11", "python_wrapper", "pythonw", "uv", "torchrun", "Python", ""]
)
def test_other_words_stay(word: str, bare: dict[str, str]) -> None:
    """Defect D24: whatever began with `python` was replaced."""
    argv, first = resolve([word, "python"], bare)
    assert argv == (word, "python")
    assert first == str(Path(sys.executable).parent)


@pytest.mark.parametrize("path", ["/opt/env/bin/python", "/opt/env/bin/python3.11", "/python3"])
def test_an_interpreter_by_its_path_stays_and_its_folder_comes_first(path: str) -> None:
    """Defect R1: at its first restart, as bare `python3`, it would leave its environment."""
    assert resolve([path, "x"], {"VIRTUAL_ENV": "/nowhere"}) == (
        (path, "x"),
        str(Path(path).parent),
    )


def test_first_on_path() -> None:
    assert first_on_path("/a", "/b:/a:/c") == "/a:/b:/c"
    assert first_on_path(None, "/b:/c") == "/b:/c"
    assert first_on_path("/a", None) == f"/a:{os.defpath}"


def test_a_bare_restart_stays_in_the_environment(tmp_path: Path) -> None:
    """Defect R1, with a real environment: the interpreter that `python3` finds is the same one."""
    env = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    environ = {"VIRTUAL_ENV": str(env), "PATH": os.environ["PATH"]}
    say = "import os, sys; print(sys.prefix, flush=True); "
    again = f"{say}os.execvp('python3', ['python3', '-c', 'import sys; print(sys.prefix)'])"
    argv, first = resolve(["python", "-c", again], environ)
    out = subprocess.run(
        argv,
        env={**environ, "PATH": first_on_path(first, environ["PATH"])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout.splitlines() == [str(env), str(env)]
