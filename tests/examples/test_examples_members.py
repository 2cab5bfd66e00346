"""Real processes: a small population that exchanges, a kill, a resume, and the report."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.swingup import report
from examples.swingup.workspace import Checkpoint, Workspace
from tests.executor.running import until

ROOT = Path(__file__).parents[2]
SIZE = 4
WORKSPACE = "mini"
RULES = (
    f"seed=1 pbt.num_policies={SIZE} pbt.workspace={WORKSPACE} pbt.interval_steps=10000 "
    "pbt.initial_delay=20000 pbt.start_after=10000 pbt.replace_fraction_worst=0.25 "
    "pbt.mutation_rate=1.0 pbt.initial_spread=1.5 train.step_size=0.2 "
    "train.noise_std=0.3 train.directions=2 train.top_directions=1"
).split()


class Members:
    """Starts members and ends those that a test leaves behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace(folder / "runs" / WORKSPACE)
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, index: int, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "examples.swingup.train", *RULES, *words]
        command += [f"pbt.policy_idx={index}", f"experiment={index:02d}_swingup"]
        with self.log(index).open("ab") as log:
            member = subprocess.Popen(
                [*command, f"hydra.run.dir={self.folder}"], cwd=ROOT, stdout=log, stderr=log
            )
        self.started.append(member)
        return member

    def log(self, index: int) -> Path:
        return self.folder / f"{index}.log"

    def said(self, pattern: str) -> list[str]:
        texts = [self.log(i).read_text() for i in range(SIZE) if self.log(i).exists()]
        return [found for text in texts for found in re.findall(pattern, text)]


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    population = Members(tmp_path)
    yield population
    for member in population.started:
        member.kill()
        member.wait()


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _until_saved(workspace: Workspace, index: int, generation: int) -> None:
    until(lambda: (newest := workspace.newest(index)) and newest.iteration >= generation)


def test_a_population_exchanges_and_every_member_ends_by_itself(
    members: Members, capsys: pytest.CaptureFixture[str]
) -> None:
    running = [members.start(index, "train.generations=8") for index in range(SIZE - 1)]
    # The last one cannot learn: it is replaced however the four share the processors.
    running.append(members.start(SIZE - 1, "train.generations=8", "train.step_size=1e-9"))
    assert [member.wait() for member in running] == [0] * SIZE, members.said(r"Traceback[\s\S]*")

    for index in range(SIZE):
        newest = members.workspace.newest(index)
        assert newest is not None
        assert newest.iteration == 8
        assert newest.experiment_name.startswith(f"{index:02d}_swingup_pbt_{index:02d}_")
    assert list(members.workspace.root.glob("best*/*.pth"))

    exploits = members.said(r"Replacing underperforming policy (\d+ with \d+)")
    assert exploits
    assert len(members.said("Policy .: Restarting self with args")) >= SIZE + len(exploits)
    copied = {
        f"{each.member} with {each.donor}"
        for path in members.workspace.root.glob("00*/*.pth")
        for each in Checkpoint.load(path).ancestry
    }
    assert copied == set(exploits)

    assert report.main([str(members.folder)]) == 0
    text = capsys.readouterr().out
    assert f"Exploits: {len(exploits)}\n" in text
    assert str(members.workspace.root) in text


def test_a_restart_keeps_the_process_and_changes_the_command(members: Members) -> None:
    member = members.start(0, "train.generations=1000", "train.step_size=0.1")
    _until_saved(members.workspace, 0, 1)
    words = _command(member.pid)
    assert words[:3] == [sys.executable, "-m", "examples.swingup.train"]
    assert "++pbt_restart=True" in words
    assert "train.step_size=0.1" not in words
    newest = members.workspace.newest(0)
    assert newest is not None
    assert f"train.step_size={newest.params['train.step_size']}" in words
    assert member.poll() is None


def test_a_killed_member_goes_on_where_it_was(members: Members) -> None:
    first = members.start(0, "train.generations=1000")
    _until_saved(members.workspace, 0, 3)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    before = members.workspace.newest(0)
    assert before is not None
    # What a kill in the middle of a write could leave behind, and weights that are damaged.
    folder = members.workspace.root / "000"
    (folder / f"{before.iteration + 1:06d}.yaml").touch()
    members.workspace.weights(0, before.iteration).write_text("{")

    last = before.iteration + 2
    again = members.start(0, f"train.generations={last}")
    assert again.wait() == 0
    assert members.said(f"resuming from generation {before.iteration - 1}\n")
    after = members.workspace.newest(0)
    assert after is not None
    assert after.iteration == last
    assert (after.params, after.experiment_name) == (before.params, before.experiment_name)

    finished = members.start(0, f"train.generations={last}")
    assert finished.wait() == 0
    assert members.workspace.newest(0) == after


def test_a_member_without_peers_finishes(members: Members) -> None:
    (members.workspace.root / "001").mkdir(parents=True)
    (members.workspace.root / "001" / "000001.yaml").touch()
    assert members.start(0, "train.generations=3").wait() == 0
    assert members.said("Not enough data to start PBT")


def test_a_member_ends_when_its_time_is_used_up(members: Members) -> None:
    words = ("train.generations=100000", "train.max_cpu_seconds=0.3")
    assert members.start(0, *words).wait() == 0
    assert members.said("used more than 0.3 s of CPU time")


def test_a_wrong_word_is_a_usage_error(members: Members) -> None:
    assert members.start(0, "train.unknown=1").wait() == 2
    assert members.said(r"error: `train\.unknown=1` is not one of: experiment=, ")


def test_the_report_on_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main([str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
