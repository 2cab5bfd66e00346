"""Files for SLURM, tested without SLURM: shapes, manifests, scripts and index, read by bash."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.slurm import render as slurm
from pbt_tui.backends.slurm.files import FILE
from pbt_tui.backends.slurm.index import Slurm, decode
from pbt_tui.backends.slurm.quoting import directive, word, words
from pbt_tui.backends.slurm.rules import check
from pbt_tui.backends.slurm.sbatch import limit, size
from pbt_tui.backends.slurm.settings import SETTINGS
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.spec import Mount, Resources
from tests.compiler.compile_specs import box, gang, job, spec

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
HOSTILE = (
    st.text(st.sampled_from(" '\"\\$`;*?[]{}()<>|&!#~%\n\t\r\x01\x1b\x7fé漢\u202e\u2028=-a")) | TEXT
)


def script_of(settings_: Slurm, jobs: int = 2, **more: object) -> str:
    made = slurm.render(spec(jobs=tuple(job(i) for i in range(jobs)), **more), settings_)
    return next(data.decode() for name, data in made.items() if name.endswith(".sbatch"))


def directives(text: str) -> list[str]:
    return [line[8:] for line in text.split("\n") if line.startswith("#SBATCH ")]


def bash(script: str, *argv: str) -> bytes:
    done = subprocess.run(["bash", "-c", script, "bash", *argv], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_has_each_field_once() -> None:
    assert [s.name for s in SETTINGS] == list(Slurm.__struct_fields__)


def test_the_original_s_seven_keep_their_defaults() -> None:
    plain = Slurm()
    assert (plain.gpus_per_job, plain.cpus_per_gpu, plain.timeout) == (1, 16, "0")
    assert (plain.print_only, plain.workdir, plain.partition) == (False, None, None)
    assert plain.sbatch_template is None


@settings(max_examples=60, deadline=None)
@given(st.lists(HOSTILE, min_size=1, max_size=30))
def test_bash_reads_a_line_back_byte_for_byte(texts: list[str]) -> None:
    line = words(texts)
    assert "\n" not in line
    for locale in ("C", "C.UTF-8"):
        out = bash(f"""export LC_ALL={locale}; eval "set -- $1"; printf '%s\\0' "$@" """, line)
        assert out.split(b"\0")[:-1] == [text.encode() for text in texts]


def test_words_are_readable() -> None:
    assert word("--lr=1e-3") == "--lr=1e-3"
    assert word("") == "''"
    assert word("it's é") == r"'it'\''s é'"
    assert word("a\nb'c\\\x1b\u202e") == r"$'a\nb\'c\\\x1b\xe2\x80\xae'"
    assert word("~") == "'~'"


def test_a_directive_is_one_line_and_nothing_in_it_acts() -> None:
    assert directive("comment", 'a "b" \\ #c $d') == r'#SBATCH --comment="a \"b\" \\ #c $d"'
    for bad in ("a\nb", "a\rb", "a\0b"):
        with pytest.raises(ValueError, match="line break"):
            directive("comment", bad)


def test_what_is_set_becomes_directives() -> None:
    everything = Slurm(
        partition="gpu", account="lab", qos="long", time=90061, memory=32 * 2**30, cpus=6,
        gpu_type="a100", gpus_per_job=2, constraint="a&b", exclude="n[1-3]", throttle=8,
        requeue=True, signal="USR1@120", mail_user="you@example.org", mail_type="END,FAIL",
        workdir="out%/", nodes=2,
    )  # fmt: skip
    assert check(spec(), everything) == []
    assert directives(script_of(everything)) == [
        '--job-name="ant"', '--partition="gpu"', '--account="lab"', '--qos="long"',
        '--constraint="a&b"', '--exclude="n[1-3]"', '--time="1-01:01:01"', '--nodes="2"',
        '--ntasks-per-node="1"', '--cpus-per-task="6"', '--mem="32G"', '--gres="gpu:a100:2"',
        '--array="0-1%8"', '--signal="B:USR1@120"', "--requeue", '--open-mode="append"',
        '--output="out%%/%A_%a.out"', '--mail-user="you@example.org"', '--mail-type="END,FAIL"',
    ]  # fmt: skip


def test_d38_a_job_without_a_gpu_is_legal() -> None:
    said = directives(script_of(Slurm(gpus_per_job=0)))
    assert '--cpus-per-task="1"' in said
    assert not any("gres" in line for line in said)


def test_units_as_slurm_reads_them() -> None:
    assert [limit(s) for s in (1, 59.2, 3600, 86400, 172801)] == [
        "00:00:01", "00:01:00", "01:00:00", "1-00:00:00", "2-00:00:01",
    ]  # fmt: skip
    assert [size(n) for n in (1, 1024, 3 * 2**20, 2**30 + 1, 2**41)] == [
        "1K", "1K", "3M", "1048577K", "2T",
    ]  # fmt: skip


def test_jobs_of_one_shape_are_one_array_in_the_order_of_the_plan() -> None:
    big = Resources(gpus=2, cpus=4, memory=8 * 2**30)
    jobs = (job(0), job(1, resources=big), job(2), job(3, resources=Resources(gpus=0)))
    shapes = slurm.shapes(spec(jobs=jobs), Slurm())
    assert [(s.name, [j.id for j in s.jobs]) for s in shapes] == [
        ("gpu1", ["00_ant", "02_ant"]),
        ("gpu2-cpu4-mem8g", ["01_ant"]),
        ("cpu1", ["03_ant"]),
    ]
    names = [name for name in slurm.render(spec(jobs=jobs), Slurm()) if name.endswith(".sbatch")]
    assert names == [f"slurm/array-{s.name}-0.sbatch" for s in shapes]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Resources,
            gpus=st.none() | st.integers(0, 2),
            cpus=st.none() | st.integers(1, 40),
            memory=st.none() | st.sampled_from([1, 1024, 2**30, 2**30 + 1, 3 * 2**20]),
        ),
        max_size=8,
    ),
    st.builds(Slurm, memory=st.none() | st.just(2**30), cpus=st.none() | st.integers(1, 40)),
)
def test_two_shapes_never_share_a_name(wanted: list[Resources], how: Slurm) -> None:
    jobs = tuple(job(i, resources=one) for i, one in enumerate(wanted))
    shapes = slurm.shapes(spec(jobs=jobs), how)
    texts = [slurm.script(spec(), how, s, manifest="m", offset=0, count=1) for s in shapes]
    asked = {tuple(directives(text.decode())) for text in texts}
    assert len({s.name for s in shapes}) == len(shapes) == len(asked)
    assert [j.id for j in jobs] == sorted(j.id for s in shapes for j in s.jobs)


def test_arrays_have_no_holes_and_no_more_than_they_may() -> None:
    many = spec(jobs=tuple(job(i, id=f"j{i:04d}") for i in range(2500)))
    index = decode(slurm.render(many, Slurm())[FILE])
    assert index is not None
    assert [(a.script, a.offset, a.count) for a in index.arrays] == [
        ("array-gpu1-0.sbatch", 0, 1000),
        ("array-gpu1-1.sbatch", 1000, 1000),
        ("array-gpu1-2.sbatch", 2000, 500),
    ]
    assert [t for a in index.arrays for t in a.tasks] == [j.id for j in many.jobs]
    assert len({a.manifest for a in index.arrays}) == 1


def test_one_script_for_each_job_and_no_array() -> None:
    files = slurm.render(spec(), Slurm(files=True, workdir="out"))
    assert [name for name in files if name.endswith(".sbatch")] == [
        "slurm/job-00_ant.sbatch",
        "slurm/job-01_ant.sbatch",
    ]
    said = directives(files["slurm/job-01_ant.sbatch"].decode())
    assert '--job-name="01_ant"' in said
    assert '--output="out/%j.out"' in said
    assert not any("--array" in line for line in said)
    assert "\n_pbt_offset=1\n" in files["slurm/job-01_ant.sbatch"].decode()


def test_a_manifest_has_a_line_for_each_job_and_its_name_is_its_contents() -> None:
    one = job(0, env={"A": "x\ny"}, argv=("python", "t.py", "note=it's"), dir="ant/a b")
    data = slurm.manifest([(one, 1), (job(1), 3)])
    assert data.decode() == (
        "00_ant 1 'ant/a b' 1 $'A=x\\ny' python t.py 'note=it'\\''s'\n"
        "01_ant 3 ant/ant_ 0 python train.py seed=1\n"
    )
    assert re.fullmatch(r"manifest-[0-9a-f]{12}\.txt", slurm.manifest_name(data))
    assert slurm.manifest_name(data) != slurm.manifest_name(data + b"\n")


def test_the_index_is_what_its_schema_says_and_tells_all_settings() -> None:
    how = Slurm(time=3600.0, prologue=("module load cuda",), workdir="out")
    files = slurm.render(spec(), how)
    document = json.loads(files[FILE])
    jsonschema.Draft202012Validator(load_schema("slurm-index-1")).validate(document)
    assert document["format"] == "pbt-slurm-index/1"
    back = msgspec.convert(slurm.known(files), Slurm)
    assert back == how
    assert slurm.render(spec(), back) == files
    assert slurm.known({FILE: b"{"}) == {} == slurm.known({})


SCRIPTS = {
    "plain": Slurm(),
    "all": Slurm(requeue=True, signal="HUP@90", prologue=("module load 'a b'",), time=7200),
    "files": Slurm(files=True),
    "template": Slurm(
        sbatch_template='#!/bin/bash -l\ncd "$$HOME" || exit\nsrun python $CMD | tee l\n'
    ),
    "apptainer": Slurm(container="apptainer", image="./a b.sif"),
    "pyxis": Slurm(container="pyxis", image="docker://x#y:1"),
}


@pytest.mark.parametrize("how", SCRIPTS)
def test_bash_can_read_every_script(how: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(script_of(SCRIPTS[how], train_dir="it's\n$(touch x)"))
    subprocess.run(["bash", "-n", script], check=True)
    if shutil.which("shellcheck"):
        unused = "--exclude=SC2034"  # what only a template needs
        done = subprocess.run(
            ["shellcheck", "--severity=warning", unused, script], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout.decode()


def test_a_script_holds_nothing_of_a_user_s_but_quoted_words() -> None:
    hostile = "x $(touch a) `b` ; c"
    one = job(0, argv=("python", hostile), env={"A": hostile}, dir=hostile, name=hostile)
    files = slurm.render(
        spec(jobs=(one,), run=hostile, train_dir=hostile), Slurm(partition=hostile)
    )
    text = next(data.decode() for name, data in files.items() if name.endswith(".sbatch"))
    lines = [line for line in text.split("\n") if "touch" in line]
    assert lines == [
        '#SBATCH --job-name="x___touch_a___b____c"',
        f'#SBATCH --partition="{hostile}"',
        f"_pbt_train='{hostile}'",
        f"_pbt_run='{hostile}/{hostile}/_pbt'",
    ]


def test_containers_are_a_prefix_of_the_command() -> None:
    mounts = (Mount("./my data", "/data", True), Mount("/big", "/big"))
    inside: dict[str, Any] = {"container": box(mounts=mounts), "train_dir": "/scratch/t"}

    def prefix(how: Slurm) -> str:
        (found,) = re.findall(r"^_pbt_prefix=\((.*)\)$", script_of(how, **inside), re.MULTILINE)
        return str(found)

    assert prefix(Slurm()) == ""
    assert prefix(Slurm(container="apptainer")) == (
        """apptainer exec --nv --bind "$PWD":"$PWD" --bind /scratch/t:/scratch/t """
        """--bind "$PWD"/'./my data':/data:ro --bind /big:/big --pwd "$PWD" trainer:1"""
    )
    assert "--nv" not in prefix(Slurm(container="apptainer", gpus_per_job=0))
    assert prefix(Slurm(container="pyxis", image="./t.sqsh")) == (
        'srun --nodes=1 --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" --export=ALL '
        '--container-image=./t.sqsh --container-mounts="$PWD":"$PWD",/scratch/t:/scratch/t,'
        """"$PWD"/'./my data':/data:ro,/big:/big --container-workdir="$PWD\""""
    )


