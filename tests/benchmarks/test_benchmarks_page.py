"""The page of the benchmarks: from rows to the kept results, to the page."""

from __future__ import annotations

import getpass
import importlib
import re
import socket
import subprocess
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import __main__ as command
from benchmarks import machine, measure, others, page, results
from benchmarks.curves_svg import curves_svg
from benchmarks.results import Beside, Measured, Part

ROOT = Path(__file__).parents[2]
ORDER = ("compiling", "logs")


@pytest.fixture(autouse=True)
def _nothing_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_recorded", [])


def part(name: str, *rows: Measured) -> Part:
    return Part(name, machine.surroundings(), rows=list(rows))


def behind(text: str) -> str:
    """The section of what is behind."""
    return text.partition("## Where we are behind\n")[2].partition("\n## ")[0]


# -- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "values", "good"),
    [
        ("<= 12 us, <= 1.5 KB a job", (12.0, 1.5), True),
        ("<= 12 us, <= 1.5 KB a job", (11.0, 1.6), False),
        ("<= 12 us, <= 1.5 KB a job", (12.1, 1.0), False),
        (">= 0.9x", (0.89,), False),
        ("< 1x", (1.0,), False),
        ("<= 0.3 %, 0 B/s", (0.1, 0.0), True),
        ("<= 0.3 %, 0 B/s", (0.1, 3.0), False),
    ],
)
def test_a_row_meets_its_target_or_not(
    target: str, values: tuple[float, ...], good: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    row = measure.row("what", "figure", target, values)
    assert row.met is good
    assert target in capsys.readouterr().out


def test_a_target_without_its_values_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        measure.row("what", "figure", "<= 1 s, <= 1 GB", (0.5,))


def test_what_a_part_prints_is_kept() -> None:
    with measure.recording("logs") as kept:
        measure.title("a log")
        measure.row("  search", "2.0 s", "<= 1 s", (2.0,))
        measure.left_out("lnav: no network")
        measure.command("ours", ["/opt/venv/bin/python", "/tmp/a b/x.py", "--n=1"])
        measure.versions({"lnav": "0.11", "nothing": ""})
        measure.point("turn", "a turn", 100, 0.123456)
    assert [(row.what, row.met) for row in kept.rows] == [("search", False)]
    assert kept.title == "a log"
    assert kept.left_out == ["lnav: no network"]
    assert kept.versions == {"lnav": "0.11"}
    assert kept.curves == {"turn": {"a turn": [(100, 0.1235)]}}
    assert kept.commands["ours"].startswith("python ")


# -- the kept results ------------------------------------------------------------------------------


def test_to_renew_a_part_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results.renew(part("logs", Measured("search", "1 s")), ORDER, file)
    results.renew(part("compiling", Measured("expand", "2 s")), ORDER, file)
    results.renew(part("logs", Measured("search", "3 s")), ORDER, file)
    kept = results.load(file)
    assert [(one.name, one.rows[0].figure) for one in kept] == [
        ("compiling", "2 s"),
        ("logs", "3 s"),
    ]
    assert [one.name for one in results.renew(part("logs"), ("logs",), file)] == ["logs"]


def test_no_results_are_an_empty_page(tmp_path: Path) -> None:
    assert results.load(tmp_path / "none.json") == []
    assert "Nowhere" in page.page([])


def test_a_part_that_stops_tells_why_and_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "benchmarks" / "results.json"
    file.parent.mkdir()

    def fake(module: str) -> object:
        class Named:
            @staticmethod
            def main(most: int) -> None:
                measure.title(f"at most {most}")
                measure.row("first", "1 s")
                if module.endswith("fleet"):
                    raise KeyboardInterrupt
                if module.endswith("logs"):
                    raise subprocess.CalledProcessError(3, ["/usr/bin/lnav"])

        return Named

    monkeypatch.setattr(importlib, "import_module", fake)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(results.renew, "__defaults__", (file,))
    assert command.main(["logs", "fleet", "populations", "--most", "500"]) == 1
    kept = {one.name: one for one in results.load(file)}
    assert [row.what for row in kept["logs"].rows] == ["first"]
    assert "CalledProcessError" in kept["logs"].left_out[0]
    assert "lnav" in kept["logs"].left_out[0]
    assert kept["fleet"].left_out == ["the rest of this part: stopped by a person"]
    assert kept["populations"].title == "at most 500"
    text = (tmp_path / page.PAGE).read_text()
    assert "- logs: the rest of this part" in behind(text)
    assert text == page.page(results.load(file))


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nope"]) == 2
    assert "no benchmark `nope`" in capsys.readouterr().err


# -- the page --------------------------------------------------------------------------------------


def test_a_missed_target_is_named() -> None:
    made = page.page([
        part(
            "logs",
            Measured("search", "2.0 s", "<= 1 s", False),
            Measured("index", "0.5 s", "<= 1 s", True),
        )
    ])  # fmt: skip
    assert "search: 2.0 s; the target is" in behind(made)
    assert "index" not in behind(made)
    assert "| search | 2.0 s |" in made
    assert made.count("**no**") == 1


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        (Beside("HyperQueue", "1 s", 1.2), True),
        (Beside("HyperQueue", "1 s", 0.8), False),
        (Beside("xargs", "1 s", 3.0, floor=True), False),
        (Beside("engine", "9 a second", 0.8, more=True), True),
        (Beside("engine", "9 a second", 1.1, more=True), False),
    ],
)
def test_who_is_ahead_is_named(beside: Beside, named: bool) -> None:
    made = page.page([part("executing", Measured("jobs", "1.2 s", beside=beside))])
    assert (f"{beside.name} is ahead" in behind(made)) is named
    assert f"{beside.name}: {beside.theirs}" in made


