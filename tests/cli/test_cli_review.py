"""Findings for reviewers and CI: the same as text, as JSON and as annotations."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pbt_tui.cli import compile as command
from pbt_tui.cli import report
from pbt_tui.errors import Diagnostic, Where
from pbt_tui.spec import decode, encode

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guide/validate-specs-in-ci.md"
FIVE = (ROOT / "tests/compiler/modules/odd/five_mistakes.py").read_text()
PLAIN = """from pbt_tui import Experiment, RunDescription
JOBS = [{"lr": 1, "seed": s} for s in range(3)]
RUN_DESCRIPTION = RunDescription(
    "plain", [Experiment("e", "python train.py", JOBS)], customize_experiment_name=False
)
"""
ALONE = ("--backend", "processes")
Place = tuple[str, str, str | None, int | None]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    return tmp_path


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def call(*argv: str) -> tuple[int, str, str]:
        code = command.main(argv)
        return (code, *capsys.readouterr())

    return call


def in_text(err: str) -> list[Place]:
    found = re.findall(r"^(\w+)\[(PBT\d+)\]: (?:`([^`]+)`(?::(\d+))?)?", err, re.MULTILINE)
    return [
        (level, code, file or None, int(line) if line else None)
        for level, code, file, line in found
    ]


def in_json(out: str) -> list[Place]:
    found = json.loads(out)["diagnostics"]
    return [(d["level"], d["code"], d["file"], d["line"]) for d in found]


def on_github(out: str) -> list[Place]:
    found = []
    for level, keys in re.findall(r"^::(error|warning|notice) ?(.*?)::", out, re.MULTILINE):
        place = dict(pair.split("=", 1) for pair in keys.split(","))
        line = int(place["line"]) if "line" in place else None
        level = "note" if level == "notice" else level  # noqa: PLW2901
        found.append((level, place.get("title", ""), place.get("file"), line))
    return found


def test_five_mistakes_are_five_located_findings_in_all_three_forms(
    here: Path, pbt: Callable[..., Any]
) -> None:
    (here / "runs/five.py").write_text(FIVE)
    code, out, err = pbt("runs/five.py")
    assert (code, out) == (3, "")
    told = [place for place in in_text(err) if place[0] == "error"]
    assert len({code for _, code, _, _ in told}) == len(told) == 5
    assert {(file, line) for _, _, file, line in told} == {
        ("runs/five.py", line) for line in (13, 15, 16, 18, 19)
    }
    code, out, _ = pbt("runs/five.py", "--format", "json")
    assert code == 3
    assert in_json(out) == in_text(err)
    code, out, _ = pbt("runs/five.py", "--format", "github")
    assert code == 3
    assert on_github(out) == in_text(err)
    assert [p.name for p in here.iterdir()] == ["runs"]


def test_a_stale_spec_in_all_three_forms(here: Path, pbt: Callable[..., Any]) -> None:
    module = here / "runs/plain.py"
    module.write_text(PLAIN)
    pbt("runs/plain.py", *ALONE)
    module.write_text(PLAIN.replace('"lr": 1', '"lr": 2').replace("range(3)", "range(4)"))
    code, out, err = pbt("runs/plain.py", "--check", "--max_parallel", "8")
    assert code == 3
    headline = "1 job added, `lr` changed in 3, `max_parallel` changed"
    file = "specs/plain/processes.json"
    assert out.startswith(
        f"{file}: {headline}\n"
        "  jobs added: `03_e`\n"
        "  param `lr` changed in 3 jobs: 1 → 2\n"
        "  setting `max_parallel` changed: 4 → 8\n"
        f"--- {file}\n+++ {file}\n@@ "
    )
    assert f"error[PBT820]: `{file}`:5: is not what `pbt-compile` would write: {headline}" in err
    _, out, _ = pbt("runs/plain.py", "--check", "--max_parallel", "8", "--format", "json")
    document = json.loads(out)
    assert document["diagnostics"][0]["message"].endswith(headline)
    assert [(c["what"], c["how"], c["name"], c["jobs"]) for c in document["changes"]] == [
        ("file", "changed", None, None),
        ("job", "added", None, 1),
        ("param", "changed", "lr", 3),
        ("setting", "changed", "max_parallel", None),
    ]
    assert document["changes"][2] == {
        "file": file, "what": "param", "how": "changed", "name": "lr", "jobs": 3, "job": "00_e",
        "old": "1", "new": "2", "alike": True,
    }  # fmt: skip
    _, out, _ = pbt("runs/plain.py", "--check", "--max_parallel", "8", "--format", "github")
    annotation, group, stop, *text, go_on, end = out.splitlines()
    assert annotation.startswith(f"::error file={file},line=5,title=PBT820::is not what ")
    assert f": {headline}%0Ahint: " in annotation
    assert (group, end) == ("::group::what would change", "::endgroup::")
    assert stop == f"::stop-commands::{go_on.strip(':')}"
    assert text[0] == f"{file}: {headline}"
    assert go_on not in text


def test_what_is_new_gone_or_no_process_list_at_all(here: Path, pbt: Callable[..., Any]) -> None:
    (here / "runs/plain.py").write_text(PLAIN)
    _, out, _ = pbt("runs/plain.py", *ALONE, "--diff", "--format", "json")
    assert [(c["what"], c["how"]) for c in json.loads(out)["changes"]] == [("file", "added")]
    file = here / "specs/plain/processes.json"
    pbt("runs/plain.py", *ALONE)
    spec = decode(file.read_bytes())
    file.write_text(json.dumps(json.loads(encode(spec)), indent=1))
    _, out, _ = pbt("runs/plain.py", *ALONE, "--diff")
    assert out.startswith(f"{file.relative_to(here)}: the same content in another layout\n---")
    file.write_bytes(b"\x1b[2J")
    code, out, _ = pbt("runs/plain.py", *ALONE, "--check")
    assert code == 3
    assert out.startswith(f"{file.relative_to(here)}: the file on disk is not a process list\n---")
    assert "\x1b" not in out


def test_a_validated_file_is_annotated_at_its_line(here: Path, pbt: Callable[..., Any]) -> None:
    (here / "runs/plain.py").write_text(PLAIN)
    pbt("runs/plain.py")
    file = here / "specs/plain/processes.json"
    good = file.read_text()
    file.write_text(good.replace('"jobs":[', '"jobs":[\n"jobs":[', 1))
    code, out, _ = pbt("--validate", "specs", "--format", "github")
    assert code == 3
    assert out.startswith("::error file=specs/plain/processes.json,line=9,title=PBT801::not JSON")
    file.write_text(good.replace('"seed":1', '"seed":1,"seed":1'))
    code, out, _ = pbt("--validate", "specs", "--format", "github")
    assert "file=specs/plain/processes.json,line=10,title=PBT804::" in out


def test_nothing_that_is_said_can_be_taken_for_another_command() -> None:
    where = Where("a:b,c%\n.py", 3, pointer="/x%")
    d = Diagnostic("warning", "100%: a\r\n::error::b", "PBT524", where, "c:\nd")
    assert report.workflow_commands([d]) == (
        "::warning file=a%3Ab%2Cc%25\\n.py,line=3,title=PBT524::"
        "/x%25: 100%25: a\\r%0A::error::b%0Ahint: c:%0Ad\n"
    )
    quoted = report.quoted(b"::error::x\n::stop-commands::y\n", "a title").decode()
    lines = quoted.splitlines()
    assert lines[1] == f"::stop-commands::{lines[-2].strip(':')}"
    assert lines[2:4] == ["::error::x", "::stop-commands::y"]


def test_several_modules_and_all_that_were_compiled(here: Path, pbt: Callable[..., Any]) -> None:
    for name in ("one", "two"):
        (here / f"runs/{name}.py").write_text(PLAIN.replace("plain", name))
        pbt(f"runs/{name}.py", *ALONE)
    pbt("runs/two.py", *ALONE, "--experiment_suffix", "b")
    code, out, _ = pbt("--check", "--format", "json")
    assert code == 0
    document = json.loads(out)
    assert (document["run"], document["jobs"], len(document["files"])) == (None, 9, 3)
    shutil.rmtree(here / "specs/two")
    assert pbt("runs/two.py", "--check")[0] == 0  # the suffix is that of the spec, too
    pbt("runs/two.py", *ALONE)
    (here / "runs/one.py").write_text("raise SystemExit(7)\n")
    (here / "runs/two.py").write_text(PLAIN.replace("plain", "two").replace('"lr": 1', '"lr": 2'))
    code, out, err = pbt("--check")
    assert code == 3
    assert [code for _, code, _, _ in in_text(err)] == ["PBT101", "PBT820", "PBT820"]
    assert out.count("`lr` changed in 3\n") == 2
    assert pbt("runs/one.py", "--check")[0] == 1
    assert pbt("runs/one.py", "runs/two.py")[0] == 2
    assert pbt("--check", "--out", "none")[0] == 2
    assert pbt("runs/two.py", "--skip_helpers")[0] == 2
    (here / "specs/one/processes.json").write_bytes(b"{")
    code, _, err = pbt("--check")
    assert code == 3
    assert "`specs/one/processes.json`: not a process list" in err


def test_the_job_in_the_guide_is_one_and_does_what_it_says(here: Path) -> None:
    [text] = re.findall(r"```yaml \.github/workflows/\S+\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    workflow = yaml.safe_load(text)
    [job] = workflow["jobs"].values()
    commands = [shlex.split(s["run"]) for s in job["steps"] if s.get("run", "").startswith("pbt-")]
    assert [words[1] for words in commands] == ["--validate", "--check"]

    def codes() -> list[int]:
        bin_ = Path(sys.executable).parent
        return [
            subprocess.run(
                [bin_ / words[0], *words[1:]], check=False, capture_output=True
            ).returncode
            for words in commands
        ]

    (here / "runs/plain.py").write_text(PLAIN)
    command.main(["runs/plain.py"])
    assert codes() == [0, 0]
    (here / "runs/plain.py").write_text(PLAIN.replace("range(3)", "range(4)"))
    assert codes() == [0, 3]


def _in_full(text: str) -> str:
    """`--slurm_{qos, time}` as `--slurm_qos --slurm_time`."""

    def flags(match: re.Match[str]) -> str:
        return " ".join(match[1] + part.strip() for part in match[2].split(","))

    return re.sub(r"(--\w+_)\{([^}]*)\}", flags, text)


@pytest.mark.parametrize("name", ["compile", "run", "tui"])
def test_help_reads_well_at_80_columns(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import import_module

    monkeypatch.setenv("COLUMNS", "80")
    module = {"compile": "compile_options", "run": "run_options", "tui": "tui"}[name]
    parser = import_module(f"pbt_tui.cli.{module}").parser()
    short, everything = parser.format_help(), parser.format_help("all")
    flags = [
        a.option_strings[0]
        for a in parser._actions
        if a.option_strings and a.help != "==SUPPRESS=="
    ]
    for text in (short, everything):
        assert max(map(len, text.splitlines())) < 80
        listed = set(re.findall(r"--?\w+", _in_full(text)))
        assert set(flags) - listed == set()  # D48: none is hidden
    assert len(short.splitlines()) < 76
    for topic in parser.topics:
        text = parser.format_help(topic)
        assert text.splitlines()[0] in everything
        assert f"`--help {topic}`" in " ".join(short.split())
    for argv, expected in (
        (["--help", "container"], parser.format_help("container")),
        (["-h"], short),
    ):
        with pytest.raises(SystemExit) as e:
            parser.parse_args(argv)
        assert e.value.code == 0
        assert capsys.readouterr().out == expected
