"""Runs the examples of rules as described in the docstring of `pbt_tui.diagnostics`."""

import ast
import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from pbt_tui.cli import compile as pbt_compile
from pbt_tui.spec import Population
from tests.compiler.compile_specs import job, plain, spec

FOUND = re.compile(r"^(error|warning|note)\[(PBT\d{3})\]", re.MULTILINE)
COMMANDS = ("pbt-compile ", "pbt-run ", "python ", "mkdir ", "touch ", "rm ", "sed ", "echo ")
RUN = "from pbt_tui import *\nRUN_DESCRIPTION = RunDescription({run!r}, [{experiment}])\n"
MODULES = {
    "ant": ("ant", 'Experiment("ant", "python train.py", [{"a": 1}, {"a": 2}])'),
    "ant_pbt": (
        "ant_pbt",
        'Experiment("ant", "python train.py", [{"pbt.policy_idx": i} for i in range(8)])',
    ),
    "doom_a": ("doom", 'Experiment("a", "python train.py")'),
    "doom_b": ("doom", 'Experiment("b", "python train.py")'),
}
TRAINER = "import sys\n"
SBATCH = """#!/bin/sh
! grep -q nope || { echo 'sbatch: error: invalid partition specified: nope' >&2; exit 1; }
echo 'sbatch: Job 7 to start at noon' >&2
"""


NGC = """
image = "nvidia/pytorch:23.10-py3"
[ngc]
org = "acme"
ace = "acme-ace"
instance = "dgxa100.80g.1.norm"
"""
OSMO = """
image = "acme/trainer:1"
train_dir = "/mnt/team/train_dir"
[osmo]
pool = "a100"
mount = "/mnt/team"
"""
REQUEST = {
    "aceInstance": "dgxa100.80g.1.norm",
    "aceName": "acme-ace",
    "dockerImageName": "nvidia/pytorch:23.10-py3",
    "name": "ant",
    "resultContainerMountPoint": "/results",
}


def furnish(folder: Path, code: str = "") -> None:
    (folder / "runs").mkdir(parents=True)
    for hundred, settings in (("PBT7", NGC), ("PBT9", OSMO)):
        if code.startswith(hundred):
            (folder / "pbt.toml").write_text(settings)
    for name, (run, experiment) in MODULES.items():
        (folder / f"runs/{name}.py").write_text(RUN.format(run=run, experiment=experiment))
    (folder / "train.py").write_text(TRAINER)
    (folder / "old.sh").write_text("#!/bin/bash\n$CMD\n")
    (folder / "bin").mkdir()
    (folder / "bin/sbatch").write_text(SBATCH)
    (folder / "bin/sbatch").chmod(0o755)


def said(folder: Path, text: str) -> set[tuple[str, str]]:
    """(level, code) of all findings when `text` runs in `folder`, the working directory."""
    table = folder / "pbt.toml"
    name = next(
        (n for n in ("ngc", "osmo") if table.exists() and f"[{n}]" in table.read_text()), ""
    )
    ngc = name == "ngc"
    lines = text.replace("\\\n", " ").split("\n")
    commands = [line for line in lines if line.startswith(COMMANDS)]
    piece = "\n".join(line for line in lines if line not in commands).strip()
    usual = "pbt-compile runs.ant" + (f" --backend {name}" if name else "")
    if piece.startswith("ngc "):
        (folder / "job.txt").write_text(piece)
        commands.append(f"{usual} --ngc_job_template job.txt")
    elif name == "osmo" and piece.startswith(("workflow:", "default-values:")):
        (folder / "job.yaml").write_text(f"{piece}\n")
        if not commands:
            commands.append("pbt-compile --validate job.yaml")
    elif ngc and piece.startswith('"'):
        (folder / "job.json").write_text(f"{json.dumps(REQUEST)[:-1]}, {piece}}}")
        commands.append("pbt-compile --validate job.json")
    elif piece.startswith(("{", '"')):
        file = folder / "specs/ant/processes.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_document(piece))
        commands.append("pbt-compile --validate specs")
    elif piece.startswith("#!"):
        (folder / "old.sh").write_text(f"{piece}\n")
        commands.append("pbt-compile runs.ant --slurm_sbatch_template old.sh")
    elif piece:
        (folder / "runs/ant.py").write_text(_module(piece))
    return {pair for line in commands or [usual] for pair in _obey(line, folder)}


