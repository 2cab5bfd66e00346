"""Compile here, commit, and `--check` elsewhere: another clone, user, day, home and umask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DRAWS = """
import time
from pbt_tui import Experiment, ParamGrid, RunDescription, seeds
started = time.time()
GRID = ParamGrid([("seed", seeds(3)), ("lr", [1e-3, 1e-4])]).generate_params(False)
RUN_DESCRIPTION = RunDescription("ant", [Experiment("base", "python train.py", GRID)])
"""
HOSTS = """
import socket
from pbt_tui import Experiment, RunDescription
RUN_DESCRIPTION = RunDescription(
    "hosts", [Experiment("base", f"python train.py --host={socket.gethostname()}")]
)
"""
ANOTHER_DAY = """
import time
now, ago = time.time, 400 * 86400 + 3661
time.time = lambda: now() - ago
"""
NOBODY = 65534


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two run modules, and above it no other project."""
    folder = tmp_path / "ada" / "project"
    (folder / "runs").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "runs/ant.py").write_text(DRAWS)
    (folder / "runs/hosts.py").write_text(HOSTS)
    git(folder, "init", "-q", "-b", "main")
    return folder


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=ada", "-c", "user.email=ada@localhost", "-c", "core.hooksPath=/")
    subprocess.run(["git", "-C", str(folder), *own, *words], check=True)


def compile_in(
    folder: Path, *words: str, code: int = 0, **how: Any
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **how.pop("env", {})}
    python = how.pop("python", sys.executable)
    command = [*how.pop("before", ()), python, "-m", "pbt_tui.cli.compile", *words]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, **how
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def committed(project: Path, *words: str) -> Path:
    """Compiles, commits, and clones to another path."""
    compile_in(project, *words)
    git(project, "add", "-A")
    git(project, "commit", "-qm", "add the specs")
    clone = project.parents[1] / "eve" / "another place"
    git(project.parent, "clone", "-q", str(project), str(clone))
    return clone


def test_a_clone_elsewhere_on_another_day_is_up_to_date(project: Path, tmp_path: Path) -> None:
    clone = committed(project, "runs/ant.py", "--seed", "7")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(ANOTHER_DAY)
    elsewhere = {"HOME": "/nonexistent", "USER": "eve", "LOGNAME": "eve", "TZ": "Asia/Tokyo"}
    elsewhere["PYTHONPATH"] = f"{tmp_path / 'site'}:{ROOT}"
    for folder, words in [
        (clone, ("runs/ant.py",)),
        (clone, ("runs.ant",)),
        (clone, ()),
        (clone / "runs", ("ant.py", "--out", "../specs")),
        (clone / "runs", ("--out", "../specs")),
        (Path("/"), (str(clone / "runs/ant.py"), "--out", str(clone / "specs"))),
    ]:
        done = compile_in(folder, "--check", *words, env=elsewhere, umask=0o077)
        assert "up to date, 6 jobs" in done.stdout
        assert done.stderr == ""


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("setpriv"), reason="only root becomes another user"
)
def test_another_user_finds_it_up_to_date(project: Path) -> None:
    clone = committed(project, "runs/ant.py", "--seed", "7")
    (clone / "specs").chmod(0o555)
    # the other user may read where this Python and the project lie, and write nowhere
    reads = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reads)
    done = compile_in(
        clone, "--check", before=become, env={"HOME": "/nonexistent", "USER": "nobody"}
    )
    assert "up to date, 6 jobs" in done.stdout
    compile_in(clone, "runs/ant.py", "--seed", "8", before=become, code=2)


def test_another_python_finds_it_up_to_date(project: Path) -> None:
    other = os.environ.get("PBT_OTHER_PYTHON")
    if other is None:
        pytest.skip("`PBT_OTHER_PYTHON` names no Python that has the dependencies")
    clone = committed(project, "runs/ant.py", "--seed", "7")
    assert "up to date" in compile_in(clone, "--check", python=other).stdout


def test_a_command_with_the_host_name_is_warned_about(project: Path) -> None:
    done = compile_in(project, "runs/hosts.py")
    assert done.stderr.splitlines()[0] == (
        "warning[PBT225]: `runs/hosts.py`:5: `cmd` holds the host name (`socket.gethostname`): "
        "on another host the compiled files have other bytes, and `--check` fails"
    )
    compile_in(project, "runs/hosts.py", "--check", "--strict", code=3)
    cured = HOSTS.replace('f"python train.py --host={socket.gethostname()}"', '"python train.py"')
    (project / "runs/hosts.py").write_text(cured)
    assert compile_in(project, "runs/hosts.py").stderr == ""


def test_the_bytes_are_the_same_from_every_folder(project: Path) -> None:
    made: list[bytes] = []
    for folder, name in [
        (project, "runs/ant.py"),
        (project, "./runs/ant.py"),
        (project / "runs", "ant.py"),
        (project.parent, "project/runs/ant.py"),
        (Path("/"), str(project / "runs/ant.py")),
    ]:
        out = project.parent / f"out{len(made)}"
        compile_in(folder, name, "--seed", "1", "--out", str(out))
        made.append((out / "ant/processes.json").read_bytes())
    assert len(set(made)) == 1
    assert b'"module":"runs/ant.py",\n"seed":1,\n' in made[0]


@pytest.mark.parametrize("line", [b'"suffix":"\xff"', b'"module":"\xff"', b'"seed":\xb2', b"\0"])
def test_a_damaged_spec_records_no_seed(project: Path, line: bytes) -> None:
    compile_in(project, "runs/ant.py", "--seed", "7")
    broken = project / "specs/broken"
    broken.mkdir()
    head = b'{"format":"pbt-processes/1",\n"module":"runs/ant.py",\n'
    (broken / "processes.json").write_bytes(head + line + b",\n")
    done = compile_in(project, "runs/ant.py", "--check")
    assert done.stderr == ""


