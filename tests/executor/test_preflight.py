"""Checks of disk and machine before a run: problems are named, and nothing changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.errors import Diagnostic
from pbt_tui.executor.preflight import fits, preflight
from pbt_tui.journal.events import AttemptScheduled, Gpu
from pbt_tui.journal.fold import apply
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.spec import Container, Job, Policy, Population, Processes, Resources, encode


def job(name: str, **more: object) -> Job:
    given = {"argv": ("true",), "env": {}, "dir": "run/base_", "params": {}, **more}
    return Job(id=name, experiment="e", name=name, **given)  # type: ignore[arg-type]


def run_of(
    *jobs: Job, style: str | None = None, suffix: str = "", container: Container | None = None
) -> Processes:
    populations: tuple[Population, ...] = ()
    if style is not None:
        members = tuple(j.id for j in jobs)
        folder = "run/base_/runs/space"
        populations = (Population("pop", style, len(jobs), folder, members),)
    return Processes(
        format="pbt-processes/1",
        run="run",
        module="m",
        train_dir="./train_dir",
        policy=Policy(),
        container=container,
        populations=populations,
        jobs=jobs,
        suffix=suffix,
    )


def check(
    spec: Processes,
    at: Path,
    *,
    state: RunState | None = None,
    policy: Policy | None = None,
    gpus: tuple[Gpu, ...] = (),
    cwd: Path | None = None,
    train_dir: Path | None = None,
    plain: bool = True,
) -> list[Diagnostic]:
    return preflight(
        spec,
        state,
        policy or Policy(),
        gpus,
        cwd=cwd or at,
        train_dir=train_dir or at / "train",
        plain=plain,
    )


def only(found: list[Diagnostic]) -> Diagnostic:
    assert len(found) == 1, found
    assert found[0].message[0].islower() or found[0].message[0] == "`"
    return found[0]


def test_nothing_to_say_and_nothing_made(tmp_path: Path) -> None:
    assert check(run_of(job("a"), job("b"), style="isaacgymenvs"), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_missing_working_directory(tmp_path: Path) -> None:
    found = only(check(run_of(job("a")), tmp_path, cwd=tmp_path / "gone"))
    assert found.where.file == str(tmp_path / "gone")
    assert found.hint


def test_train_dir_is_a_file_or_below_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        found = only(check(run_of(job("a")), tmp_path, train_dir=place))
        assert (found.where.file, found.level) == (str(tmp_path / "file"), "error")


def test_a_file_where_a_job_wants_its_directory(tmp_path: Path) -> None:
    (tmp_path / "train" / "run").mkdir(parents=True)
    (tmp_path / "train" / "run" / "base_").touch()
    found = only(check(run_of(job("a"), job("b")), tmp_path))
    assert found.where.file == str(tmp_path / "train" / "run" / "base_")


ASK = """
import sys
from pathlib import Path
import os
from tests.executor.test_preflight import check, job, run_of
at = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for found in check(run_of(job("a")), at):
    print(found)
