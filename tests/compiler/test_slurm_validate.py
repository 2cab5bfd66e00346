"""`--validate` and `--check` of files for SLURM, and settings from an earlier compilation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.backends.slurm.files import FILE
from pbt_tui.backends.slurm.index import Slurm, values
from pbt_tui.compiler import existing, output
from pbt_tui.compiler.rendering import render
from pbt_tui.compiler.validate import spec_files, validate_document
from pbt_tui.spec import encode
from tests.compiler.compile_specs import box, job, spec


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`specs/ant` as it was compiled, seen from the folder of `specs`."""
    monkeypatch.chdir(tmp_path)
    lay_out()
    return Path("specs/ant")


def lay_out(how: Slurm | None = None, **more: Any) -> None:
    made = render(spec(**more), ["slurm"], {"slurm": values(how or Slurm())})
    output.write(Path("specs"), {f"ant/{name}": data for name, data in made.files.items()})


def said(folder: Path) -> list[str]:
    return [str(d) for d in validate_document(folder / FILE).found]


def spoil(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


@pytest.mark.parametrize(
    "how",
    [
        Slurm(),
        Slurm(files=True),
        Slurm(time=3600, signal="USR1@120", prologue=("module load 'x'",), max_array=1),
        Slurm(sbatch_template="#!/bin/bash\n$CMD\n", partition="a b"),
    ],
)
def test_what_was_compiled_is_valid(folder: Path, how: Slurm) -> None:
    for path in (folder / "slurm").iterdir():
        path.unlink()
    lay_out(how)
    one = validate_document(folder / FILE)
    assert one.found == []
    assert one.document is not None
    assert one.document.settings == how


def test_each_file_is_held_to_its_bytes_with_its_line(folder: Path) -> None:
    hint = "\nhint: run `pbt-compile runs.ant --out specs` and commit the result"
    script = folder / "slurm/array-gpu1-0.sbatch"
    spoil(script, b'gres="gpu:1"', b'gres="gpu:2"')
    assert said(folder) == [
        f"error[PBT820]: `{script}`:6: is not what `pbt-compile` would write{hint}"
    ]
    script.unlink()
    assert said(folder) == [f"error[PBT820]: `{script}`: is missing{hint}"]
    lay_out()
    (folder / "slurm/old.sbatch").write_text("#!/bin/bash\n")
    assert said(folder) == [
        f"error[PBT820]: `{folder}/slurm/old.sbatch`: is no longer generated{hint}"
    ]
    (folder / "slurm/old.sbatch").unlink()
    [manifest] = (folder / "slurm").glob("manifest-*.txt")
    spoil(manifest, b"seed=1", b"seed=2")
    assert said(folder)[0].startswith(f"error[PBT820]: `{manifest}`:2: is not what")
    lay_out()
    spoil(folder / FILE, b'"cpus_per_gpu":16', b'"cpus_per_gpu":8')
    assert [line.split(":")[1].strip() for line in said(folder)] == [f"`{script}`"]
    lay_out()
    spoil(folder / FILE, b'"run":"ant",\n', b'"run":"ant", \n')
    assert said(folder)[0].startswith(f"error[PBT820]: `{folder}/slurm/index.json`:2: is not")


def test_pbt809_without_its_process_list(folder: Path) -> None:
    other = spec(run="bee")
    (folder / "processes.json").write_bytes(encode(other))
    assert said(folder) == [
        (
            "error[PBT809]: `specs/ant/slurm/index.json`: /run: "
            "the process list beside it is of run `bee`"
        )
    ]
    (folder / "processes.json").write_text("{")
    assert "`specs/ant/processes.json` is not a process list" in said(folder)[0]
    (folder / "processes.json").unlink()
    assert said(folder)[0].startswith(
        "error[PBT809]: `specs/ant/slurm/index.json`: there is no `specs/ant/processes.json`"
    )


def test_pbt810_tasks_and_jobs(folder: Path) -> None:
    (folder / "processes.json").write_bytes(encode(spec(jobs=(job(0), job(2)))))
    assert [line.partition("error[PBT810]: ")[2] for line in said(folder)] == [
        "`specs/ant/slurm/index.json`: /arrays/0/tasks/1: task `01_ant` is not a job of the run",
        "`specs/ant/slurm/index.json`: /arrays: no script has a task for job `02_ant`",
    ]
    lay_out()
    spoil(folder / FILE, b'["00_ant","01_ant"]', b'["00_ant","00_ant"]')
    assert "two tasks are job `00_ant`" in said(folder)[0]


def test_the_rules_are_those_of_compiling(folder: Path) -> None:
    spoil(folder / FILE, b'"throttle":null', b'"throttle":0')
    assert said(folder)[0].startswith(
        "error[PBT625]: `specs/ant/slurm/index.json`: /settings/throttle: `--slurm_throttle 0`"
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"max_array":1000', b'"max_array":0', "/settings/max_array: expected at least 1"),
        (b'"requeue":false', b'"requeu":false', "/settings/requeu: there is no such key"),
        (b'"pbt-slurm-index/1"', b'"pbt-slurm-index/2"', "or use the version that wrote it"),
        (b'"suffix":"",\n', b"", "key `suffix` is missing"),
        (b'"arrays":[', b'"arrays":[3,', "/arrays/0: expected an object, got int"),
        (b'{"format"', b'"format"', "error[PBT801]"),
        (b'"time":null', b'"time":"1h"', "/settings/time: expected a number or null, got str"),
    ],
)  # fmt: skip
def test_faults_of_an_index_in_words(folder: Path, old: bytes, new: bytes, words: str) -> None:
    spoil(folder / FILE, old, new)
    one = validate_document(folder / FILE)
    assert one.document is None
    assert any(words in str(d) for d in one.found), one.found
    assert all(d.where.file == "specs/ant/slurm/index.json" for d in one.found)


def test_folders_and_scripts_lead_to_the_index(folder: Path) -> None:
    index = folder / FILE
    assert spec_files(["specs"]) == [folder / "processes.json", index]
    assert spec_files([str(folder / "slurm")]) == [index]
    for path in (folder / "slurm").iterdir():
        assert spec_files([str(path)]) == [index]
    other = folder / "index.json"
    other.write_text("{}")
    assert spec_files([str(folder)]) == [folder / "processes.json", index]


def test_what_an_earlier_compilation_tells_of_itself(folder: Path) -> None:
    lay_out(Slurm(time=3600, partition="gpu"), container=box())
    before = existing.known(Path("specs"), "ant")
    assert before is not None
    assert before.backends == ("processes", "slurm")
    assert before.settings["slurm"]["time"] == 3600
    assert json.dumps(before.settings["slurm"]["partition"]) == '"gpu"'
