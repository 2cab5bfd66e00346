"""A run directory of another user is executed only if it is trusted; looking needs no trust."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import requests
from tests.executor import other_users, running
from tests.executor.other_users import OtherUser
from tests.executor.running import WAITS, Place, job

pytestmark = other_users.as_root


@pytest.fixture
def place() -> Iterator[Place]:
    """A place that other users may enter: only its owner enters pytest's `tmp_path`."""
    with other_users.open_place() as place:
        yield place


@pytest.fixture(scope="module")
def lab() -> Iterator[int]:
    with other_users.group() as gid:
        yield gid


@pytest.fixture(scope="module")
def eve(lab: int) -> Iterator[OtherUser]:
    with other_users.user(lab) as someone:
        yield someone


@pytest.fixture
def prepared(place: Place, eve: OtherUser) -> Place:
    """A run directory that `eve` prepared: her log of the next attempt is a link to our file."""
    assert place.pbt(place.spec(job("a", "echo jobs output; exit 3"))).code == 4
    place.write("victim", "ours\n")
    place.rundir.log("a", 2).symlink_to(place.path / "victim")
    eve.gets(place.rundir.path)
    return place


def configure(place: Place, text: str) -> Path:
    path = place.path / "config" / "pbt" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def everything(place: Place) -> dict[str, tuple[int, int]]:
    below = [place.rundir.path, *place.rundir.path.rglob("*")]
    return {str(p): (p.lstat().st_mtime_ns, p.lstat().st_size) for p in below}


def test_a_directory_prepared_by_another_user_is_refused(prepared: Place, eve: OtherUser) -> None:
    before, here = everything(prepared), str(prepared.rundir.path)
    for words in ([here], [here, "--retry", "a"], [here, "--failed"], ["specs"], [here, "--fresh"]):
        said = prepared.pbt(*words)
        assert (said.code, said.out) == (5, "")
        assert said.err.startswith(
            f"error: `{here}`: this run directory belongs to user `{eve.name}` (uid {eve.uid}), "
            "and its jobs would run as user `root` (uid 0)\n"
            f"hint: look at it with `pbt-tui {here}`; if you trust its owner, pass `--trust {here}`"
        )
        assert len(said.err.splitlines()) == 2
    said = prepared.pbt(here, "--detach", "--retry", "a")
    assert said.code == 5, said.all
    assert everything(prepared) == before, "nothing was written"
    assert (prepared.path / "victim").read_text() == "ours\n"


def test_to_look_needs_no_trust(prepared: Place) -> None:
    command = [sys.executable, "-m", "pbt_tui.cli.tui", str(prepared.rundir.path), "--once"]
    done = subprocess.run(command, env=prepared.environ, capture_output=True, check=False)
    assert done.returncode == 4, done.stderr
    assert prepared.pbt(str(prepared.rundir.path), "--retry", "a", "--dry_run").code == 0


def test_nothing_is_written_through_a_link_even_with_trust(prepared: Place) -> None:
    here = str(prepared.rundir.path)
    said = prepared.pbt(here, "--trust", here, "--retry", "a")
    assert said.code == 5, said.all
    log = prepared.rundir.log("a", 2)
    assert f"error: `{log}`: nothing is written here: it is a link\nhint: " in said.err
    assert (prepared.path / "victim").read_text() == "ours\n"
    log.unlink()
    assert prepared.pbt(here, "--trust", here).code == 4
    assert prepared.log("a", 2) == "jobs output\n"
    assert len(prepared.jobs()["a"].attempts) == 2, "the refusal spent no attempt"


@pytest.mark.parametrize("text", ['["{train_dir}"]', '["/nowhere", "{here}"]', '["*"]', "no"])
def test_trust_by_name_in_the_users_own_file(prepared: Place, text: str) -> None:
    prepared.rundir.log("a", 2).unlink()
    places = {"here": prepared.rundir.path, "train_dir": prepared.path / "train_dir"}
    if text == "no":
        configure(prepared, f'trusted_directories = ["{prepared.rundir.path}x"]\n')
    else:
        configure(prepared, f"trusted_directories = {text.format(**places)}\n")
    said = prepared.pbt(str(prepared.rundir.path), "--retry", "a")
    assert said.code == (5 if text == "no" else 4), said.all


