"""`pbt-run` on this machine: jobs as people wrote them, and upstream's defects (D15-D26).

Orders of events are taken from the journal; nothing is asserted about how long things take.
"""

from __future__ import annotations

import json
import re
import sys
from itertools import pairwise

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import ARGV, SEES, WAITS, Place, job, module


def test_d15_words_arrive_as_they_were_written(place: Place) -> None:
    place.write("show.py", ARGV)
    base = "python show.py --note='two words'  --empty='' --tail"
    said = place.pbt(module(place, f"Experiment('a', {base!r}, [{{}}])"))
    assert said.code == 0, said.all
    words = json.loads(place.log("00_a"))
    assert words[:3] == ["--note=two words", "--empty=", "--tail"]


def test_d16_the_exit_code_and_the_summary_tell(place: Place) -> None:
    target = place.spec(
        job("good"), job("three", "echo no such task >&2; exit 3"), job("one", "exit 1")
    )
    said = place.pbt(target)
    assert said.code == 4
    assert "run `r` closed with failures" in said.out
    assert "3 jobs: 1 succeeded, 2 failed" in said.out
    last = said.out[said.out.index("run `r` closed") :]
    assert "✗ three: exit 3: no such task\n" in last
    assert f"log: {place.rundir.log('three', 1)}:1\n" in last
    assert (
        f"hint: run again what did not succeed with `pbt-run {place.rundir.path} --failed`" in last
    )
    assert "✗ failed    three: pid " in said.out


def test_d17_a_command_that_does_not_exist_is_a_failed_job(place: Place) -> None:
    (place.path / "plain.txt").write_text("x")
    target = place.spec(
        job("gone", "no-such-program", "--x"),
        job("plain", "./plain.txt", "x"),
        job("folder", "/", "x"),
        job("on", WAITS),
    )
    executor = place.start(target)
    place.wait_for(ev.AttemptEnded, 3)
    place.write("go")
    said = place.end(executor)
    assert said.code == 4
    jobs = place.jobs()
    assert jobs["on"].phase == "succeeded", "the others go on"
    ends = {name: found.attempts[0] for name, found in jobs.items()}
    assert (ends["gone"].outcome, ends["gone"].cause) == ("refused", "command_not_found")
    assert ends["plain"].cause == ends["folder"].cause == "not_executable"
    assert "✗ gone: exit 127, command not found: `no-such-program`\n" in said.out


def test_what_the_system_refuses_is_not_tried_again(place: Place) -> None:
    """A refusal without a cause of its own is no lost attempt: the same would be refused again."""
    target = place.spec(job("long", "echo", *["x" * 100_000] * 30), retries=2, retry_delay=0.0)
    said = place.pbt(target)
    assert said.code == 4
    attempts = place.jobs()["long"].attempts
    assert [(a.outcome, a.cause) for a in attempts] == [("refused", None)]
    assert "✗ long: cannot be started: argument list too long" in said.out.lower()


def test_d19_the_pause_blocks_nothing_and_follows_no_last_start(place: Place) -> None:
    target = place.spec(job("a"), job("b"), pause_between=3600.0)
    executor = place.start(target)
    (ended,) = place.wait_for(ev.AttemptEnded)
    assert ended.outcome == "succeeded", "an end is seen during the pause"
    assert place.pbt(str(place.rundir.path), "--stop").code == 0
    assert place.end(executor).code == 130
    said = place.pbt(target, "--pause_between", "0")
    assert said.code == 0
    assert place.pbt(place.spec(job("a"), job("b"), pause_between=3600.0)).code == 0


def test_d19_starts_stay_apart(place: Place) -> None:
    target = place.spec(*(job(f"j{i}") for i in range(4)), pause_between=0.15)
    assert place.pbt(target).code == 0
    at = [e.at for e in place.of(ev.AttemptScheduled)]
    assert all(later >= earlier + 0.15 for earlier, later in pairwise(at))


def test_d20_every_attempt_has_its_own_log_from_the_first_byte(place: Place) -> None:
    jobs = [job(f"j{i}", f"echo out {i}; echo err {i} >&2; exit 1") for i in range(3)]
    said = place.pbt(place.spec(*jobs, retries=1, retry_on=("exit",), retry_delay=0.0))
    assert said.code == 4
    for i in range(3):
        for attempt in (1, 2):
            assert place.log(f"j{i}", attempt) == f"out {i}\nerr {i}\n"
    assert "out 0" not in said.out.replace("err", ""), "jobs do not write to our terminal"


