"""The shelf: what hostile and odd run modules, and those of every public family, come to.

What each comes to stands at its top (`shelf.py` reads it); for the rest they are held against the
original's own rules, which `original.py` writes down once more.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.cli import compile as command
from pbt_tui.cli import report
from pbt_tui.compiler import compile_loaded
from pbt_tui.compiler.load import load
from pbt_tui.compiler.stub_modules import LEAVES
from pbt_tui.errors import Diagnostic, Where
from tests.compiler import original, shelf

CASES = shelf.cases()
HOSTILE = [case for case in CASES if case.module.startswith("hostile/")]
PEACEFUL = [case for case in CASES if case not in HOSTILE]
PARITY = sorted(
    {case.module for case in PEACEFUL if case.expected[0].startswith("exit 0, ")}
    - {module for module in (c.module for c in CASES) if module.startswith(("ours/", "written/"))}
)
SEED = 3


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the modules to stand in: what is written shows."""
    folder = tmp_path / "modules"
    shutil.copytree(shelf.MODULES, folder)
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def raw(text: str) -> set[Any]:
    """Characters that would do something to a terminal."""
    return {c for c in text if not c.isprintable() and c != "\n"}


def diagnostics(document: dict[str, Any]) -> Iterator[Diagnostic]:
    for d in document["diagnostics"]:
        words = ("file", "line", "experiment", "param", "job", "pointer")
        where = Where(**{word: d[word] for word in words})
        yield Diagnostic(d["level"], d["message"], d["code"], where, d["hint"])


def peaceful_to_terminals(outcome: shelf.Outcome) -> bool:
    """Neither the words, nor the annotations of a CI, nor JSON hold anything but text."""
    found = list(diagnostics(outcome.document))
    said = io.StringIO()
    report.say(found, said)
    texts = (said.getvalue(), report.workflow_commands(found), outcome.stderr)
    return [text for text in texts if raw(text)] == []


def test_the_shelf_is_well_filled() -> None:
    assert len({case.module for case in CASES}) >= 60
    assert len({case.module for case in HOSTILE}) >= 40
    silent = {str(p.relative_to(shelf.MODULES)) for p in shelf.MODULES.rglob("*.py")}
    silent -= {case.module for case in CASES}
    assert silent == {"quads/swarm_runs/__init__.py"}
    assert {case.argv[0] for case in CASES} == {case.module for case in CASES}
    paths = {leaf for leaf in LEAVES if leaf.endswith(".run_description")}
    assert paths == {f"{path}.run_description" for path in original.PATHS}


@pytest.mark.parametrize("case", PEACEFUL, ids=lambda case: case.name)
def test_what_odd_modules_come_to(
    case: shelf.Case, tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = files(tree), tmp_path / "out"
    code = command.main(shelf.options(case, out))
    outcome = shelf.outcome(code, *capsys.readouterr(), out)
    assert outcome.lines() == case.expected
    assert peaceful_to_terminals(outcome)
    assert files(tree) == before
    assert outcome.spec is not None or not out.exists()


def test_what_hostile_modules_come_to(tree: Path, tmp_path: Path) -> None:
    before, out = files(tree), tmp_path / "out"
    outcomes = shelf.run_all(HOSTILE, tree, out)
    for case, outcome in zip(HOSTILE, outcomes, strict=True):
        assert (case.name, *outcome.lines()) == (case.name, *case.expected)
        assert peaceful_to_terminals(outcome), case.name
        assert outcome.stderr == "", case.name
        assert all(d["code"] for d in outcome.document["diagnostics"]), case.name
    assert sorted(int(p.name) for p in out.iterdir()) == [
        i for i, outcome in enumerate(outcomes) if outcome.code == 0
    ]
    assert set(files(tree)) - set(before) == {"commands.txt", "out", "out/deep"}
    assert standing_in(tree) == []


def standing_in(folder: Path) -> list[Any]:
    """Processes that are still there, by the folder that they were started in."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                if (process / "cwd").readlink().is_relative_to(folder):
                    found += [words] if (words := (process / "cmdline").read_bytes()) else []
            except OSError:
                continue
    return found


@pytest.mark.parametrize("style", ["text", "json", "github"])
@pytest.mark.parametrize(
    "module", ["odd/escapes.py", "odd/newlines.py", "hostile/raises_escapes.py"]
)
def test_a_terminal_is_never_attacked(module: str, style: str, tree: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.compile", module, "--format", style, "--out", tmp_path],
        cwd=tree, capture_output=True, env=shelf.environment(), check=False,
    )  # fmt: skip
    assert done.returncode in (1, 3)
    assert raw(done.stdout.decode() + done.stderr.decode()) == set()


# The original's own naming


@pytest.fixture(scope="module")
def originals() -> dict[str, dict[str, Any]]:
    """Module -> suffix -> jobs, as the original makes them."""
    script = str(Path(original.__file__))

    def jobs(module: Any) -> Any:
        command = [sys.executable, "-B", script, module, str(SEED)]
        env = {**os.environ, "PYTHONHASHSEED": str(SEED)}
        done = subprocess.run(
            command, cwd=shelf.MODULES, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(PARITY, pool.map(jobs, PARITY), strict=True))


@pytest.mark.parametrize("module", PARITY)
def test_jobs_are_the_originals(
    module: str, originals: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shelf.MODULES)
    loaded = load(module, timeout=60, seed=SEED, twice=False)
    for suffix, expected in originals[module].items():
        spec = compile_loaded(loaded, suffix=suffix).spec
        assert [
            (list(job.argv), job.name, job.dir, job.env) for job in spec.jobs
        ] == [
            (shlex.split(cmd), name, root, {k: str(v) for k, v in (env or {}).items()})
            for cmd, name, root, env in expected
        ]  # fmt: skip
