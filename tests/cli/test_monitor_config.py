"""The table `[monitor]`: what it means, what wins over it, and what is wrong with it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from pbt_tui.cli import tui, tui_options, user_config
from pbt_tui.cli.monitor_config import line_of, preferences
from pbt_tui.errors import Findings, PbtError
from pbt_tui.tui.preferences import OwnTheme, Preferences


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PBT_THEME", raising=False)
    (tmp_path / "pbt").mkdir()
    return tmp_path / "pbt" / "config.toml"


def wanted(*options: str) -> Preferences:
    table, _ = user_config.monitor_table()
    return preferences(tui_options.parser().parse_args(list(options)), table)


WHOLE = """\
trusted_directories = ["/a"]

[monitor]
theme = "mine"
ascii = true
mouse = false
interval = 2

[monitor.keys]
cancel = "X"
log.wrap = ["f4", "ctrl+w"]

[monitor.columns]
jobs = ["job:30", "params.lr", "state"]

[monitor.themes.mine]
base = "light"
bad = "#f00"
hue3 = "#00FF00"
"""


def test_all_of_it(file: Path) -> None:
    file.write_text(WHOLE)
    found = wanted()
    assert (found.theme, found.ascii, found.mouse, found.interval) == ("mine", True, False, 2)
    assert found.columns == ("job:30", "params.lr", "state")
    assert found.themes == (OwnTheme("mine", "light", {"bad": "#f00", "hue3": "#00FF00"}),)
    assert found.keymap.chosen["population.cancel"] == ("X",)
    assert found.keymap.chosen["log.wrap"] == ("f4", "ctrl+w")
    assert "help.cancel" not in found.keymap.chosen


def test_without_a_file_all_is_as_usual(file: Path) -> None:
    assert wanted() == Preferences()
    file.write_text("share_with_group = true\n")
    assert wanted() == Preferences()


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[monitor]\ntheme = "light"\nascii = true\nmouse = false\ninterval = 2\n')
    assert wanted().theme == "light"
    monkeypatch.setenv("PBT_THEME", "ansi-dark")
    assert wanted().theme == "ansi-dark"
    file.write_text(file.read_text() + 'title = false\nnotify = []\ntell = ["best"]\n')
    found = wanted()
    assert (found.title, found.notify, found.tell) == (False, (), ("best",))
    found = wanted("--title", "--notify=bell,osc777")
    assert (found.title, found.notify) == (True, ("bell", "osc777"))
    assert wanted("--notify=none").notify == ()
    found = wanted("--theme=nord", "--no_ascii", "--mouse", "--interval=1")
    assert (found.theme, found.ascii, found.mouse, found.interval) == ("nord", False, True, 1)


def test_what_only_the_monitor_reads_stops_no_run(file: Path) -> None:
    """Somebody who trains is not refused for a colour."""
    file.write_text("monitor = 3\nshare_with_group = true\n")
    assert user_config.trust().share


WRONG = [
    ("them = 1", 2, "monitor.them: there is no such setting", "did you mean `theme`"),
    ('theme = "ligt"', 2, "monitor.theme: there is no theme `ligt`", "did you mean `light`"),
    ("theme = 1", 2, "monitor.theme: expected the name of a theme", None),
    ('mouse = "no"', 2, "monitor.mouse: expected true or false", None),
    ("interval = 0", 2, "monitor.interval: expected seconds from 0.05 to 3600", None),
    ("interval = nan", 2, "monitor.interval: expected seconds from 0.05 to 3600", None),
    ('keys = "x"', 2, "monitor.keys: expected a table of actions", None),
    ("keys.cancel = 3", 2, "monitor.keys.cancel: expected a key such as", None),
    ("keys.cancel = []", 2, "monitor.keys.cancel: expected at least one key", None),
    ("[monitor.keys.jobs]\ncancel = 3", 3, "monitor.keys.jobs.cancel: expected a key", None),
    ('keys.cancel = "hyper+x"', 2, "monitor.keys.cancel: there is no key `hyper+x`", "write one"),
    ('keys.cancel = ""', 2, "monitor.keys.cancel: there is no key ``", "write one"),
    ('keys.cancelx = "X"', 2, "monitor.keys.cancelx: there is no action `cancelx`", "did you mean"),
    ('keys.interrupt = "X"', 2, "monitor.keys.interrupt: there is no action", None),
    ('keys.jbos.cancel = "X"', 2, "monitor.keys.jbos.cancel: there is no page `jbos`", "did you"),
    ('keys.job.sort = "X"', 2, "monitor.keys.job.sort: the page `job` has no action `sort`", None),
    ('keys.jobs.cancel = "z"', 2, "on the page `jobs`, `z` is the key of `problems`, too", "give"),
    ('keys.cancel = "ctrl+c"', 2, "monitor.keys.cancel: `ctrl+c` stops nothing here", None),
    ('keys.wrap = "esc"', 2, "monitor.keys.wrap: `escape` leaves prompts", None),
    ('keys.kill = "y"', 2, "monitor.keys.kill: `y` confirms a request", None),
    ('keys.executor = "enter"', 2, "monitor.keys.executor: `enter` confirms a request", None),
    ("title = 1", 2, "monitor.title: expected true or false", None),
    ('notify = "bell"', 2, "monitor.notify: expected a list of `bell`", None),
    ('notify = ["bel"]', 2, "monitor.notify: expected a list of `bell`", None),
    ("tell = [1]", 2, "monitor.tell: expected a list of `failure`", None),
    ('columns = ["job"]', 2, "monitor.columns: expected a table of pages", None),
    ('columns.jobs = "job"', 2, "monitor.columns.jobs: expected a list of columns", None),
    ("columns.jobs = [3]", 2, "monitor.columns.jobs: expected a list of columns", None),
    ("columns.jobs = []", 2, "monitor.columns.jobs: expected at least one column", None),
    ('columns.jobs = ["stte"]', 2, "there is no column `stte`", "did you mean `state`"),
    ('columns.jobs = ["eta", "eta:3"]', 2, "the column `eta` is named twice", None),
    ('columns.jobs = ["eta:0"]', 2, "expected `name` or `name:width`", None),
    ('columns.log = ["job"]', 2, "the columns of `log` cannot be chosen", "`jobs` is"),
    ("themes = 3", 2, "monitor.themes: expected a table of themes", None),
    ("themes.mine = 3", 2, "monitor.themes.mine: expected a table of colors", None),
    ("themes.mine.bad = 3", 2, "monitor.themes.mine.bad: expected a table of colors", None),
    ('themes.mine.bad = "red"', 2, "monitor.themes.mine.bad: expected a color such as", None),
    ('themes.mine.bda = "#fff"', 2, "nothing has the color `bda`", "did you mean `bad`"),
    ('themes.mine.base = "nord"', 2, "monitor.themes.mine.base: expected `dark` or", None),
    ('themes.dark.bad = "#fff"', 2, "`dark` is the name of a theme that is there already", None),
    ('themes."a b".bad = "#fff"', 2, "the name of a theme has letters, digits", None),
]


@pytest.mark.parametrize(("text", "line", "what", "hint"), WRONG, ids=[w[0] for w in WRONG])
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int, what: str, hint: str | None, file: Path
) -> None:
    file.write_text(f"[monitor]\n{text}\n")
    with pytest.raises((PbtError, Findings)) as caught:
        wanted()
    assert caught.value.exit_code == 2
    (found,) = caught.value.diagnostics
    assert found.where.file == str(file)
    assert found.where.line == line, found
    assert what in str(found)
    assert (hint or "") in (found.hint or "")


def test_several_faults_are_told_together(file: Path) -> None:
    file.write_text('[monitor]\nkeys.cancelx = "X"\nthemes.a.bda = "#fff"\ncolumns.jobs = []\n')
    with pytest.raises(Findings) as caught:
        wanted()
    assert len(caught.value.diagnostics) == 3


def test_it_is_refused_before_a_run_is_started(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[monitor]\nmouse = 1\n")
    monkeypatch.setattr(tui, "_on_terminal", lambda: True)
    monkeypatch.setattr(tui, "found_target", lambda args: pytest.fail("it looked for a run"))
    for argv in (["a.b"], ["--demo"]):
        with pytest.raises(PbtError, match="expected true or false"):
            tui.main(argv)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_has_no_effect(file: Path) -> None:
    file.write_text('[monitor]\ntheme = "light"\n')
    os.chown(file, 65534, 65534)
    args = argparse.Namespace(
        theme=None, mouse=None, ascii=None, interval=None, title=None, notify=None
    )
    found, note = tui._preferences(args)
    assert found == Preferences()
    assert note is not None
    assert "this configuration has no effect: it belongs to uid 65534" in note


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("monitor",), 3),
        (("monitor", "theme"), 4),
        (("monitor", "keys", "cancel"), 10),
        (("monitor", "keys", "log", "wrap"), 11),
        (("monitor", "themes", "mine", "bad"), 18),
        (("monitor", "keys", "nothing"), None),
    ],
)
def test_lines(path: tuple[str, ...], line: int | None) -> None:
    assert line_of(WHOLE, path) == line


def test_a_line_that_may_be_another_is_not_told() -> None:
    text = 'x = """\n[monitor]\ntheme = 1\n"""\n[monitor]\ntheme = 1\n'
    assert line_of(text, ("monitor", "theme")) is None
