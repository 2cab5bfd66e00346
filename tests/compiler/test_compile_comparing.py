"""`--check`, `--diff` and `--validate` of files that git or a person left in another form.

Line endings are told as what they are, and a file with nothing to compare is one line.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.cli import compile as command
from pbt_tui.compiler import remake
from pbt_tui.spec import decode

MODULE = """
from pbt_tui import Experiment, RunDescription
JOBS = [{"seed": k} for k in range(60)]
RUN_DESCRIPTION = RunDescription("ant", [Experiment("base", "python train.py", JOBS)])
"""
Pbt = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]) -> Pbt:
    """Runs `pbt-compile`; returns its exit code and the lines of its two streams."""

    def call(*argv: str) -> tuple[int, list[str], list[str]]:
        code = command.main(argv)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return call


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pbt: Pbt) -> Path:
    """The compiled files of the module, for SLURM too, in the folder where the tests run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ant.py").write_text(MODULE)
    assert pbt("ant.py", "--backend", "slurm")[0] == 0
    return Path("specs")


def windows(*files: Path) -> None:
    for file in files:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))


def files_of(specs: Path) -> list[Path]:
    return sorted(path for path in specs.rglob("*") if path.is_file())


def test_files_with_windows_line_endings_are_a_line_each(specs: Path, pbt: Pbt) -> None:
    files = files_of(specs)
    windows(*files)
    told = [f"{file}: has Windows line endings" for file in files]
    code, out, err = pbt("ant.py", "--check")
    assert (code, sorted(out)) == (3, told)
    line = "put the line `specs/** text eol=lf` into `.gitattributes`"
    hint = f"hint: {line}, then run `pbt-compile ant.py --out specs`"
    assert [line for line in err if "PBT812" not in line] == [hint] * len(files)
    code, out, _ = pbt("ant.py", "--diff")
    assert (code, sorted(out)) == (0, told)


def test_a_change_under_windows_line_endings_is_shown_alone(specs: Path, pbt: Pbt) -> None:
    listed = specs / "ant/processes.json"
    windows(*files_of(specs))
    listed.write_bytes(listed.read_bytes().replace(b'"--seed=5"', b'"--seed=500"'))
    code, out, err = pbt("ant.py", "--check")
    assert code == 3
    assert "  command `--seed` changed in 1 job: 500 → 5" in out
    assert sum(line.startswith(("-{", '-"', "+{", '+"')) for line in out) == 2
    assert f"error[PBT820]: `{listed}`:14: is not what `pbt-compile` would write" in err[0]


def test_validate_says_windows_line_endings_of_every_file(specs: Path, pbt: Pbt) -> None:
    listed = specs / "ant/processes.json"
    windows(listed)
    code, _, err = pbt("--validate", "specs")
    assert code == 0  # it is the same JSON
    assert err[0] == f"warning[PBT812]: `{listed}`: has Windows line endings"
    assert "put the line `specs/** text eol=lf` into `.gitattributes`" in err[1]
    assert pbt("--validate", str(listed))[2] == err
    script = next((specs / "ant/slurm").glob("*.sbatch"))
    windows(script)
    code, _, err = pbt("--validate", "specs")
    assert code == 3  # bash reads the carriage returns
    assert f"error[PBT812]: `{script}`: has Windows line endings" in err
    assert len({line for line in err if line.startswith("hint")}) == 1


@pytest.mark.parametrize("out", ["a/specs", "my specs", "../elsewhere"])
def test_the_line_for_git_works_for_any_folder(specs: Path, pbt: Pbt, out: str) -> None:
    repository = Path.cwd() / "repository"
    (repository / "runs").mkdir(parents=True)
    (repository / "runs/ant.py").write_text(MODULE)
    git = ["git", "-C", str(repository), "-c", "core.autocrlf=true", "-c", "core.hooksPath=/"]
    subprocess.run([*git, "init", "-q"], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository / "runs")
        pbt("ant.py", "--out", out)
        file = Path(out, "ant/processes.json")
        windows(file)
        _, _, err = pbt("ant.py", "--out", out, "--check")
        _, line, _, beside, *_ = err[1].split("`")
        Path(beside).write_text(f"{line}\n")
        pbt("ant.py", "--out", out)
        subprocess.run([*git, "add", "-A"], check=True, stderr=subprocess.DEVNULL)
        file.unlink()
        subprocess.run([*git, "checkout", "-q", "--", "."], check=True)
        assert pbt("ant.py", "--out", out, "--check")[0] == 0


