"""The scripts that are written for SLURM, submitted by hand to a real one.

What takes long is submitted first, all of it at once, and looked at last.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import pytest

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.quoting import directive
from tests.executor.running import until
from tests.slurm.arrays import attempt, by_hand, lay_out, log, python, spec
from tests.slurm.clusters import ask, over, states, submit

pytestmark = pytest.mark.usefixtures("cluster")
CPU = Slurm(gpus_per_job=0, time=600)
ALPHABET = " '\"\\$`;*?[]{}()<>|&!#~%=-,:@^é漢\u202e\u2028a0"
CONTROLS = "\n\t\r\x01\x07\x1b\x7f\x85"
CURATED = [
    "", " ", "a b", " lead", "trail ", "''", '"', "$HOME", "${task.name}", "$(touch x)", "`id`",
    "a;b", "*", "?", "#x", "%j", "%A_%a", "-", "--", "-n", "\\", "\\n", "a\nb", "\n", "\r\n", "\t",
    "\x1b[1m", "~", "!!", "a=b", "=", "{1..3}", "&&", "|", ">x", "é", "漢字", "\u202e", "🙂",
    "[0]=x", "x" * 5000, "\\'", "$'a'", "\x7f", "\x01",
]  # fmt: skip


def hostile(count: int, alphabet: str, seed: int) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(alphabet, k=dice.randrange(9))) for _ in range(count)]


def wait_for(path: Path) -> Path:
    until(path.exists, f"{path} did not come")
    return path


# -- what takes long -------------------------------------------------------------------------------

AGAIN = (
    "n = int(os.environ.get('SLURM_RESTART_COUNT', 0))\n"
    "print(n, os.environ['SLURM_JOB_ID'] == os.environ['SLURM_ARRAY_JOB_ID'], flush=True)\n"
    "time.sleep(1 if n == 0 else 0)\n"
    "sys.exit(75 if n < int(sys.argv[1]) else 0)\n"
)
SAVES = (
    "def save(*_):\n"
    "    pathlib.Path('saved').touch()\n"
    "    sys.exit(75)\n"
    "signal.signal(signal.SIGUSR1, save)\n"
    "if pathlib.Path('saved').exists(): sys.exit(0)\n"
    "pathlib.Path('ready').touch()\n"
    "time.sleep(300)\n"
)


@pytest.fixture(scope="module")
def long(cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """Folder and id of arrays that were submitted together."""
    made: dict[str, tuple[Path, str]] = {}

    def begin(name: str, of: list[tuple[str, ...]], how: Slurm) -> None:
        folder = tmp_path_factory.mktemp(name)
        made[name] = folder, by_hand(folder, spec(of), how)

    again = Slurm(gpus_per_job=0, time=600, requeue=True, max_requeues=2)
    begin("again", [python(AGAIN, "1") for _ in range(4)], again)
    begin("bounded", [python(AGAIN, "99")], Slurm(gpus_per_job=0, requeue=True, max_requeues=1))
    begin("early", [python(SAVES)], Slurm(gpus_per_job=0, time=60, signal="USR1@55"))
    return made


# -- the way of a value ----------------------------------------------------------------------------


def test_300_values_arrive_byte_for_byte(long: object, tmp_path: Path) -> None:
    values = CURATED + hostile(300 - len(CURATED), ALPHABET + CONTROLS, 1)
    dump = (
        "env = {k: v for k, v in os.environ.items() if k[:2] == 'V_'}\n"
        "out = {'argv': sys.argv[2:], 'env': env}\n"
        "pathlib.Path(sys.argv[1]).write_text(json.dumps(out))\n"
    )
    env = {f"V_{i}": value for i, value in enumerate(values)}
    env |= {"V_a.b": "odd", "V_a b": "odder", "V_é": "oddest", "V_-": "-"}
    of = spec([python(dump, f"out-{k}", *values) for k in range(2)], env, folder="ant/a b;$x\n")
    place = tmp_path / "a b é;$(touch x)"
    place.mkdir()
    ended = over(by_hand(place, of, CPU))
    assert set(ended.values()) == {("COMPLETED", 0)}, log(place, "00_ant")
    for k in range(2):
        said = json.loads((place / f"out-{k}").read_text())
        assert said["argv"] == values
        assert said["env"] == env
    assert (place / "train_dir/ant/a b;$x\n").is_dir()
    assert not (place / "x").exists()


def test_300_directives_come_back_unchanged(long: object, tmp_path: Path) -> None:
    values = hostile(300, ALPHABET.replace("\u2028", "") + "\t", 2)
    wanted = {}
    for i, value in enumerate(values):
        script = tmp_path / f"{i}.sh"
        lines = [directive("comment", value), directive("job-name", "held"), directive("nice", i)]
        script.write_text("\n".join(["#!/bin/bash", *lines, "true"]) + "\n")
        wanted[int(submit(script, cwd=tmp_path, options=["--hold"]))] = value
    jobs = json.loads(ask("squeue", "--json"))["jobs"]
    got = {job["job_id"]: job["comment"] for job in jobs if job["job_id"] in wanted}
    ask("scancel", "--name=held")
    assert got == wanted


# -- by hand ---------------------------------------------------------------------------------------


def test_an_array_by_hand_with_the_true_ends_of_all_its_tasks(long: object, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program\n")
    (tmp_path / "train_dir").mkdir()
    of = spec(
        [
            python("print('out'); print('err', file=sys.stderr); sys.exit(3)"),
            python("os.kill(os.getpid(), signal.SIGSEGV)"),
            ("no-such-program", "x"),
            ("./plain",),
            ("-x",),
            python("print(sys.stdin.read() == '', os.environ.get('CUDA_VISIBLE_DEVICES', ''))"),
            python("sys.exit(127)"),
        ]
    )
    job = by_hand(tmp_path, of, Slurm(gpus_per_job=2, cpus_per_gpu=1, time=600))
    ended = over(job)
    assert [ended[f"{job}_{i}"] for i in range(7)] == [
        ("FAILED", 3 << 8), ("FAILED", 139 << 8), ("FAILED", 127 << 8), ("FAILED", 126 << 8),
        ("FAILED", 127 << 8), ("COMPLETED", 0), ("FAILED", 127 << 8),
    ]  # fmt: skip
    ends = [attempt(tmp_path, f"{i:02d}_ant")[2:] for i in range(7)]
    assert ends == [
        ["exit 3"], ["exit 139"], ["refused 127", "exit 127"], ["refused 126", "exit 126"],
        ["refused 127", "exit 127"], ["exit 0"], ["exit 127"],
    ]  # fmt: skip
    assert attempt(tmp_path, "00_ant")[:2] == [f"slurm {job}_0", "start 0"]
    assert sorted(log(tmp_path, "00_ant").split()) == ["err", "out"]
    assert "no-such-program: not found" in log(tmp_path, "02_ant")
    said, cards = log(tmp_path, "05_ant").split()
    assert said == "True"
    assert len(cards.split(",")) == 2


def test_a_second_submission_does_nothing(long: object, tmp_path: Path) -> None:
    of = spec([python("print('once')"), python("print('never')")])
    taken = tmp_path / "train_dir/ant/_pbt/attempts/01_ant.1"
    taken.parent.mkdir(parents=True)
    taken.write_text("given up\n")
    first = by_hand(tmp_path, of, CPU)
    over(first)
    before = attempt(tmp_path, "00_ant")
    assert set(over(by_hand(tmp_path, of, CPU)).values()) == {("COMPLETED", 0)}
    assert attempt(tmp_path, "00_ant") == before == [f"slurm {first}_0", "start 0", "exit 0"]
    assert log(tmp_path, "00_ant") == "once\n"
    assert taken.read_text() == "given up\n"
    assert not (tmp_path / "train_dir/ant/_pbt/logs/01_ant.1.log").exists()


def test_what_a_task_cannot_do_without_is_said(long: object, tmp_path: Path) -> None:
    [script] = lay_out(tmp_path, spec([("true",)]), CPU)
    alone = submit(script, cwd=tmp_path)
    beyond = submit(script, "slurm", cwd=tmp_path, options=["--array=7"])
    elsewhere = submit(script, "nowhere", cwd=tmp_path)
    for job, task, said in (
        (alone, 0, "pbt: where is manifest-"),
        (beyond, 7, "pbt: there is no task 7 of 1"),
        (elsewhere, 0, "nowhere/manifest-"),
    ):
        assert over(job) == {f"{job}_{task}": ("FAILED", 2 << 8)}
        assert said in (tmp_path / f"slurm-{job}_{task}.out").read_text()
    assert not (tmp_path / "train_dir").exists()


def test_one_script_for_each_job(long: object, tmp_path: Path) -> None:
    of = spec([python("sys.exit(4)"), python("sys.exit(5)")])
    scripts = lay_out(tmp_path, of, Slurm(gpus_per_job=0, files=True))
    jobs = [submit(script, "slurm", "elsewhere", cwd=tmp_path) for script in scripts]
    assert [over(job)[job] for job in jobs] == [("FAILED", 4 << 8), ("FAILED", 5 << 8)]
    taken = (tmp_path / "elsewhere/attempts/01_ant.1").read_text().split("\n")
    assert taken[0] == f"slurm {jobs[1]}"


def test_the_site_s_own_lines_come_first(long: object, tmp_path: Path) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "of-the-site").write_text('#!/bin/sh\necho "$1 $SITE"; exit 6\n')
    (bin_ / "of-the-site").chmod(0o755)
    lines = (f'export PATH="{bin_}:$PATH" SITE=here', "set -- gone")
    of = spec([("of-the-site", "a")], {"V": "1"})
    over(by_hand(tmp_path, of, Slurm(gpus_per_job=0, prologue=lines)))
    assert log(tmp_path, "00_ant") == "a here\n"
    assert attempt(tmp_path, "00_ant")[2:] == ["exit 6"]
    other = tmp_path / "other"
    other.mkdir()
    over(by_hand(other, of, Slurm(gpus_per_job=0, prologue=("exit 9",))))
    assert attempt(other, "00_ant")[2:] == ["exit 9"]


def test_a_cancelled_task_is_not_queued_again(long: object, tmp_path: Path) -> None:
    stops = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))\n"
        "pathlib.Path('ready').touch()\ntime.sleep(60)\n"
    )
    job = by_hand(tmp_path, spec([python(stops)]), Slurm(gpus_per_job=0, requeue=True))
    wait_for(tmp_path / "ready")
    ask("scancel", job)
    assert [state for state, _ in over(job).values()] == ["CANCELLED"]
    taken = tmp_path / "train_dir/ant/_pbt/attempts/00_ant.1"
    until(lambda: "exit" in taken.read_text())
    assert attempt(tmp_path, "00_ant") == [f"slurm {job}_0", "start 0", "exit 75"]


# -- templates of the original ---------------------------------------------------------------------

SHIPPED = """#!/bin/bash
cd "$HOME"
timeout $TIMEOUT $CMD
if [[ $$? -eq 124 ]]; then
    sbatch $PARTITION--gres=gpu:$GPU -c $CPU --parsable --output $FILENAME-slurm-%j.out $FILENAME
