"""Workspaces with FIFOs, devices, huge numbers and endless lines: nothing waits, nothing raises."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.files import regular
from pbt_tui.observe import (
    history,
    log_reader,
    nvml,
    progress,
    queue_status,
    slurm_submissions,
)
from pbt_tui.observe.history import HistoryReader
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_monitor import PopulationMonitor
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.snapshot import workspace_snapshot
from pbt_tui.observe.workspaces import find
from pbt_tui.observe.workspaces.isaacgymenvs import IsaacGymEnvs
from pbt_tui.observe.workspaces.isaaclab import IsaacLab
from pbt_tui.observe.workspaces.sample_factory import SampleFactory
from tests.observe.test_observe_workspaces import GOOD, put, sample_factory

pytestmark = pytest.mark.timeout(60)

STRANGE: list[Callable[[Path], None]] = [
    os.mkfifo,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.mkdir(),
]
DIGITS = "9" * 5_000


@pytest.fixture(params=STRANGE, ids=["fifo", "device", "folder"])
def strange(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Puts something in the place of a file that is no regular file."""

    def replace(path: Path) -> None:
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        request.param(path)

    return replace


# -- one file --------------------------------------------------------------------------------------


def test_only_a_regular_file_is_opened(tmp_path: Path, strange: Callable[[Path], None]) -> None:
    path = tmp_path / "file"
    strange(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="not a regular file") as caught:
        regular.open_regular(path)
    assert caught.value.errno == errno.EINVAL
    with pytest.raises(OSError, match="not a regular file"):
        regular.read_regular(path, 100)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    path = put_bytes(tmp_path / "file", b"x" * 1024)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert regular.read_regular(link, 1024) == b"x" * 1024
    with pytest.raises(OSError, match="larger than 1023 bytes") as caught:
        regular.read_regular(path, 1023)
    assert caught.value.errno == errno.EFBIG
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as f:
        f.truncate(1 << 40)
    with pytest.raises(OSError, match="larger than"):
        regular.read_regular(sparse, 1024)


def put_bytes(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_log_that_is_no_file(tmp_path: Path, strange: Callable[[Path], None]) -> None:
    log = tmp_path / "a.1.log"
    strange(log)
    follower = Follower(log)
    assert (follower.block(), follower.problem) == (b"", "not a regular file")
    assert log_reader.tail(log) == []
    assert log_reader.line_number(log, 10) is None
    assert LogWatcher([]).of(log).line == ""
    log.rmdir() if log.is_dir() and not log.is_symlink() else log.unlink()
    put(log, "a line\n")
    assert (follower.block(), follower.problem) == (b"a line\n", None)


def test_files_of_a_run_directory_that_are_no_files(
    tmp_path: Path, strange: Callable[[Path], None]
) -> None:
    path = tmp_path / "1.json"
    strange(path)
    assert (progress.read(path), nvml.read(path), queue_status.read(path)) == (None, None, None)
    assert history.read(path) == {}
    assert slurm_submissions.find(tmp_path, "a", 1) is None
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for deep in (b"[" * 100_000, b'{"at":1.0,"jobs":{},"later":' + b"[" * 100_000):
        path.write_bytes(deep + b"\n")
        assert (progress.read(path), nvml.read(path), queue_status.read(path)) == (None, None, None)
        assert history.read(path) == {}
        assert HistoryReader(path).take("p") == []
        assert slurm_submissions.find(tmp_path, "a", 1) is None


# -- member folders --------------------------------------------------------------------------------


def test_metadata_that_is_no_file(tmp_path: Path, strange: Callable[[Path], None]) -> None:
    put(tmp_path / "000" / "000001.yaml", GOOD.format(objective=1))
    strange(tmp_path / "001" / "000001.yaml")
    workspace = IsaacLab(tmp_path)
    assert [g.member for g in workspace.poll()] == [0]
    for _ in range(5):
        workspace.poll()
    assert [(u.member, u.why) for u in workspace.unreadable()] == [(1, "not a regular file")]
    assert find(tmp_path) is not None


def test_a_configuration_that_is_no_file(tmp_path: Path, strange: Callable[[Path], None]) -> None:
    put(tmp_path / "runs" / "a_18-09-22-20" / "config.yaml", "pbt:\n  policy_idx: 3\n")
    strange(tmp_path / "runs" / "b_18-09-22-21" / "config.yaml")
    workspace = IsaacGymEnvs(tmp_path / "runs" / "ws")
    assert [member for member, _ in workspace.restarts()] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 500_000,
        " " * 1_000_000,
        "\n ".join("x" for _ in range(100_000)),
        "workspace: x" + " " * 500_000 + "x",
        "policy_idx: " + " " * 500_000 + "x",
        f"policy_idx: {DIGITS}",
        "policy_idx: ٣",
        "policy_idx: 1000",
        "x" * 2_000_000,
    ],
    ids=["newlines", "blanks", "lines", "ends", "index", "digits", "script", "beyond", "large"],
)
def test_a_configuration_of_a_start_without_an_index(tmp_path: Path, text: str) -> None:
    put(tmp_path / "runs" / "a_18-09-22-20" / "config.yaml", text)
    assert IsaacGymEnvs(tmp_path / "runs" / "ws").restarts() == []


