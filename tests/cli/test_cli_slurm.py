"""SLURM on the command line of `pbt-compile`: settings, templates, `--check`, `--ask`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.backends.slurm.index import Slurm, decode
from pbt_tui.cli import compile as command

MODULE = """
from pbt_tui import Experiment, ParamGrid, RunDescription
grid = ParamGrid([("seed", [0, 1])])
RUN_DESCRIPTION = RunDescription(
    "ant", experiments=[Experiment("a", "python t.py", grid.generate_params(False))]
)
"""
TEMPLATE = "#!/bin/bash\ntimeout $TIMEOUT $CMD\n"
SBATCH = """#!/bin/bash
[[ $* == --test-only && ! ${SBATCH_PARTITION-} ]] || exit 9
cat >>asked
%s
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("ant.py").write_text(MODULE)
    Path("old.sh").write_text(TEMPLATE)
    return tmp_path


@pytest.fixture
def pbt(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def call(*argv: str) -> tuple[int, str, str]:
        code = command.main(argv)
        return (code, *capsys.readouterr())

    return call


def sbatch(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """An `sbatch` that does as the text says."""
    Path("bin").mkdir(exist_ok=True)
    Path("bin/sbatch").write_text(SBATCH % text)
    Path("bin/sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path('bin').absolute()}:{os.environ['PATH']}")


def settings() -> Slurm:
    index = decode(Path("specs/ant/slurm/index.json").read_bytes())
    assert index is not None
    return index.settings


def test_flags_go_over_the_file_and_the_file_over_the_default(
    here: Path, pbt: Callable[..., Any]
) -> None:
    Path("pbt.toml").write_text(
        '[slurm]\npartition = "a"\ntime = "4h"\nmemory = "32G"\nsbatch_template = "old.sh"\n'
        'timeout = "4h"\nprint_only = true\n'
    )
    assert pbt("ant.py", "--slurm_partition", "b", "--slurm-cpus-per-gpu=8")[0] == 0
    got = settings()
    assert (got.partition, got.time, got.memory, got.cpus_per_gpu) == ("b", 14400.0, 2**35, 8)
    assert (got.sbatch_template, got.timeout, got.print_only) == (TEMPLATE, "4h", True)
    assert pbt("ant.py", "--check")[0] == 3, "the file has another partition"
    Path("pbt.toml").unlink()
    assert pbt("ant.py", "--check")[0] == 0
    code, out, err = pbt("ant.py", "--check", "--slurm_time", "2h")
    assert code == 3
    assert '+#SBATCH --time="02:00:00"\n' in out
    assert "error[PBT820]: `specs/ant/slurm/array-gpu1-0.sbatch`:" in err


def test_lines_of_the_site(here: Path, pbt: Callable[..., Any]) -> None:
    Path("pbt.toml").write_text("[slurm]\nprologue = '''\nmodule load cuda\ncd /p, q\n'''\n")
    assert pbt("ant.py", "--train_dir", "/t")[0] == 0
    assert settings().prologue == ("module load cuda", "cd /p, q")
    both = ("--slurm_prologue", "a, b", "--slurm_prologue", "c")
    assert pbt("ant.py", *both)[0] == 0
    assert settings().prologue == ("a, b", "c")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--slurm_nodes", "0"], "`--slurm_nodes`: expected an integer from 1, got `0`"),
        (["--slurm_container", "x"], "expected `plain`, `apptainer` or `pyxis`, got `x`"),
        (["--slurm_time", "soon"], "expected a duration such as"),
        (["--slurm_sbatch_template", "none"], "cannot read `none`: no such file or directory"),
        (["--slurm_sbatch_template", "latin"], "expected UTF-8 text in `latin`"),
        (["--slurm_print_only", "perhaps"], "expected true or false, got `perhaps`"),
        (["--ask", "--backend", "processes"], "and none were compiled"),
        (["--ask", "--validate", "specs"], "`--validate` compiles nothing"),
    ],
)
def test_what_cannot_be_obeyed(
    here: Path, pbt: Callable[..., Any], argv: list[str], words: str
) -> None:
    Path("latin").write_bytes(b"\xe9")
    code, out, err = pbt("ant.py", *argv) if "--validate" not in argv else pbt(*argv)
    assert (code, out) == (2, "")
    assert words in err
    assert not Path("specs").exists()


def test_files_of_slurm_that_are_not_made_any_more_go(here: Path, pbt: Callable[..., Any]) -> None:
    pbt("ant.py")
    before = set(Path("specs/ant/slurm").iterdir())
    assert pbt("ant.py", "--files")[0] == 0
    gone = before - set(Path("specs/ant/slurm").iterdir())
    assert [p.name for p in gone] == ["array-gpu1-0.sbatch"]
    assert pbt("--validate", "specs")[0] == 0
    assert pbt("ant.py", "--check")[0] == 0
    assert pbt("ant.py", "--no_slurm_files")[0] == 0
    assert set(Path("specs/ant/slurm").iterdir()) == before


