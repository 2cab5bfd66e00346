"""The follower dies, at any moment and on any host, and the cluster goes away for a while: nothing
is lost, and nothing is submitted twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.observe.queue_status import key
from pbt_tui.spec import Job
from tests.executor.running import job, until
from tests.shelf.scrub import unsealed
from tests.slurm.clusters import SERVICES, ask, bring_up, take_down
from tests.slurm.queued import GATE, KILLS_TASK, QUICK, SMALL, Queued, placed

LIFE = 'echo life >>"lives.$0"; '


def _jobs() -> list[Job]:
    """Each notes its lives, in a file of its own; the last waits until all has been tried."""
    names = [f"j{i}" for i in range(6)]
    texts = ["sleep 0.2", "exit 3", "sleep 1", "true", GATE, GATE]
    return [job(n, "sh", "-c", LIFE + text, n) for n, text in zip(names, texts, strict=True)]


def _elsewhere(place: Queued, *args: str) -> subprocess.Popen[str]:
    """`pbt-run` as it is on another login node."""
    words = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]
    argv = [*words, sys.executable, "-m", "pbt_tui.cli.run", *args]
    return subprocess.Popen(
        argv, cwd=place.path, env=place.environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_ten_moments_it_loses_nothing_and_submits_nothing_twice(
    queued: Queued, seed: int
) -> None:
    rng = random.Random(seed)
    # Both sides of the moment in which SLURM has the array and nobody has written it down.
    queued.watch_calls(sbatch="sleep 0.3", squeue="sleep 0.05")
    real = (queued.path / "bin" / "sbatch").read_text().replace("exec ", "")
    (queued.path / "bin" / "sbatch").write_text(real + "code=$?; sleep 0.3; exit $code\n")
    spec = queued.spec(*_jobs())
    for turn in range(10):
        args = (spec, "--backend", "slurm", *QUICK, *SMALL, "--slurm_throttle=2")
        process = _elsewhere(queued, *args) if turn % 3 == 2 else queued.start(*args)
        time.sleep(rng.choice((0.4, 0.6, 0.9, 1.2, 2.5)) * rng.uniform(0.8, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    queued.write("go")
    said = queued.end(_elsewhere(queued, *args))
    assert said.code == 4, said.all
    assert {n: e.outcome for n, e in queued.ends().items()} == {
        **{f"j{i}": "succeeded" for i in range(6)},
        "j1": "failed",
    }
    lives = {p.name: len(p.read_text().split()) for p in queued.path.glob("lives.*")}
    assert lives == {f"lives.j{i}": 1 for i in range(6)}
    assert len(queued.submissions()) == 1, queued.submissions()
    ends = Counter((e.job, e.attempt) for e in queued.of(ev.AttemptEnded))
    assert set(ends.values()) == {1}
    assert all(e.attempt == 1 for e in queued.of(ev.AttemptScheduled))
    assert {e.host for e in queued.of(ev.ExecutorStarted)} >= {"elsewhere"}


def test_an_id_that_nobody_wrote_down_is_found_in_the_queue(queued: Queued) -> None:
    """`sbatch` itself dies between the answer of SLURM and its own."""
    queued.watch_calls()
    program = queued.path / "bin" / "sbatch"
    whole = program.read_text()
    later = whole.replace("exec ", "").replace('"$@"', '--begin=now+5 "$@"').rstrip("\n")
    program.write_text(later + " >/dev/null; kill -9 $PPID $$\n")  # no task can tell it either
    spec = queued.spec(job("a", GATE), job("b", GATE))
    process = queued.on_slurm(spec, *SMALL)
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()
    assert [record.id for record in queued.records()] == [None]
    program.write_text(whole)
    queued.write("go")
    said = queued.end(queued.start(str(queued.rundir.path)))
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 1
    assert len(queued.submissions()) == 1


def test_the_queue_is_asked_though_no_file_has_news(queued: Queued) -> None:
    """Of what is adopted, and of what only waits."""
    spec = queued.spec(job("a", GATE), job("b", GATE))
    process = queued.on_slurm(spec, *SMALL, "--slurm_throttle=1")
    queued.handle("a")
    until(lambda: queued.reasons("b"))
    process.kill()
    process.communicate()
    queued.rundir.queue.unlink()
    process = queued.start(str(queued.rundir.path))
    until(lambda: (p := queued.picture()) and len(p.attempts) == 2)
    queued.write("go")
    assert queued.end(process).code == 0


def test_hours_later_slurm_has_forgotten_and_the_files_have_not(queued: Queued) -> None:
    """The controller's memory is as short as `MinJobAge`; here it is told to say nothing."""
    spec = queued.spec(job("a", "echo up"), job("b", "exit 3"), job("gone", KILLS_TASK))
    process = queued.on_slurm(spec, *SMALL)
    queued.wait_for(ev.AttemptScheduled, 3)
    until(lambda: any(record.id for record in queued.records()))
    process.kill()
    process.communicate()
    number = queued.records()[0].id
    until(lambda: not ask("squeue", "-h", "-j", str(number)))
    queued.watch_calls(squeue="echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    said = queued.end(queued.start(str(queued.rundir.path)))
    assert said.code == 4, said.all
    assert {n: e.outcome for n, e in queued.ends().items()} == {
        "a": "succeeded",
        "b": "failed",
        "gone": "lost",
    }
    assert "knows it no more" in (queued.ends()["gone"].detail or "")


@pytest.fixture
def another(tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queued]:
    """A cluster of its own, that may be taken away."""
    lines = bring_up("--nodes", "1", "--gpus", "0", "--dir", str(tmp_path / "slurm"))
    for name, value in lines.items():
        monkeypatch.setenv(name, value)
    place = tmp_path / "place"
    place.mkdir()
    try:
        yield from placed(Queued(place))
    finally:
        take_down(str(tmp_path / "slurm"))


def test_the_controller_is_away_for_a_while(another: Queued, tmp_path: Path) -> None:
    """The last picture is kept and marked; what ends meanwhile is told by its own file, and who
    is still there when it comes back is followed on."""
    later = GATE.replace("go", "later")
    process = another.on_slurm(another.spec(job("a", GATE), job("b", later)), *SMALL)
    another.wait_for(ev.AttemptStarted, 2)
    until(lambda: (p := another.picture()) and len(p.attempts) == 2 and p.polled_at)
    folder = str(tmp_path / "slurm")
    subprocess.run([str(SERVICES / "down"), "--keep", folder], check=True, capture_output=True)
    picture = until(lambda: p if (p := another.picture()) and p.stale else None)
    assert picture.attempts, "the last picture is kept"
    assert "contact" in (picture.error or "").lower()
    before = another.pbt(another.spec(job("x", "true"), name="more", run="q"), "--backend", "slurm")
    assert before.code == 5
    assert "SLURM does not answer" in before.err
    assert not (another.path / "train_dir" / "q").exists(), "nothing is half begun"
    another.write("go")
    another.wait_for(ev.AttemptEnded, 1)
    bring_up("--nodes", "1", "--gpus", "0", "--dir", folder)
    picture = until(lambda: p if (p := another.picture()) and not p.stale else None)
    assert list(picture.attempts) == [key("b", 1)]
    another.write("later")
    assert another.end(process).code == 0
    assert [len(found.attempts) for found in another.state().jobs] == [1, 1]


def test_another_cluster_knows_nothing_of_them(another: Queued, cluster: Path) -> None:
    process = another.on_slurm(another.spec(job("a", GATE)), *SMALL)
    another.handle("a")
    process.kill()
    process.communicate()
    text = unsealed(another.rundir.journal.read_bytes()).decode()
    assert '"engine_id":"test"' in text
    another.rundir.journal.write_text(text.replace('"engine_id":"test"', '"engine_id":"other"'))
    said = another.pbt(str(another.rundir.path))
    assert said.code == 5, said.all
    assert "was submitted to cluster `other`" in said.err
    another.write("go")
    until(lambda: not another.alive())