def test_best_files_with_huge_numbers(tmp_path: Path) -> None:
    for name in (
        "A_best_obj_1e999_iter_1_policy1_frame1.yaml",
        "A_best_obj_1.2.3_iter_1_policy1_frame1.yaml",
        f"A_best_obj_1_iter_{'9' * 150}_policy1_frame1.yaml",
        f"A_best_obj_1_iter_1_policy{'9' * 150}_frame1.yaml",
        "A_best_obj_2_iter_٣_policy1_frame1.yaml",
    ):
        put(tmp_path / "best0" / name, "")
    put(tmp_path / "best0" / "A_best_obj_2.5_iter_1_policy1_frame1.yaml", "")
    assert [b.objective for b in IsaacGymEnvs(tmp_path).best()] == [2.5]


# -- Sample-Factory --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint_p9999999999",
        "checkpoint_p10000",
        f"checkpoint_p{'9' * 200}",
        "checkpoint_p٣",
        "checkpoint_p",
        "checkpoint_p0/checkpoint_" + "9" * 200 + "_1.pth",
        "checkpoint_p0/checkpoint_000000099_" + "9" * 200 + ".pth",
    ],
)
def test_an_index_beyond_all_is_no_policy(tmp_path: Path, name: str) -> None:
    path = sample_factory(tmp_path / "x")
    put(path / name / "checkpoint_000000099_1.pth", "")
    assert {g.member for g in SampleFactory(path).poll()} == {0, 1}
    assert len(workspace_snapshot(path).populations[0].members) == 2


