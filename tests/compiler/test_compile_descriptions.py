"""Whole run modules that hypothesis writes, compiled by the command itself.

Each ends in spec files or in located findings, never in a bug of the compiler; and each command is
split as `sh` splits upstream's command line. `make test-descriptions` tries more of them:
`PBT_COMMANDS` is the number of different commands that `sh` reads. Workers of pytest-xdist share
them in parts.
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
from hypothesis import HealthCheck, given, seed, settings

from pbt_tui.cli import compile as command
from pbt_tui.cli import error_boundary
from pbt_tui.compiler import load as loader
from pbt_tui.diagnostics import rules
from pbt_tui.errors import PbtError
from pbt_tui.settings import argv as words
from pbt_tui.spec import Job
from tests.compiler import loading_here, posix_reading
from tests.compiler.described_modules import SOUND, Module, modules

COMMANDS = int(os.environ.get("PBT_COMMANDS", "900"))
PARTS = max(1, COMMANDS // 2500)
SHARE = -(-COMMANDS // PARTS)
"""Commands of one part."""
SOUND_MODULES = SHARE // 15
"""They compile to 20 commands each, on average."""
MODULES = max(100, COMMANDS // 20) // PARTS
"""Modules of one part, sound or not."""
REAL = COMMANDS // 1000
"""Modules that are loaded by real children, twice, as always."""

in_parts = pytest.mark.parametrize("part", range(PARTS))


def often(examples: int) -> settings:
    return settings(
        deadline=None,
        max_examples=examples,
        suppress_health_check=list(HealthCheck),
        derandomize=settings().derandomize and PARTS == 1,  # parts have to differ
    )


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


@in_parts
def test_spec_files_that_are_valid_or_located_findings(no_children: None, part: int) -> None:
    count = Counter[int]()

    @often(MODULES)
    @given(modules())
    def check(module: Module) -> None:
        code = compiled(module)
        count[code] += 1
        if code == 0:
            assert pbt_compile("--validate", "specs")[0] == 0
            assert pbt_compile("--check", "m.py", *module.options)[0] == 0

    check()
    print(f"{count.total()} modules: {count[0]} compiled, {count.total() - count[0]} refused")
    assert count.total() >= MODULES
    assert min(count[0], count.total() - count[0]) > MODULES // 20


@pytest.mark.skipif(not REAL, reason="takes a while: see `make test-descriptions`")
def test_the_same_by_the_children_that_import_modules() -> None:
    count = Counter[int]()

    @often(REAL)
    @given(modules())
    def check(module: Module) -> None:
        count[compiled(module)] += 1

    check()
    print(f"{count.total()} modules were loaded by children: {count[0]} compiled")
    assert count.total() >= REAL


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


@in_parts
def test_commands_are_split_as_sh_splits_them(no_children: None, tmp_path: Path, part: int) -> None:
    (empty := tmp_path / "empty").mkdir()
    seen: dict[str, str] = {}
    wrong: list[str] = []

    @often(SOUND_MODULES)
    @given(modules((SOUND,)))
    def check(module: Module) -> None:
        if len(seen) >= SHARE and not wrong:  # a failure has to fail again while it is reduced
            return
        found = commands_of(module)
        lines = [
            posix_reading.as_text(text, only_inside="PBT308" not in codes)
            for text, _, codes in found
        ]
        for (text, job, codes), line, read in zip(
            found, lines, posix_reading.readings(lines, empty), strict=True
        ):
            if read != list(job.argv):
                wrong.append(text)
            assert read == list(job.argv), (text, line, codes)
            seen[text] = "acted on" if "PBT308" in codes else "ordinary"

    for turn in range(10):
        if len(seen) < SHARE:
            # Where `CI` is set, hypothesis would write the same modules again in every turn.
            (seed(100 * part + turn)(check) if settings().derandomize else check)()
    count = Counter(seen.values())
    print(f"{len(seen)} different commands were read by sh: {dict(count)}")
    assert len(seen) >= SHARE
    assert min(count["acted on"], count["ordinary"]) > SHARE // 10