def test_a_template_with_windows_line_endings_is_the_same_template(specs: Path, pbt: Pbt) -> None:
    template = Path("site.sh")
    template.write_text("#!/bin/bash\nmodule load cuda\nsrun $CMD\n")
    words = ("ant.py", "--backend", "slurm", "--slurm_sbatch_template", "site.sh")
    assert pbt(*words)[0] == 0
    windows(template)
    assert pbt(*words, "--check")[0] == 0
    template.write_bytes(b"#!/bin/bash\rsrun $CMD\r")
    code, _, err = pbt(*words, "--check")
    assert code == 3
    assert "PBT603" in err[0]
    assert "a carriage return" in err[0]
    assert err[1] == "hint: end its lines with a line feed alone"


# A line for each file that holds nothing to compare


def test_check_of_a_folder_without_files_is_a_line_for_each(specs: Path, pbt: Pbt) -> None:
    files = files_of(specs)
    for file in files:
        file.unlink()
    code, out, err = pbt("ant.py", "--check")
    assert (code, sorted(out)) == (3, [f"{file}: is missing" for file in files])
    assert sum("PBT820" in line for line in err) == len(files)
    _, out, _ = pbt("ant.py", "--check", "--format", "github")
    assert sum(line.startswith("::error") for line in out) == len(files)
    assert [line for line in out if line.startswith(("+", "@"))] == []
    _, out, _ = pbt("ant.py", "--diff")
    assert len(out) > 200  # who asks for the diff gets it


def test_check_of_files_without_text_is_a_line_for_each(specs: Path, pbt: Pbt) -> None:
    scripts = sorted((specs / "ant/slurm").glob("*.sbatch"))
    for file in (specs / "ant/processes.json", *scripts):
        file.write_bytes(b"")
    code, out, _ = pbt("ant.py", "--check", "--backend", "slurm")
    assert code == 3
    assert out == [
        "specs/ant/processes.json: the file on disk is not a process list",
        *(f"{script}: changed" for script in scripts),
    ]


def test_check_of_files_that_are_left_over_is_a_line_for_each(specs: Path, pbt: Pbt) -> None:
    left = specs / "ant/slurm/manifest-000000000000.txt"
    left.write_text("job\n" * 500)
    code, out, _ = pbt("ant.py", "--check")
    assert (code, out) == (3, [f"{left}: is no longer generated"])
    Path("ant.py").write_text(MODULE.replace('"ant"', '"bee"'))
    code, out, _ = pbt("ant.py", "--check")
    assert code == 3
    assert all(line.endswith(": is missing") for line in out)


def test_check_of_all_modules_is_a_line_for_each_missing_file(specs: Path, pbt: Pbt) -> None:
    Path("bee.py").write_text(MODULE.replace('"ant"', '"bee"'))
    assert pbt("bee.py")[0] == 0
    files = sorted((specs / "ant/slurm").iterdir())
    for file in files:
        file.unlink()
    code, out, _ = pbt("--check", "--backend", "slurm")
    assert (code, sorted(out)) == (
        3,
        [*(f"{file}: is missing" for file in files), "specs/bee: up to date, 60 jobs"],
    )


def test_a_backend_whose_settings_cannot_be_read_is_said(specs: Path, pbt: Pbt) -> None:
    spec = decode((specs / "ant/processes.json").read_bytes())
    assert remake.beside(specs / "ant", spec, named="slurm") == []
    index = specs / "ant/slurm/index.json"
    another_type = index.read_bytes().replace(b'"gpus_per_job":1', b'"gpus_per_job":"x"')
    for damaged in (b'{"format":', another_type):
        index.write_bytes(damaged)
        (found,) = remake.beside(specs / "ant", spec, named="slurm")
        assert (found.code, found.where.file) == ("PBT820", str(index))
        assert found.message
    index.unlink()
    (found,) = remake.beside(specs / "ant", spec, named="slurm")
    assert str(found).startswith(f"error[PBT820]: `{index}`: is missing\n")
