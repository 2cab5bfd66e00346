"""Records what `pbt-compile` writes for every run module of the tests, each file as a digest.

    python -m tests.shelf.compiled

rewrites `specs.json`: command -> its exit code and files, and the diagnostics if it
was refused. Spec files may change only as the CHANGELOG says: read the diff.

It skips hostile modules that take long or need a process of their
own; the head of each says what they result in.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = ROOT / "tests/compiler/modules"
NAMING = ROOT / "tests/description/naming_cases.json"
STORED = HERE / "specs.json"
MARK = "#: pbt-compile "
QUICK = (
    "broken_sibling", "file_is_a_number", "forged_import_error", "forged_places",
    "forged_syntax_error", "is_something_else", "lies_about_its_file", "merge_markers",
    "missing_envs", "missing_name", "missing_package",
    "os_exit", "raises_escapes", "recursion", "syntax_error", "system_exit",
)  # fmt: skip
PLAIN = ("--backend", "processes", "--backend", "slurm")
ALL = (
    "--backend", "processes", "--backend", "slurm", "--backend", "ngc", "--backend", "osmo",
    "--image", "acme/trainer:1", "--train_dir", "/mount/train_dir",
    "--ngc_org", "acme", "--ngc_ace", "acme-ace", "--ngc_instance", "dgxa100.80g.1.norm",
    "--ngc_workspace", "team:/mount:RW", "--osmo_pool", "a100", "--osmo_mount", "/mount",
)  # fmt: skip
BACKENDS = {"plain": PLAIN, "all": ALL}
CHANCE = "differs between two loads"
"""Modules whose output differs at each call."""
ADDRESS = re.compile(r"\bat 0x[0-9a-f]+\b")
"""Where Python shows an object: another number at each call."""
NAMED = '''"""One of the recorded inputs of the original launcher."""

import json

from pbt_tui import Experiment, ParamGrid, RunDescription

case = json.loads({text!r})
if case["kind"] == "grid":
    names = [(tuple(n) if isinstance(n, list) else n, v) for n, v in case["params"]]
    params = ParamGrid(names).generate_params(randomize=False)
else:
    params = [dict(pairs) for pairs in case["params"]]
RUN_DESCRIPTION = RunDescription(
    case["run_name"],
    [Experiment(case["base_name"], case["base_cmd"], params)],
    case["experiment_arg_name"],
    case["experiment_dir_arg_name"],
    case["customize_experiment_name"],
    case["param_prefix"],
)
RUN_DESCRIPTION.experiment_suffix = case["suffix"]
'''


@dataclass(frozen=True)
class Case:
    """One command; its `name` is the command line and the backends."""

    group: str
    name: str
    argv: tuple[str, ...]


def cases() -> list[Case]:
    return [
        Case(group, f"{shlex.join(argv)} ({backends})", (*options, *argv))
        for group, argv in _commands()
        for backends, options in BACKENDS.items()
        if group != "hostile" or options is PLAIN
    ]


def _commands() -> Iterator[tuple[str, list[str]]]:
    for path in sorted(MODULES.rglob("*.py")):
        relative = path.relative_to(MODULES)
        if relative.parts[0] == "hostile" and path.stem not in QUICK:
            continue
        for line in path.read_bytes().decode("latin-1").split("\n"):
            if line.startswith(MARK):
                argv = shlex.split(line.removeprefix(MARK).encode("latin-1").decode())
                yield relative.parts[0], argv
    yield "examples", ["examples/swingup_pbt.py"]
    yield "examples", ["examples.swingup_pbt"]
    for i, case in enumerate(json.loads(NAMING.read_text(encoding="utf-8"))):
        argv = [f"naming/case_{i:02}.py"]
        if case["train_dir"] != "./train_dir":
            argv += ["--train_dir", case["train_dir"]]
        yield f"naming{i % 2}", argv


def lay_out(folder: Path) -> Path:
    """A folder with all modules, in which the commands run."""
    tree = folder / "modules"
    shutil.copytree(MODULES, tree)
    shutil.copytree(ROOT / "examples", tree / "examples")
    naming = tree / "naming"
    naming.mkdir()
    for i, case in enumerate(json.loads(NAMING.read_text(encoding="utf-8"))):
        kept = {k: v for k, v in case.items() if k not in ("jobs", "error")}
        text = NAMED.format(text=json.dumps(kept))
        (naming / f"case_{i:02}.py").write_text(text, encoding="utf-8")
    return tree


def compiled(chosen: list[Case], folder: Path) -> dict[str, Any]:
    """Name of the case -> exit code, files, and the diagnostics of a refusal."""
    tree = lay_out(folder)
    outs = [folder / "out" / str(i) for i in range(len(chosen))]
    asked = [[*c.argv, "--out", str(out)] for c, out in zip(chosen, outs, strict=True)]
    done = subprocess.run(
        [sys.executable, str(HERE / "compile_many.py")],
        cwd=tree,
        env={**_environ(), "PYTHONPATH": str(ROOT)},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for case, out, (code, stdout, stderr) in zip(
        chosen, outs, json.loads(done.stdout), strict=True
    ):
        files = {
            str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }
        said = (stdout + stderr).replace(str(out), "OUT").replace(str(tree), "MODULES")
        said = ADDRESS.sub("at 0xADDRESS", said)
        found[case.name] = {"code": code, "files": files}
        if code:
            by_chance = CHANCE in said
            found[case.name]["said"] = [CHANCE] if by_chance else said.splitlines()
    return found


def _environ() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {"LANG": "C.UTF-8", **kept}


def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="shelf.") as one:
        made = compiled(cases(), Path(one))
    STORED.write_text(json.dumps(made, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