def test_d21_a_second_call_repeats_the_code_and_starts_nothing(place: Place) -> None:
    target = place.spec(job("a", "echo x >>ran"), job("b", "echo x >>ran; exit 7"))
    first = place.pbt(target)
    before = place.rundir.journal.read_bytes()
    for again in (
        place.pbt(target),
        place.pbt(str(place.rundir.path)),
        place.pbt(target, "--detach"),
    ):
        assert again.code == first.code == 4
    assert "--failed" in place.pbt(target).out
    assert "--fresh" in place.pbt(target).out
    assert (place.path / "ran").read_text() == "x\nx\n"
    assert place.rundir.journal.read_bytes() == before


def test_d22_the_users_devices_are_respected(place: Place) -> None:
    target = place.spec(
        job("a", f"{SEES}; {WAITS}"),
        job("b", f"{SEES}; {WAITS}"),
        num_gpus=2,
        experiments_per_gpu=1,
    )
    executor = place.start(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "6,7"})
    place.wait_for(ev.AttemptStarted, 2)
    place.write("go")
    assert place.end(executor).code == 0
    assert (place.log("a"), place.log("b")) == ("6/PCI_BUS_ID\n", "7/PCI_BUS_ID\n")


@pytest.mark.parametrize("mask", ["6,7", None])
def test_d23_without_slots_the_mask_is_left_alone(place: Place, mask: str | None) -> None:
    environ = dict(place.environ)
    if mask is not None:
        environ["CUDA_VISIBLE_DEVICES"] = mask
    target = place.spec(*(job(f"j{i}", SEES) for i in range(3)))
    assert place.pbt(target, env=environ).code == 0
    assert {place.log(f"j{i}") for i in range(3)} == {f"{mask or ''}/\n"}


def test_d24_only_python_itself_is_replaced(place: Place) -> None:
    bin_ = place.path / "bin"
    bin_.mkdir()
    for name in ("python2.7", "python_wrapper", "python"):
        (bin_ / name).write_text('#!/bin/sh\necho "$0"\n')
        (bin_ / name).chmod(0o755)
    path = f"{bin_}:{place.environ['PATH']}"
    place.write("who.py", "import sys; print(sys.executable)")
    target = place.spec(
        job("old", "python2.7", "x"),
        job("wrapped", "python_wrapper", "x"),
        job("ours", "python", "who.py"),
    )
    assert place.pbt(target, env={**place.environ, "PATH": path}).code == 0
    assert place.log("old") == f"{bin_}/python2.7\n"
    assert place.log("wrapped") == f"{bin_}/python_wrapper\n"
    assert place.log("ours") == f"{sys.executable}\n"


def test_d25_a_time_limit(place: Place) -> None:
    said = place.pbt(place.spec(job("long", "sleep 1000"), job("short")), "--timeout", "0.3s")
    assert said.code == 4
    found = place.jobs()["long"]
    assert (found.phase, found.attempts[0].cause) == ("failed", "timeout")
    assert "stopping  long: over the time limit" in said.out
    (stop,) = place.of(ev.StopRequested)
    started = next(e for e in place.of(ev.AttemptStarted) if e.job == "long")
    assert stop.at >= started.at + 0.3


def test_d26_a_jobs_own_variable_cannot_undo_its_pin(place: Place) -> None:
    own = {"CUDA_VISIBLE_DEVICES": "5", "CUDA_DEVICE_ORDER": "FASTEST_FIRST"}
    pinned = place.spec(job("a", SEES, env=own), experiments_per_gpu=1)
    said = place.pbt(pinned)
    assert said.code == 3, "in a spec it is refused"
    assert "PBT524" in said.err
    free = place.spec(job("a", SEES, env=own))
    assert place.pbt(free, "--experiments_per_gpu=1", "--gpus=3").code in (0, 5)
    if place.rundir.is_run():  # a machine that can be asked has no device 3
        assert place.log("a") == "3/PCI_BUS_ID\n"


def test_d26_where_nothing_is_pinned_a_jobs_own_variable_counts(place: Place) -> None:
    target = place.spec(job("a", SEES, env={"CUDA_VISIBLE_DEVICES": "5"}))
    assert place.pbt(target).code == 0
    assert place.log("a") == "5/\n"


def test_failures_that_are_alike_are_told_once(place: Place) -> None:
    target = place.spec(*(job(f"j{i:02}", "exit 1") for i in range(25)), max_parallel=25)
    said = place.pbt(target)
    last = said.out[said.out.index("run `r` closed") :]
    (first,) = re.findall(r"^✗ 25 jobs like (j\d\d): exit 1$", last, re.M)
    assert f"  log: {place.rundir.log(first, 1)}\n" in last
    assert last.count("✗") == 1