def makes_files(text: str) -> bool:
    """Whether its cure has to repair the files that the example left."""
    return text.startswith(("{", '"', "mkdir "))


def _obey(line: str, folder: Path) -> list[tuple[str, str]]:
    program, *argv = shlex.split(line, comments=True)
    if program != "pbt-compile":
        words = [program, *argv]
        if program == "pbt-run":
            argv = [path for word in argv for path in _named(word, folder)]
            words = [sys.executable, "-m", "pbt_tui.cli.run", *argv, "--pause_between", "0"]
        elif program == "python":
            words = [sys.executable, *argv]
        elif program == "echo":
            words = ["sh", "-c", line]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return FOUND.findall(done.stderr)
    told = io.StringIO()
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stderr(told), contextlib.redirect_stdout(out):
        code = pbt_compile.main(argv)
    pairs: list[tuple[str, str]] = FOUND.findall(told.getvalue())
    assert (code in (1, 3)) == any(level == "error" for level, _ in pairs), told.getvalue()
    return pairs


def _named(word: str, folder: Path) -> list[str]:
    """The files that a word with a `*` names, as a shell expands it; else the word."""
    return sorted(map(str, folder.glob(word))) if "*" in word else [word]


def _module(piece: str) -> str:
    """Wraps a bare `Experiment`, or a list called `EXPERIMENTS`, into a run."""
    tree = ast.parse(piece)
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call, at = node.value, tree.body.index(node)
            name = getattr(call.func, "id", "")
            assert name in ("Experiment", "RunDescription"), piece
            value = call if name == "RunDescription" else ast.List([call])
            target = "RUN_DESCRIPTION" if name == "RunDescription" else "EXPERIMENTS"
            tree.body[at] = ast.Assign([ast.Name(target)], value)
            piece = ast.unparse(ast.fix_missing_locations(tree))
    if "EXPERIMENTS = " in piece and "RUN_DESCRIPTION = " not in piece:
        named = ', None, None, False, ""' if "agent.pbt." in piece else ""  # no such arguments
        piece += f'\nRUN_DESCRIPTION = RunDescription("ant", EXPERIMENTS{named})'
    return f"from pbt_tui import *\n{piece}\n"


def _document(piece: str) -> str:
    """A process list with a population of two members, with `piece` inserted."""
    words = "python train.py agent.pbt.enabled=True agent.pbt.objective=a agent.pbt.num_policies=2"
    jobs = tuple(
        job(i, argv=(*words.split(), f"agent.pbt.policy_idx={i}"), population="ant", member=i)
        for i in range(2)
    )
    population = Population("ant", "isaaclab", 2, "../ws", tuple(j.id for j in jobs))
    whole = plain(spec(jobs=jobs, populations=(population,)))
    if piece.startswith('{"format"'):
        return _filled(piece, whole)
    if piece.startswith('"populations"'):
        return _with(whole, "populations", _filled(piece, whole["populations"][0]))
    if '"after"' in piece:  # no member of a population needs another
        whole = plain(spec(jobs=(job(0), job(1))))
    if piece.startswith('"argv"'):
        whole, piece = plain(spec()), f"{{{piece}, ...}}"
    given = [line.rstrip(",") for line in piece.split("\n")]
    rows = given + [json.dumps(row) for row in whole["jobs"][len(given) :]]
    filled = [_filled(row, whole["jobs"][k]) for k, row in enumerate(rows)]
    return _with(whole, "jobs", f'"jobs": [{", ".join(filled)}]')


def _with(whole: dict[str, Any], key: str, text: str) -> str:
    """`whole` with the member `key` as `text` has it."""
    others = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in whole.items() if k != key]
    return "{" + ", ".join([*others, text]) + "}"


def _filled(text: str, whole: dict[str, Any]) -> str:
    rest = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in whole.items() if f'"{k}":' not in text]
    return text.replace("...", ", ".join(rest)).replace(", }", "}")
