"""`pbt-run` retries causes that the policy names, within its budgets."""

from __future__ import annotations

from pbt_tui.journal import events as ev
from tests.executor.running import WAITS, Place, job

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
    assert "; tries again in 0.1s" in said.out
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