def test_the_site_s_own_lines_stand_as_they_are() -> None:
    text = script_of(Slurm(prologue=('module load "cuda/12"', "source $HOME/env")))
    assert '\nmodule load "cuda/12"\nsource $HOME/env\n# end of the site\'s own lines\n' in text


def test_the_run_directory_is_that_of_the_run() -> None:
    assert "\n_pbt_run=./train_dir/ant/_pbt\n" in script_of(Slurm())
    assert "\n_pbt_run=./train_dir/ant/_pbt_b\n" in script_of(Slurm(), suffix="b")
    assert "\n_pbt_run=/t/ant/_pbt\n" in script_of(Slurm(), train_dir="/t/")


def test_requeues_are_bounded_and_only_where_they_are_wanted() -> None:
    assert "\n_pbt_requeues=0\n" in script_of(Slurm())
    assert "\n_pbt_requeues=50\n" in script_of(Slurm(requeue=True))
    assert "\n_pbt_requeues=3\n" in script_of(Slurm(signal="USR1@90", max_requeues=3))
    assert "--no-requeue" in directives(script_of(Slurm()))


def test_a_population_is_one_array() -> None:
    jobs, population = gang(8)
    index = decode(slurm.render(spec(jobs=jobs, populations=(population,)), Slurm())[FILE])
    assert index is not None
    assert [a.tasks for a in index.arrays] == [population.members]
