"""The output of `pbt-run` on a terminal and in a log, for made-up events."""

from __future__ import annotations

import io
import itertools
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.cli import console_reporter
from pbt_tui.cli.run_summary import summary, worked
from pbt_tui.journal import Attempt, RunDir, RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.status_text import (
    CAUSES,
    OOM_KILL,
    counts_text,
    detail_text,
    ending_text,
    outcome_text,
)
from pbt_tui.spec import SHM, Container, Policy
from tests.cli.made_up import events, spec


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(
    *more: ev.AnyEvent,
    jobs: tuple[str, ...] = ("a", "b"),
    gpus: tuple[ev.Gpu, ...] = (),
    **policy: Any,
) -> str:
    plan = msgspec.structs.replace(spec(*jobs), policy=Policy(**{"pause_between": 0.0, **policy}))
    state, out = RunState(plan), io.StringIO()
    narrator = console_reporter.ConsoleReporter(state, RunDir(Path("/run")), out)
    for event in events(plan, *more, gpus=gpus):
        apply(state, event)
        narrator.tell([event])
    narrator.summary()
    narrator.finish()
    return out.getvalue()


def begun(name: str, attempt: int = 1, gpus: tuple[str, ...] = ()) -> list[ev.AnyEvent]:
    return [
        ev.AttemptScheduled(job=name, attempt=attempt, gpus=gpus),
        ev.AttemptStarted(job=name, attempt=attempt, handle=f"{attempt}77.5"),
    ]


def end(name: str, attempt: int = 1, **more: Any) -> ev.AttemptEnded:
    said: dict[str, Any] = {"outcome": "succeeded", "exit_code": 0, "ended_at": 1.0, **more}
    return ev.AttemptEnded(job=name, attempt=attempt, **said)


def test_a_whole_story_read_aloud() -> None:
    text = told(
        *begun("a", gpus=("0", "1")),
        ev.AttemptWaiting(job="a", attempt=1, reason="pulls `x`"),
        end("a"),
        *begun("b"),
        end("b", outcome="failed", exit_code=3, cause="exit", detail="no task \x1b[2J", line=7),
        *begun("b", 2),
        ev.RequestAccepted(id="1-1", action="cancel", jobs=tuple("abababab"[:7]), by="eve\n"),
        ev.RequestAccepted(id="2-1", action="drain", gpus=("0",)),
        ev.RequestRefused(id="3-1", why="no such job: `x`"),
        ev.StopRequested(job="b", attempt=2, why="cancel"),
        ev.KillRequested(job="b", attempt=2, why="cancel"),
        end("b", 2, outcome="stopped", exit_code=None, signal=9, cause="cancelled"),
        ev.RunClosed(verdict="cancelled"),
        retries=1,
        retry_on=("exit",),
        retry_delay=60.0,
    )
    assert text == (
        "  started   a: pid 177 on GPU 0,1\n"
        "  queued    a: pulls `x`\n"
        "✓ succeeded a after 2.0s\n"
        "  started   b: pid 177\n"
        "↻ failed    b: pid 177 after 1.0s: exit 3: no task \\x1b[2J; tries again in 1m00\n"
        "  started   b: pid 277, attempt 2\n"
        "  asked     cancel a, b, a, b, a and 2 more (by eve\\n)\n"
        "  asked     drain GPU 0 (by person)\n"
        "  refused   a request: no such job: `x`\n"
        "  stopping  b: cancelled by a person\n"
        "  killing   b: cancelled by a person\n"
        "⊘ stopped   b: pid 277 after 6.0s: SIGKILL, cancelled by a person\n"
        "run `r` closed after 15s; 1 job was cancelled: 2 jobs: 1 succeeded, 1 cancelled\n"
        "hint: run again what did not succeed with `pbt-run /run --failed`\n"
    )


def test_failures_name_cause_and_place() -> None:
    text = told(
        *begun("a"),
        end("a", outcome="refused", exit_code=127, cause="command_not_found",
            detail="command not found: `nope`"),
        *begun("b"),
        end("b", outcome="failed", exit_code=1, cause="traceback", detail="ValueError: x", line=9),
        ev.RunClosed(verdict="failures"),
    )  # fmt: skip
    assert "✗ refused   a: pid 177 after 1.0s: exit 127, command not found: `nope`\n" in text
    assert "run `r` closed with failures after 6.0s: 2 jobs: 2 failed\n" in text
    assert text.count("command not found") == 2, "once a line"
    assert "✗ b: exit 1: ValueError: x\n  log: /run/logs/b.1.log:9\n" in text


