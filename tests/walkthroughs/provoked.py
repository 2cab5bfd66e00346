"""Provokes each fault of the page on faults, with real processes, and returns what a person reads.

Each function has the heading of its entry on the page. It makes one short run, in a folder that
other users may enter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from pbt_tui.journal import events as ev
from tests.executor import other_users
from tests.executor.other_users import small_disk
from tests.executor.running import WAITS, Place, Said, job, until
from tests.executor.test_run_refused import without_locks
from tests.executor.test_run_signals import on_terminal
from tests.shelf.scrub import unsealed

PROVOKED: dict[str, Callable[[Place], str]] = {}
"""By heading."""
RUN = "train_dir/r"


def entry(heading: str) -> Callable[[Callable[[Place], str]], Callable[[Place], str]]:
    def register(provoke: Callable[[Place], str]) -> Callable[[Place], str]:
        assert heading not in PROVOKED
        PROVOKED[heading] = provoke
        return provoke

    return register


# -- runs to be broken -----------------------------------------------------------------------------


def running(place: Place) -> subprocess.Popen[str]:
    """An executor whose job `a` waits for a file."""
    executor = place.start(place.spec(job("a", WAITS)))
    place.wait_for(ev.AttemptStarted)
    return executor


def killed(place: Place) -> None:
    """A run whose executor was killed; its job still waits."""
    executor = running(place)
    executor.kill()
    executor.communicate()


def failed(place: Place) -> None:
    """A run whose only job has failed."""
    assert place.pbt(place.spec(job("a", "exit 3"))).code == 4


def refused(said: Said) -> str:
    """The whole of what a command says that ends with exit code 5."""
    assert said.code == 5, said.all
    assert said.out == ""
    return said.err


def line_of(text: str, start: str) -> str:
    """The one line of a text that starts like this."""
    (line,) = (line for line in text.splitlines(keepends=True) if line.startswith(start))
    return line


def gone_on(place: Place, executor: subprocess.Popen[str]) -> str:
    """What an executor says that loses its run; a later one picks its job up."""
    said = place.end(executor)
    assert said.code == 5, said.all
    return said.err


def picked_up(place: Place) -> None:
    """The next executor records the true end of the job that went on, and starts nothing."""
    place.write("go")
    said = place.pbt(RUN)
    assert said.code == 0, said.all
    assert len(place.jobs()["a"].attempts) == 1


# -- disks and processes ---------------------------------------------------------------------------


@entry("The disk is full")
def full_disk(place: Place) -> str:
    with small_disk(place.path / "train_dir") as folder:
        executor = running(place)
        fill = ["dd", "if=/dev/zero", f"of={folder}/fills", "bs=64k"]
        assert b"No space left" in subprocess.run(fill, capture_output=True, check=False).stderr
        place.write("go")
        said = gone_on(place, executor)
        (folder / "fills").unlink()
        picked_up(place)
        return said


@entry("The executor was killed")
def killed_executor(place: Place) -> str:
    killed(place)
    executor = place.start(RUN)
    place.wait_for(ev.ExecutorStarted, 2)
    place.write("go")
    said = place.end(executor)
    assert said.code == 0
    assert len(place.jobs()["a"].attempts) == 1
    return said.out


@entry("A second executor")
def second_executor(place: Place) -> str:
    executor = running(place)
    said = place.pbt(RUN)
    place.write("go")
    assert place.end(executor).code == 0
    return refused(said)


@entry("The journal is damaged")
def damaged_journal(place: Place) -> str:
    failed(place)
    data = bytearray(place.rundir.journal.read_bytes())
    at = data.index(b'"exit_code":3') + len(b'"exit_code":')
    data[at] ^= 1
    place.rundir.journal.write_bytes(data)
    said = place.pbt(RUN, "--failed")
    place.rundir.path.rename(place.rundir.path.with_name("_pbt.damaged"))
    assert place.pbt("specs").code == 4
    return refused(said)


@entry("The lock was removed while an executor works")
def removed_lock(place: Place) -> str:
    executor = running(place)
    place.rundir.lock.unlink()
    said = gone_on(place, executor)
    picked_up(place)
    return said


@entry("The run directory was removed or moved while it is executed")
def missing_run_directory(place: Place) -> str:
    executor = running(place)
    away = place.path / "away"
    place.rundir.path.rename(away)
    said = gone_on(place, executor)
    away.rename(place.rundir.path)
    picked_up(place)
    return said


@entry("A folder of the run was moved away")
def missing_folder(place: Place) -> str:
    executor = place.start(place.spec(job("a", WAITS), job("b"), max_parallel=1))
    place.wait_for(ev.AttemptStarted)
    away = place.path / "away"
    place.rundir.logs.rename(away)
    place.write("go")
    said = gone_on(place, executor)
    away.rename(place.rundir.logs)
    picked_up(place)
    assert place.phases() == {"a": "succeeded", "b": "succeeded"}
    return said


# -- other places and files that were changed ------------------------------------------------------


def elsewhere(place: Place, *command: str) -> Place:
    """Applies `cp -a` or `mv` to the folder of a failed run."""
    orig, other = Place(place.path / "orig"), Place(place.path / "new")
    orig.environ = other.environ = place.environ
    orig.path.mkdir()
    failed(orig)
    subprocess.run([*command, str(orig.path), str(other.path)], check=True)
    return other


@entry("The run directory is a copy")
def copied(place: Place) -> str:
    copy = elsewhere(place, "cp", "-a")
    said = copy.pbt(RUN, "--failed")
    assert copy.pbt(RUN, "--failed", "--rehome").code == 4
    return refused(said)


@entry("The run directory was moved")
def moved(place: Place) -> str:
    other = elsewhere(place, "mv")
    said = other.pbt(RUN, "--failed")
    assert other.pbt(RUN, "--failed", "--rehome").code == 4
    return refused(said)


@entry("Somebody edited `spec.json`")
def edited_spec(place: Place) -> str:
    failed(place)
    text = place.rundir.spec.read_text()
    place.rundir.spec.write_text(text.replace("exit 3", "exit 0"))
    said = place.pbt("specs", "--failed")
    place.rundir.spec.write_text(text)
    assert place.pbt("specs", "--failed").code == 4
    return refused(said)


@entry("The run directory belongs to another user")
def another_user(place: Place) -> str:
    failed(place)
    with other_users.group() as lab, other_users.user(lab) as eve:
        eve.gets(place.rundir.path)
        said = refused(place.pbt(RUN, "--failed"))
        assert place.pbt(RUN, "--failed", "--trust", RUN).code == 4
        return said.replace(eve.name, "eve").replace(str(eve.uid), "1002")


@entry("A log is a link")
def linked_log(place: Place) -> str:
    failed(place)
    victim = place.write("victim", "ours\n")
    log = place.rundir.log("a", 2)
    log.symlink_to(victim)
    said = place.pbt(RUN, "--failed")
    assert said.code == 5, said.all
    assert victim.read_text() == "ours\n"
    log.unlink()
    assert place.pbt(RUN).code == 4
    return said.err


@entry("The interpreter of the run is gone")
def missing_interpreter(place: Place) -> str:
    env = place.path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    shell = {**place.environ, "VIRTUAL_ENV": str(env)}
    assert place.pbt(place.spec(job("a", "exit 3")), env=shell).code == 4
    shutil.rmtree(env)
    said = place.pbt(RUN, "--failed")
    assert place.pbt(RUN, "--failed", "--python", sys.executable).code == 4
    return refused(said)


# -- hosts, terminals, and what a job leaves -------------------------------------------------------


@entry("The attempts run on another host")
def another_host(place: Place) -> str:
    """The files as another host would have written them: a second machine is not at hand."""
    killed(place)
    began = place.of(ev.ExecutorStarted)[0]
    claim = place.rundir.claim("a", 1)
    place.write("go")
    until(lambda: "exit" in claim.read_text())
    other = "11111111-2222-3333-4444-555555555555"
    claim.write_text(claim.read_text().split("exit")[0].replace(began.boot_id, other))
    text = unsealed(place.rundir.journal.read_bytes()).decode().replace(began.boot_id, other)
    place.rundir.journal.write_text(text.replace(f'"host":"{began.host}"', '"host":"node7"'))
    said = refused(place.pbt(RUN))
    assert place.pbt(RUN, "--forget_host", "node7").code == 4
    assert [a.outcome for a in place.jobs()["a"].attempts] == ["lost"]
    return said.replace(f"`{began.host}`", "`login1`")


@entry("The file system has no locks")
def no_locks(place: Place) -> str:
    said = refused(without_locks(place, "run", place.spec(job("a"))))
    assert not (place.path / RUN).exists(), "nothing is left"
    return said


@entry("The terminal was closed")
def closed_terminal(place: Place) -> str:
    ours, theirs = os.openpty()
    executor = place.start(
        place.spec(job("a", WAITS)),
        stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=on_terminal(theirs),
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"started   a: pid" not in shown:  # later lines go to the file
        shown += os.read(ours, 65536)
    os.close(ours)
    until(place.rundir.executor_log.exists)
    place.write("go")
    assert executor.wait(60) == 0
    return place.rundir.executor_log.read_text()


@entry("A job leaves processes behind")
def processes_left(place: Place) -> str:
    said = place.pbt(place.spec(job("a", "setsid -f sleep 600"), grace=1.0))
    assert said.code == 0
    return line_of(said.out, "✓")


@entry("The container engine is down")
def missing_engine(place: Place) -> str:
    environ = {**place.environ, "DOCKER_HOST": f"unix://{place.path}/docker.sock"}
    target = place.spec(job("a"))
    return refused(place.pbt(target, "--runtime", "docker", "--image", "busybox", env=environ))


@entry("A request of another user")
def foreign_request(place: Place) -> str:
    executor = running(place)
    with other_users.group() as lab, other_users.user(lab) as eve:
        request = place.rundir.path / "1-1.json"
        request.write_text('{"id":"1-1","action":"stop"}')
        os.chown(request, eve.uid, eve.group)
        request.rename(place.rundir.requests / request.name)
        place.wait_for(ev.RequestRefused)
        place.write("go")
        said = place.end(executor)
        assert said.code == 0
        return line_of(said.out, "  refused").replace(str(eve.uid), "1002")