def test_no_file_of_the_project_grants_trust(prepared: Place) -> None:
    """Also where the home of the caller is a relative path, or unknown."""
    for name in (".config/pbt/config.toml", "~/.config/pbt/config.toml", "pbt.toml"):
        path = prepared.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('trusted_directories = ["*"]\n')
    del prepared.environ["XDG_CONFIG_HOME"]
    for more in ({"HOME": "."}, {"HOME": "/nonexistent"}, {"XDG_CONFIG_HOME": ".config"}):
        env = {**prepared.environ, "HOME": "/nonexistent", **more}
        assert prepared.pbt(str(prepared.rundir.path), env=env).code == 5


def test_a_link_into_an_untrusted_place_is_not_trusted(prepared: Place) -> None:
    trusted = prepared.path / "trusted"
    trusted.mkdir()
    (trusted / "_pbt").symlink_to(prepared.rundir.path)
    said = prepared.pbt(str(trusted / "_pbt"), "--trust", str(trusted))
    assert said.code == 5, said.all


@pytest.mark.parametrize(
    "part", ["spec.json", "journal.jsonl", "lock", "requests", "logs", "attempts"]
)
@pytest.mark.parametrize("how", ["owner", "link"])
def test_every_part_has_an_owner(place: Place, eve: OtherUser, part: str, how: str) -> None:
    assert place.pbt(place.spec(job("a", "exit 3"))).code == 4
    path = place.rundir.path / part
    if how == "link":
        target = place.path / "elsewhere"
        path.rename(target)
        path.symlink_to(target)
        path = target
    eve.gets(path)
    said = place.pbt(str(place.rundir.path), "--retry", "a")
    assert said.code == 5
    named = place.rundir.path / part
    assert f"`{named}`: this part of a run directory belongs to user `{eve.name}`" in said.err


def test_with_sudo_the_directories_of_the_caller_are_ours(prepared: Place, eve: OtherUser) -> None:
    prepared.rundir.log("a", 2).unlink()
    here = str(prepared.rundir.path)
    env = {**prepared.environ, "SUDO_UID": str(eve.uid)}
    assert prepared.pbt(here, "--retry", "a", env=env).code == 4
    for text in ("", "0", "-1", "x", "²", "9" * 30):
        env["SUDO_UID"] = text
        assert prepared.pbt(here, env=env).code == 5, text