def test_slots_are_no_matter_of_slurm(here: Path, pbt: Callable[..., Any]) -> None:
    wanting = ("--gpus_per_job", "4", "--experiments_per_gpu", "1")
    assert "error[PBT520]" in pbt("ant.py", *wanting)[2]
    assert pbt("ant.py", *wanting, "--backend", "slurm")[0] == 0


def test_many_files_are_counted(here: Path, pbt: Callable[..., Any]) -> None:
    Path("ant.py").write_text(MODULE.replace("[0, 1]", "range(20)"))
    assert pbt("ant.py", "--files")[1].endswith(" and 17 more\n")


def test_a_template_is_refused_with_its_line(here: Path, pbt: Callable[..., Any]) -> None:
    Path("old.sh").write_text("#!/bin/bash\necho $CMDS\n")
    code, _, err = pbt("ant.py", "--slurm_sbatch_template", "old.sh", "--backend", "slurm")
    assert code == 3
    assert "error[PBT601]: `ant.py`: the template never runs `$CMD`" in err
    assert "error[PBT602]: `ant.py`: line 2 of the template has an unknown placeholder" in err
    assert not Path("specs").exists()


def test_ask_where_slurm_would_take_it(
    here: Path, pbt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "nope")
    sbatch(monkeypatch, "echo 'sbatch: Job 7 to start at noon' >&2")
    code, _, err = pbt("ant.py", "--ask", "--backend", "slurm")
    assert code == 0
    assert err == (
        "note[PBT641]: `slurm/array-gpu1-0.sbatch`: SLURM would take it: Job 7 to start at noon\n"
    )
    assert Path("asked").read_bytes() == Path("specs/ant/slurm/array-gpu1-0.sbatch").read_bytes()
    assert pbt("ant.py", "--ask", "--files")[0] == 0
    assert Path("asked").read_text().count("#!/bin/bash") == 2, "one script of each shape"


