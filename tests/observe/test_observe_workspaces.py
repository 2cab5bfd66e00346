"""Reading workspaces, complete ones and those that a trainer is still writing."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe.workspaces import find, reader
from pbt_tui.observe.workspaces.isaacgymenvs import IsaacGymEnvs
from pbt_tui.observe.workspaces.isaaclab import IsaacLab
from pbt_tui.observe.workspaces.metadata import Metadata, parse
from pbt_tui.observe.workspaces.sample_factory import SampleFactory
from pbt_tui.spec import Style
from tests.observe.conftest import Recorded

GOOD = """checkpoint: /workspace/000/000009.pth
experiment_name: 00_ant
frame: 900
params:
  agent.lr: 0.5
true_objective: {objective}
"""

TENSOR = """!!python/object/apply:torch._utils._rebuild_tensor_v2
- !!python/object/apply:torch.storage._load_from_bytes
  - !!binary |
    {data}
- 0
- !!python/tuple []
- !!python/tuple []
- false
- !!python/object/apply:collections.OrderedDict
  - []
"""
NUMPY = """!!python/object/apply:numpy.core.multiarray.scalar
- !!python/object/apply:numpy.dtype
  args:
  - f4
  - false
  - true
  state: !!python/tuple
  - 3
  - <
  - null
  - null
  - null
  - -1
  - -1
  - 0
- !!binary |
  {data}
