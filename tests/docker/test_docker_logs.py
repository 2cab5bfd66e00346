"""Logs of real containers are complete, belong to the caller, and are completed after a resume."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from typing import Any

import pytest

from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX, Drive
from tests.executor.running import until


def test_files_belong_to_the_caller(drive: Drive) -> None:
    driver = drive().prepare()
    end = driver.run("sh", "-c", "touch mine $HOME/too; echo $USER; pwd")
    assert end.exit_code == 0
    for path in (driver.folder / "mine", driver.rundir.path / "home" / "too"):
        assert path.stat().st_uid == os.getuid()
    assert driver.log().splitlines()[1] == str(driver.folder)


def test_a_log_that_its_user_cannot_reach(drive: Drive) -> None:
    driver = drive(container=Container(image=BUSYBOX, network="none", user="1234:5678")).prepare()
    driver.rundir.logs.chmod(0o700)
    end = driver.run("true")
    assert (end.refused, end.cause) == (True, None)
    assert end.detail is not None
    assert end.detail.startswith("cannot write its log: ")
    assert "ermission denied" in end.detail


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount a small disk")
def test_a_full_log_directory(drive: Drive) -> None:
    driver = drive().prepare()
    logs = str(driver.rundir.logs)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", logs], check=True)
    try:
        with suppress(OSError):
            (driver.rundir.logs / "filler").write_bytes(b"x" * 8192)
        end = driver.run("sh", "-c", "echo x")
    finally:
        subprocess.run(["umount", "-l", logs], check=True)
    assert end.refused
    assert "no space left on" in (end.detail or "")


def test_another_user_can_write_its_log_and_home(drive: Drive) -> None:
    driver = drive(container=Container(image=BUSYBOX, network="none", user="1234:5678")).prepare()
    end = driver.run("sh", "-c", "id -u; id -g; touch $HOME/x && echo ok")
    assert (end.exit_code, driver.log()) == (0, "1234\n5678\nok\n")


WORDS = ("a b", "q\"u'o", "new\nline", "$HOME `x` \\n", "žluť ☃", "", "--", "*")


def test_words_arrive_as_they_are(drive: Drive) -> None:
    driver = drive().prepare()
    value = "v\n'\"$x ☃"
    end = driver.run("sh", "-c", 'printf "%s|" "$@" "$V"', "sh", *WORDS, env={"V": value})
    assert (end.exit_code, driver.log()) == (0, "".join(f"{w}|" for w in (*WORDS, value)))


def test_the_log_is_whole_from_its_first_byte(drive: Drive) -> None:
    driver = drive().prepare()
    end = driver.run("sh", "-c", "echo first; seq 1 100000; echo last >&2")
    assert end.exit_code == 0
    lines = driver.log().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("first", "last", 100002)


def test_an_image_without_a_shell(drive: Drive, bare: str) -> None:
    driver = drive(container=Container(image=bare, network="none")).prepare()
    end = driver.run("/bin/busybox", "sh", "-c", "echo first; seq 1 50000; echo last >&2; exit 3")
    log = driver.log()
    assert end.exit_code == 3
    # two streams: the engine may put the line of one between two pieces of a line of the other
    assert "last\n" in log
    assert log.replace("last\n", "", 1) == "first\n" + "".join(f"{n}\n" for n in range(1, 50001))
    missing = driver.run("nope", job="missing")
    assert (missing.exit_code, missing.refused) == (127, True)
    assert missing.cause == "command_not_found"
    plain = driver.run("/bin", job="plain")
    assert (plain.exit_code, plain.cause) == (126, "not_executable")


def test_output_is_whole_where_its_stream_broke_off(drive: Drive, bare: str) -> None:
    """As it does when an engine goes away: whatever came after that is read at the end."""
    driver = drive(container=Container(image=bare, network="none")).prepare()
    waits = "echo first; while [ ! -e go ]; do sleep 0.05; done; echo last"
    driver.start("/bin/busybox", "sh", "-c", waits)
    driver.begin()
    until(lambda: driver.log() == "first\n")
    capture = driver.runtime._tracker._attempts["job", 1].capture
    assert capture is not None
    capture.close()
    until(lambda: capture.over)
    (driver.folder / "go").touch()
    assert driver.end().exit_code == 0
    assert driver.log() == "first\nlast\n"


def test_a_lost_stream_is_caught_up(
    drive: Drive, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drive().prepare()
    runtime = driver.runtime
    driver.start("sleep", "1000")
    driver.start("sleep", "1000", job="later")
    handle, later = driver.begin(), driver.begin("later")
    back, events = threading.Event(), runtime._there.events

    def away(*args: Any) -> Any:
        back.wait(30)
        return events(*args)

    monkeypatch.setattr(runtime._there, "events", away)
    runtime._tracker.listening.close()
    engine.kill(handle)
    engine.wait(handle)
    back.set()
    assert driver.end().signal == 9
    engine.kill(later)
    assert driver.end("later").signal == 9, "the new stream is listened to"
