"""The wrapper in a container: exit codes, signals and the attempt file, in three shells."""

from __future__ import annotations

import contextlib
import signal
from typing import Any

import pytest
from docker.errors import APIError

from pbt_tui.runtimes.docker import wrapper
from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX, ContainerDriver, Drive
from tests.docker.engines import shell_image

SHELLS = ("busybox", "dash", "bash")
FORWARDED = ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM")


@pytest.fixture(params=SHELLS)
def driver(request: pytest.FixtureRequest, drive: Drive, engine: Any) -> ContainerDriver:
    """Runs jobs in an image with this `/bin/sh`."""
    image = BUSYBOX if request.param == "busybox" else shell_image(engine, request.param)
    return drive(container=Container(image=image, network="none")).prepare()


def lines(driver: ContainerDriver, job: str = "job") -> list[str]:
    """The attempt file without the line of the start."""
    first, *rest = driver.rundir.claim(job, 1).read_text().splitlines()
    assert first.startswith("started ")
    return rest


def test_every_exit_code_is_exact(driver: ContainerDriver) -> None:
    """One container runs the wrapper with each of the 256 codes."""
    (driver.folder / "wrapper").write_text(wrapper.WRAPPER)
    script = """
    text=$(cat wrapper)
    for code in $(seq 0 255); do
      : >claim
      HOSTNAME=$code /bin/sh -c "$text" log claim /bin/sh -c "exit $code"
      [ $? = $code ] || echo "wrong code of the shell: $code"
      grep -qx "exit $code" claim || echo "wrong code in the file: $code"
    done
    exit 77"""
    end = driver.run("sh", "-c", script)
    assert (end.exit_code, end.order, driver.log()) == (77, "before", "")
    assert lines(driver) == ["exit 77"]


def test_each_signal_reaches_the_job_alone_and_once(driver: ContainerDriver, engine: Any) -> None:
    """INT and QUIT, too, which a shell ignores in what it starts in the background."""
    child = "trap 'echo child' HUP INT QUIT USR1 USR2; trap 'echo child; exit' TERM"
    script = f"""
    sh -c "{child}; while :; do sleep 0.05; done" &
    for name in {" ".join(FORWARDED)}; do trap "echo $name" $name; done
    trap 'echo TERM; exit 42' TERM
    echo up; while :; do sleep 0.05; done"""
    driver.start("sh", "-c", script)
    handle = driver.begin()
    driver.wait_for_log("up")
    for name in FORWARDED:
        engine.kill(handle, signal=f"SIG{name}")
        driver.wait_for_log(f"{name}\n")
    end = driver.end()
    assert (end.exit_code, end.signal, lines(driver)) == (42, None, ["exit 42"])
    assert driver.log().splitlines() == ["up", *FORWARDED]


@pytest.mark.parametrize("name", ["INT", "QUIT", "TERM", "ALRM"])
def test_a_signal_has_its_default_action(driver: ContainerDriver, engine: Any, name: str) -> None:
    driver.start("sleep", "1000")
    handle = driver.begin()
    number = signal.Signals[f"SIG{name}"]
    driver.wait(driver.rundir.claim("job", 1).read_text, look=0.05)  # now the shell has its trap
    while driver.ended() is None:  # the first may come before the job has its process group
        with contextlib.suppress(APIError):
            engine.kill(handle, signal=f"SIG{name}")
        driver.turn(0.2)
    end = driver.end()
    assert (end.exit_code, end.signal) == (128 + number, number)
    assert lines(driver) == [f"exit {128 + number}"]


def test_a_job_that_ends_after_its_stop_was_marked(driver: ContainerDriver) -> None:
    """A trainer that checkpoints on TERM and exits with 0, and one that was done before."""
    saves = "trap 'sleep 0.3; echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    driver.start("sh", "-c", saves)
    driver.start("sh", "-c", "exit 0", job="done")
    driver.begin()
    driver.wait_for_log("up")
    done = driver.end("done")
    driver.runtime.stop("done", 1, kill=False)
    driver.runtime.stop("job", 1, kill=False)
    end = driver.end()
    assert (end.exit_code, end.order, driver.log()) == (0, "after", "up\nsaved\n")
    assert lines(driver) == ["exit 0 stop"]
    assert (done.exit_code, done.order, lines(driver, "done")) == (0, "before", ["exit 0"])


