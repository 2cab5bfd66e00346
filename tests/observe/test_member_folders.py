"""Folders of members: what is complete, what is whose, and which weights are which generation's."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest

from pbt_tui.observe.workspaces import Generation, member_folders, weights
from pbt_tui.observe.workspaces.isaaclab import IsaacLab
from pbt_tui.observe.workspaces.metadata import parse
from pbt_tui.observe.workspaces.weights_file import frame_inside, is_whole

METADATA = """\
checkpoint: /workspace/{member:03d}/{number:06d}.pth
experiment_name: {name}
frame: {frame}
iteration: {number}
params:
  agent.lr: 0.5
pbt_checkpoint: /workspace/{member:03d}/{number:06d}.yaml
true_objective: {objective}
"""


def document(member: int, number: int, objective: object = 1.5, **more: object) -> str:
    values = {"name": "a", "frame": 100 * number} | more
    return METADATA.format(member=member, number=number, objective=objective, **values)


def torch_file(path: Path, frame: int) -> None:
    """A file as `torch.save` writes it, of which only the pickle matters."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"epoch": 7, "frame": frame}, 2))
        archive.writestr("archive/version", "3\n")


def write(
    root: Path, member: int, number: int, objective: object = 1.5, at: float = 0, **more: object
) -> Path:
    """Writes one generation as the trainers do: the weights, and a moment later the metadata."""
    folder = root / f"{member:03d}"
    folder.mkdir(parents=True, exist_ok=True)
    at = at or 1_000_000.0 + 10 * number
    weights_path, path = folder / f"{number:06d}.pth", folder / f"{number:06d}.yaml"
    weights_path.write_bytes(f"{member} {number} {objective} {more}".encode())
    os.utime(weights_path, (at - 0.01, at - 0.01))
    path.write_text(document(member, number, objective, **more))
    os.utime(path, (at, at))
    return path


# -- what is complete ------------------------------------------------------------------------------


def test_a_file_is_not_there_before_its_last_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path, 0, 1, 71.5)
    whole = path.read_bytes()
    workspace = IsaacLab(tmp_path)
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert workspace.poll() == [], whole[:end]
    path.write_bytes(whole)
    assert [g.objective for g in workspace.poll()] == [71.5]


def test_a_file_that_stays_without_its_last_line_break_has_a_reason(tmp_path: Path) -> None:
    path = write(tmp_path, 0, 1, 71.5)
    path.write_bytes(path.read_bytes().removesuffix(b"1.5\n"))
    os.utime(path, (1000.0, 1000.0))
    workspace = IsaacLab(tmp_path)
    assert workspace.poll() == []
    assert [(u.member, u.why) for u in workspace.unreadable()] == [(0, "its last line has no end")]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (document(0, 2), "says generation 2, and its name 1"),
        (document(3, 1), "was written as `003/000001.yaml`"),
        (
            document(0, 2).replace("iteration: 2", "iteration: 1"),
            "was written as `000/000002.yaml`",
        ),
    ],
)
def test_a_file_of_another_generation_or_member_has_a_reason(
    tmp_path: Path, text: str, why: str
) -> None:
    path = write(tmp_path, 0, 1)
    path.write_text(text)
    os.utime(path, (1000.0, 1000.0))
    write(tmp_path, 1, 1)
    workspace = IsaacLab(tmp_path)
    assert [g.member for g in workspace.poll()] == [1]
    assert [(u.member, u.path, u.why) for u in workspace.unreadable()] == [(0, path, why)]


@pytest.mark.parametrize("text", ["1e400", "-inf", "-.inf", ".nan", "1.0e+999", "null", "high"])
def test_an_objective_that_is_no_finite_number_cannot_be_ranked(text: str) -> None:
    found = parse(document(0, 1, text).encode())
    assert not isinstance(found, str | None)
    assert (found.objective, found.unreadable) == (None, True)
    assert found.written


def test_a_link_that_leads_to_itself_hides_no_other_member(tmp_path: Path) -> None:
    write(tmp_path, 0, 1)
    (tmp_path / "007").symlink_to("007")
    workspace = IsaacLab(tmp_path)
    assert [g.member for g in workspace.poll()] == [0]
    (told,) = workspace.unreadable()
    assert (told.member, told.path) == (7, tmp_path / "007")
    assert "symbolic links" in told.why


# -- large workspaces ------------------------------------------------------------------------------