@pytest.mark.parametrize("name", ["config.json", "sf_log.txt", "policy_00_cfg.json"])
def test_files_of_sample_factory_that_are_no_files(
    tmp_path: Path, strange: Callable[[Path], None], name: str
) -> None:
    path = sample_factory(tmp_path / "x")
    (path / "config.json").unlink()
    strange(path / name)
    workspace = SampleFactory(path)
    seen = workspace.poll()
    for _ in range(5):
        workspace.poll()
    assert {g.member for g in seen} == {0, 1}
    member = 0 if name == "policy_00_cfg.json" else None
    assert workspace.unreadable() == [(member, path / name, "not a regular file")]
    monitor = PopulationMonitor("x", "sample_factory", path)
    for _ in range(6):
        monitor.poll()
    assert any("not a regular file" in alarm.message for alarm in monitor.row({}, 0.0).alarms)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":' + "[" * 100_000, "nested more than 32 levels deep"),
        ('{"a":' + "[" * 40 + "]" * 40 + "}", "nested more than 32 levels deep"),
        ('{"a":' * 50_000, "nested more than 32 levels deep"),
        (f'{{"pbt_period_env_steps": {DIGITS}}}', "not JSON: Integer value out of range"),
        ('{"a": "\\ud800"}', "not JSON: "),
        ('{"a": 1', "not JSON: Input data was truncated"),
        ("{" + " " * 300_000, "larger than 256 KiB"),
        ('{"a": "\xff"}', "not JSON: "),
    ],
    ids=["open", "deep", "objects", "digits", "surrogate", "cut", "large", "latin"],
)
@pytest.mark.parametrize("name", ["config.json", "policy_00_cfg.json"])
def test_json_that_cannot_be_read_has_a_reason(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    path = sample_factory(tmp_path / "x")
    (path / name).write_bytes(text.encode("latin-1"))
    workspace = SampleFactory(path)
    assert len(workspace.poll()) == 4
    assert workspace.unreadable() == [], "the trainer may be writing it"
    for _ in range(5):
        workspace.poll()
    (found,) = workspace.unreadable()
    assert found.path == path / name
    assert words in found.why
    put(path / name, json.dumps({"pbt_period_env_steps": 1000}))
    workspace.poll()
    assert workspace.unreadable() == []
    assert workspace.period() == 1000 or name != "config.json"


def test_parameters_are_bounded(tmp_path: Path) -> None:
    path = sample_factory(tmp_path / "x")
    shaping = {"deep": [[[[[[1]]]]]], "many": list(range(1000)), "long": "x" * 10_000, "n": 10**30}
    put(path / "policy_00_reward_shaping.json", json.dumps(shaping | {"k" * 5000: 1}))
    params = next(g.params for g in SampleFactory(path).poll() if g.params)
    assert len(json.dumps(params)) < 3_000
    assert params["learning_rate"] == 1e-4


def hostile_log() -> str:
    stamp = "[2025-10-09 10:00:00,500][00042]"
    return "\n".join(
        [
            f"{stamp} Avg episode reward: [({DIGITS}, '1.5')]",
            f"{stamp} Avg episode reward: [(0, '{DIGITS}'), (1, '1.2.3'), (0, '1e{DIGITS}')]",
            f"{stamp} " + "Avg episode reward: [" * 100_000,
            f"{stamp} Avg episode reward: [" + "(0, '1" * 100_000,
            f"{stamp} Saving ./x/checkpoint_p{DIGITS}/checkpoint_000000010_1000.pth...",
            f"{stamp} Saving ./x/checkpoint_p0/checkpoint_{DIGITS}_1000.pth...",
            f"{stamp} Saving ./x/checkpoint_p0/checkpoint_000000010_{DIGITS}.pth...",
            "[0000-00-00 00:00:00,000] Saving ./x/checkpoint_p0/checkpoint_000000030_3000.pth...",
            "[0001-01-01 00:00:00,000] Saving ./x/checkpoint_p1/checkpoint_000000031_3001.pth...",
            "[9999-12-31 23:59:59,000] Saving ./x/checkpoint_p0/checkpoint_000000032_3002.pth...",
            "[0001-01-01 00:00:00,000] Asking learner 1 to load model from 0",
            f"{stamp} Asking learner {DIGITS[:1900]} to load model from 0",
            f"Policy {DIGITS[:1900]}: New pbt iteration 3",
            f"Policy 1: New pbt iteration {DIGITS[:1900]}",
            f"Replacing policy {DIGITS[:900]} with {DIGITS[:900]}",
            f"Policy 1: Not enough data, env_frames={DIGITS[:900]} initial_delay={DIGITS[:900]}",
            "x" * 1_000_000,
            "",
        ]
    )


def test_a_log_with_huge_numbers(tmp_path: Path) -> None:
    path = sample_factory(tmp_path / "x")
    put(path / "sf_log.txt", hostile_log())
    put(path / "config.json", json.dumps({"pbt_period_env_steps": 1e300}))
    seen = SampleFactory(path).poll()
    assert {(g.member, g.step) for g in seen if g.step and g.step < 100} == {
        (0, 20), (0, 30), (1, 31), (0, 32),
    }  # fmt: skip
    monitor = PopulationMonitor("x", "sample_factory", path)
    monitor.poll()
    members = {e.member for e in monitor.events} | {e.donor for e in monitor.events}
    assert members <= {0, 1, None}
    monitor.row({}, 0.0)


def test_a_number_of_many_digits_is_not_its_first_digits() -> None:
    log = MemberLog()
    log.feed(hostile_log().encode())
    assert set(log.states) <= {1}
    assert all(d.event.member == 1 and d.event.donor == 0 for d in log.said)
