"""A population style of another package, found by its entry point, through the real commands."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import RunDir
from pbt_tui.observe.workspaces import generation
from pbt_tui.populations import STYLES
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.journal_follower import JournalFollower
from tests.toys.toy_packages import ROOT, TOYS, Command, command, files_of, install, shown_in

TOY = TOYS / "style"
BUILT_IN = "isaacgymenvs, isaaclab, rl_games, sample_factory"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"), TOY)


@pytest.fixture(scope="module")
def trained(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example in it: compiled, validated, and run to its end."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(TOY / "example", folder, dirs_exist_ok=True)
    pbt = command(folder, site)
    assert "warning" not in pbt("compile", "evolve.py").stderr
    pbt("compile", "--validate", "specs")
    pbt("run", "specs/evolve", "--pause_between", "0")
    return folder


def test_the_page_shows_this_very_package() -> None:
    assert shown_in("add-a-population-style.md") == files_of(TOY)


def test_the_page_names_all_that_a_reader_may_have() -> None:
    page = (ROOT / "docs/guide/add-a-population-style.md").read_text()
    table = page.partition("### What else a reader can report")[2].partition("```")[0]
    asked = re.findall(r"getattr\(reader, \"(\w+)\", None\)", inspect.getsource(generation))
    assert re.findall(r"^\| `(\w+)\(", table, re.MULTILINE) != []
    assert set(re.findall(r"^\| `(\w+)\(", table, re.MULTILINE)) == set(asked)
    required = re.findall(r"def (\w+)\(self", inspect.getsource(generation.Reader))
    assert all(f"`{name}`" in page for name in required)


def population(pbt: Command, *argv: str) -> dict[str, Any]:
    """The one population of `pbt-tui --once --json`."""
    (found,) = json.loads(pbt("tui", *argv, "--once", "--json").stdout)["populations"]
    return dict(found)


def is_the_evolution(found: Mapping[str, Any]) -> None:
    assert (found["style"], found["size"]) == ("toystyle", 3)
    assert [m["generation"] for m in found["members"]] == [4, 4, 4]
    assert [m["params"]["rate"] for m in found["members"]] == [3.0, 2.0, 3.0]
    assert found["best"]["member"] == 2
    assert found["best"]["objective"] == pytest.approx(12.2)
    assert found["best"]["checkpoint"].endswith("/evolution/member-2/4.weights")
    (event,) = found["events"]
    assert (event["kind"], event["member"], event["donor"]) == ("exploit", 0, 2)
    assert event["generation"] == 2
    assert found["alarms"] == []


def test_it_is_compiled(trained: Path) -> None:
    spec = json.loads((trained / "specs/evolve/processes.json").read_bytes())
    (found,) = spec["populations"]
    assert (found["style"], found["size"], len(found["members"])) == ("toystyle", 3, 3)
    assert found["workspace"] == "evolve/evo_/evolution"
    assert [job["member"] for job in spec["jobs"]] == [0, 1, 2]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("python evo.py", "python evo.py evo.keep=0", "warning[EVO001]: "),
        ("population(3,", "population(2,", "never exchanges anything: at least 3 are needed"),
    ],
)
def test_its_rules_are_asked(old: str, new: str, said: str, site: Path, tmp_path: Path) -> None:
    source = (TOY / "example/evolve.py").read_text()
    assert old in source
    (tmp_path / "evolve.py").write_text(source.replace(old, new))
    pbt = command(tmp_path, site)
    assert said in pbt("compile", "evolve.py").stderr
    assert said in pbt("compile", "--validate", "specs").stderr


def test_its_codes_have_pages(site: Path, tmp_path: Path) -> None:
    page = command(tmp_path, site)("compile", "--explain", "EVO001").stdout
    assert page.startswith("# EVO001: nobody is kept\n")


def test_a_run_of_it_is_shown(trained: Path, site: Path) -> None:
    pbt = command(trained, site)
    is_the_evolution(population(pbt, "train_dir/evolve"))
    shown = pbt("tui", "train_dir/evolve", "--once").stdout
    assert "toystyle" in shown
    assert "member 2" in shown


def test_a_plain_workspace_is_recognised(trained: Path, site: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "train_dir/evolve/evo_", tmp_path / "copy/evo_")
    pbt = command(tmp_path, site)
    found = population(pbt, "copy")
    is_the_evolution(found)
    assert found["workspace"] == str(tmp_path / "copy/evo_/evolution")


def test_it_can_run_detached(trained: Path, site: Path) -> None:
    pbt = command(trained, site)
    pbt("run", "evolve.py", "--experiment_suffix", "again", "--pause_between", "0", "--detach")
    target, end = "train_dir/evolve/_pbt_again", time.monotonic() + 60
    while json.loads(pbt("tui", target, "--once", "--json").stdout)["state"] != "closed":
        assert time.monotonic() < end
        time.sleep(0.2)
    is_the_evolution(population(pbt, target))


def test_old_generations_are_recognised(trained: Path, site: Path, tmp_path: Path) -> None:
    """Another run would begin among them: PBT450."""
    shutil.copytree(trained, tmp_path / "copy", ignore=shutil.ignore_patterns("_pbt*"))
    pbt = command(tmp_path / "copy", site)
    done = pbt("run", "specs/evolve", "--pause_between", "0", exits=5)
    assert "PBT450" in done.stderr
    assert "`member-0/1.json`" in done.stderr


@pytest.fixture
def installed_here(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same for this process, which has asked for entry points before."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(STYLES, "_installed", None)
    monkeypatch.setattr(STYLES, "_loaded", {})
    yield
    monkeypatch.undo()
    for name in [n for n in sys.modules if n.partition(".")[0] == "pbt_toy_style"]:
        del sys.modules[name]


@pytest.mark.usefixtures("installed_here")
async def test_the_screen_of_the_population(trained: Path) -> None:
    feed = JournalFollower(RunDir(trained / "train_dir/evolve/_pbt"), who=lambda rundir: None)
    feed.read_all()
    app = Monitor(feed, now=lambda: feed.state.at, timer=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("p")
        for _ in range(100):
            await pilot.pause(0.05)
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            if "generation 4" in text:
                break
        assert "toystyle · 3 members · generation 4" in text
        assert "best 12.2" in text
        assert "member 0 copied member 2" in text


@pytest.mark.usefixtures("installed_here")
async def test_a_reader_that_cannot_be_loaded_is_told_of(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = replace(STYLES.get("toystyle"), reader="nowhere:Reader")
    monkeypatch.setitem(STYLES._loaded, "toystyle", broken)
    follower = JournalFollower(RunDir(trained / "train_dir/evolve/_pbt"), who=lambda rundir: None)
    follower.read_all()
    app = Monitor(follower, now=lambda: follower.state.at, timer=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("p")
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "reader of style `toystyle` of `nowhere:Reader` cannot be loaded" in text


def test_without_the_package_everybody_says_so(trained: Path) -> None:
    pbt = command(trained)
    for name, *argv in (
        ("compile", "--validate", "specs"),
        ("run", "train_dir/evolve/_pbt"),
        ("tui", "train_dir/evolve/_pbt", "--once"),
        ("compile", "evolve.py"),
    ):
        said = pbt(name, *argv, exits=3).stderr
        assert "toystyle" in said
        assert f"one of {BUILT_IN}" in said


@pytest.mark.parametrize(
    ("place", "source", "said"),
    [
        ("bare:STYLE", "class STYLE:\n    name = 'toystyle'\n", "lacks `title`, `parameters`"),
        (
            "bare:STYLE",
            "from pbt_tui.populations import Style\nSTYLE = Style(name='toystyle')\n",
            "'reader'",
        ),
        ("nowhere:STYLE", "", "cannot be loaded: ModuleNotFoundError"),
        ("bare:STYLE", "STYLE = None", "lacks `name`"),
    ],
)
def test_one_that_lacks_a_word_is_refused(
    place: str, source: str, said: str, tmp_path: Path
) -> None:
    group = {"pbt_tui.populations": {"toystyle": place}}
    site = install(tmp_path / "site", TOY, instead=group)
    (site / "bare.py").write_text(source)
    shutil.copytree(TOY / "example", tmp_path / "project")
    told = command(tmp_path / "project", site)("compile", "evolve.py", exits=2).stderr
    assert told.startswith(f"error: style `toystyle` of `{place}`")
    assert said in told
    # who does not ask for it is not bothered
    (tmp_path / "empty").mkdir()
    other = command(tmp_path / "empty", site)("tui", ".", "--once", exits=2).stderr
    assert "toystyle" not in other