def test_which_seed_counts(project: Path) -> None:
    spec = project / "specs/ant/processes.json"
    compile_in(project, "runs/ant.py", code=3)
    assert not spec.exists()
    compile_in(project, "runs/ant.py", "--seed", "7")
    seven = spec.read_bytes()
    for words in ((), ("--diff",), ("--check",), ("--seed", "7", "--check")):
        assert compile_in(project, "runs/ant.py", *words).stdout.count("\n") == (
            "--diff" not in words
        )
    done = compile_in(project, "runs/ant.py", "--seed", "8", "--check", code=3)
    assert "hint: run `pbt-compile runs/ant.py --out specs --seed 8`" in done.stderr
    compile_in(project, "runs/ant.py", "--seed", "8")
    assert b'"seed":8,' in spec.read_bytes() != seven
    compile_in(project, "runs/ant.py", "--experiment_suffix", "b", code=3)


def test_what_an_earlier_version_wrote_is_to_be_compiled_again(project: Path) -> None:
    compile_in(project, "runs/ant.py", "--seed", "7", "--backend", "processes")
    spec = project / "specs/ant/processes.json"
    module = f'"module":"{project}/runs/ant.py"'.encode()
    old = spec.read_bytes().replace(b'"seed":7,\n', b"").replace(b'"module":"runs/ant.py"', module)
    spec.write_bytes(old)
    done = compile_in(project, "runs/ant.py", "--seed", "7", "--check", code=3)
    assert "was written by an earlier version: compile again" in done.stderr
    spec.write_bytes(old.replace(b'"max_parallel":4', b'"max_parallel":5'))
    words = ("runs/ant.py", "--seed", "7", "--check", "--max_parallel", "4")
    assert "earlier version" not in compile_in(project, *words, code=3).stderr


def test_windows_line_endings_are_told_and_cured(project: Path) -> None:
    git(project, "config", "core.autocrlf", "true")
    compile_in(project, "runs/ant.py", "--seed", "7")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "add the specs")
    for file in (project / "specs").rglob("*.*"):
        file.unlink()
    git(project, "checkout", "-q", "--", "specs")
    done = compile_in(project, "--check", code=3)
    assert "error[PBT812]: `specs/ant/processes.json`: has Windows line endings" in done.stderr
    line = done.stderr.split("put the line `")[1].split("`")[0]
    (project / ".gitattributes").write_text(f"{line}\n")
    compile_in(project, "runs/ant.py")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "keep the line endings")
    for file in (project / "specs").rglob("*.*"):
        file.unlink()
    git(project, "checkout", "-q", "--", "specs")
    assert "up to date" in compile_in(project, "--check").stdout


def test_annotations_are_of_the_repository(project: Path, tmp_path: Path) -> None:
    (project / "runs/bad.py").write_text("RUN_DESCRIPTION = None\n")
    out = ("--format", "github")
    for folder, name in ((project / "runs", "bad.py"), (project.parent, "project/runs/bad.py")):
        done = compile_in(folder, name, *out, code=3, env={"GITHUB_WORKSPACE": ""})
        assert "::error file=runs/bad.py,line=1,title=PBT102::" in done.stdout
    done = compile_in(project, "runs/bad.py", *out, code=3, env={"GITHUB_WORKSPACE": str(tmp_path)})
    assert "file=ada/project/runs/bad.py,line=1," in done.stdout


def test_check_tells_a_foreign_folder_and_a_line_for_each_missing_file(project: Path) -> None:
    done = compile_in(project, "runs/ant.py", "--seed", "7", "--check", code=3)
    assert all(": is missing" in line for line in done.stdout.splitlines())
    assert len(done.stdout.splitlines()) == 4
    compile_in(project, "runs/ant.py", "--seed", "7")
    (project / "runs/other.py").write_text(DRAWS)
    done = compile_in(project, "runs/other.py", "--seed", "7", "--check", code=3)
    assert "error[PBT222]" in done.stderr
    assert "`pbt-run specs/ant --failed`" in done.stderr
    assert done.stdout == ""
    assert "PBT820" not in done.stderr
    compile_in(project, "runs/other.py", "--seed", "7", "--experiment_suffix", "other")


def test_a_package_is_imported_by_its_dotted_name(project: Path) -> None:
    (project / "pkg").mkdir()
    (project / "pkg/__init__.py").write_text(DRAWS)
    compile_in(project, "pkg", "--seed", "7")
    assert b'"module":"pkg",' in (project / "specs/ant/processes.json").read_bytes()
    done = compile_in(project, "pkg/", code=1)
    assert "hint: a package is named with dots: `pkg`" in done.stderr
    compile_in(project, "runs", code=1)
    (project / "pkg/inner").mkdir()
    (project / "pkg/inner/__init__.py").write_text("from pkg import RUN_DESCRIPTION\n")
    compile_in(project, "pkg.inner", "--seed", "7", "--out", "inner")
    assert b'"module":"pkg.inner",' in (project / "inner/ant/processes.json").read_bytes()
    (project / "pkg/near.py").write_text("from . import RUN_DESCRIPTION\n")
    compile_in(project, "pkg.near", "--seed", "7", "--out", "near")


@pytest.mark.parametrize(
    "words", [("--runner=processes",), ("--runner", "slurm"), ("--backend=slurm", "--runner=ngc")]
)
def test_runner_is_backend_now(project: Path, words: tuple[str, ...]) -> None:
    done = compile_in(project, "runs/ant.py", *words, code=2)
    assert done.stderr.endswith("hint: `--runner` is `--backend` now\n")