fi
"""
"""As Sample-Factory has it, with another folder."""


def test_d33_a_failed_training_is_a_failed_job_whatever_the_template_does(
    long: object, tmp_path: Path
) -> None:
    tells = "print(os.environ['V'], sys.argv[1:], os.getcwd() != sys.argv[1]); sys.exit(3)"
    of = spec([python(tells, str(tmp_path), "${task.name}; *", "a  b")], {"V": "it's $x"})
    job = by_hand(tmp_path, of, Slurm(gpus_per_job=1, sbatch_template=SHIPPED, timeout="5m"))
    assert over(job) == {f"{job}_0": ("FAILED", 3 << 8)}
    assert attempt(tmp_path, "00_ant")[2:] == ["exit 3"]
    words = [str(tmp_path), "${task.name}; *", "a  b"]
    assert log(tmp_path, "00_ant") == f"it's $x {words} True\n"


def test_d34_a_template_that_submits_itself_ends_there(long: object, tmp_path: Path) -> None:
    of = spec([("sleep", "60")])
    job = by_hand(tmp_path, of, Slurm(gpus_per_job=1, sbatch_template=SHIPPED, timeout="1"))
    over(job)
    assert attempt(tmp_path, "00_ant")[2:] == ["exit 143"]
    second = log(tmp_path, "00_ant").split()[-1]
    assert {state for state, _ in over(second).values()} == {"FAILED"}
    assert attempt(tmp_path, "00_ant")[2:] == ["exit 143"]


def test_a_template_may_name_the_interpreter_and_use_the_shell(
    long: object, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text("import os, sys\nprint(sys.argv, os.environ['V'])\n")
    of = spec([("train.py", "a b"), ("missing.py",)], {"V": "v"})
    text = (
        "#!/bin/bash\n#SBATCH --comment=gpu$GPU-cpu$CPU\n"
        f'echo "$SLURM_ARRAY_TASK_ID: $CMD"\n{sys.executable} -u $CMD | tee copy\nexit 0\n'
    )
    job = by_hand(tmp_path, of, Slurm(gpus_per_job=0, cpus=2, sbatch_template=text))
    ended = over(job)
    assert ended == {f"{job}_0": ("COMPLETED", 0), f"{job}_1": ("FAILED", 2 << 8)}
    assert log(tmp_path, "00_ant") == "0: train.py a b\n['train.py', 'a b'] v\n"
    assert "gpu0-cpu2" in ask("squeue", "-h", "-t", "all", "-j", job, "-O", "Comment:30")


def test_a_template_that_never_gets_to_the_command_has_failed(long: object, tmp_path: Path) -> None:
    text = "#!/bin/bash\nif false; then\n$CMD\nfi\n"
    job = by_hand(tmp_path, spec([("true",)]), Slurm(gpus_per_job=0, sbatch_template=text))
    assert over(job) == {f"{job}_0": ("FAILED", 1 << 8)}
    assert "the template ended without having run the command" in log(tmp_path, "00_ant")


# -- what SLURM is asked ---------------------------------------------------------------------------


def test_a_login_shell_s_own_wishes_do_not_matter_to_ask(
    long: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbt_tui.backends.slurm import render as slurm
    from pbt_tui.cli.sbatch_check import ask as asked

    monkeypatch.setenv("SBATCH_PARTITION", "nope")

    def said(**more: object) -> list[str]:
        files = slurm.render(spec([("true",)]), Slurm(**more))  # type: ignore[arg-type]
        return [str(d) for d in asked({f"ant/{k}": v for k, v in files.items()}, "ant")]

    [fine] = said(time=600)
    assert fine.startswith("note[PBT641]: `slurm/array-gpu1-0.sbatch`: SLURM would take it: Job ")
    for more, words, cure in (
        ({"partition": "nope"}, "invalid partition specified: nope", "`sinfo -o %R` lists"),
        ({"gpus_per_job": 5}, "Requested node configuration is not available", "no node has all"),
        ({"gpu_type": "zx81"}, "", ""),
        ({"memory": 2**50}, "", ""),
        ({"max_array": 20000, "constraint": "fast"}, "Invalid feature", "`sinfo -o %f`"),
    ):
        [refused] = said(**more)
        assert refused.startswith("error[PBT640]")
        assert words in refused
        assert cure in refused
    assert os.environ["SBATCH_PARTITION"] == "nope"


# -- what took long --------------------------------------------------------------------------------


def test_75_queues_one_task_again_never_the_whole_array(
    long: dict[str, tuple[Path, str]],
) -> None:
    folder, job = long["again"]
    assert set(over(job).values()) == {("COMPLETED", 0)}
    for i in range(4):
        assert attempt(folder, f"{i:02d}_ant") == [
            f"slurm {job}_{i}", "start 0", "requeue 1", "start 1", "exit 0",
        ]  # fmt: skip
    said = [log(folder, f"{i:02d}_ant").split() for i in range(4)]
    assert sum(words[1] == "True" for words in said) == 1, "one has the id of the whole array"


def test_requeues_are_bounded(long: dict[str, tuple[Path, str]]) -> None:
    folder, job = long["bounded"]
    assert over(job) == {f"{job}_0": ("FAILED", 75 << 8)}
    assert attempt(folder, "00_ant") == [
        f"slurm {job}_0", "start 0", "requeue 1", "start 1", "exit 75",
    ]  # fmt: skip


@pytest.mark.slow
def test_an_early_signal_becomes_a_checkpoint_a_requeue_and_an_end(
    long: dict[str, tuple[Path, str]],
) -> None:
    folder, job = long["early"]
    assert over(job, 120) == {f"{job}_0": ("COMPLETED", 0)}
    assert attempt(folder, "00_ant") == [
        f"slurm {job}_0", "start 0", "requeue 1", "start 1", "exit 0",
    ]  # fmt: skip
    assert states(job)