def test_a_gpu_is_called_by_its_number_and_a_paragraph_is_cut() -> None:
    device = ev.Gpu(index=3, uuid="GPU-c976d970-a675-9a33-79fb-2ae73062e153")
    paragraph = (
        "OutOfMemoryError: CUDA out of memory. Tried to allocate 64.00 GiB. " + "More. " * 60
    )
    text = told(
        *begun("a", gpus=("GPU-c976d970-a675-9a33-79fb-2ae73062e153",)),
        end("a", outcome="failed", exit_code=1, cause="cuda_oom", detail=paragraph),
        gpus=(device,),
    )
    assert "  started   a: pid 177 on GPU 3\n" in text
    assert "exit 1, CUDA out of memory: OutOfMemoryError: CUDA out of memory. Tried to all" in text
    assert max(map(len, text.splitlines())) < 240


def test_twenty_groups_of_failures_are_told_and_the_rest_counted() -> None:
    jobs = tuple(f"j{i}" for i in range(25))
    text = told(
        *(
            event
            for i, name in enumerate(jobs, 1)
            for event in (*begun(name), end(name, outcome="failed", exit_code=i, cause="exit"))
        ),
        jobs=jobs,
    )
    last = text[text.index("run `r`") :]
    assert last.count("✗ j") == 20
    assert "✗ and 5 more\n" in last


def test_the_gap_between_two_calls_does_not_count() -> None:
    plan = spec("a")
    state = RunState(plan)
    first = events(
        plan, *begun("a"), ev.StopRequested(job="a", attempt=1, why="interrupt"),
        end("a", outcome="interrupted", exit_code=None, ended_at=106.0),
    )  # fmt: skip
    again = events(plan, *begun("a", 2), end("a", 2), ev.RunClosed(verdict="succeeded"))[1:]
    later = [msgspec.structs.replace(e, seq=e.seq + 5, at=e.at + 9_000.0) for e in again]
    for event in first:
        apply(state, event)
    assert worked(state) == 106.0 - 103.0
    for event in later:
        apply(state, event)
    assert worked(state) == 106.0 - 103.0 + (later[-1].at - later[0].at)
    assert worked(RunState(plan)) is None


def test_a_run_that_is_refused_says_nothing_of_itself() -> None:
    out = io.StringIO()
    reporter = console_reporter.ConsoleReporter(RunState(spec("a")), RunDir(Path("/run")), out)
    reporter.begin()
    reporter.finish()
    assert out.getvalue() == "", "it may still be refused"
    reporter.ready()
    reporter.finish()
    assert out.getvalue() == "run `r`: /run\n"


def test_thousands_skipped_are_one_line() -> None:
    jobs = tuple(f"j{i}" for i in range(2000))
    plan, out = spec(*jobs), io.StringIO()
    state = RunState(plan)
    narrator = console_reporter.ConsoleReporter(state, RunDir(Path("/run")), out)
    batch = events(plan, *(ev.JobSkipped(job=j, why="3 failed: max_failures") for j in jobs))
    for event in batch:
        apply(state, event)
    narrator.tell(batch)
    narrator.finish()
    assert out.getvalue() == "⊘ skipped   2000 jobs: 3 failed: max_failures\n"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("succeeded", "succeeded"), ("budget", "gave up"), ("failures", "closed with failures")],
)
def test_the_first_words_of_a_summary(verdict: ev.Verdict, words: str) -> None:
    text = told(*begun("a"), end("a"), ev.RunClosed(verdict=verdict), jobs=("a",))
    assert f"run `r` {words} after 3.0s: 1 job: 1 succeeded\n" in text
    assert ("--failed" in text) == (verdict != "succeeded")


