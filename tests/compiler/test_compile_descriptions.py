"""Whole run modules that hypothesis writes, compiled by the command itself.

Each ends in spec files or in located findings, never in a bug of the compiler; and each command is
split as `sh` splits upstream's command line. `make test-descriptions` tries more of them:
`PBT_COMMANDS` is the number of commands that `sh` reads.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings

from pbt_tui.cli import compile as command
from pbt_tui.cli import error_boundary
from pbt_tui.compiler import load as loader
from pbt_tui.diagnostics import rules
from pbt_tui.errors import PbtError
from pbt_tui.settings import argv as words
from pbt_tui.spec import Job
from tests.compiler import loading_here, posix_reading
from tests.compiler.described_modules import SOUND, Module, modules

COMMANDS = int(os.environ.get("PBT_COMMANDS", "600"))
SOUND_MODULES = COMMANDS // 3
"""They compile to two commands each, or more, on average."""
MODULES = max(100, COMMANDS // 20)
REAL = COMMANDS // 1000
"""Modules that are loaded by real children, twice, as always."""


def often(examples: int) -> settings:
    return settings(deadline=None, max_examples=examples, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(error_boundary, "bug", _raised)
    return tmp_path


@pytest.fixture
def no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "load", loading_here.load)


def _raised(error: BaseException) -> NoReturn:
    """In place of exit code 70, so that a failure shows the traceback."""
    raise error


def pbt_compile(*argv: str) -> tuple[int, dict[str, Any]]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command.main([*argv, "--format", "json"])
    assert err.getvalue() == ""
    out.seek(0)
    return code, json.loads(out.read())


def compiled(module: Module) -> int:
    """The exit code of the command; fails where a result is one that no module may have."""
    Path("m.py").write_text(module.text)
    shutil.rmtree("specs", ignore_errors=True)
    code, document = pbt_compile("m.py", *module.options)
    found = document["diagnostics"]
    files = list(Path("specs").rglob("processes.json"))
    assert code in (0, 1, 2, 3)
    assert (code == 0) == bool(files) == (not any(d["level"] == "error" for d in found))
    for d in found:
        assert d["code"] in rules() or (code == 2 and not d["code"]), d
        assert all(c.isprintable() for c in f"{d['message']}{d['hint']}"), d
        assert code == 2 or d["file"] is not None, d
    return code


def test_spec_files_that_are_valid_or_located_findings(no_children: None) -> None:
    @often(MODULES)
    @given(modules())
    def check(module: Module) -> None:
        if compiled(module) == 0:
            assert pbt_compile("--validate", "specs")[0] == 0
            assert pbt_compile("--check", "m.py", *module.options)[0] == 0

    check()


@pytest.mark.skipif(not REAL, reason="takes a minute: see `make test-descriptions`")
def test_the_same_by_the_children_that_import_modules() -> None:
    @often(REAL)
    @given(modules())
    def check(module: Module) -> None:
        compiled(module)

    check()


# Commands, as a shell reads them


def commands_of(module: Module) -> list[tuple[str, Job, set[str]]]:
    """Upstream's command lines, the jobs that were made of them, and the codes of what was said."""
    from pbt_tui.compiler import compile_module

    Path("m.py").write_text(module.text)
    try:
        made = compile_module("m.py")
    except PbtError:
        return []
    names: dict[str, Any] = {}
    random.seed(0)  # as `loading_here` does
    exec(module.text, names)
    theirs = names["RUN_DESCRIPTION"].generate_experiments("./train_dir", makedirs=False)
    said = defaultdict(set)
    for d in made.diagnostics:
        said[d.where.experiment].add(d.code)
    return [
        (text, job, said[job.experiment])
        for job, (text, *_) in zip(made.spec.jobs, theirs, strict=True)
        if not _keeps_quotes(job, text)
    ]


def _keeps_quotes(job: Job, text: str) -> bool:
    """Without a prefix a parameter in quotes is Hydra's text, and not a shell's."""
    values = [(name, value) for name, value in job.params.items() if isinstance(value, str)]
    return any(words.in_quotes(v) and f" {name}={v}" in text for name, v in values)


def test_commands_are_split_as_sh_splits_them(no_children: None, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").mkdir()
    count = Counter[str]()

    @often(SOUND_MODULES)
    @given(modules((SOUND,)))
    def check(module: Module) -> None:
        found = commands_of(module)
        lines = [
            posix_reading.as_text(text, only_inside="PBT308" not in codes)
            for text, _, codes in found
        ]
        for (text, job, codes), line, read in zip(
            found, lines, posix_reading.readings(lines, empty), strict=True
        ):
            assert read == list(job.argv), (text, line, codes)
            count["acted on" if "PBT308" in codes else "ordinary"] += 1

    check()
    print(f"{count.total()} commands were read by sh")
    assert count.total() > COMMANDS // 2
    assert min(count["acted on"], count["ordinary"]) > COMMANDS // 20
