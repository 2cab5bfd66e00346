"""Run directories of earlier versions are shown and resumed as they were when they were stored.

Everything goes through the commands (`stored.py`); what is compared is whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shelf import expect
from tests.shelf.stored import HERE, NOTES, RUNS, Stored, about, names

NAMES = names()
DIGESTS: dict[str, str] = json.loads((HERE / "digests.json").read_text())


def test_the_shelf_is_whole() -> None:
    assert len(NAMES) >= 23
    assert sorted(DIGESTS) == NAMES == sorted(path.name for path in RUNS.iterdir())
    for name in NAMES:
        assert all((RUNS / name / note).is_file() for note in NOTES), name
    needs = [about(name).needs for name in NAMES]
    assert needs.count("docker") >= 1
    assert needs.count("slurm") >= 1


@pytest.mark.parametrize("name", NAMES)
def test_it_is_shown(name: str, tmp_path: Path) -> None:
    run = Stored(name, tmp_path, here=False)
    assert expect.looked_at(run) == expect.expected(name)["looked_at"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_to_another_spec(name: str, tmp_path: Path) -> None:
    run = Stored(name, tmp_path, here=False)
    said = expect.changed(run)
    assert said == expect.expected(name)["changed"]
    assert said["code"] != 0
    assert any("changed: `" in line for line in said["err"])


@pytest.mark.parametrize("name", [name for name in NAMES if about(name).needs])
def test_it_is_not_resumed_without_its_engine(name: str, tmp_path: Path) -> None:
    run = Stored(name, tmp_path, here=True)
    assert expect.without(run) == expect.expected(name)["without"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_resumed_by_its_directory(
    name: str, tmp_path: Path, bring: Callable[[str], None]
) -> None:
    if need := about(name).needs:
        bring(need)
    run = Stored(name, tmp_path, here=True)
    assert expect.resumed(run) == expect.expected(name)["resumed"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_resumed_by_a_spec_compiled_today(
    name: str, tmp_path: Path, bring: Callable[[str], None]
) -> None:
    """The same bytes, the same digest, the same end; what is over does not run again.

    A container has a size of shared memory today. It is no part of what identifies a run.
    """
    if need := about(name).needs:
        bring(need)
    run = Stored(name, tmp_path, here=True)
    assert run.compiled("today").code == 0
    before = {path: of_today(data) for path, data in below(run.path / "specs").items()}
    assert below(run.path / "today") == before
    target = str(Path("today", Path(run.about.spec).relative_to("specs").parent))
    found = expect.resumed(run, target)
    wanted = expect.expected(name)["resumed"]
    del found["complained"], wanted["complained"]  # the rules have their say of a spec
    assert found == wanted


def of_today(data: bytes) -> bytes:
    """A file of a spec of an earlier version, with the values that a new spec has."""
    return data.replace(b'"shm_size":null', b'"shm_size":%d' % (1 << 30))


def below(folder: Path) -> dict[str, bytes]:
    """The files below `folder`; of the scripts for SLURM only what the spec gives them.

    A script ends in the fixed lines of its version, which a run in progress does not compare.
    """
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes().partition(b"_pbt_say()")[0]
        for path in files
    }


@pytest.mark.parametrize("name", NAMES)
def test_its_digest_is_what_it_was(name: str, tmp_path: Path) -> None:
    """A container bears the digest of its run's plan: a dry run shows it, whatever the runtime."""
    run = Stored(name, tmp_path, here=False)
    assert run.events()[0]["digest"] == DIGESTS[name]
    target = str(Path(run.about.spec).parent)
    asked = ["--dry_run", "--runtime", "docker", "--image", "any:1", "--user", "1:1"]
    if not json.loads((run.path / run.about.spec).read_text())["populations"]:
        asked.append("--fresh")  # all jobs; a population would not begin in its old workspace
    done = run.command("run", target, *asked, environ=run.alone)
    assert done.code == 0, done.err
    plans = {line.split(" ")[0] for line in done.out.split("--label pbt.plan=")[1:]}
    assert plans == {DIGESTS[name]}
