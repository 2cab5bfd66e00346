"""Every run module that both upstream projects publish gives upstream's jobs, on every backend.

The checkouts are not a part of this repository: `PBT_UPSTREAM` names their folders, separated by
colons, as in `make test-upstream PBT_UPSTREAM=../IsaacGymEnvs:../sample-factory`; without it these
tests are skipped.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.upstream import jobs

CHECKOUTS = [Path(p).resolve() for p in os.environ.get("PBT_UPSTREAM", "").split(":") if p]
SEED = "0"
PREFIX = ("--command_prefix", "env")  # one published command names no interpreter
NGC = ("--ngc_org", "acme", "--ngc_ace", "acme-ace", "--ngc_instance", "dgxa100.80g.8.norm",
       "--ngc_workspace", "team:/mount:RW", "--train_dir", "/mount/train_dir",
       "--image", "nvcr.io/nvidia/pytorch:23.10-py3")  # fmt: skip
TORCHRUN = "torchrun --standalone --nproc_per_node=8"


def _modules() -> list[Any]:
    found = []
    for checkout in CHECKOUTS:
        for path in sorted(checkout.rglob("experiments/**/*.py")):
            if "\nRUN_DESCRIPTION =" in path.read_text():
                name = ".".join(path.relative_to(checkout).with_suffix("").parts)
                found.append(pytest.param(checkout, name, id=name))
    return found


def _upstream(checkout: Path, module: str, seed: str = SEED) -> list[list[Any]]:
    done = subprocess.run(
        [sys.executable, jobs.__file__, str(checkout), module, seed],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "unexpected keyword argument 'use_gpus'" in done.stderr:
        pytest.skip(f"upstream's launcher refuses it: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    made: list[list[Any]] = json.loads(done.stdout)
    return made


def _compiled(checkout: Path, module: str, out: Path, *more: str) -> dict[str, Any]:
    words = (module, "--seed", SEED, "--out", str(out), *more)
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.compile", *words],
        cwd=checkout, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*/processes.json")
    spec: dict[str, Any] = json.loads(path.read_text())
    return spec


@pytest.mark.parametrize(("checkout", "module"), _modules())
def test_its_jobs_are_upstreams(tmp_path: Path, checkout: Path, module: str) -> None:
    expected = _upstream(checkout, module)
    multi_gpu = "multi_gpu=True" in expected[0][0]
    more = ("--command_prefix", TORCHRUN) if multi_gpu else ()
    spec = _compiled(checkout, module, tmp_path / "specs", *more)
    prefix = shlex.split(TORCHRUN) if multi_gpu else []
    assert [job["argv"] for job in spec["jobs"]] == [
        [*prefix, *shlex.split(command)] for command, *_ in expected
    ]
    assert [job["name"] for job in spec["jobs"]] == [name for _, name, *_ in expected]
    assert [job["dir"] for job in spec["jobs"]] == [folder for *_, folder, _ in expected]
    assert [job["env"] for job in spec["jobs"]] == [
        {name: str(value) for name, value in (env or {}).items()} for *_, env in expected
    ]


@pytest.mark.parametrize(("checkout", "module"), _modules())
def test_it_compiles_for_every_backend(tmp_path: Path, checkout: Path, module: str) -> None:
    (tmp_path / "site.sh").write_text("#!/bin/bash\ntorchrun --nproc_per_node=8 $CMD\n")
    more: tuple[str, ...] = NGC
    if "multi_gpu=True" in _upstream(checkout, module)[0][0]:
        more = (*NGC, "--command_prefix", TORCHRUN,
                "--slurm_sbatch_template", str(tmp_path / "site.sh"),
                "--ngc_commandline", "torchrun {{ experiment_cmd }}")  # fmt: skip
    out = tmp_path / "specs"
    backends = ("--backend", "processes", "--backend", "slurm", "--backend", "ngc")
    _compiled(checkout, module, out, *backends, *more)
    assert list(out.glob("*/slurm/index.json"))
    assert list(out.glob("*/ngc/*.json"))


@pytest.mark.parametrize(("checkout", "module"), _modules())
def test_differences_are_told_where_upstreams_jobs_vary(checkout: Path, module: str) -> None:
    """Apart from seeds, only the number of members that start together may differ."""
    varies = _upstream(checkout, module) != _upstream(checkout, module, "1")
    words = (module, "--explain_differences", "--seed", SEED, "--format", "json", *PREFIX)
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.compile", *words],
        cwd=checkout, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    kinds = {row["kind"] for row in json.loads(done.stdout)["differences"]}
    assert {"prefix", "execution"} <= kinds <= {"prefix", "execution", "import", "together"}
    assert ("import" in kinds) == varies


def test_the_checkouts_hold_run_modules() -> None:
    if not CHECKOUTS:
        pytest.skip("PBT_UPSTREAM names no checkout")
    assert len(_modules()) >= 10 * len(CHECKOUTS)
