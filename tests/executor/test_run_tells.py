"""`--on_end`, `--on_failure` and `PBT_WEBHOOK` in real runs."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.observe import progress
from tests.executor.receiver import Receiver, receiving
from tests.executor.running import WAITS, Place, job, until

SECRET = "hunter2-of-the-shell"
NOTE = """\
import json, os, re, sys
told = re.compile("PBT_(?!TEST_|SLOTS$)")
own = {k: v for k, v in os.environ.items() if told.match(k)}
with open(sys.argv[1], "a") as f:
    f.write(json.dumps(own) + "\\n")
"""


@pytest.fixture
def hook(place: Place) -> Iterator[Receiver]:
    with receiving() as receiver:
        place.environ |= {"PBT_WEBHOOK": receiver.address, "no_proxy": "127.0.0.1"}
        yield receiver


def noting(place: Place, name: str) -> str:
    """A command that appends the variables that it got to a file."""
    script = place.write("note.py", NOTE)
    return shlex.join([sys.executable, "-S", str(script), str(place.path / name)])


def noted(place: Place, name: str) -> list[dict[str, Any]]:
    path = place.path / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def options(place: Place) -> tuple[str, ...]:
    return ("--on_end", noting(place, "ends"), "--on_failure", noting(place, "failures"))


def test_a_night_is_told_once_to_each(place: Place, hook: Receiver) -> None:
    """A failure that is retried is none; the second failure of the minute is told at the end."""
    place.environ["TOKEN"] = SECRET
    seen = 'echo "token $TOKEN webhook ${PBT_WEBHOOK-none}"'
    target = place.spec(
        job("bad", f"{seen}; exit 3"),
        job("flaky", 'case "$(readlink /proc/$$/fd/1)" in *.1.log) kill -KILL $$;; esac'),
        job("good"),
        job("worse", f"{seen}; exit 4"),
        max_parallel=1,
        retries=1,
        retry_on=("signal",),
        retry_delay=0.0,
    )
    said = place.pbt(target, *options(place))
    assert said.code == 4, said.all
    rundir = str(place.rundir.path)
    assert noted(place, "failures") == [
        {
            "PBT_EVENT": "failure",
            "PBT_RUN": "r",
            "PBT_RUN_DIR": rundir,
            "PBT_SUCCEEDED": "0",
            "PBT_FAILED": "1",
            "PBT_CANCELLED": "0",
            "PBT_SKIPPED": "0",
            "PBT_EXIT_CODE": "3",
            "PBT_VERDICT": "",
            "PBT_FAILED_JOBS": "bad",
            "PBT_CAUSE": "exit",
            "PBT_MESSAGE": "run `r`: job `bad` failed: exit 3",
        }
    ]
    (end,) = noted(place, "ends")
    assert end["PBT_MESSAGE"] == "run `r` closed with failures: 4 jobs: 2 succeeded, 2 failed"
    assert (end["PBT_EVENT"], end["PBT_EXIT_CODE"], end["PBT_VERDICT"]) == ("end", "4", "failures")
    assert end["PBT_FAILED_JOBS"] == "bad worse"
    assert [got["event"] for got in hook.got] == ["failure", "end"]
    assert [got["text"] for got in hook.got] == [
        "run `r`: job `bad` failed: exit 3",
        end["PBT_MESSAGE"],
    ]
    assert hook.got[1]["failed_jobs"] == ["bad", "worse"]
    assert hook.got[1]["counts"]["failed"] == 2

    # No secret leaves: neither through the webhook nor through a job, a record or the output.
    assert "token hunter2" in place.log("bad")
    assert "webhook none" in place.log("bad")
    assert SECRET not in "".join(hook.raw)
    assert rundir not in "".join(hook.raw)
    files = (path for path in place.rundir.path.rglob("*") if path.is_file())
    kept = {path.name: path.read_bytes() for path in files}
    for secret in (b"not-for-eyes", b"note.py", b"on_end"):
        assert [name for name, data in kept.items() if secret in data] == []
    assert "not-for-eyes" not in said.all
    assert "warning" not in said.all

    # A closed run tells nothing again; once it is closed anew, it tells that.
    assert place.pbt(rundir, *options(place)).code == 4
    assert (len(hook.got), len(noted(place, "ends"))) == (2, 1)
    assert place.pbt(rundir, "--retry", "bad", *options(place)).code == 4
    assert [got["event"] for got in hook.got] == ["failure", "end", "end"]
    assert (len(noted(place, "failures")), len(noted(place, "ends"))) == (1, 2)


def test_a_detached_executor_tells_too(place: Place, hook: Receiver) -> None:
    target = place.spec(job("bad", "exit 3"))
    said = place.pbt(target, "--detach", *options(place))
    assert said.code == 0, said.all
    until(lambda: noted(place, "ends") and noted(place, "failures") and len(hook.got) == 2)
    assert [got["event"] for got in hook.got] == ["failure", "end"]


def test_a_killed_executor_and_its_heir_tell_each_thing_once(place: Place, hook: Receiver) -> None:
    target = place.spec(job("bad", "exit 3"), job("late", f"{WAITS}; exit 4"))
    executor = place.start(target, *options(place))
    until(lambda: noted(place, "failures") and hook.got)
    executor.kill()
    assert executor.wait() == -signal.SIGKILL
    executor.communicate()
    second = place.start(str(place.rundir.path), *options(place))
    place.wait_for(ev.ExecutorStarted, 2)
    place.write("go")
    said = place.end(second)
    assert said.code == 4, said.all
    assert len(noted(place, "failures")) == 1
    assert [end["PBT_FAILED_JOBS"] for end in noted(place, "ends")] == ["bad late"]
    assert [got["event"] for got in hook.got] == ["failure", "end"]


TRAINER = """\
import sys, time
from pathlib import Path

