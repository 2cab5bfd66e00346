import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.cli import compile as command
from pbt_tui.spec import decode

ROOT = Path(__file__).parents[2]
KEYS = {"diagnostics", "run", "jobs", "files", "changes"}
DIAGNOSTIC = {
    "code", "level", "message", "file", "line", "experiment", "param", "job", "hint", "pointer",
}  # fmt: skip

NGC = "`ngc`: `--ngc_org`, `--ngc_ace`, `--ngc_instance`, `--image` not set"
FILES = re.compile(
    "ant_pbt: 8 jobs, 1 population of 8 -> specs/ant_pbt/processes.json, "
    "(specs/ant_pbt/slurm/manifest-[0-9a-f]{12}.txt), "
    "specs/ant_pbt/slurm/array-gpu1-0.sbatch, specs/ant_pbt/slurm/index.json\n"
)
MODULE = """
from isaacgymenvs.pbt.launcher.run_description import ParamGrid, RunDescription, Experiment

_params = ParamGrid([("pbt.policy_idx", list(range({members})))])
_exp = Experiment(
    "ant_pbt",
    "python train.py pbt.enabled=True pbt.num_policies={members} pbt.workspace=ws",
    _params.generate_params(randomize=False),
)
RUN_DESCRIPTION = RunDescription(
    "{run}", experiments=[_exp], experiment_arg_name="experiment",
    experiment_dir_arg_name="hydra.run.dir", param_prefix="", customize_experiment_name=False,
)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    module(tmp_path)
    return tmp_path


def module(folder: Path, *, name: str = "ant", run: str = "ant_pbt", members: int = 8) -> None:
    (folder / "runs").mkdir(exist_ok=True)
    text = MODULE.format(run=run, members=members)
    (folder / "runs" / f"{name}.py").write_text(text)


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]):
    def call(*argv: str) -> Said:
        code = command.main(argv)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


def spec_of(folder: Path, name: str = "ant_pbt"):
    return decode((folder / "specs" / name / "processes.json").read_bytes())


def test_compile_validate_check_in_peace(here, pbt):
    said = pbt("runs.ant")
    assert said.code == 0
    made = FILES.fullmatch(said.out)
    assert made
    assert (here / made[1]).is_file()
    assert said.err == (
        "note[PBT421]: `runs/ant.py`:5: `max_parallel` is 8, not 4: all members of population "
        "`ant_pbt` have to run at once\n"
        f"note: `runs/ant.py`: left out: {NGC}\n"
    ).replace("`:5:", "`:")
    assert len(spec_of(here).jobs) == 8
    assert pbt("--validate", "specs").out == (
        "specs/ant_pbt/processes.json: ant_pbt: 8 jobs, 1 population of 8\n"
        "specs/ant_pbt/slurm/index.json: 1 script\n"
    )
    said = pbt("runs.ant", "--check")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert pbt("runs.ant").out.endswith(" (unchanged)\n")


def test_both_ways_of_naming_the_module_and_of_spelling_options(here, pbt):
    assert pbt("--run", "runs.ant", "--train-dir", "t", "--experiment-suffix=a-b").code == 0
    spec = spec_of(here, "ant_pbt_a-b")
    assert (spec.train_dir, spec.suffix) == ("t", "a-b")
    assert spec.jobs[0].dir == "ant_pbt/ant_pbt_a-b"
    assert pbt("runs/ant.py", "--run", "runs.other").code == 2
    assert pbt().code == 2


def test_check_takes_what_is_not_given_from_the_file(here, pbt):
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


def test_check_when_the_population_grew_or_nothing_is_there(here, pbt):
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert "is not there" in said.err
    assert not (here / "specs").exists()
    pbt("runs.ant")
    module(here, members=12)
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert '+"policy":{"num_gpus":1,"gpus":null' in said.out
    assert '"max_parallel":12' in said.out


def test_a_hand_edited_file_is_stale(here, pbt):
    pbt("runs.ant")
    file = here / "specs/ant_pbt/processes.json"
    file.write_bytes(file.read_bytes().replace(b"policy_idx=3", b"policy_idx=4"))
    said = pbt("runs.ant", "--check")
    assert said.code == 3
    assert '-{"id":"03_ant_pbt"' in said.out
    file.write_bytes(b"{")
    assert pbt("runs.ant", "--check").code == 3
    assert pbt("runs.ant").code == 0


def test_diff_and_print_write_nothing(here, pbt):
    said = pbt("runs.ant", "--diff")
    assert said.code == 0
    assert said.out.startswith(
        "specs/ant_pbt/processes.json: is not there\nspecs/ant_pbt/slurm/manifest"
    )
    assert "\n+++ specs/ant_pbt/slurm/array-gpu1-0.sbatch\n" in said.out
    printed = pbt("runs.ant", "--print").out
    assert not (here / "specs").exists()
    pbt("runs.ant")
    assert (here / "specs/ant_pbt/processes.json").read_text() == printed
    assert pbt("runs.ant", "--diff").out == ""


def test_p2_is_said_as_the_contract_has_it(here, pbt):
    said = pbt("runs.ant", "--max_parallel", "4", "--backend", "processes")
    assert said.code == 3
    assert said.err == (
        "error[PBT401]: `runs/ant.py`:5: population `ant_pbt` has 8 members, "
        "but `--max_parallel 4` was given\n"
        "hint: pass `--max_parallel 8`, or `--backend slurm`\n"
    )
    assert not (here / "specs").exists()


def test_settings_come_from_flag_then_file_then_default(here, pbt):
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


def test_a_container_without_an_image_is_noted(here, pbt):
    said = pbt("runs.ant", "--memory", "2G")
    assert said.code == 0
    assert "note[PBT530]" in said.err
    assert spec_of(here).container is None


def test_ignore_and_strict(here, pbt):
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


def test_an_error_cannot_be_ignored(here, pbt):
    said = pbt("runs.ant", "--max_parallel", "4", "--ignore", "PBT401")
    assert said.code == 3
    assert "error[PBT401]" in said.err
    pbt("runs.ant")
    module(here, name="other", members=3)
    said = pbt("runs.other", "--ignore", "PBT222")
    assert said.code == 3
    assert "error[PBT222]" in said.err


def test_d10_two_modules_with_one_run_name(here, pbt):
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


def test_d10_two_specs_that_share_a_folder(here, pbt):
    pbt("runs.ant")
    pbt("runs.ant", "--out", "old")
    said = pbt("--validate", "specs", "old")
    assert said.code == 0
    assert "warning[PBT223]: `old/ant_pbt/processes.json`: directory `ant_pbt/ant_pbt_`" in said.err
    assert pbt("--validate", "specs", "old", "--strict").code == 3


def test_run_name_that_is_no_folder(here, pbt):
    module(here, run="../ant")
    said = pbt("runs.ant")
    assert said.code == 3
    assert "error[PBT220]" in said.err
    assert sorted(p.name for p in here.iterdir()) == ["runs"]


def test_d12_a_module_that_draws_is_refused_unless_seeded(here, pbt):
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
    assert "find what else changes" in said.err


def test_validate_says_file_and_pointer(here, pbt):
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
def test_json_is_one_document_with_every_key(here, pbt, argv, code):
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


def test_our_own_bug_is_still_one_document(here, pbt, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(command, "_compile", lambda *a: 1 / 0)
    said = pbt("runs.ant", "--format", "json")
    assert said.code == 70
    [d] = json.loads(said.out)["diagnostics"]
    assert d["message"] == "this is a bug: ZeroDivisionError"
    [file] = tmp_path.glob("pbt-bug-*.txt")
    assert str(file) in d["hint"]


def test_github_annotations(here, pbt):
    said = pbt("runs.ant", "--max_parallel", "4", "--backend", "processes", "--format", "github")
    assert said.code == 3
    assert said.err == ""
    assert said.out == (
        "::error file=runs/ant.py,line=5,title=PBT401::population `ant_pbt` has 8 members, but "
        "`--max_parallel 4` was given%0Ahint: pass `--max_parallel 8`, or `--backend slurm`\n"
    )
    assert pbt("runs.none", "--format", "github").out.startswith("::error ")


def test_explain(here, pbt):
    said = pbt("--explain", "pbt401")
    assert said.code == 0
    assert said.out.startswith("# PBT401: ")
    assert "## Cure" in said.out
    said = pbt("--explain", "PBT4O1")
    assert said.code == 2
    assert "hint: did you mean `PBT" in said.err


def test_every_option_of_the_original_is_accepted(here, pbt):
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


def test_backends(here, pbt):
    assert "there is no backend" in pbt("runs.ant", "--backend", "mars").err
    said = pbt("runs.ant", "--backend", "processes", "--backend", "ngc")
    assert said.code == 3
    assert f"backend {NGC}\n" in said.err


def test_unwritable_out_is_said_before_the_module_is_loaded(here, pbt):
    (here / "runs/never.py").write_text("raise SystemExit('loaded')\n")
    for out in ("/dev/null", "/dev/null/specs", "runs/ant.py"):
        said = pbt("runs.never", "--out", out)
        assert said.code == 2
        assert "cannot write" in said.err


def test_hundreds_of_jobs_and_a_real_child(here, pbt):
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


def call(here: Path, *argv: str, **more) -> subprocess.CompletedProcess[str]:
    code = "from pbt_tui.cli.compile import entry; entry()"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=here, env=env, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_same_bytes_from_every_process(here):
    texts = set()
    for seed in ("0", "1", "random"):
        run = call(here, "runs.ant", "--print", PYTHONHASHSEED=seed)
        assert run.returncode == 0
        texts.add(run.stdout)
    assert len(texts) == 1


def test_late_imports(here):
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