def test_an_interrupted_run_says_how_to_go_on() -> None:
    text = told(*begun("a"), ev.StopRequested(job="a", attempt=1, why="interrupt"),
                end("a", outcome="interrupted", exit_code=None))  # fmt: skip
    assert "stopping  a: the executor was told to stop\n" in text
    assert "↻ interrupted a: pid 177 after 2.0s: the executor was told to stop\n" in text
    assert "run `r` interrupted after 3.0s: 2 jobs: 2 waiting\n" in text
    assert text.endswith("hint: go on with `pbt-run /run`\n")


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        ({"exit_code": 1, "cause": "exit"}, "exit 1"),
        ({"exit_code": 1, "cause": "exit", "detail": "no disk"}, "exit 1: no disk"),
        ({"signal": 9, "cause": "oom"}, "SIGKILL, killed by the kernel for memory"),
        ({"exit_code": 1, "cause": "oom", "detail": "alloc"}, "exit 1, out of memory: alloc"),
        ({"signal": 11, "cause": "signal", "detail": "killed by SIGSEGV"}, "SIGSEGV"),
        ({"signal": 99, "cause": "signal"}, "signal 99"),
        ({"exit_code": 1, "cause": "cuda_oom"}, "exit 1, CUDA out of memory"),
        ({"exit_code": 1, "cause": "traceback"}, "exit 1, Python exception"),
        ({"exit_code": 1, "cause": "traceback", "detail": "KeyError: 1"}, "exit 1: KeyError: 1"),
        (
            {"exit_code": 127, "cause": "command_not_found", "detail": "command not found: `x`"},
            "exit 127, command not found: `x`",
        ),
        (
            {"outcome": "stopped", "stop_why": "timeout", "signal": 15, "detail": "Terminated"},
            "SIGTERM, over the time limit",
        ),
        ({"outcome": "stopped", "cause": "timeout", "signal": 15}, "SIGTERM, over the time limit"),
        ({"cause": "lost", "outcome": "lost"}, "it went away without an exit code"),
        ({"cause": "lost", "outcome": "lost", "detail": "left no exit code"}, "left no exit code"),
        ({"outcome": "interrupted"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_why_an_attempt_ended(attempt: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {"outcome": "failed", **attempt}
    assert ending_text(Attempt(1, (), 0.0, **fields)) == words


def test_the_guide_has_the_words() -> None:
    page = Path(__file__).parents[2] / "docs/guide/when-a-job-fails.md"
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page.read_text(), re.M))
    told_otherwise = {"exit", "signal", "traceback", "cancelled"}
    for cause, words in CAUSES.items():
        assert cause in told_otherwise or f"`{words}`" in rows[cause]
    assert f"`{OOM_KILL}`" in rows["oom"]


def test_lost_is_said_once() -> None:
    attempt = Attempt(1, (), 0.0, outcome="lost", cause="lost")
    assert outcome_text(attempt) == "lost: it went away without an exit code"
    assert detail_text(attempt) == "lost: it went away without an exit code"


def test_the_progress_line_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = spec("a", "b")
    state, out = RunState(plan), Terminal()
    now = itertools.count(100.0)
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    narrator = console_reporter.ConsoleReporter(state, RunDir(Path("/run")), out)
    for event in events(plan, *begun("a")):
        apply(state, event)
    narrator.tick(state)
    narrator.tick(state)
    narrator.tick(state)
    line = "\r\x1b[2K0/2 done: 1 running, 1 waiting, 0 succeeded"
    narrator.finish()
    assert out.getvalue() == line, "not twice the same"
    narrator.tell([ev.RequestRefused(id="1-1", why="w")])
    narrator.finish()
    assert out.getvalue() == f"{line}\r\x1b[2K  refused   a request: w\n"
    narrator.tick(state)
    narrator.finish()
    assert out.getvalue().endswith("0 succeeded")


def test_a_log_hears_how_far_the_run_is_after_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = spec("a", "b")
    state, out = RunState(plan), io.StringIO()
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reporter = console_reporter.ConsoleReporter(state, RunDir(Path("/run")), out)
    for event in events(plan, *begun("a")):
        apply(state, event)
    for after in (299.0, 2.0, 298.0, 3.0):
        now[0] += after
        reporter.tick(state)
    reporter.tell([ev.RequestRefused(id="1-1", why="w")])
    now[0] += 299.0
    reporter.tick(state)
    reporter.finish()
    line = "  progress  0/2 done: 1 running, 1 waiting, 0 succeeded\n"
    assert out.getvalue() == f"{line}{line}  refused   a request: w\n"


def test_counts_say_what_is_held_and_what_went_wrong() -> None:
    plan = spec("a", "b", "c")
    state = RunState(plan)
    for event in events(
        plan, *begun("a"), end("a", outcome="failed", exit_code=1),
        ev.RequestAccepted(id="1-1", action="cancel", jobs=("b",)),
        ev.RequestAccepted(id="2-1", action="hold"),
    ):  # fmt: skip
        apply(state, event)
    words = "2/3 done: 0 running, 1 waiting, 0 succeeded, 1 failed, 1 cancelled (held)"
    assert counts_text(state) == words


def test_nobody_listens_any_more() -> None:
    """A closed pipe: silence, also for what the interpreter flushes at its end."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    narrator = console_reporter.ConsoleReporter(RunState(spec("a")), RunDir(Path("/run")), stream)
    for _ in range(3):
        narrator.begin()
        narrator.summary()
        narrator.finish()
    stream.close()


@pytest.mark.parametrize(("size", "hint"), [(None, "8G"), (SHM, "8G"), (8 * SHM, "16G")])
def test_the_hint_does_not_lead_into_the_same_wall(size: int | None, hint: str) -> None:
    box = Container(image="i", shm_size=size)
    plan = msgspec.structs.replace(spec("a"), policy=Policy(pause_between=0.0))
    state = RunState(plan)
    failed = end("a", outcome="failed", exit_code=135, cause="shm")
    for event in events(plan, *begun("a"), failed, ev.RunClosed(verdict="failures")):
        started = isinstance(event, ev.ExecutorStarted)
        apply(state, msgspec.structs.replace(event, container=box) if started else event)
    assert f" --failed --shm_size {hint}`" in summary(state, RunDir(Path("/run")))[-1]
