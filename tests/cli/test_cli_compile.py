"""`pbt-compile` as people call it: it writes, checks, compares and refuses."""

from __future__ import annotations

import re
from pathlib import Path

from pbt_tui.spec import decode
from tests.cli.compiling import Pbt, module, spec_of

NGC = "`ngc`: `--ngc_org`, `--ngc_ace`, `--ngc_instance`, `--image` not set"

FILES = re.compile(
    "ant_pbt: 8 jobs, 1 population of 8 -> specs/ant_pbt/processes.json, "
    "(specs/ant_pbt/slurm/manifest-[0-9a-f]{12}.txt), "
    "specs/ant_pbt/slurm/array-gpu1-0.sbatch, specs/ant_pbt/slurm/index.json\n"
)


def test_compile_validate_check_in_peace(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant")
    assert said.code == 0
    made = FILES.fullmatch(said.out)
    assert made
    assert (here / made[1]).is_file()
    assert said.err == (
        "note[PBT421]: `runs/ant.py`:5: `max_parallel` is 8, not 4: all members of population "
        "`ant_pbt` have to run at once\n"
    ).replace("`:5:", "`:")
    assert len(spec_of(here).jobs) == 8
    assert pbt("--validate", "specs").out == (
        "specs/ant_pbt/processes.json: ant_pbt: 8 jobs, 1 population of 8\n"
        "specs/ant_pbt/slurm/index.json: 1 script\n"
    )
    said = pbt("runs.ant", "--check")
    assert (said.code, said.out, said.err) == (0, "specs/ant_pbt: up to date, 8 jobs\n", "")
    assert pbt("runs.ant", "--check", "--format", "github").out == ""
    assert pbt("runs.ant").out.endswith(" (unchanged)\n")


def test_both_ways_of_naming_the_module_and_of_spelling_options(here: Path, pbt: Pbt) -> None:
    assert pbt("--run", "runs.ant", "--train-dir", "t", "--experiment-suffix=a-b").code == 0
    spec = spec_of(here, "ant_pbt_a-b")
    assert (spec.train_dir, spec.suffix) == ("t", "a-b")
    assert spec.jobs[0].dir == "ant_pbt/ant_pbt_a-b"
    assert pbt("runs/ant.py", "--run", "runs.other").code == 2
    assert pbt().code == 2


def test_check_takes_what_is_not_given_from_the_file(here: Path, pbt: Pbt) -> None:
    assert pbt("runs.ant", "--max_parallel", "9", "--train_dir", "t", "--image", "a").code == 0
    assert pbt("runs.ant", "--check").code == 0
    assert pbt("runs/ant.py", "--check").code == 0
    said = pbt("runs.ant", "--check", "--retries", "3")
    assert said.code == 3
    assert '"retries":3' in said.out
    assert "error[PBT820]: `specs/ant_pbt/processes.json`:5: is not what `pbt-compile` would" in (
        said.err
    )
    assert spec_of(here).policy.retries == 0


def test_check_when_the_population_grew_or_nothing_is_there(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert "is missing" in said.err
    assert not (here / "specs").exists()
    pbt("runs.ant")
    module(here, members=12)
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert '+"policy":{"num_gpus":1,"gpus":null' in said.out
    assert '"max_parallel":12' in said.out


def test_a_hand_edited_file_is_stale(here: Path, pbt: Pbt) -> None:
    pbt("runs.ant")
    file = here / "specs/ant_pbt/processes.json"
    file.write_bytes(file.read_bytes().replace(b"policy_idx=3", b"policy_idx=4"))
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert '-{"id":"03_ant_pbt"' in said.out
    file.write_bytes(b"{")
    assert pbt("runs.ant", "--check").code == 3
    assert pbt("runs.ant").code == 0


def test_diff_and_print_write_nothing(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--diff")
    assert said.code == 0
    assert said.out.startswith(
        "specs/ant_pbt/processes.json: is missing\nspecs/ant_pbt/slurm/manifest"
    )
    assert "\n+++ specs/ant_pbt/slurm/array-gpu1-0.sbatch\n" in said.out
    printed = pbt("runs.ant", "--print").out
    assert not (here / "specs").exists()
    pbt("runs.ant")
    assert (here / "specs/ant_pbt/processes.json").read_text() == printed
    assert pbt("runs.ant", "--diff").out == ""


def test_p2_is_said_as_the_contract_has_it(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--max_parallel", "4", "--backend", "processes")
    assert said.code == 3
    assert said.err == (
        "error[PBT401]: `runs/ant.py`:5: population `ant_pbt` has 8 members, "
        "but `--max_parallel 4` was given\n"
        "hint: pass `--max_parallel 8`, or `--backend slurm`\n"
    )
    assert not (here / "specs").exists()


def test_settings_come_from_flag_then_file_then_default(here: Path, pbt: Pbt) -> None:
    (here / "pyproject.toml").write_text(
        '[tool.pbt]\nimage = "a"\nmemory = "1G"\nout = "o"\nignore = ["PBT421"]\n'
        'mounts = ["./x:/x"]\n'
    )
    said = pbt("runs.ant", "--memory", "2G", "--mount", "./y:/y:ro", "--backend", "processes")
    assert (said.code, said.err) == (0, "")
    spec = decode((here / "o/ant_pbt/processes.json").read_bytes())
    assert spec.container is not None
    assert (spec.container.image, spec.container.memory) == ("a", 2**31)
    assert [(m.source, m.read_only) for m in spec.container.mounts] == [("./y", True)]
    (here / "pyproject.toml").write_text('[tool.pbt]\nmemroy = "1G"\n')
    said = pbt("runs.ant")
    assert said.code == 2
    assert "hint: did you mean `memory`" in said.err


def test_a_container_without_an_image_is_noted(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--memory", "2G")
    assert said.code == 0
    assert "note[PBT530]" in said.err
    assert spec_of(here).container is None


def test_ignore_and_strict(here: Path, pbt: Pbt) -> None:
    (here / "runs/gpu.py").write_text(
        "from pbt_tui import *\n"
        "RUN_DESCRIPTION = RunDescription('gpu', experiments=[Experiment('g', 'python t.py', "
        "[{'a': 1}], env_vars={'CUDA_VISIBLE_DEVICES': '1'})])\n"
    )
    assert "warning[PBT524]" in pbt("runs.gpu").err
    said = pbt("runs.gpu", "--strict", "--out", "other")
    assert said.code == 3
    assert "error[PBT524]" in said.err
    assert not (here / "other").exists()
    assert pbt("runs.gpu", "--strict", "--ignore", "pbt524").code == 0
    said = pbt("runs.gpu", "--ignore", "PBT52")
    assert said.code == 2
    assert "there is no code" in said.err


def test_an_error_cannot_be_ignored(here: Path, pbt: Pbt) -> None:
    said = pbt("runs.ant", "--max_parallel", "4", "--ignore", "PBT401")
    assert said.code == 3
    assert "error[PBT401]" in said.err
    pbt("runs.ant")
    module(here, name="other", members=3)
    said = pbt("runs.other", "--ignore", "PBT222")
    assert said.code == 3
    assert "error[PBT222]" in said.err


def test_d10_two_modules_with_one_run_name(here: Path, pbt: Pbt) -> None:
    pbt("runs.ant")
    before = (here / "specs/ant_pbt/processes.json").read_bytes()
    module(here, name="other", members=3)
    said = pbt("runs.other")
    assert said.code == 3
    assert "error[PBT222]" in said.err
    assert "`specs/ant_pbt` was compiled from `runs.ant`" in said.err
    assert (here / "specs/ant_pbt/processes.json").read_bytes() == before
    assert pbt("runs.other", "--experiment_suffix", "b").code == 0
    assert pbt("runs/ant.py").code == 0


def test_d10_two_specs_that_share_a_folder(here: Path, pbt: Pbt) -> None:
    pbt("runs.ant")
    pbt("runs.ant", "--out", "old")
    said = pbt("--validate", "specs", "old")
    assert said.code == 0
    assert "warning[PBT223]: `old/ant_pbt/processes.json`: directory `ant_pbt/ant_pbt_`" in said.err
    assert pbt("--validate", "specs", "old", "--strict").code == 3


def test_run_name_that_is_no_folder(here: Path, pbt: Pbt) -> None:
    module(here, run="../ant")
    said = pbt("runs.ant")
    assert said.code == 3
    assert "error[PBT220]" in said.err
    assert sorted(p.name for p in here.iterdir()) == ["runs"]


def test_d12_a_module_that_draws_is_refused_unless_seeded(here: Path, pbt: Pbt) -> None:
    (here / "runs/drawn.py").write_text(
        "from pbt_tui import *\nfrom random import randint\n"
        "RUN_DESCRIPTION = RunDescription('drawn', experiments=[Experiment('d', 'python t.py', "
        "[{'seed': randint(0, 10**9)}])])\n"
    )
    said = pbt("runs.drawn")
    assert said.code == 3
    assert "error[PBT120]" in said.err
    assert "`seed`" in said.err
    assert pbt("runs.drawn", "--seed", "3").code == 0
    assert pbt("runs.drawn", "--seed", "3", "--check").code == 0
    source = (here / "runs/drawn.py").read_text()
    (here / "runs/drawn.py").write_text(
        source.replace("randint(0, 10**9)", "__import__('os').getpid()")
    )
    said = pbt("runs.drawn", "--seed", "3")
    assert said.code == 3
    assert "pass `--seed" not in said.err, "it was passed"
    assert "it holds the process id of the import (`os.getpid`)" in said.err


def test_validate_says_file_and_pointer(here: Path, pbt: Pbt) -> None:
    pbt("runs.ant")
    file = here / "specs/ant_pbt/processes.json"
    file.write_bytes(
        file.read_bytes().replace(b'"argv":["python","train.py"', b'"argv":"x","z":[1')
    )
    said = pbt("--validate", "specs")
    assert said.code == 3
    assert (
        "error[PBT803]: `specs/ant_pbt/processes.json`: /jobs/0/argv: expected a list, got str"
        in (said.err)
    )
    assert said.out == ""
    assert pbt("--validate", "nowhere").code == 2


def test_every_option_of_the_original_is_accepted(here: Path, pbt: Pbt) -> None:
    text = """--run=runs.ant --backend=processes --train_dir=./train_dir --experiment_suffix=
        --pause_between=1 --num_gpus=1 --max_parallel=8 --experiments_per_gpu=-1
        --slurm_gpus_per_job=1 --slurm_cpus_per_gpu=16 --slurm_print_only=False
        --slurm_workdir=w --slurm_partition=p --slurm_sbatch_template=t --slurm_timeout=0
        --ngc_job_template=t --ngc_print_only=True"""
    (here / "t").write_text("#!/bin/bash\n$CMD\n")
    argv = text.split()
    (here / "t").write_text("ngc batch run --name {{ name }} --commandline '{{ experiment_cmd }}'")
    said = pbt(*argv)
    assert said.code == 0
    assert " is not used" not in said.err
    assert not (here / "specs/ant_pbt/slurm").exists()
    assert pbt("runs.ant", "--slurm_print_only", "perhaps").code == 2


def test_backends(here: Path, pbt: Pbt) -> None:
    assert "there is no backend" in pbt("runs.ant", "--backend", "mars").err
    said = pbt("runs.ant", "--backend", "processes", "--backend", "ngc")
    assert said.code == 3
    assert f"backend {NGC}\n" in said.err


def test_unwritable_out_is_said_before_the_module_is_loaded(here: Path, pbt: Pbt) -> None:
    (here / "runs/never.py").write_text("raise SystemExit('loaded')\n")
    for out in ("/dev/null", "/dev/null/specs", "runs/ant.py"):
        said = pbt("runs.never", "--out", out)
        assert said.code == 2
        assert "cannot write" in said.err