def test_ask_where_slurm_refuses(
    here: Path, pbt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sbatch(monkeypatch, "echo 'allocation failure: Invalid qos specification' >&2; exit 1")
    code, out, err = pbt("ant.py", "--ask", "--backend", "slurm")
    assert (code, out) == (3, "")
    assert err == (
        "error[PBT640]: `slurm/array-gpu1-0.sbatch`: SLURM refuses it: Invalid qos specification\n"
        "hint: `sacctmgr show qos` lists them: `--slurm_qos`\n"
    )
    assert not Path("specs").exists()
    sbatch(monkeypatch, "exit 3")
    assert "SLURM refuses it: exit code 3" in pbt("ant.py", "--ask", "--backend", "slurm")[2]


def test_ask_where_slurm_says_nothing(
    here: Path, pbt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying"
    sbatch(monkeypatch, f"echo '{said}' >&2; exec sleep 60")
    code, _, err = pbt("ant.py", "--ask", "--slurm_sbatch_timeout", "0.5")
    assert code == 3
    assert "SLURM has not answered in 0.5 s: Slurm temporarily unable to accept job" in err
    assert "hint: the cluster's queue is full" in err


def test_ask_where_there_is_no_slurm(
    here: Path, pbt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, err = pbt("ant.py", "--ask", "--backend", "slurm", "--format", "json")
    assert (code, err) == (0, "")
    [d] = json.loads(out)["diagnostics"]
    assert (d["code"], d["message"]) == (
        "PBT641",
        "`sbatch` is not installed here, so the scripts were not checked",
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24:00:00", 86400),
        ("1-00:00:00", 86400),
        ("1-12", 129600),
        ("1-12:30", 131400),
        ("90:00", 5400),  # minutes and seconds, as `sbatch` reads it
        ("0:30", 30),
        ("90m", 5400),
        ("1.5h", 5400),
    ],
)
def test_a_time_is_taken_as_sbatch_writes_it(
    pbt: Callable[..., Any], text: str, seconds: int
) -> None:
    code, _, err = pbt("ant.py", "--slurm_time", text, "--strict")
    assert (code, err) == (0, "")
    assert settings().time == seconds


@pytest.mark.parametrize("text", ["24:00:00:00", "1-", "-1", "1:2:3:4", "UNLIMITED", "1-1-1"])
def test_what_is_no_time_is_refused(pbt: Callable[..., Any], text: str) -> None:
    code, _, err = pbt("ant.py", f"--slurm_time={text}")
    assert code == 2
    assert (
        f"expected a duration such as `90m`, `24h`, `24:00:00` or `1-12:00:00`, got `{text}`" in err
    )


@pytest.mark.parametrize(
    ("words", "file", "cure"),
    [
        (("--slurm_time", "90"), "", ("--slurm_time", "90m")),
        (("--slurm_time", "90"), "", ("--slurm_time", "90s")),
        (("--slurm_memory", "4000"), "", ("--slurm_memory", "4000M")),
        ((), "[slurm]\ntime = 90\n", ("--slurm_time", "90s")),
        ((), "[slurm]\nmemory = 16000\n", ("--slurm_memory", "16000M")),
    ],
)
def test_a_bare_number_that_sbatch_reads_otherwise_is_warned_of(
    pbt: Callable[..., Any], words: tuple[str, ...], file: str, cure: tuple[str, ...]
) -> None:
    Path("pbt.toml").write_text(file)
    code, _, err = pbt("ant.py", *words)
    assert code == 0
    assert err.startswith("warning[PBT638]: ")
    assert f"`{cure[1]}`" in err
    assert pbt("ant.py", *words, "--ignore", "PBT638")[2] == ""
    Path("pbt.toml").write_text("")
    assert pbt("ant.py", *cure)[::2] == (0, "")


def test_cpus_of_jobs_without_gpus_are_not_multiplied_by_nothing(pbt: Callable[..., Any]) -> None:
    def cpus(*words: str) -> str:
        assert pbt("ant.py", "--backend", "slurm", *words)[0] == 0
        (script,) = Path("specs/ant/slurm").glob("*.sbatch")
        return next(s for s in script.read_text().splitlines() if "--cpus-per-task" in s)

    none = "--slurm_gpus_per_job=0"
    assert cpus(none, "--slurm_cpus_per_gpu=50").endswith('="50"')
    assert cpus(none, "--slurm_cpus_per_gpu=16").endswith('="16"'), "also where it is the default"
    assert cpus(none).endswith('="1"')
    assert cpus(none, "--slurm_cpus_per_gpu=50", "--slurm_cpus=3").endswith('="3"')
    assert cpus("--slurm_gpus_per_job=2", "--slurm_cpus_per_gpu=5").endswith('="10"')
    Path("pbt.toml").write_text("[slurm]\ncpus_per_gpu = 7\n")
    assert cpus(none).endswith('="7"')


@pytest.mark.parametrize(
    ("word", "meant"),
    [("--slurm_cpus_per_job", "--slurm_cpus"), ("--slurm-time-limit", "--slurm_time"),
     ("--slurm_gpu_per_job", "--slurm_gpus_per_job")],
)  # fmt: skip
def test_an_unknown_option_leads_to_the_nearest(
    pbt: Callable[..., Any], word: str, meant: str
) -> None:
    code, _, err = pbt("ant.py", word, "3")
    assert code == 2
    assert f"hint: did you mean `{meant}`" in err


def test_a_command_prefix_is_of_local_commands_alone(pbt: Callable[..., Any]) -> None:
    Path("ant.py").write_text(MODULE.replace("python t.py", "train.py multi_gpu=True"))
    code, _, err = pbt("ant.py", "--backend", "processes")
    assert code == 3
    assert '--command_prefix "torchrun --standalone --nproc_per_node=8"' in err
    prefix = ("--command_prefix", "torchrun --standalone --nproc_per_node=8")
    Path("site.sh").write_text("#!/bin/bash\ntorchrun --nproc_per_node=8 $CMD\n")
    more = ("--slurm_sbatch_template", "site.sh", "--slurm_gpus_per_job", "8")
    assert pbt("ant.py", *prefix, *more)[::2] == (0, "")
    spec = json.loads(Path("specs/ant/processes.json").read_text())
    assert spec["command_prefix"] == ["torchrun", "--standalone", "--nproc_per_node=8"]
    for job in spec["jobs"]:
        assert job["argv"][:5] == [*spec["command_prefix"], "train.py", "multi_gpu=True"]
    (manifest,) = Path("specs/ant/slurm").glob("manifest-*.txt")
    assert "torchrun" not in manifest.read_text()
    assert "train.py multi_gpu=True" in manifest.read_text()
    assert pbt("--validate", "specs")[0] == 0
    assert pbt("ant.py", "--check")[0] == 0, "what is not given is taken from the file"
    assert pbt("ant.py", "--check", "--command_prefix", "nice")[0] == 3


def test_a_launcher_that_starts_more_processes_than_slurm_gives_gpus(
    pbt: Callable[..., Any],
) -> None:
    Path("ant.py").write_text(MODULE.replace("python t.py", "torchrun --nproc_per_node=8 t.py"))
    code, _, err = pbt("ant.py", "--backend", "slurm")
    assert code == 0
    assert "warning[PBT642]" in err
    assert "hint: pass `--slurm_gpus_per_job 8`" in err
    assert pbt("ant.py", "--backend", "slurm", "--slurm_gpus_per_job", "8")[::2] == (0, "")
    code, _, err = pbt("ant.py", "--backend", "slurm", "--gpus_per_job", "4")
    assert "`--gpus_per_job 4`" in err
    assert "`--slurm_gpus_per_job`" in err
