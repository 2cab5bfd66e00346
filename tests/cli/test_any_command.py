"""`python -m pbt_tui`, and the completion scripts in real shells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.cli import any_command, completion
from pbt_tui.errors import UsageError

ASKS = {
    "bash": 'set -e; eval "$(cat {script})"; COMP_WORDS=({command} {word}); COMP_CWORD=1;'
    " _shtab_{name} {command} {word} {command}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
    "fish": "source {script}; complete -C '{command} {word}'",
}
"""A shell to the command with which a person's Tab is asked for."""


def test_the_first_argument_names_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["compile", "--version"], "pbt-compile "),
        (["run", "--version"], "pbt-run "),
        (["tui", "--version"], "pbt-tui "),
        (["--version"], "pbt-tui "),
    ):
        with pytest.raises(SystemExit) as left:
            any_command.main(words)
        assert left.value.code == 0
        assert capfd.readouterr().out.startswith(said)


def test_the_help_names_all_commands(capfd: pytest.CaptureFixture[str]) -> None:
    assert any_command.main(["--help"]) == 0
    said = capfd.readouterr().out
    assert all(f"  {name} " in said for name in any_command.COMMANDS)


def test_python_runs_the_package(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui", "run", "./nowhere"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"], ["--help"]])
def test_a_completion_needs_one_shell_that_is_known(words: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        any_command.main(["completion", *words])
    assert "bash" in f"{refused.value} {refused.value.hint}"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(UsageError) as refused:
        completion.script("bash")
    assert "pbt-tui[completion]" in str(refused.value.hint)


@pytest.mark.parametrize("shell", ASKS)
@pytest.mark.parametrize(
    ("command", "word", "offered"),
    [
        ("pbt-run", "--on_", {"--on_end", "--on_failure"}),
        ("pbt-compile", "--expl", {"--explain", "--explain_differences"}),
        ("pbt-tui", "--rea", {"--read_only"}),
    ],
)
def test_a_shell_completes_options(
    shell: str, command: str, word: str, offered: set[str], tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"`{shell}` is not installed")
    script = tmp_path / "script"
    script.write_text(completion.script(shell))
    asked = ASKS[shell].format(
        script=script, command=command, word=word, name=command.replace("-", "_")
    )
    done = subprocess.run([shell, "-c", asked], capture_output=True, text=True, check=True)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == offered


def test_zsh_loads_the_script(tmp_path: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("`zsh` is not installed")
    script = tmp_path / "script"
    script.write_text(completion.script("zsh"))
    asked = f'autoload -U compinit; compinit -u -D; eval "$(cat {script})"; print ${{(k)_comps}}'
    done = subprocess.run(["zsh", "-fc", asked], capture_output=True, text=True, check=True)
    assert {"pbt-compile", "pbt-run", "pbt-tui"} <= set(done.stdout.split()), done.stderr
