"""`pbt-run` on this machine: the policy as jobs feel it, and what the original got wrong (D15-D26).

Orders of events are taken from the journal; nothing is asserted about how long things take.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from itertools import pairwise

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from tests.executor.running import Place, Said, job, until

WAITS = "until [ -e go ]; do sleep 0.02; done"
# Writes down the arguments that it was given, as it was given them.
ARGV = "import json, sys; print(json.dumps(sys.argv[1:]))"
SEES = 'echo "$CUDA_VISIBLE_DEVICES/$CUDA_DEVICE_ORDER"'


def module(place: Place, *experiments: str) -> str:
    listed = ",\n    ".join(experiments)
    place.write(
        "mine.py",
        "from pbt_tui import Experiment, ParamGrid, RunDescription\n"
        f"RUN_DESCRIPTION = RunDescription('r', experiments=[\n    {listed}\n])\n",
    )
    return "mine.py"


# -- what the original got wrong -------------------------------------------------------------------


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
    assert "✗ three: exit code 3, no such task\n" in last
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
    assert "✗ gone: exit code 127, command not found: `no-such-program`\n" in said.out


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
    assert "stopping  long: over its time limit" in said.out
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


# -- GPUs, gangs -----------------------------------------------------------------------------------


def test_least_busy_gpu_first(place: Place) -> None:
    jobs = [job(f"j{i}", f"{SEES}; {WAITS}") for i in range(4)]
    target = place.spec(*jobs, num_gpus=2, experiments_per_gpu=2)
    executor = place.start(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "0,1"})
    place.wait_for(ev.AttemptStarted, 4)
    place.write("go")
    assert place.end(executor).code == 0
    assert [e.gpus for e in place.of(ev.AttemptScheduled)] == [("0",), ("1",), ("0",), ("1",)]


def test_two_gpus_for_one_job(place: Place) -> None:
    target = place.spec(
        job("one", SEES),
        job("two", SEES, gpus=2),
        num_gpus=2,
        experiments_per_gpu=1,
        max_parallel=1,
    )
    assert place.pbt(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "4,5"}).code == 0
    assert place.log("two") == "4,5/PCI_BUS_ID\n"


def test_a_population_begins_only_when_all_fit(place: Place) -> None:
    members = [job(f"m{i}", f"echo m{i} >>order", population="p", member=i) for i in range(3)]
    target = place.spec(job("solo", f"{WAITS}; echo solo >>order"), *members, max_parallel=3)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    place.write("go")
    assert place.end(executor).code == 0
    order = (place.path / "order").read_text().split()
    assert order[0] == "solo", "two places were free, three are needed"
    assert set(order[1:]) == {"m0", "m1", "m2"}
    starts = place.of(ev.AttemptScheduled)
    (end,) = [e for e in place.of(ev.AttemptEnded) if e.job == "solo"]
    assert all(e.seq > end.seq for e in starts if e.job != "solo")


def test_slots_beyond_the_gpus_are_refused_before_anything(place: Place) -> None:
    target = place.spec(job("j"), num_gpus=3, experiments_per_gpu=2)
    said = place.pbt(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "`--num_gpus 3` was asked for, `CUDA_VISIBLE_DEVICES` shows 1 GPU: 0" in said.err
    assert not (place.path / "train_dir").exists(), "nothing is left behind"
    said = place.pbt(target, "--num_gpus", "1", env={**place.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert said.code == 5
    assert not (place.path / "train_dir").exists()


def test_what_can_never_fit_is_refused_by_name(place: Place) -> None:
    members = [job(f"m{i}", population="p", member=i) for i in range(5)]
    target = place.spec(*members, max_parallel=5)
    said = place.pbt(target, "--max_parallel", "4")
    assert said.code == 5
    assert "error[PBT401]: population `p` has 5 members" in said.err
    assert "hint: pass `--max_parallel 5`" in said.err
    greedy = place.spec(
        job("big", gpus=2), job("small"), name="greedy", experiments_per_gpu=1, num_gpus=2
    )
    said = place.pbt(greedy, "--num_gpus=1", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "error[PBT520]: job `big`: needs 2 GPUs, there is 1\n" in said.err
    assert not (place.path / "train_dir").exists()


# -- retries, budgets ------------------------------------------------------------------------------

COUNTS = "n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) >n; [ $n -ge 2 ] || exit 1"


def test_retries_until_it_succeeds(place: Place) -> None:
    said = place.pbt(
        place.spec(job("j", COUNTS)), "--retries=2", "--retry_on=exit", "--retry_delay=0.1"
    )
    assert said.code == 0, said.all
    found = place.jobs()["j"]
    assert [a.outcome for a in found.attempts] == ["failed", "failed", "succeeded"]
    _, second, third = place.of(ev.AttemptScheduled)
    ends = place.of(ev.AttemptEnded)
    assert second.at >= ends[0].at + 0.1
    assert third.at >= ends[1].at + 0.2, "doubled with every try"
    assert "; tries again in 0.1 s" in said.out
    assert ", attempt 3" in said.out


def test_what_is_not_to_be_retried_is_not(place: Place) -> None:
    assert place.pbt(place.spec(job("j", "exit 1")), "--retries=2").code == 4
    assert len(place.jobs()["j"].attempts) == 1


def test_fail_fast_stops_and_skips(place: Place) -> None:
    target = place.spec(
        job("bad", "until [ -e bad ]; do sleep 0.02; done; exit 1"),
        job("good", "sleep 1000"),
        job("later"),
        max_parallel=2,
    )
    executor = place.start(target, "--fail_fast")
    place.wait_for(ev.AttemptStarted, 2)
    place.write("bad")
    said = place.end(executor)
    assert said.code == 4
    assert place.phases() == {"bad": "failed", "good": "skipped", "later": "skipped"}
    assert "run `r` gave up" in said.out
    assert "⊘ skipped   2 jobs: fail_fast" in said.out or said.out.count("⊘ skipped") == 2
    assert "another job failed" in said.out


def test_max_failures_skips_the_waiting_and_lets_the_running_go_on(place: Place) -> None:
    bad = [job(f"bad{i}", "until [ -e bad ]; do sleep 0.02; done; exit 1") for i in range(2)]
    late = [job(f"l{i}", WAITS) for i in range(3)]
    target = place.spec(*bad, job("good", WAITS), *late, max_parallel=3)
    executor = place.start(target, "--max_failures", "2")
    place.wait_for(ev.AttemptStarted, 3)
    place.write("bad")
    place.wait_for(ev.AttemptEnded, 2)
    place.write("go")
    said = place.end(executor)
    assert said.code == 4
    phases = place.phases()
    assert phases.pop("l0") in ("skipped", "succeeded")  # it may have begun between the failures
    assert phases == {
        "bad0": "failed", "bad1": "failed", "good": "succeeded", "l1": "skipped", "l2": "skipped",
    }  # fmt: skip


def test_failed_runs_again_what_did_not_succeed(place: Place) -> None:
    target = place.spec(job("a", "echo x >>ran"), job("b", "[ -e go ]"))
    assert place.pbt(target).code == 4
    shown = place.pbt(target, "--failed", "--dry_run")
    assert shown.code == 0
    assert "# b, attempt 2" in shown.out
    assert "# a," not in shown.out
    place.write("go")
    assert place.pbt(target, "--failed").code == 0
    assert (place.path / "ran").read_text() == "x\n"
    assert [len(found.attempts) for found in place.state().jobs] == [1, 2]


def test_retry_names_jobs_also_those_that_succeeded(place: Place) -> None:
    target = place.spec(job("a"), job("b", "[ -e go ]"))
    assert place.pbt(target).code == 4
    assert place.pbt(str(place.rundir.path), "--retry", "a").code == 4
    assert [len(found.attempts) for found in place.state().jobs] == [2, 1]


def test_fresh_keeps_the_old_run_and_starts_where_it_was_started(place: Place) -> None:
    target = place.spec(job("a", "pwd"), job("b", "exit 3"))
    assert place.pbt(target).code == 4
    elsewhere = place.path / "elsewhere"
    elsewhere.mkdir()
    said = place.pbt(str(place.rundir.path), "--fresh", cwd=elsewhere)
    assert said.code == 4
    old = place.rundir.path.with_name("_pbt.1")
    assert f"the old run is kept in `{old}`" in said.err
    assert (old / "journal.jsonl").is_file()
    assert place.log("a") == f"{place.path}\n"
    assert [len(found.attempts) for found in place.state().jobs] == [1, 1]
    place.pbt(target, "--fresh")
    assert place.rundir.path.with_name("_pbt.2").is_dir()


# -- the run directory -----------------------------------------------------------------------------


def test_held_by_another_executor(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    for words in ((target,), (target, "--fresh"), (target, "--detach")):
        said = place.pbt(*words)
        assert said.code == 5
        assert f"this run is already being executed: pid {executor.pid}" in said.err
    place.write("go")
    assert place.end(executor).code == 0


def test_belonging_to_another_spec_names_the_jobs(place: Place) -> None:
    assert place.pbt(place.spec(job("a"), job("b"), job("c"))).code == 0
    other = place.spec(job("a"), job("b", "exit 1"), job("d"), name="other")
    before = place.rundir.journal.read_bytes()
    for words in ((other,), (other, "--failed"), (other, "--dry_run")):
        said = place.pbt(*words)
        assert said.code == 5
        assert "added: `d`; removed: `c`; changed: `b`" in said.err
        assert "--fresh" in said.err
    assert place.rundir.journal.read_bytes() == before
    assert list(place.rundir.requests.iterdir()) == []
    assert place.pbt(other, "--fresh").code == 4


def test_policy_may_change_between_calls(place: Place) -> None:
    assert place.pbt(place.spec(job("j", "[ -e go ]"))).code == 4
    place.write("go")
    again = place.spec(job("j", "[ -e go ]"), grace=5.0, timeout=100.0)
    assert place.pbt(again, "--failed", "--retries", "1").code == 0
    policy = place.of(ev.ExecutorStarted)[-1].policy
    assert (policy.grace, policy.timeout, policy.retries) == (5.0, 100.0, 1)
    assert place.pbt(str(place.rundir.path), "--retry", "j").code == 0
    assert place.of(ev.ExecutorStarted)[-1].policy.retries == 1, "it keeps what it had"


@pytest.mark.parametrize("where", ["file/deeper", "/proc/nothing/here"])
def test_an_unwritable_train_dir(place: Place, where: str) -> None:
    place.write("file")
    target = module(place, "Experiment('a', 'true', [{}])")
    said = place.pbt(target, "--train_dir", where)
    assert said.code == 5
    assert said.err.startswith("error: ")
    assert "cannot make the run directory" in said.err
    assert "hint: pass another `--train_dir`" in said.err
    assert said.out == ""


def test_the_folder_of_a_job_that_cannot_be_made(place: Place) -> None:
    (place.path / "train_dir").mkdir()
    place.write("train_dir/taken")
    said = place.pbt(place.spec(job("a", folder="taken/x"), job("b")))
    assert said.code == 5
    assert "taken" in said.err
    assert [p.name for p in (place.path / "train_dir").iterdir()] == ["taken"]


def test_a_full_disk_performs_nothing_and_loses_nothing(place: Place) -> None:
    """A limit on file sizes stands for the disk: the append fails in the middle of a line."""
    names = [f"j{i:02}" for i in range(12)]
    target = place.spec(*(job(n, f"echo {n} >>ran.{n}") for n in names), max_parallel=2)

    def tight() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))

    said = place.pbt(target, preexec_fn=tight)
    assert said.code == 5
    assert f"`{place.rundir.journal}`: cannot write the journal: file too large" in said.err
    assert "hint: running jobs go on" in said.err
    assert not place.rundir.journal.read_bytes().endswith(b"\n"), "a torn line is on disk"
    assert place.pbt(target).code == 0
    for name in names:
        assert (place.path / f"ran.{name}").read_text() == f"{name}\n"
    assert all(len(found.attempts) == 1 for found in place.state().jobs)


def test_a_full_disk_truly(place: Place) -> None:
    """The same on a small file system, where we may mount one."""
    small = place.path / "train_dir"
    small.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=72m tmpfs {small} 2>/dev/null"):
        pytest.skip("no file system can be mounted here")
    try:
        filler = job("a", "head -c 100M /dev/zero >train_dir/big; exit 0")
        names = [f"j{i:02}" for i in range(60)]
        target = place.spec(filler, *(job(n, f"echo x >>ran.{n}") for n in names), max_parallel=1)
        said = place.pbt(target)
        assert said.code == 5
        assert "no space left on device" in said.err
        refused = place.pbt(target)
        assert refused.code == 5
        assert "the disk is full: " in refused.err
        (small / "big").unlink()
        assert place.pbt(target).code == 0
        assert all((place.path / f"ran.{n}").read_text() == "x\n" for n in names)
        until(lambda: not place.alive())
    finally:
        os.system(f"umount -l {small}")


# -- requests --------------------------------------------------------------------------------------


def asked(said: Said) -> str:
    assert said.code == 0, said.all
    return said.out


def test_cancel_kill_and_retry(place: Place) -> None:
    target = place.spec(job("a", WAITS), job("b", f"trap '' TERM; {WAITS}"), job("c"), grace=3600.0)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    here = str(place.rundir.path)
    assert asked(place.pbt(here, "--cancel", "a")) == "accepted: cancel a\n"
    until(lambda: place.phases()["a"] == "cancelled")
    assert asked(place.pbt(here, "--kill", "b")) == "accepted: kill b\n"
    until(lambda: place.phases()["b"] == "cancelled")
    said = place.end(executor)
    assert said.code == 4
    assert "⊘ stopped   a: pid " in said.out
    assert "asked     cancel a (by " in said.out
    assert place.state().closed == "cancelled"
    place.write("go")
    assert place.pbt(here, "--retry", "a", "b").code == 0, "a closed run is reopened by it"


def test_hold_and_release(place: Place) -> None:
    target = place.spec(job("a", WAITS), job("b", WAITS), max_parallel=1)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    here = str(place.rundir.path)
    asked(place.pbt(here, "--hold"))
    place.write("go")
    until(lambda: place.phases()["a"] == "succeeded")
    assert place.phases()["b"] == "waiting"
    asked(place.pbt(here, "--release"))
    assert place.end(executor).code == 0


def test_a_refused_request_says_why(place: Place) -> None:
    target = place.spec(job("a", WAITS))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    said = place.pbt(str(place.rundir.path), "--cancel", "nobody")
    assert said.code == 2
    assert "no such job: `nobody`" in said.err
    (place.rundir.requests / "1-1.json").write_text("{ damaged")
    place.wait_for(ev.RequestRefused)
    until(lambda: not list(place.rundir.requests.iterdir()))
    place.write("go")
    assert "refused   a request" in place.end(executor).out


def test_a_stop_left_before_the_executor_is_not_for_it(place: Place) -> None:
    from pbt_tui.journal import requests

    assert place.pbt(place.spec(job("a", "[ -e go ]"))).code == 4
    requests.ask(place.rundir, "stop")
    place.write("go")
    assert place.pbt(str(place.rundir.path), "--failed").code == 0
    (refused,) = place.of(ev.RequestRefused)
    assert refused.why == "asked before this executor started"


def test_asking_where_nobody_executes(place: Place) -> None:
    assert place.pbt(place.spec(job("a"))).code == 0
    here = str(place.rundir.path)
    for option in ("--hold", "--stop", "--release"):
        said = place.pbt(here, option)
        assert said.code == 5
        assert "nobody executes this run" in said.err
    assert place.pbt(here, "--cancel", "a").code == 5
    assert list(place.rundir.requests.iterdir()) == []


def test_cancel_all_ends_what_a_killed_executor_left(place: Place) -> None:
    target = place.spec(job("a", "sleep 1000"), job("b", "sleep 1000"), max_parallel=1)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    refused = place.pbt(target, "--fresh")
    assert refused.code == 5
    assert "1 of its attempts may still be running" in refused.err
    said = place.pbt(str(place.rundir.path), "--cancel")
    assert said.code == 4
    assert not place.alive()
    assert place.phases() == {"a": "cancelled", "b": "cancelled"}
    assert place.pbt(target, "--fresh", "--dry_run").code == 0


# -- detached, dry ---------------------------------------------------------------------------------


def test_detached_errors_come_back(place: Place) -> None:
    target = place.spec(job("j"), num_gpus=2, experiments_per_gpu=1)
    said = place.pbt(target, "--detach", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "`--num_gpus 2` was asked for" in said.err
    assert said.out == ""
    assert not (place.path / "train_dir").exists()


def test_detached_run_can_be_stopped_and_taken_up(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    assert place.pbt(target, "--detach").code == 0
    place.wait_for(ev.AttemptStarted)
    here = str(place.rundir.path)
    assert asked(place.pbt(here, "--stop")) == "accepted: stop\n"
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert "go on with" in place.rundir.executor_log.read_text()
    place.write("go")
    assert place.pbt(here, "--detach").code == 0
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert place.state().closed == "succeeded"


def test_a_dry_run_starts_and_writes_nothing_and_its_lines_do_the_same(place: Place) -> None:
    place.write("show.py", ARGV)
    odd = ("--note=two  words", "--q='", "--d=$HOME", "--star=*", "--new=a\nb", "echo")
    target = place.spec(
        job("a", "python", "show.py", *odd, env={"X": "a b'", "odd.name": "1"}, folder="a_"),
        job("b", "sh", "-c", 'echo "$X|$CUDA_VISIBLE_DEVICES"; pwd', env={"X": "$y"}),
        job("c", "echo", "-e", "x"),
        max_parallel=2,
        experiments_per_gpu=2,
    )  # fmt: skip
    environ = {**place.environ, "CUDA_VISIBLE_DEVICES": "4"}
    shown = place.pbt(target, "--dry_run", env=environ)
    assert shown.code == 0, shown.all
    assert not (place.path / "train_dir").exists()
    assert "# a, attempt 1 on GPU 4, log: " in shown.out
    assert "# 1 more, as places become free\n" in shown.out

    told = place.path / "told"
    place.write("dry.sh", shown.out)
    assert os.system(f"cd / && sh {place.path}/dry.sh >{told}") == 0
    (place.path / "train_dir" / "a_").rmdir()
    (place.path / "train_dir").rmdir()
    assert place.pbt(target, env=environ).code == 0
    done = place.log("a") + place.log("b") + place.log("c")
    assert done == told.read_text()
    assert json.loads(place.log("a")) == list(odd)


def test_a_dry_run_refuses_what_would_be_refused(place: Place) -> None:
    target = place.spec(job("big", gpus=3), num_gpus=3, experiments_per_gpu=1)
    said = place.pbt(
        target, "--num_gpus=1", "--dry_run", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"}
    )
    assert said.code == 5
    assert "job `big`: needs 3 GPUs" in said.err


def test_a_dry_run_of_a_closed_run(place: Place) -> None:
    target = place.spec(job("a"))
    assert place.pbt(target).code == 0
    assert place.pbt(target, "--dry_run").out.endswith("# nothing to start\n")
    assert "# a, attempt 1" in place.pbt(target, "--dry_run", "--fresh").out


def test_ten_failures_are_told_and_thousands_counted(place: Place) -> None:
    target = place.spec(*(job(f"j{i:02}", "exit 1") for i in range(25)), max_parallel=25)
    said = place.pbt(target)
    last = said.out[said.out.index("run `r` closed") :]
    assert last.count("✗ j") == 20
    assert "✗ and 5 more\n" in last
