"""The metadata file: exact bytes, how a YAML library reads it, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from examples.swingup.metadata import Metadata
from examples.swingup.search import Search
from examples.swingup.workspace import Checkpoint, Exploit, Workspace, read

METADATA = Metadata(
    checkpoint="/data/runs/swingup/000/000009.pth",
    experiment_name="00_swingup_pbt_00_18-09-22-20",
    frame=900,
    iteration=9,
    params={"train.step_size": 0.5, "train.noise_std": 1e-05},
    pbt_checkpoint="/data/runs/swingup/000/000009.yaml",
    true_objective=35.03,
)

TEXT = """\
checkpoint: /data/runs/swingup/000/000009.pth
experiment_name: 00_swingup_pbt_00_18-09-22-20
frame: 900
iteration: 9
params:
  train.noise_std: 1.0e-05
  train.step_size: 0.5
pbt_checkpoint: /data/runs/swingup/000/000009.yaml
true_objective: 35.03
"""


def test_the_text_is_that_of_upstream() -> None:
    assert METADATA.to_yaml() == TEXT
    assert yaml.safe_dump(vars(METADATA)) == TEXT


@pytest.mark.parametrize(
    "name", ["1_000", "0x_1f", "a b", "with: colon", "yes", "007", "", "# no", "ü_n", "00_swingup"]
)
def test_any_yaml_loader_reads_back_what_was_meant(name: str) -> None:
    odd = replace(METADATA, experiment_name=name, checkpoint=f"/data/{name}/1.pth")
    assert yaml.safe_load(odd.to_yaml()) == vars(odd)
    assert Metadata.from_yaml(odd.to_yaml()) == odd


@pytest.mark.parametrize("value", [1e-05, 1.5e-07, 1e22, 0.1, -3.0, 0.0])
def test_numbers_stay_numbers(value: float) -> None:
    metadata = replace(METADATA, true_objective=value)
    assert yaml.safe_load(metadata.to_yaml())["true_objective"] == value
    assert Metadata.from_yaml(metadata.to_yaml()) == metadata


def test_pieces_of_a_file_are_nothing() -> None:
    lines = TEXT.splitlines(keepends=True)
    for count in range(len(lines)):
        assert Metadata.from_yaml("".join(lines[:count])) is None
    assert Metadata.from_yaml("true_objective: !!python/object:numpy") is None


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "runs" / "swingup")


def _save(workspace: Workspace, member: int, generation: int, objective: float) -> Metadata:
    return workspace.save(
        member,
        generation,
        Checkpoint(Search(frame=generation * 100), [Exploit(1, member, 7, 1)]),
        experiment_name="00_swingup_pbt_00",
        params={"train.step_size": 0.5},
        true_objective=objective,
    )


def test_a_generation_is_two_files_that_name_each_other(workspace: Workspace) -> None:
    saved = _save(workspace, 3, 12, 4.5)
    folder = workspace.root / "003"
    assert sorted(path.name for path in folder.iterdir()) == ["000012.pth", "000012.yaml"]
    assert saved.checkpoint == str(folder / "000012.pth")
    assert saved.pbt_checkpoint == str(folder / "000012.yaml")
    assert read(folder / "000012.yaml") == saved
    assert Checkpoint.load(folder / "000012.pth").search.frame == 1200


def test_the_newest_readable_generation_counts(workspace: Workspace) -> None:
    _save(workspace, 0, 1, 1.0)
    _save(workspace, 0, 2, 2.0)
    folder = workspace.root / "000"
    (folder / "000003.yaml").touch()
    (folder / "000004.yaml").write_text(TEXT[:40])
    (folder / ".hidden.yaml").write_text(TEXT)
    newest, older = workspace.newest(0), workspace.newest(0, at_most=1)
    assert newest is not None
    assert newest.iteration == 2
    assert older is not None
    assert older.iteration == 1
    assert workspace.newest(5) is None
    assert workspace.members() == [0]


def test_the_best_is_kept_by_number_and_three_of_them(workspace: Workspace) -> None:
    kept = [
        workspace.keep_best(2, _save(workspace, 1, generation, objective), 1)
        for generation, objective in enumerate([-39.0, -46.0, -11.0, 2.5, 10.0], start=1)
    ]
    assert kept == [True, False, True, True, True]
    names = sorted(path.name for path in (workspace.root / "best2").iterdir())
    assert names == [
        f"Swingup_best_obj_{stem}.{kind}"
        for stem in (
            "-00000011.00000_iter_0003_policy001_frame300",
            "000000002.50000_iter_0004_policy001_frame400",
            "000000010.00000_iter_0005_policy001_frame500",
        )
        for kind in ("pth", "yaml")
    ]


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"search": {"no": 1}, "ancestry": []}'])
def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "000001.pth"
    path.write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011
        Checkpoint.load(path)
