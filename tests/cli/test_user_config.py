"""The user's own configuration: what it grants, and what is wrong with it, in one message."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbt_tui.cli import user_config
from pbt_tui.journal.owners import Trust
from tests.executor.running import Place, cleaned, job


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    for place in cleaned(tmp_path):
        place.environ["XDG_CONFIG_HOME"] = str(tmp_path / "config")
        (tmp_path / "config" / "pbt").mkdir(parents=True)
        yield place


def told(place: Place, text: str | bytes) -> tuple[int, str]:
    """The exit code and the messages of a run with this configuration."""
    path = place.path / "config" / "pbt" / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = place.pbt(place.spec(job("a")))
    return said.code, said.err


def test_what_it_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place.path / "config"))
    path = place.path / "config" / "pbt" / "config.toml"
    assert user_config.trust() == Trust()
    path.write_text("")
    assert user_config.trust() == Trust()
    path.write_text('share_with_group = true\ntrusted_directories = ["/a", "*", "/b/c"]\n')
    assert user_config.trust() == Trust((Path("/a"), Path("/b/c")), everything=True, share=True)
    monkeypatch.chdir(place.path)
    assert user_config.trust(["config"]).directories[-1] == place.path / "config"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("share_with_group = true\nx = \n", ":2", "not TOML: "),
        (b"\xff\xfe", "", "not TOML: "),
        ("x = " + "[" * 100_000, "", "not TOML: "),
        ("share_with_group = 1" + "0" * 5000, "", "not TOML: "),
        ('share_with_group = "lab"', ": share_with_group", "expected true or false"),
        ("share_with_group = 1", ": share_with_group", "expected true or false"),
        ('trusted_directories = "*"', ": trusted_directories", "expected a list of"),
        ("trusted_directories = [1]", ": trusted_directories.0", "expected an absolute path"),
        ('trusted_directories = ["/a", "b"]', ": trusted_directories.1", "expected an absolute"),
        ('trusted_directories = ["~/a"]', ": trusted_directories.0", "expected an absolute path"),
        ('trusted_directories = ["**"]', ": trusted_directories.0", "expected an absolute path"),
        (r'trusted_directories = ["/a\u0000"]', ": trusted_directories.0", "expected an absolute"),
        ('trusted_directory = ["/a"]', ": trusted_directory", "there is no such setting"),
        ("[trusted_directories]\na = 1", ": trusted_directories", "expected a list of"),
        (b"#" * (1 << 20) + b"\n", "", "larger than 1024 KiB"),
    ],
)
def test_a_wrong_one_is_one_message(place: Place, text: str | bytes, where: str, what: str) -> None:
    code, err = told(place, text)
    first, *more = err.splitlines()
    path = place.path / "config" / "pbt" / "config.toml"
    assert code == 2
    assert first.startswith(f"error: `{path}`{where}: {what}")
    assert len(more) <= 1
    assert not (place.path / "train_dir").exists()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (os.mkfifo, "not a regular file"),
        (Path.mkdir, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
    ],
)
def test_what_is_no_file_is_not_waited_for(
    place: Place, make: Callable[[Path], None], what: str
) -> None:
    path = place.path / "config" / "pbt" / "config.toml"
    make(path)
    said = place.pbt(place.spec(job("a")))
    assert said.code == 2
    assert said.err.startswith(f"error: `{path}`: cannot be read: ")
    assert what in said.err


def test_a_link_is_followed(place: Place) -> None:
    """Programs that manage such files put links in their place."""
    target = place.write("dotfile", "share_with_group = true\n")
    (place.path / "config" / "pbt" / "config.toml").symlink_to(target)
    assert place.pbt(place.spec(job("a"))).code == 0
    assert place.rundir.path.stat().st_mode & 0o7777 == 0o2770


def another_owner(path: Path) -> str:
    os.chown(path, 65534, 65534)
    return "it belongs to uid 65534"


def anybody_writes(path: Path) -> str:
    path.chmod(0o646)
    return "everybody may write it"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            another_owner,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
        ),
        anybody_writes,
    ],
)
def test_a_file_of_somebody_else_is_not_believed(
    place: Place, change: Callable[[Path], str]
) -> None:
    path = place.path / "config" / "pbt" / "config.toml"
    path.write_text("share_with_group = true\n")
    why = change(path)
    said = place.pbt(place.spec(job("a")))
    assert said.code == 0
    assert said.err == f"warning: `{path}`: this configuration has no effect: {why}\n"
    assert place.rundir.path.stat().st_mode & 0o022 == 0


def test_to_look_does_not_read_it(place: Place) -> None:
    assert place.pbt(place.spec(job("a"))).code == 0
    (place.path / "config" / "pbt" / "config.toml").write_text("[")
    command = ["pbt_tui.cli.tui", str(place.rundir.path), "--once"]
    done = subprocess.run([sys.executable, "-m", *command], env=place.environ, check=False)
    assert done.returncode == 0
    assert place.pbt(place.spec(job("a")), "--dry_run").code == 0


def test_trust_names_a_directory(place: Place) -> None:
    said = place.pbt(place.spec(job("a")), "--trust", "nowhere")
    assert (said.code, said.err) == (2, "error: `--trust`: no such directory: `nowhere`\n")
    assert place.pbt(place.spec(job("a")), "--trust", ".").code == 0