for step, word in enumerate(sys.argv[1:]):
    name, _, value = word.partition("=")
    while name != "now" and not Path(name).exists():
        time.sleep(0.02)
    print(f"step {step + 1}/9  reward: {value}", flush=True)
while not Path("stop").exists():
    time.sleep(0.02)
"""
"""Prints the reward of each of its arguments, once the file of that name is there."""


def reward_on_disk(place: Place) -> object:
    found = progress.read(place.rundir.progress)
    newest = found.jobs.get("ant") if found is not None else None
    return newest.objective if newest is not None else None


def next_sample(place: Place) -> None:
    path = place.rundir.progress
    before = path.stat().st_mtime_ns
    until(lambda: path.stat().st_mtime_ns > before)


def test_a_night_with_crashes_is_told_once(place: Place, hook: Receiver) -> None:
    """A failure, a better objective and the end: the executor is killed after each message."""
    place.module = "tests.executor.eager_executor"
    place.environ["TOKEN"] = SECRET
    place.environ["PBT_TELL"] = "failure, best, end"
    trainer = str(place.write("trainer.py", TRAINER))
    words = (sys.executable, "-S", trainer, "now=2.5", "higher=5", "lower=3", "again=4")
    bad = "until [ -e fails ]; do sleep 0.02; done; exit 3"
    target = place.spec(job("ant", *words), job("bad", bad))

    def told(topic: str) -> list[str]:
        return [got["text"] for got in hook.got if got["event"] == topic]

    executors = [place.start(target, *options(place))]
    until(lambda: reward_on_disk(place) == 2.5)
    next_sample(place)
    assert hook.got == []  # the first objective is no better one
    place.write("fails")
    until(lambda: noted(place, "failures") and told("failure"))
    _kill(executors[-1])

    executors.append(place.start(str(place.rundir.path), *options(place)))
    place.wait_for(ev.ExecutorStarted, 2)
    place.write("higher")
    until(lambda: told("best"))
    _kill(executors[-1])

    place.write("lower")
    last = place.start(str(place.rundir.path), *options(place))
    place.wait_for(ev.ExecutorStarted, 3)
    until(lambda: reward_on_disk(place) == 3.0)
    place.write("again")  # better than what its executor read first, and no new best
    until(lambda: reward_on_disk(place) == 4.0)
    next_sample(place)
    next_sample(place)
    place.write("stop")
    said = place.end(last)
    assert said.code == 4, said.all

    assert [(got["event"], got["text"]) for got in hook.got] == [
        ("failure", "run `r`: job `bad` failed: exit 3"),
        ("best", "run `r`: the best objective is now 5 of `ant`"),
        ("end", "run `r` closed with failures: 2 jobs: 1 succeeded, 1 failed"),
    ]
    failure, best, end = hook.got
    assert (best["job"], best["objective"], best["failed_jobs"]) == ("ant", 5.0, [])
    assert best["verdict"] is failure["objective"] is end["job"] is None
    assert [note["PBT_EVENT"] for note in noted(place, "failures")] == ["failure"]
    (note,) = noted(place, "ends")
    assert note["PBT_EVENT"] == "end"
    assert "PBT_TELL" not in note
    assert SECRET not in "".join(hook.raw)


def _kill(executor: subprocess.Popen[str]) -> None:
    executor.kill()
    executor.communicate()


def test_an_interrupted_run_tells_no_end(place: Place) -> None:
    executor = place.start(place.spec(job("late", WAITS)), *options(place))
    place.wait_for(ev.AttemptStarted)
    executor.send_signal(signal.SIGINT)
    assert place.end(executor).code == 130
    assert noted(place, "ends") == []


def test_a_command_that_hangs_is_ended_and_told(place: Place) -> None:
    """It ignores SIGTERM, and so does what it started."""
    place.module = "tests.executor.impatient_executor"
    deaf = shlex.join(["sh", "-c", "trap '' TERM; sleep 1000 & sleep 1001"])
    said = place.pbt(place.spec(job("good")), "--on_end", deaf)
    assert said.code == 0, said.all
    assert "`--on_end`: `sh` took longer than 1 s and was ended" in said.out
    until(lambda: not place.alive(), "its processes live on")


def test_a_signal_ends_the_wait_for_a_command(place: Place) -> None:
    slow = shlex.join(["sh", "-c", "exec sleep 1000"])
    out = place.path / "out"
    with out.open("w") as stream:
        executor = place.start(place.spec(job("good")), "--on_end", slow, stdout=stream)
    until(lambda: "run `r` succeeded" in out.read_text())
    until(lambda: _catches(executor.pid, signal.SIGTERM), "it does not wait for the command")
    executor.send_signal(signal.SIGTERM)
    assert place.end(executor).code == 0
    assert "`--on_end`: `sh` was ended before it was done" in out.read_text()


def _catches(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("json_lines", [False, True])
def test_what_cannot_be_told_is_said_and_changes_nothing(place: Place, json_lines: bool) -> None:
    place.environ |= {"PBT_WEBHOOK": "http://127.0.0.1:9/not-for-eyes", "no_proxy": "127.0.0.1"}
    more = ("--json",) if json_lines else ()
    commands = ("--on_failure", "no-such-command --password x", "--on_end", "sh -c 'exit 7'")
    said = place.pbt(place.spec(job("bad", "exit 3")), *commands, *more)
    assert said.code == 4, said.all
    told = said.err if json_lines else said.out
    assert "warning: `--on_failure`: no such command: `no-such-command`" in said.err
    assert "`--on_failure`: `no-such-command` cannot be started: no such file" in told
    assert "`--on_end`: `sh` ended with exit code 7" in told
    assert told.count("`PBT_WEBHOOK`: `127.0.0.1`: connection refused") == 2
    assert "not-for-eyes" not in said.all
    assert "password" not in said.all
    if json_lines:
        assert [json.loads(line)["event"] for line in said.out.splitlines()][-1] == "run_closed"


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        (("--on_end", "say 'it"), {}, "`--on_end` is no command: no closing quotation"),
        (("--on_failure", " "), {}, "`--on_failure` needs a command"),
        ((), {"PBT_WEBHOOK": "ftp://x.org/secret"}, "`PBT_WEBHOOK` is no address of a webhook"),
        ((), {"PBT_TELL": "end,bset"}, "`PBT_TELL`: there is nothing like `bset` to tell"),
    ],
)
def test_what_is_wrong_is_refused_before_the_start(
    place: Place, words: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    place.environ |= environ
    said = place.pbt(place.spec(job("good")), *words)
    assert said.code == 2
    assert message in said.err
    assert "secret" not in said.all
    assert not place.rundir.is_run()


def test_a_dry_run_and_a_request_tell_nothing(place: Place, hook: Receiver) -> None:
    target = place.spec(job("bad", "exit 3"))
    assert place.pbt(target, "--dry_run", *options(place)).code == 0
    assert place.pbt("--list", *options(place)).code == 0
    assert noted(place, "ends") == noted(place, "failures") == hook.got == []
