"""The commands of the pages on packages of one's own: all of them are run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.architecture.codebase import ROOT, fences
from tests.toys.toy_packages import TOYS, install
from tests.walkthroughs import walkthrough
from tests.walkthroughs.walkthrough import PACKAGE, PAGES

INSTALLS = "pip install ./"
PROJECTS = {
    page: one.text.partition("\n")[0].removeprefix(INSTALLS)
    for page in PAGES
    for one in fences((ROOT / page).read_text())
    if one.title == PACKAGE
}
"""Page to the folder that its first command installs."""


@pytest.mark.parametrize("page", PROJECTS)
def test_the_commands_for_a_package_do_what_its_page_says(page: str, tmp_path: Path) -> None:
    toy = TOYS / PROJECTS[page].removeprefix("pbt-toy-")
    with walkthrough.place(tmp_path) as folder:
        install(folder, toy)
        shutil.copytree(toy, folder / PROJECTS[page])
        (folder / "bin").mkdir()
        (folder / "bin/pip").symlink_to("/bin/true")  # installs nothing into this environment
        done = walkthrough.work_through(page, folder, {PACKAGE})
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


def test_three_pages_have_such_commands() -> None:
    assert len(PROJECTS) == 3
