"""Output of `pbt-compile` for programs: one JSON document, annotations, reproducible bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.cli import compile as command
from tests.cli.compiling import ROOT, Pbt, spec_of

KEYS = {"diagnostics", "run", "jobs", "files", "changes", "differences"}

DIAGNOSTIC = {
    "code", "level", "message", "file", "line", "experiment", "param", "job", "hint", "pointer",
}  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["runs.ant"], 0),
        (["runs.ant", "--check"], 3),
        (["runs.ant", "--diff"], 0),
        (["runs.ant", "--max_parallel", "4"], 3),
        (["runs.none"], 1),
        (["--memroy", "4"], 2),
        (["--validate", "nowhere"], 2),
        (["--validate", "runs/ant.py"], 3),
        (["runs.ant", "--print"], 2),
        (["--explain", "PBT401"], 2),
        (["runs.ant", "--out", "runs/ant.py"], 2),
        (["runs.ant", "--load_timeout", "soon"], 2),
        (["runs.ant", "--load_timeout", "0"], 2),
        (["runs.ant", "--train_dir", "\udcff"], 2),
        (["runs.ant", "--experiment_suffix", "\udcff"], 2),
        (["--validate", "\udcff"], 2),
        ([], 2),
    ],
)
def test_json_is_one_document_with_every_key(
    here: Path, pbt: Pbt, argv: list[str], code: int
) -> None:
    for style in (["--format", "json"], ["--format=json"]):
        said = pbt(*style, *argv) if "--validate" not in argv else pbt(*argv, *style)
        assert said.code == code
        assert said.err == ""
        assert said.out.count("\n") == 1
        document = json.loads(said.out)
        assert set(document) == KEYS
        assert all(set(d) == DIAGNOSTIC for d in document["diagnostics"])
        assert (code == 0) == all(d["level"] != "error" for d in document["diagnostics"])
        if code == 0:
            assert document["run"] == "ant_pbt"
            assert document["jobs"] == 8
            assert document["files"][0] == "specs/ant_pbt/processes.json"
            assert document["files"][-1] == "specs/ant_pbt/slurm/index.json"


def test_our_own_bug_is_still_one_document(
    here: Path, pbt: Pbt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(command, "_compile", lambda *a: 1 / 0)
    said = pbt("runs.ant", "--format", "json")
    assert said.code == 70
    [d] = json.loads(said.out)["diagnostics"]
    assert d["message"] == "this is a bug: ZeroDivisionError"
    [file] = tmp_path.glob("pbt-bug-*.txt")
    assert str(file) in d["hint"]


def test_github_annotations(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--max_parallel", "4", "--backend", "processes", "--format", "github")
    assert said.code == 3
    assert said.err == ""
    assert said.out == (
        "::error file=runs/ant.py,line=5,title=PBT401::population `ant_pbt` has 8 members, but "
        "`--max_parallel 4` was given%0Ahint: pass `--max_parallel 8`, or `--backend slurm`\n"
    )
    assert pbt("runs.none", "--format", "github").out.startswith("::error ")


def test_explain(here: Path, pbt: Pbt) -> None:
    said = pbt("--explain", "pbt401")
    assert said.code == 0
    assert said.out.startswith("# PBT401: ")
    assert "## Cure" in said.out
    said = pbt("--explain", "PBT4O1")
    assert said.code == 2
    assert "hint: did you mean `PBT" in said.err


def test_hundreds_of_jobs_and_a_real_child(here: Path, pbt: Pbt) -> None:
    (here / "runs/grid.py").write_text(
        "from sample_factory.launcher.run_description import *\n"
        "g = ParamGrid([('seed', list(range(40))), (('a', 'b'), [(1, 'x'), (2, 'y')])])\n"
        "RUN_DESCRIPTION = RunDescription('grid', experiments=[Experiment('e', "
        "'python -m t', g.generate_params(randomize=False))])\n"
    )
    assert pbt("runs.grid").out.startswith("grid: 80 jobs -> ")
    spec = spec_of(here, "grid")
    assert spec.jobs[1].argv[3:6] == ("--seed=0", "--a=2", "--b=y")
    assert pbt("--validate", "specs").code == 0


def call(here: Path, *argv: str, **more: Any) -> subprocess.CompletedProcess[str]:
    code = "from pbt_tui.cli.compile import entry; entry()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=here, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_same_bytes_from_every_process(here: Path) -> None:
    texts = set()
    for seed in ("0", "1", "random"):
        run = call(here, "runs.ant", "--print", PYTHONHASHSEED=seed)
        assert run.returncode == 0
        texts.add(run.stdout)
    assert len(texts) == 1


def test_late_imports(here: Path) -> None:
    code = (
        "import sys; from pbt_tui.cli import compile as c; c.main(sys.argv[1:]); "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'docker', 'textual', 'jsonschema', 'asyncio', 'yaml', 'numpy'}), file=sys.stderr)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for argv in (["runs.ant"], ["--validate", "specs"], ["--explain", "PBT401"]):
        run = subprocess.run(
            [sys.executable, "-c", code, *argv],
            cwd=here, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert run.stderr.splitlines()[-1] == "[]"