"""


def test_a_train_dir_that_is_not_ours() -> None:
    """Asked by another user where we are root, who may write everywhere."""
    at = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        at.chmod(0o755)
        (at / "train").mkdir(mode=0o555)
        call = [sys.executable, "-c", ASK, str(at)]
        out = subprocess.run(call, capture_output=True, text=True, check=True).stdout
        assert out == f"error: `{at}/train`: cannot be written: permission denied\n"
    finally:
        shutil.rmtree(at)


def disk(monkeypatch: pytest.MonkeyPatch, free: int, files: int) -> None:
    true = os.statvfs("/")
    fields = list(true)
    fields[0] = fields[1] = 1024
    fields[4] = free // 1024
    fields[5], fields[7] = 1000, files
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, 10 << 20, 500)
    assert "full: 10 MiB free" in only(check(run_of(job("a")), tmp_path)).message
    disk(monkeypatch, 10 << 30, 0)
    assert "no free inode for another file" in only(check(run_of(job("a")), tmp_path)).message
    disk(monkeypatch, 500 << 20, 500)
    assert only(check(run_of(job("a")), tmp_path)).level == "warning"
    disk(monkeypatch, 10 << 30, 500)
    assert check(run_of(job("a")), tmp_path) == []


def test_what_can_never_fit(tmp_path: Path) -> None:
    two = (Gpu(0), Gpu(1))
    policy = Policy(experiments_per_gpu=1, gpus_per_job=1, max_parallel=8)
    assert fits(policy, two, [job("a"), job("b")]) == []
    found = only(fits(policy, two, [job("a"), job("big", resources=Resources(gpus=3))]))
    assert found.where.job == "big"
    gang = run_of(*(job(f"m{i}", population="pop") for i in range(3)), style="isaacgymenvs")
    assert "`pop`" in only(check(gang, tmp_path, policy=policy, gpus=two)).message
    small = Policy(max_parallel=2)
    found = only(check(gang, tmp_path, policy=small))
    assert found.code == "PBT401"
    assert check(gang, tmp_path, policy=Policy(max_parallel=3)) == []


def test_an_ended_job_needs_not_fit(tmp_path: Path) -> None:
    spec = run_of(job("big", resources=Resources(gpus=3)))
    state = RunState(spec)
    state.jobs[0].phase = "succeeded"
    policy = Policy(experiments_per_gpu=1)
    assert check(spec, tmp_path, state=state, policy=policy, gpus=(Gpu(0),)) == []


def test_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "train").touch()
    spec = run_of(job("a", population="pop"), job("b", population="pop"), style="isaacgymenvs")
    found = check(spec, tmp_path, cwd=tmp_path / "gone", policy=Policy(max_parallel=1))
    assert len(found) == 3


def generation(at: Path, style: str) -> Path:
    below = {"sample_factory": "checkpoint_p0/checkpoint_000000009_900.pth"}
    path = at / "train/run/base_/runs/space" / below.get(style, "001/000001.yaml")
    path.parent.mkdir(parents=True)
    path.touch()
    return path


@pytest.mark.parametrize("style", ["isaacgymenvs", "isaaclab", "sample_factory"])
def test_old_generations_are_refused_and_our_own_are_not(tmp_path: Path, style: str) -> None:
    """Defect P15: a population that begins in an old one's workspace takes those for members."""
    spec = run_of(job("a"), job("b"), style=style)
    old = generation(tmp_path, style)
    for state in (None, RunState(spec)):
        found = only(check(spec, tmp_path, state=state))
        assert found.where.file == str(tmp_path / "train/run/base_/runs/space")
        assert (found.code, found.level) == ("PBT450", "error")
        assert f"{old.parent.name}/{old.name}" in found.message
        assert "--experiment_suffix" in (found.hint or "")
    begun = RunState(spec)
    apply(begun, AttemptScheduled(job="a", attempt=1, gpus=()))
    assert check(spec, tmp_path, state=begun) == []


def test_other_files_in_a_workspace_are_no_generations(tmp_path: Path) -> None:
    space = tmp_path / "train/run/base_/runs/space"
    for name in ("best0/000001.yaml", "000/notes.yaml", "000/000001.pth", "x/000001.yaml"):
        (space / name).parent.mkdir(parents=True, exist_ok=True)
        (space / name).touch()
    assert check(run_of(job("a"), style="isaacgymenvs"), tmp_path) == []


def test_no_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = run_of(job("a"), job("b", argv=("python", "-m", "x")))
    found = only(check(spec, tmp_path))
    assert found.where.job == "b"
    assert check(spec, tmp_path, plain=False) == []


HOLD = """
import sys
from pathlib import Path
from pbt_tui.journal import lock
lock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_another_live_run_in_the_same_directories(tmp_path: Path) -> None:
    """Defect D10: two runs of one name mix their results."""
    train = tmp_path / "train"
    other = RunDir.of(train, "run", "other")
    other.path.mkdir(parents=True)
    other.spec.write_bytes(encode(run_of(job("x"), suffix="other")))
    spec = run_of(job("a"))
    assert check(spec, tmp_path) == []
    call = [sys.executable, "-c", HOLD, str(other.lock)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        found = only(check(spec, tmp_path))
        assert (found.where.file, "`run/base_`" in found.message) == (str(other.path), True)
        assert (found.code, found.level) == ("PBT223", "error")
        assert check(run_of(job("a", dir="run/own_")), tmp_path) == []
        other.spec.write_text("{")
        assert check(spec, tmp_path) == []
        assert holder.stdin is not None
        holder.stdin.close()
    other.spec.write_bytes(encode(run_of(job("x"), suffix="other")))
    assert check(spec, tmp_path) == []