def test_signs_of_markdown_stay_text() -> None:
    made = page.page([part("logs", Measured("a | b * c <d>", "1 s", "<= 1 s", True))])
    assert r"| a \| b \* c \<d> | 1 s |" in made


def test_curves_have_two_logarithmic_axes() -> None:
    line = [(100, 0.1), (10_000, 1.0), (1_000_000, 10.0)]
    svg = curves_svg("seconds <s>", "s", {"ours & theirs": line, "other": line}, "light")
    drawn = ET.fromstring(svg)
    dots = [
        (float(dot.attrib["cx"]), float(dot.attrib["cy"]))
        for dot in drawn.iter("{http://www.w3.org/2000/svg}circle")
    ][:3]
    (x0, y0), (x1, y1), (x2, y2) = dots
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    words = "".join(drawn.itertext())
    assert "1,000,000" in words
    assert "ours & theirs" in words
    assert "stroke-dasharray" in svg, "colour does not carry the meaning alone"


def test_a_picture_without_points_goes(tmp_path: Path) -> None:
    with_points = part("waiting")
    with_points.curves = {"turn": {"a turn": [(100, 0.5), (1000, 0.6)]}}
    page.write(tmp_path, [with_points])
    assert len(list(tmp_path.glob("docs/pictures/*.svg"))) == 2
    assert "pictures/benchmarks-turn-dark.svg" in (tmp_path / page.PAGE).read_text()
    page.write(tmp_path, [part("waiting")])
    assert list(tmp_path.glob("docs/pictures/*.svg")) == []


# -- what is stored --------------------------------------------------------------------------------


def test_the_stored_page_is_that_of_the_stored_results() -> None:
    for path, text in page.documents(results.load()).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path}: run `make fix`"


def test_nothing_of_one_machine_is_stored() -> None:
    told = results.FILE.read_text() + "".join(page.documents(results.load()).values())
    here = [getpass.getuser(), socket.gethostname(), tempfile.gettempdir(), str(Path.home())]
    assert [name for name in here if len(name) > 4 and name in told] == []
    assert re.findall(r"(?<![\w.:/])/(?:tmp|home|root|work|usr|opt)/[^\s`|]*", told) == []


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["/opt/venv/bin/python", "-m", "x", "/tmp/y/1000.json"], "python -m x 1000.json"),
        (["xargs", "-a", "n", "-P2"], "xargs -a n -P2"),
        (["hq", "--file=/tmp/y/z.txt"], "hq --file=z.txt"),
    ],
)
def test_a_command_is_shown_without_folders(argv: list[str], text: str) -> None:
    assert machine.shown(argv) == text


def test_a_package_that_cannot_be_had_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with others.unpacked("lnav") as files:
        assert files is None
