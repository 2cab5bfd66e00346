"""The hooks of `.pre-commit-hooks.yaml`, by pre-commit itself, in real git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
MODULE = """from pbt_tui import Experiment, ParamGrid, RunDescription
{more}
grid = ParamGrid([("lr", {lrs})])
RUN_DESCRIPTION = RunDescription(
    "{run}", experiments=[Experiment("e", "python train.py", grid.generate_params(False))],
    customize_experiment_name=False,
)
"""


class Repository:
    """A user's repository whose commits go through both hooks, as this checkout has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "theirs"
        ours = folder / "ours"
        home = folder / "home"
        for made in (self.folder / "runs", ours, home):
            made.mkdir(parents=True)
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
        self.env = {
            **keep,
            "HOME": str(home),
            "PRE_COMMIT_HOME": str(home / "pre-commit"),
            "PRE_COMMIT_COLOR": "never",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            **{f"GIT_{who}_NAME": "tests" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "tests@localhost" for who in ("AUTHOR", "COMMITTER")},
        }
        shutil.copy(MANIFEST, ours)
        for command in ("git init -q", "git add .", "git commit -qm hooks"):
            self.call(*command.split(), cwd=ours)
        rev = self.call("git", "rev-parse", "HEAD", cwd=ours).stdout.strip()
        # `language: system`: the entry is the hook's own, the command is this checkout's
        hooks = "".join(
            f"      - {{id: {name}, language: system}}\n" for name in ("pbt-check", "pbt-validate")
        )
        config = f"repos:\n  - repo: {ours}\n    rev: {rev}\n    hooks:\n{hooks}"
        self.write(".pre-commit-config.yaml", config)
        self.call("git", "init", "-q")
        self.call("pre-commit", "install")

    def call(
        self, *argv: str, cwd: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=cwd or self.folder, env=self.env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=check, timeout=120,
        )  # fmt: skip

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def module(self, name: str = "ant", lrs: str = "[0.1, 0.2]", more: str = "") -> str:
        self.write(f"runs/{name}.py", MODULE.format(run=name, lrs=lrs, more=more))
        return f"runs/{name}.py"

    def commit(self) -> str | None:
        """What the hooks said if they did not let it pass, else None."""
        self.call("git", "add", "-A")
        done = self.call("git", "commit", "-m", "x", check=False)
        assert "Traceback" not in done.stdout + done.stderr
        return None if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture
def theirs(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_manifest_is_one() -> None:
    subprocess.run([BIN / "pre-commit", "validate-manifest", MANIFEST], check=True)


def test_a_module_edited_without_compiling_fails_the_commit_with_the_diff(
    theirs: Repository,
) -> None:
    module = theirs.module()
    said = theirs.commit()
    assert said is not None
    assert "error[PBT820]: `specs/ant/processes.json`: is missing" in said
    theirs.call("pbt-compile", module)
    assert theirs.commit() is None
    theirs.module(lrs="[0.1, 0.3, 0.4]")
    said = theirs.commit()
    assert said is not None
    assert "specs/ant/processes.json: 1 job added, `lr` changed in 1" in said
    assert "  param `lr` changed in 1 job: 0.2 → 0.3\n" in said
    assert '\n-{"id":"01_e"' in said
    assert '\n+{"id":"02_e"' in said
    assert "hint: run `pbt-compile runs/ant.py --out specs` and commit the result" in said
    theirs.call("pbt-compile", module)
    assert theirs.commit() is None


def test_a_helper_stands_for_all_that_may_import_it(theirs: Repository) -> None:
    theirs.write("runs/__init__.py", "")
    theirs.write("runs/shared.py", "lrs = [1, 2]\n")
    theirs.write("runs/script.py", "raise SystemExit('a hook must never import this')\n")
    for name in ("ant", "bee"):
        module = theirs.module(name, lrs="lrs", more="from runs.shared import lrs")
        theirs.call("pbt-compile", module)
    theirs.call("pbt-compile", "runs/bee.py", "--experiment_suffix", "b", "--train_dir", "bees")
    assert theirs.commit() is None
    theirs.write("runs/shared.py", "lrs = [1, 3]\n")
    said = theirs.commit()
    assert said is not None
    for name in ("ant", "bee", "bee_b"):
        assert f"specs/{name}/processes.json: `lr` changed in 1" in said
    assert "hint: run `pbt-compile runs/bee.py --out specs --experiment_suffix b`" in said
    for name in ("ant", "bee"):
        theirs.call("pbt-compile", f"runs/{name}.py")
    theirs.call("pbt-compile", "runs/bee.py", "--experiment_suffix=b", "--train_dir=bees")
    assert theirs.commit() is None


def test_a_module_that_lost_its_description_is_no_helper(theirs: Repository) -> None:
    theirs.call("pbt-compile", theirs.module())
    assert theirs.commit() is None
    theirs.write("runs/ant.py", "nothing = 1\n")
    said = theirs.commit()
    assert said is not None
    assert "error[PBT102]" in said


def test_a_spec_that_is_not_sound_fails_the_commit(theirs: Repository) -> None:
    theirs.call("pbt-compile", theirs.module())
    assert theirs.commit() is None
    file = theirs.folder / "specs/ant/processes.json"
    file.write_text(file.read_text().replace('"argv":["python",', '"argv":[7,'))
    said = theirs.commit()
    assert said is not None
    assert "pbt-compile --check..................................(no files to check)Skipped" in said
    assert "/jobs/0/argv/0: expected a string, got int" in said