def test_a_command_that_cannot_start(driver: ContainerDriver) -> None:
    refused = {
        "no such command": (127, "command_not_found"),
        "/no/such/file": (127, "command_not_found"),
        "/etc": (126, "not_executable"),
        "cd": (127, "command_not_found"),
    }
    for n, (command, (code, cause)) in enumerate(refused.items()):
        end = driver.run(command, "x", job=f"j{n}")
        assert (end.exit_code, end.refused, end.cause) == (code, True, cause)
        assert f"`{command}`" in (end.detail or "")
    assert lines(driver, "j0") == ["refused 127"]
    assert lines(driver, "j3") == ["exit 127"], "a builtin of the shell: only the init can tell"


def test_input_groups_and_orphans_are_as_without_a_wrapper(driver: ContainerDriver) -> None:
    script = """
    cat
    read -r pid name state parent group rest </proc/self/stat
    [ "$pid" = "$group" ] && echo "leads its group"
    (sleep 0.1 &)
    sleep 0.4
    ps -o stat | grep Z
    [ -z "$TINI_KILL_PROCESS_GROUP" ] && echo "no trace"
    """
    end = driver.run("sh", "-c", script)
    assert (end.exit_code, driver.log()) == (0, "leads its group\nno trace\n")


def test_a_container_that_a_person_starts_again_runs_nothing(
    driver: ContainerDriver, engine: Any
) -> None:
    end = driver.run("sh", "-c", "echo ran >>ran; exit 3")
    engine.start(end.handle)
    engine.wait(end.handle)
    assert (driver.folder / "ran").read_text() == "ran\n"
    assert lines(driver) == ["exit 3"]
    assert "has run already" in driver.log()


def test_a_container_cannot_write_what_belongs_to_another(driver: ContainerDriver) -> None:
    """Not even as root: the folder is mounted read-only, and its own file is the exception."""
    other, mark = driver.rundir.claim("other", 1), driver.rundir.stop_mark("job", 1)
    other.touch()
    script = f"echo exit 0 >>{other}; echo x >{mark}; echo x >{other.parent}/new; exit 5"
    assert driver.run("sh", "-c", script).exit_code == 5
    assert driver.log().lower().count("read-only file system") == 3
    assert (other.read_text(), mark.exists(), lines(driver)) == ("", False, ["exit 5"])


def test_a_container_of_an_earlier_version_is_followed(drive: Drive, engine: Any) -> None:
    """Its wrapper leaves no code: the engine has it."""
    driver = drive().prepare()
    waits = "echo up; while [ ! -e go ]; do sleep 0.05; done; exit 9"
    one = driver.runtime.request(driver.of("sh", "-c", waits))
    body = {
        "Image": one.image,
        "Entrypoint": ["/bin/sh"],
        "Cmd": ["-c", 'exec "$@" >>"$0" 2>&1', str(one.log), "sh", "-c", waits],
        "Labels": dict(one.labels),
        "WorkingDir": one.cwd,
        "HostConfig": {"Init": True, "NetworkMode": "none", "Binds": [f"{one.cwd}:{one.cwd}"]},
    }
    made = engine.create_container_from_config(body, name=one.name)["Id"]
    engine.start(made)
    (seen,) = driver.runtime.survey([("job", 1, None)])
    assert (seen.state, seen.handle) == ("alive", made)
    driver.wait_for_log("up")
    (driver.folder / "go").touch()
    assert (driver.end().exit_code, driver.log()) == (9, "up\n")


def test_an_engine_with_another_init_keeps_the_code_itself(drive: Drive) -> None:
    """The wrapper of earlier versions: it passes signals on by replacing the shell."""
    driver = drive()
    engine = driver.runtime._connected()
    info = engine.info
    engine.info = lambda: {**info(), "InitBinary": "catatonit"}  # type: ignore[method-assign]
    driver.prepare()
    driver.start("sh", "-c", "trap 'exit 6' TERM; echo up; while :; do sleep 0.05; done")
    driver.begin()
    driver.wait_for_log("up")
    driver.runtime.stop("job", 1, kill=False)
    end = driver.end()
    assert (end.exit_code, end.order) == (6, None)
    assert not driver.rundir.claim("job", 1).exists()
