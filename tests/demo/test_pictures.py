"""The pictures of the pages show what the screens show now; `make screens` draws them again."""

from __future__ import annotations

import asyncio
import getpass
import re
import socket
import tempfile
from pathlib import Path

import pytest

from docs import pictures
from pbt_tui.journal.run_dir import RunDir

ROOT = Path(__file__).parents[2]
LARGEST = 150_000


@pytest.fixture(scope="module")
def now() -> dict[str, str]:
    """What each screen shows now, as text."""
    found = {}
    with pictures.recorded() as (rundir, moment):
        for picture in pictures.PICTURES:
            svg = asyncio.run(pictures.drawn(rundir, moment, picture, "dark"))
            found[picture.name] = pictures.text(svg)
    return found


@pytest.mark.parametrize("theme", pictures.THEMES)
@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_up_to_date(
    picture: pictures.Picture, theme: str, now: dict[str, str]
) -> None:
    stored = pictures.path(picture, theme).read_text(encoding="utf-8")
    assert pictures.text(stored) == now[picture.name], "run `make screens`"


def test_the_text_of_a_picture_is_that_of_the_screen(now: dict[str, str]) -> None:
    jobs = now["jobs"].splitlines()
    assert jobs[0].startswith("cube_lift●live")
    assert any("8×CUDAoutofmemory" in line for line in jobs)
    assert "copiedmember" in now["population"]
    assert "goesonfromgeneration8ofmember5" in now["job"]


@pytest.mark.parametrize("file", sorted(pictures.FOLDER.iterdir()), ids=lambda file: file.name)
def test_a_picture_is_small_and_of_no_machine(file: Path) -> None:
    svg = file.read_text(encoding="utf-8")
    words = re.findall(r">([^<]+)<", svg)
    here = [getpass.getuser(), socket.gethostname(), tempfile.gettempdir(), str(Path.home())]
    assert [word for word in words if any(name in word for name in here if len(name) > 3)] == []
    assert "url(http" not in svg, "no page asks another server for a font"
    assert 5_000 < len(svg.encode()) < LARGEST


def test_every_picture_is_on_a_page() -> None:
    stored = {file.name for file in pictures.FOLDER.iterdir()}
    assert stored == {
        pictures.path(picture, theme).name
        for picture in pictures.PICTURES
        for theme in pictures.THEMES
    }
    readme = (ROOT / "README.md").read_text()
    guides = "".join(file.read_text() for file in ROOT.glob("docs/guide/*.md"))
    first, *others = pictures.PICTURES
    assert first.about in readme, "a stranger sees the main screen first"
    assert all(f"docs/pictures/{first.name}-{theme}.svg" in readme for theme in pictures.THEMES)
    for picture in others:
        assert f"![{picture.about}](../pictures/{picture.name}-dark.svg)" in guides


def test_a_change_is_found(now: dict[str, str]) -> None:
    stored = pictures.path(pictures.PICTURES[0], "dark").read_text(encoding="utf-8")
    assert pictures.text(stored.replace("16&#160;running", "17&#160;running")) != now["jobs"]


def test_the_moment_leaves_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the drawing fails."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pictures, "MOMENT", 60.0)

    def fails() -> None:
        with pictures.recorded() as (rundir, _):
            assert RunDir(rundir.path).is_run()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert Path.cwd() == tmp_path