def test_every_change_in_a_large_workspace_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_folders, "EVERY", 20)
    monkeypatch.setattr(member_folders, "_SWEPT", 10)
    for member in range(4):
        for number in range(1, 31):
            write(tmp_path, member, number)
    workspace = IsaacLab(tmp_path)
    assert len(workspace.poll()) == 120
    assert workspace.poll() == []
    write(tmp_path, 2, 31, 9.0)
    assert [(g.member, g.generation) for g in workspace.poll()] == [(2, 31)], "a new file"
    for member, number, why in ((2, 30, "the line goes on"), (3, 1, "it began again")):
        write(tmp_path, member, number, 9.5, at=2_000_000.0)
        seen = workspace.poll() + workspace.poll()  # the folders take turns
        assert [(g.member, g.generation) for g in seen] == [(member, number)], why
    write(tmp_path, 1, 12, 9.7, at=2_000_000.0)
    seen = [g for _ in range(14) for g in workspace.poll()]
    assert [(g.member, g.generation) for g in seen] == [(1, 12)], "in turn, after a while"
    (tmp_path / "000" / "000005.yaml").unlink()
    workspace.poll()
    write(tmp_path, 0, 5, 3.0)
    assert [(g.member, g.generation) for g in workspace.poll()] == [(0, 5)], "and back again"


# -- weights ---------------------------------------------------------------------------------------


def read(root: Path) -> tuple[IsaacLab, dict[int, Generation]]:
    workspace = IsaacLab(root)
    return workspace, {g.generation: g for g in workspace.poll()}


def test_weights_are_those_of_the_generation_or_none(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    for number in (1, 2, 3):
        write(root, 0, number, 10.0 * number)
    workspace, first = read(root)
    assert [weights(workspace, first[n]) for n in (1, 3)] == [
        str(root / "000" / "000001.pth"),
        str(root / "000" / "000003.pth"),
    ]
    write(root, 0, 3, 5.0, at=2_000_000.0, frame=301)
    assert weights(workspace, first[3]) is None, "rewritten, and not read yet"
    (again,) = workspace.poll()
    assert weights(workspace, first[3]) is None, "the file holds another generation"
    assert weights(workspace, again) == str(root / "000" / "000003.pth")
    (root / "000" / "000002.pth").unlink()
    assert weights(workspace, first[2]) is None
    (root / "000" / "000001.pth").write_bytes(b"")
    assert weights(workspace, first[1]) is None, "cut"


def test_new_weights_beside_old_metadata_are_of_the_next_generation(tmp_path: Path) -> None:
    path = write(tmp_path, 0, 3)
    workspace, known = read(tmp_path)
    path.with_suffix(".pth").write_bytes(b"the weights of the next life")
    assert weights(workspace, known[3]) is None


@pytest.mark.parametrize("inside", [300, 999])
def test_in_a_copy_the_frame_in_the_weights_decides(tmp_path: Path, inside: int) -> None:
    path = write(tmp_path / "ws", 0, 3)
    torch_file(path.with_suffix(".pth"), inside)
    os.utime(path.with_suffix(".pth"), (1_000_000.0, 1_000_000.0))
    known = read(tmp_path / "ws")[1][3]
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "ws", copy, copy_function=shutil.copyfile)
    here = copy / "000" / "000003.pth"
    os.utime(copy / "000" / "000003.yaml", (2_000_000.0, 2_000_000.0))
    os.utime(here, (2_000_001.0, 2_000_001.0))
    workspace, _ = read(copy)
    assert weights(workspace, known) == (str(here) if inside == 300 else None)


def test_in_a_copy_times_that_say_nothing_are_not_asked(tmp_path: Path) -> None:
    write(tmp_path / "ws", 0, 3)
    known = read(tmp_path / "ws")[1][3]
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "ws", copy, copy_function=shutil.copyfile)
    os.utime(copy / "000" / "000003.yaml", (2_000_000.0, 2_000_000.0))
    workspace, _ = read(copy)
    assert weights(workspace, known) == str(copy / "000" / "000003.pth")


def test_weights_without_their_end_are_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch_file(path, 300)
    whole = path.read_bytes()
    assert (is_whole(path), frame_inside(path)) == (True, 300)
    for end in range(0, len(whole) - 22, 7):
        path.write_bytes(whole[:end])
        assert not is_whole(path) or end < 4
        assert frame_inside(path) is None
    path.write_bytes(b"PK\x03\x04" + b"x" * 200_000)
    assert not is_whole(path)
    (tmp_path / "folder.pth").mkdir()
    os.mkfifo(tmp_path / "fifo.pth")
    for name in ("folder.pth", "fifo.pth", "none.pth"):
        assert not is_whole(tmp_path / name)
        assert frame_inside(tmp_path / name) is None


def test_a_pickle_is_read_and_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path / 'evil'}",)

    path = tmp_path / "a.pth"
    for pickled, frame in (
        (pickle.dumps({"frame": Evil()}), None),
        (pickle.dumps({"env": {"frame": 3}, "frame": 4}), None),
        (pickle.dumps({"frame": 2**40, "a": "frame"}, 4), 2**40),
        (b"garbage", None),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", pickled)
        assert frame_inside(path) == frame
    assert not (tmp_path / "evil").exists()