"""


def base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def metadata(text: str) -> Metadata:
    found = parse(text.encode())
    assert isinstance(found, Metadata), found
    return found


def test_p3_a_tensor_and_an_array_scalar_are_decoded_and_flagged() -> None:
    storage = b"\x80\x02pickled FloatStorage header" + struct.pack("<qf", 1, 2.5)
    for text in (
        TENSOR.format(data=base64(storage)),
        NUMPY.format(data=base64(struct.pack("<f", 2.5))),
        NUMPY.replace("core", "_core").format(data=base64(struct.pack("<f", 2.5))),
    ):
        found = metadata(GOOD.format(objective=text))
        assert (found.objective, found.unreadable) == (2.5, True)
    wide = b"DoubleStorage" + struct.pack("<q3d", 3, 1.0, 7.25, 9.0)
    text = TENSOR.format(data=base64(wide)).replace("\n- 0\n", "\n- 1\n")
    assert metadata(GOOD.format(objective=text)).objective == 7.25
    assert metadata(GOOD.format(objective="3.5"))[3:6:2] == (3.5, False)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    found = metadata(GOOD.format(objective=f"!!python/object/apply:os.system ['touch {evil}']"))
    assert (found.objective, found.unreadable) == (None, True)
    assert not evil.exists()
    found = metadata(GOOD.format(objective="!!python/name:os.system ''"))
    assert found.objective is None
    found = metadata(GOOD.format(objective="!what 3"))
    assert found.unreadable


@pytest.mark.parametrize("raw", [b"", b"\n", b"  "])
def test_an_empty_file_is_one_being_written(raw: bytes) -> None:
    assert parse(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"frame: 3\n",
        b"- 1\n",
        b"a: [\n",
        b"\xff\xfe\x00",
        b"&a [*a]",
        b"text",
        b"frame: 1\nparams: {}\n",
    ],
)
def test_p4_damage_has_a_reason(raw: bytes) -> None:
    assert isinstance(parse(raw), str)


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    parse(raw)
    parse(GOOD.format(objective="!!binary x").encode() + raw)


def test_values_are_json() -> None:
    text = GOOD.format(objective=".nan").replace(
        "agent.lr: 0.5",
        "a: .inf\n  b: !!python/tuple [1, 2]\n  c: 1.0e-05\n  d: yes\n  e: 2020-01-01\n  f: {x: 1}",
    )
    found = metadata(text)
    assert (found.objective, found.unreadable, found.written) == (None, True, "nan")
    assert found.params == {
        "a": "inf", "b": [1, 2], "c": 1e-05, "d": True, "e": "2020-01-01", "f": "…",
    }  # fmt: skip
    json.dumps(found.params, allow_nan=False)


def put(path: Path, text: str, at: float | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if at is not None:
        os.utime(path, (at, at))


def test_recorded_trees_are_read_once_and_in_write_order(
    isaacgymenvs: Recorded, isaaclab: Recorded
) -> None:
    both: list[tuple[Recorded, Style, int]] = [
        (isaacgymenvs, "isaacgymenvs", 56),
        (isaaclab, "isaaclab", 52),
    ]
    for record, style, count in both:
        workspace = reader(style, record.path)
        assert workspace.poll() == []
        seen = []
        for _ in record.replay():
            seen += workspace.poll()
        assert len(seen) == count
        assert [g.at for g in seen] == sorted(g.at for g in seen)
        assert workspace.poll() == []
        assert workspace.unreadable() == []
        for place in (record.root, record.path):
            found = find(place)
            assert found is not None
            assert found[:2] == (record.path, style)
        assert all(str(g.checkpoint).startswith(str(record.path)) for g in seen)


def test_only_what_changed_is_parsed(
    isaacgymenvs: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = IsaacGymEnvs(isaacgymenvs.all())
    workspace.poll()
    monkeypatch.setattr("pbt_tui.observe.workspaces.member_folders.parse", None)
    assert workspace.poll() == []
    monkeypatch.undo()
    path = isaacgymenvs.path / "002" / "000003.yaml"
    put(path, path.read_text().replace("frame: 300", "frame: 301"))
    assert [(g.member, g.generation, g.frame) for g in workspace.poll()] == [(2, 3, 301)]


def test_strange_names_are_passed_over(tmp_path: Path) -> None:
    good = GOOD.format(objective=1)
    for name in (".000001.yaml", "a.yaml", "000001.yml", "000001.yaml~", "best.yaml", "٣.yaml"):
        put(tmp_path / "000" / name, good)
    for folder in ("0", "0000", "best0", "abc", "٠٠٠"):
        put(tmp_path / folder / "000001.yaml", good)
    put(tmp_path / "001", "a file")
    (tmp_path / "000" / "000005.yaml").mkdir()
    workspace = IsaacLab(tmp_path)
    assert workspace.poll() == []
    put(tmp_path / "000" / "000007.yaml", good)
    assert [g.generation for g in workspace.poll()] == [7]


def test_half_written_files_are_looked_at_again_and_cut_ones_complained_about(
    tmp_path: Path,
) -> None:
    workspace = IsaacLab(tmp_path)
    empty, cut = tmp_path / "000" / "000001.yaml", tmp_path / "001" / "000001.yaml"
    put(empty, "")
    put(cut, "checkpoint: x\nframe: 3\n")
    for _ in range(8):
        assert workspace.poll() == []
    assert [(u.member, u.path, u.why) for u in workspace.unreadable()] == [
        (1, cut, "key `params` is missing")
    ]
    put(empty, GOOD.format(objective=1))
    put(cut, GOOD.format(objective=2))
    assert {g.objective for g in workspace.poll()} == {1.0, 2.0}
    assert workspace.unreadable() == []


def test_files_and_folders_may_vanish(
    isaacgymenvs: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    workspace = IsaacGymEnvs(isaacgymenvs.all())
    workspace.poll()
    shutil.rmtree(isaacgymenvs.path / "001")
    for path in (isaacgymenvs.path / "000").iterdir():
        path.unlink()
    assert workspace.poll() == []
    assert workspace.best()
    shutil.rmtree(isaacgymenvs.path)
    assert (workspace.poll(), workspace.best(), workspace.restarts()) == ([], [], [])


def test_best_files_and_starts(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    path = runs / "ws"
    put(path / "best2" / "Ant_best_obj_-00000043.10000_iter_0003_policy001_frame300.yaml", "x", 5)
    put(path / "best2" / "Ant_best_obj_-00000043.10000_iter_0003_policy001_frame300.pth", "x")
    put(path / "best2" / "odd.yaml", "x")
    workspace = IsaacGymEnvs(path)
    assert [b[:5] for b in workspace.best()] == [(2, -43.1, 3, 1, 5.0)]
    put(runs / "00_ant_18-09-22-20" / "config.yaml", "pbt:\n  policy_idx: 3\n  workspace: ws\n", 9)
    put(runs / "00_ant_18-09-22-21" / "config.yaml", "pbt:\n  policy_idx: 2\n  workspace: other\n")
    put(runs / "00_ant_18-09-22-22" / "config.yaml", "")
    (runs / "00_ant_pbt_00_18-09-22-20" / "nn").mkdir(parents=True)
    assert workspace.restarts() == [(3, 9.0)]
    put(runs / "00_ant_18-09-22-22" / "config.yaml", "  policy_idx: 1\n", 11)
    assert workspace.restarts() == [(3, 9.0), (1, 11.0)]


LOG = """\
\x1b[36m[2025-10-09 10:00:00,500][00042] Avg episode reward: [(0, '4.360'), (1, '3.9')]\x1b[0m
[2025-10-09 10:00:01,500][00042] Saving ./train_dir/x/checkpoint_p0/checkpoint_000000010_1000.pth...
[2025-10-09 10:00:01,600][00042] Saving ./train_dir/x/checkpoint_p1/checkpoint_000000010_1100.pth...
[2025-10-09 10:00:05,000][00042] Asking learner 1 to load model from 0
[2025-10-09 10:00:06,000][00042] Loading state from checkpoint ./x/checkpoint_p0/checkpoint_000000010_1000.pth...
[2025-10-09 10:00:07,000][00042] Avg episode reward: [(0, '5.5'), (1, 'nan')]
[2025-10-09 10:00:08,000][00042] Saving ./train_dir/x/checkpoint_p0/checkpoint_000000020_2000.pth...
[2025-10-09 10:00:09,000][00042] Saving ./train_dir/x/checkpoint_p1/checkpoint_000001021_2100.pth...
[2025-10-09 10:00:09,500][00042] Asking learner 0 to load model from 1
"""  # noqa: E501


def sample_factory(path: Path) -> Path:
    put(path / "config.json", json.dumps({"pbt_period_env_steps": 1000}))
    put(path / "sf_log.txt", LOG)
    put(path / "policy_00_cfg.json", json.dumps({"learning_rate": 1e-4}))
    put(path / "policy_00_reward_shaping.json", "null")
    put(path / "policy_01_cfg.json", "")
    put(path / "checkpoint_p0" / "checkpoint_000000020_2000.pth", "")
    put(path / "checkpoint_p0" / "best_000000020_2000_reward_5.5.pth", "")
    put(path / "checkpoint_p1" / "checkpoint_000001021_2100.pth", "")
    put(path / "checkpoint_p1" / "checkpoint_temp", "")
    return path


def test_sample_factory_history_is_in_its_log(tmp_path: Path) -> None:
    path = sample_factory(tmp_path / "run" / "x")
    workspace = SampleFactory(path)
    seen = workspace.poll()
    assert [(g.member, g.generation, g.frame, g.step, g.objective) for g in seen] == [
        (0, 1, 1000, 10, 4.36),
        (1, 1, 1100, 10, 3.9),
        (0, 2, 2000, 20, 5.5),
        (1, 2, 2100, 1021, 3.9),
    ]
    assert seen[2].params == {"learning_rate": 1e-4}
    assert seen[0].params == seen[3].params == {}
    assert seen[3].at - seen[0].at == pytest.approx(7.5)
    assert workspace.poll() == []
    put(path / "checkpoint_p1" / "checkpoint_000001031_3100.pth", "")
    assert [(g.member, g.generation) for g in workspace.poll()] == [(1, 3)]
    found = find(tmp_path)
    assert found is not None
    assert found.style == "sample_factory"


def test_what_a_start_of_sample_factory_saves_again_is_not_newer(tmp_path: Path) -> None:
    """A start saves what it has loaded. Decisions between both belong to the first."""
    path = sample_factory(tmp_path / "x")
    watched = SampleFactory(path)
    seen = watched.poll()
    with (path / "sf_log.txt").open("a") as log:
        for line in LOG.splitlines(keepends=True)[1:3]:
            log.write(line.replace("10:00", "10:30"))
    assert watched.poll() == []
    assert SampleFactory(path).poll() == seen


def test_sample_factory_is_read_once_its_configuration_is_written(tmp_path: Path) -> None:
    """Each start rewrites it, in place."""
    path = sample_factory(tmp_path / "x")
    whole = (path / "config.json").read_text()
    expected = SampleFactory(path).poll()
    put(path / "config.json", "")
    workspace = SampleFactory(path)
    assert workspace.poll() == []
    put(path / "config.json", whole)
    assert workspace.poll() == expected
    put(path / "config.json", "", 1)  # the trainer was killed, and nobody writes it any more
    assert len(SampleFactory(path).poll()) == len(expected)


def test_find_says_no(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    assert find(tmp_path / "none") is None
    put(tmp_path / "000" / "notes.txt", "")
    assert find(tmp_path) is None
    put(tmp_path / "file", "")
    assert find(tmp_path / "file") is None


def test_find_takes_the_newest_of_several(tmp_path: Path) -> None:
    for name, at in (("a", 1000.0), ("b", 2000.0), ("c", 1500.0)):
        put(tmp_path / name / "runs" / "ws" / "000" / "000001.yaml", GOOD.format(objective=1))
        os.utime(tmp_path / name / "runs" / "ws" / "000", (at, at))
    found = find(tmp_path)
    assert found is not None
    assert found.path == tmp_path / "b" / "runs" / "ws"
    assert found.style == "isaaclab"  # its parameters begin with `agent.`
