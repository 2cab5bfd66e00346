"""Names of folders are foreign text: no surface prints control characters of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.executor.running import Place, Said, job
from tests.foreign_text import HOSTILE, assert_plain


def is_plain(said: Said) -> None:
    assert_plain(said.all)


def shown(place: Place, *args: str) -> Said:
    """What `pbt-tui RUN --once` says."""
    done = subprocess.run(
        [sys.executable, "-m", "pbt_tui.cli.tui", str(place.rundir.path), "--once", *args],
        capture_output=True,
        check=False,
        cwd=place.path,
        env=place.environ,
    )
    texts = [data.decode("utf-8", "surrogateescape") for data in (done.stdout, done.stderr)]
    return Said(done.returncode, *texts)


@pytest.fixture
def hostile(tmp_path: Path) -> Place:
    folder = tmp_path / f"runs{HOSTILE}"
    folder.mkdir()
    return Place(folder)


def test_every_surface_of_a_run(hostile: Place) -> None:
    place = hostile
    target = place.spec(job("a", f"printf 'ValueError: {HOSTILE}'; exit 3"), job("b"))
    run = str(place.rundir.path)
    for args in (
        (target,), (run,), (run, "--cancel"), (run, "--retry", HOSTILE), (run, "--fresh", "--hold"),
        (run, "--failed", "--detach"), (run, "--dry_run", "--failed"), (f"{run}/none",),
        (target, "--fresh"), (target, f"--gpus={HOSTILE}"),
    ):  # fmt: skip
        said = place.pbt(*args)
        assert said.all
        is_plain(said)
    is_plain(shown(place))
    document = json.loads(shown(place, "--json").out)
    failed = document["jobs"][0]
    assert failed["log"] == str(place.rundir.log("a", failed["attempt"])), "data stay as they are"
    place.rundir.journal.write_text("{}\n")
    is_plain(shown(place))
    is_plain(place.pbt(run))
    place.clean()


def test_messages_of_the_compiler(hostile: Place) -> None:
    for module, text in (("bad.py", "1/0\n"), ("none.py", "x = 1\n"), (f"m{HOSTILE}.py", "x = 1")):
        hostile.write(module, text)
        done = subprocess.run(
            [sys.executable, "-m", "pbt_tui.cli.compile", str(hostile.path / module)],
            capture_output=True,
            text=True,
            check=False,
            cwd=hostile.path,
            env=hostile.environ,
        )
        assert done.stderr
        is_plain(Said(done.returncode, done.stdout, done.stderr))


def test_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "runs\udcff").mkdir()
    place = Place(tmp_path / "runs\udcff")
    target = place.spec(job("a", "exit 3"))
    said = place.pbt(target)
    assert said.code == 5
    assert "runs\\udcff`: its name is not UTF-8: neither journal nor spec can name it\n" in said.err
    assert not place.rundir.path.exists()
    made = Place(tmp_path / "here")
    made.path.mkdir()
    made.pbt(made.spec(job("a", "exit 3")))
    (made.path / "train_dir").rename(place.path / "train_dir")
    looked = shown(place)
    assert looked.code == 4
    is_plain(looked)
    document = json.loads(shown(place, "--json").out)
    assert document["jobs"][0]["log"].endswith("runs\udcff/train_dir/r/_pbt/logs/a.1.log")