def test_only_root_believes_sudo(place: Place, eve: OtherUser, lab: int) -> None:
    """An ordinary user with this variable executes nothing of a third user; what root owns is."""
    assert place.pbt(place.spec(job("a", "exit 3"))).code == 4
    here = str(place.rundir.path)
    command = [*eve.become, sys.executable, "-m", "pbt_tui.cli.run", here]
    env = {**place.environ, "SUDO_UID": "65534"}

    def said() -> tuple[int, str]:
        done = subprocess.run(
            command, env=env, cwd=place.path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    code, text = said()
    assert (code, "permission denied" in text) == (5, True), "root's, which eve may not write"
    subprocess.run(["chown", "-R", "65534", here], check=True)
    code, text = said()
    assert (code, "belongs to user `nobody` (uid 65534)" in text) == (5, True)


def test_a_link_that_appears_while_the_run_goes_on(place: Place) -> None:
    """The folder could be written by others when it was made; no attempt is spent."""
    jobs = (job("a", WAITS), job("b", "echo of b"))
    executor = place.start(place.spec(*jobs, max_parallel=1))
    place.wait_for(ev.AttemptStarted)
    victim = place.write("victim", "ours\n")
    place.rundir.log("b", 1).symlink_to(victim)
    place.write("go")
    said = place.end(executor)
    assert said.code == 5
    assert "nothing is written here: it is a link" in said.err
    assert victim.read_text() == "ours\n"
    place.rundir.log("b", 1).unlink()
    assert place.pbt(str(place.rundir.path)).code == 0
    assert place.log("b") == "of b\n"


# -- permissions -----------------------------------------------------------------------------------

SEES = "umask; " + WAITS


def modes(place: Place) -> dict[str, int]:
    found = {}
    for path in (place.rundir.path, *place.rundir.path.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a request that was answered meanwhile
            found[path.name] = path.lstat().st_mode & 0o7777
    return found


def left_by(place: Place, uid: int, group: int) -> None:
    """Leaves a request of another user, by rename: the executor never sees half of it."""
    aside = place.rundir.requests / ".1-1"
    aside.write_text('{"id":"1-1","action":"stop"}')
    os.chown(aside, uid, group)
    aside.rename(place.rundir.requests / "1-1.json")


def run_with(place: Place, umask: int) -> dict[str, int]:
    """Runs a job, asks for something meanwhile, and returns the modes of all that was made."""
    executor = place.start(place.spec(job("a", SEES)), umask=umask)
    place.wait_for(ev.AttemptStarted)
    assert place.pbt(str(place.rundir.path), "--hold", umask=umask).code == 0
    ours = os.umask(umask)
    try:
        requests.ask(place.rundir, "release")
    finally:
        os.umask(ours)
    place.wait_for(ev.RequestAccepted, 2)
    found = modes(place)
    place.write("go")
    assert place.end(executor).code == 0
    return {**found, **modes(place)}


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_nobody_else_may_write_whatever_the_umask(place: Place, umask: int) -> None:
    forbidden = 0o022 | umask
    found = run_with(place, umask)
    assert {name: oct(mode) for name, mode in found.items() if mode & forbidden} == {}
    assert place.log("a") == f"{umask:04o}\n", "the job keeps the umask of its caller"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_shared_run_directory(place: Place, lab: int, umask: int) -> None:
    configure(place, "share_with_group = true\n")
    (place.path / "train_dir").mkdir()
    os.chown(place.path / "train_dir", 0, lab)
    (place.path / "train_dir").chmod(0o2750)
    found = run_with(place, umask)
    assert place.log("a") == f"{umask:04o}\n"
    for name in ("_pbt", "requests", "logs", "attempts"):
        assert oct(found[name]) == "0o2770"
    for name in ("journal.jsonl", "lock", "spec.json", "a.1.log", "a.1"):
        assert oct(found[name]) == "0o660"
    assert all(p.stat().st_gid == lab for p in place.rundir.path.rglob("*"))
    assert place.rundir.path.parent.stat().st_mode & 0o050 == 0o050, "the group gets there"


def ask(place: Place, someone: OtherUser, *words: str) -> subprocess.CompletedProcess[str]:
    """A request, asked by another user with a strict umask."""
    call = [*someone.become, sys.executable, "-m", "pbt_tui.cli.run", str(place.rundir.path)]
    env = {**place.environ, "XDG_CONFIG_HOME": "/nonexistent"}
    return subprocess.run(
        [*call, *words], env=env, capture_output=True, text=True, check=False, umask=0o077
    )


def test_requests_of_the_group_are_obeyed_where_it_is_shared(
    place: Place, eve: OtherUser, lab: int
) -> None:
    configure(place, "share_with_group = true\n")
    (place.path / "train_dir").mkdir()
    os.chown(place.path / "train_dir", 65534, lab)
    (place.path / "train_dir").chmod(0o2775)
    nobody = OtherUser("nobody", 65534, lab)  # executes: a third user, neither root nor eve
    command = [*nobody.become, sys.executable, "-m", "pbt_tui.cli.run", place.spec(job("a", WAITS))]
    os.chown(place.path / "config" / "pbt" / "config.toml", 65534, lab)
    executor = subprocess.Popen(
        command,
        cwd=place.path,
        env=place.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    place.wait_for(ev.AttemptStarted)
    done = ask(place, eve, "--hold")
    assert done.returncode == 5, "to leave a request needs trust, too"
    assert "belongs to user `nobody`" in done.stderr
    done = ask(place, eve, "--hold", "--trust", str(place.path))
    assert (done.returncode, done.stdout) == (0, "accepted: hold\n"), done.stderr
    with other_users.group() as elsewhere, other_users.user(elsewhere) as stranger:
        left_by(place, stranger.uid, lab)
        (refused,) = place.wait_for(ev.RequestRefused)
        assert f"written by another user, uid {stranger.uid}" in refused.why
    assert ask(place, eve, "--release", "--trust", str(place.path)).returncode == 0
    place.write("go")
    said, _ = executor.communicate(timeout=running.PATIENCE)
    assert executor.returncode == 0, said


def test_requests_of_the_group_are_refused_where_it_is_not_shared(
    place: Place, eve: OtherUser
) -> None:
    executor = place.start(place.spec(job("a", WAITS)))
    place.wait_for(ev.AttemptStarted)
    place.rundir.requests.chmod(0o2770)
    os.chown(place.rundir.requests, 0, eve.group)
    left_by(place, eve.uid, eve.group)
    (refused,) = place.wait_for(ev.RequestRefused)
    assert f"written by another user, uid {eve.uid}" in refused.why
    place.write("go")
    assert place.end(executor).code == 0
