"""What `pbt-run` accepts, refuses and says; nothing here starts an executor."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.cli import console_reporter, error_boundary, run, target
from pbt_tui.errors import UsageError
from pbt_tui.journal import Attempt, Journal, RunDir, RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.spec import FORMAT, Job, Policy, Processes, encode

GOOD = """from pbt_tui import Experiment, RunDescription
RUN_DESCRIPTION = RunDescription('r', [Experiment('a', 'true', [{}])])
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (tmp_path / "good.py").write_text(GOOD)
    return tmp_path


Pbt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pbt(capsys: pytest.CaptureFixture[str]) -> Pbt:
    def call(*argv: str) -> tuple[int, str, str]:
        code = error_boundary.outcome(run.main, list(argv))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert "this is a bug" not in err
        return code, out, err

    return call


def spec(*jobs: str, run: str = "r") -> Processes:
    return Processes(
        format=FORMAT, run=run, module="m", train_dir="train_dir", policy=Policy(pause_between=0.0),
        container=None, populations=(),
        jobs=tuple(
            Job(id=j, experiment="e", name=j, argv=("true",), env={}, dir="", params={})
            for j in jobs
        ),
    )  # fmt: skip


def events(plan: Processes, *more: ev.AnyEvent, gpus: tuple[ev.Gpu, ...] = ()) -> list[ev.AnyEvent]:
    opened = ev.RunOpened(
        format=ev.FORMAT, run_id="0" * 8, run="r", cwd="/", train_dir="/t", digest=""
    )
    began = ev.ExecutorStarted(
        pid=1, host="h", boot_id="b", runtime="process", gpus=gpus, policy=plan.policy
    )
    return [
        msgspec.structs.replace(event, seq=n, at=100.0 + n)
        for n, event in enumerate((opened, began, *more), 1)
    ]


def run_directory(path: Path, *more: ev.AnyEvent) -> RunDir:
    found = RunDir(path)
    found.path.mkdir(parents=True)
    plan = spec("a", "b")
    found.spec.write_bytes(encode(plan))
    journal = Journal(found.journal)
    journal.append(events(plan, *more))
    journal.close()
    return found


# -- TARGET ----------------------------------------------------------------------------------------


def test_kinds_of_targets(here: Path) -> None:
    one = run_directory(here / "train_dir" / "r" / "_pbt").path
    (here / "specs" / "x").mkdir(parents=True)
    (here / "specs" / "x" / "processes.json").touch()
    (here / "pkg").mkdir()
    (here / "pkg" / "__init__.py").touch()
    run_directory(here / "train_dir" / "r" / "_pbt.1")
    kinds = {
        "good.py": ("module", "good.py"),
        "good": ("module", "good"),
        "a.b.c": ("module", "a.b.c"),
        "pkg": ("module", "pkg"),
        "specs/x": ("spec", "specs/x/processes.json"),
        "specs/x/processes.json": ("spec", "specs/x/processes.json"),
        "specs": ("spec", "specs/x/processes.json"),
        "train_dir/r": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt.1": ("run", "train_dir/r/_pbt.1"),
        "train_dir/r/_pbt/spec.json": ("run", "train_dir/r/_pbt"),
        "train_dir/r/_pbt/journal.jsonl": ("run", "train_dir/r/_pbt"),
        str(one): ("run", str(one)),
    }
    for text, (kind, path) in kinds.items():
        found = target.resolve(text)
        assert (found.kind, str(found.path)) == (kind, path), text


def test_targets_that_say_nothing_or_too_much(here: Path) -> None:
    for name in ("_pbt", "_pbt_x"):
        run_directory(here / "train_dir" / "r" / name)
    for i in range(7):
        (here / "specs" / f"s{i}").mkdir(parents=True)
        (here / "specs" / f"s{i}" / "processes.json").touch()
    (here / "empty").mkdir()
    for text, what, hint in (
        ("train_dir/r", "holds several runs: `train_dir/r/_pbt`, `train_dir/r/_pbt_x`", "name one"),
        ("specs", "and 2 more", "name one"),
        ("empty", "neither a spec nor a run directory: `empty`", "journal.jsonl"),
        ("train_dir", "neither a spec nor", "`train_dir/r/_pbt`, `train_dir/r/_pbt_x`"),
        ("no/such", "no such file or directory: `no/such`", ""),
        ("no.json", "no such file or directory", ""),
        ("e\x1b[2J/x", "`e\\x1b[2J/x`", ""),
    ):
        with pytest.raises(UsageError) as caught:
            target.resolve(text)
        assert what in caught.value.what
        assert hint in (caught.value.hint or "")


# -- refused words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ("", 2, "no target was given"),
        ("good.py --run other", 2, "two targets were given: `good.py` and `--run other`"),
        ("nope", 1, "no module `nope` here"),
        ("nope.py", 2, "no such file or directory: `nope.py`"),
        ("good.py --backend ngc", 3, "backend `ngc`: `--ngc_org`"),
        ("good.py --backend else", 2, "there is no backend `else`"),
        ("good.py --json --dry_run", 2, "do not go together"),
        ("good.py --json --detach", 2, "do not go together"),
        ("good.py --cancel", 2, "`--cancel` is asked of a run directory, not of a module"),
        ("good.py --hold", 2, "`--hold` is asked of a run directory, not of a module"),
        ("good.py --failed", 2, "there is none yet"),
        ("good.py --max-parallel 0", 2, "`--max_parallel`: expected an integer from 1, got `0`"),
        ("good.py --timeout soon", 2, "`--timeout`: expected a duration"),
        ("good.py --retry_on bogus", 2, "`--retry_on`: expected causes"),
        ("good.py --grase 3", 2, "unknown argument: `--grase`"),
        ("here --hold --stop", 2, "not allowed with"),
        ("here --failed --fresh", 2, "`--failed` and `--fresh` do not go together"),
        ("here --retry --fresh", 2, "`--retry` and `--fresh` do not go together"),
        ("here --cancel --failed", 2, "`--cancel` and `--failed` do not go together"),
        ("here --train_dir x", 2, "`--train_dir` is for run modules: a run directory has it"),
        ("here --experiment_suffix x", 2, "is for run modules"),
        ("here --retry nobody", 2, "no such job: `nobody`"),
        ("here --kill nobody", 2, "no such job: `nobody`"),
        ("here --hold", 5, "nobody executes this run: cannot hold"),
        ("here --cancel a", 5, "nobody executes this run: cannot cancel"),
        ("specs --seed 3", 2, "`--seed` is for run modules: a spec has it already"),
        ("specs --retry", 2, "`--retry` is asked of a run directory, not of a spec"),
        ("bad.json", 3, "`bad.json`"),
        ("module.py", 1, "`module.py`:1"),
    ],
)
def test_one_clear_message_and_its_code(
    here: Path, pbt: Pbt, argv: str, code: int, words: str
) -> None:
    run_directory(here / "here")
    before = sorted(str(p) for p in here.rglob("*"))
    (here / "specs").mkdir()
    (here / "specs" / "processes.json").write_bytes(encode(spec("a")))
    (here / "bad.json").write_text("{")
    (here / "module.py").write_text("import nothing_like_it\n")
    got, out, err = pbt(*argv.split())
    assert (got, out) == (code, ""), err
    assert err.startswith("error")
    assert words in err
    after = {str(p) for p in here.rglob("*") if "__pycache__" not in str(p)}
    added = {"specs", "specs/processes.json", "bad.json", "module.py"}
    assert after == {*before, *(str(here / name) for name in added)}, "nothing is left behind"


def test_help_and_version(pbt: Pbt) -> None:
    code, out, _ = pbt("--help")
    assert code == 0
    for option in ("--detach", "--failed", "--fresh", "--dry_run", "--json", "--hold", "--timeout"):
        assert option in out
    code, out, _ = pbt("--version")
    assert (code, out.split()[0]) == (0, "pbt-run")


def test_our_own_bug_is_no_traceback(
    pbt: Pbt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(argv: Any) -> Any:
        raise KeyError("x")

    assert error_boundary.outcome(fails, []) == 70
    err = capsys.readouterr().err
    assert err.startswith("error: this is a bug: KeyError\nhint: ")
    Path(err.split("`")[1]).unlink()


# -- told ------------------------------------------------------------------------------------------


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
        "✓ succeeded a after 2.0 s\n"
        "  started   b: pid 177\n"
        "↻ failed    b: pid 177 after 1.0 s: exit code 3, no task \\x1b[2J; tries again in 60 s\n"
        "  started   b: pid 277, attempt 2\n"
        "  asked     cancel a, b, a, b, a and 2 more (by eve\\n)\n"
        "  asked     drain GPU 0 (by person)\n"
        "  refused   a request: no such job: `x`\n"
        "  stopping  b: cancelled\n"
        "  killing   b: cancelled\n"
        "⊘ stopped   b: pid 277 after 6.0 s: signal 9, cancelled\n"
        "run `r` closed, not all of it run after 15 s: 2 jobs: 1 succeeded, 1 cancelled\n"
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
    assert "✗ refused   a: pid 177 after 1.0 s: exit code 127, command not found: `nope`\n" in text
    assert "run `r` closed with failures after 6.0 s: 2 jobs: 2 failed\n" in text
    assert text.count("command not found") == 2, "once a line"
    assert "✗ b: exit code 1, ValueError: x\n  log: /run/logs/b.1.log:9\n" in text


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
    assert "exit code 1, cuda oom, OutOfMemoryError: CUDA out of memory. Tried to all" in text
    assert max(map(len, text.splitlines())) < 240


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
    assert f"run `r` {words} after 3.0 s: 1 job: 1 succeeded\n" in text
    assert ("--failed" in text) == (verdict != "succeeded")


def test_an_interrupted_run_says_how_to_go_on() -> None:
    text = told(*begun("a"), ev.StopRequested(job="a", attempt=1, why="interrupt"),
                end("a", outcome="interrupted", exit_code=None))  # fmt: skip
    assert "stopping  a: the run is being stopped\n" in text
    assert "↻ interrupted a: pid 177 after 2.0 s: the run was stopped\n" in text
    assert "run `r` interrupted after 3.0 s: 2 jobs: 2 waiting\n" in text
    assert text.endswith("hint: go on with `pbt-run /run`\n")


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        ({"exit_code": 1, "cause": "exit"}, "exit code 1"),
        (
            {"exit_code": 137, "signal": 9, "cause": "oom", "detail": "Killed"},
            "signal 9, oom, Killed",
        ),
        ({"exit_code": 1, "cause": "cuda_oom"}, "exit code 1, cuda oom"),
        ({"cause": "timeout", "exit_code": 143, "signal": 15}, "signal 15, timeout"),
        ({"cause": "lost", "outcome": "lost"}, "lost"),
        ({"outcome": "interrupted"}, "the run was stopped"),
        ({}, "unknown"),
    ],
)
def test_why(attempt: dict[str, Any], words: str) -> None:
    assert console_reporter.why(Attempt(1, (), 0.0, **attempt)) == words


def test_the_progress_line_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = spec("a", "b")
    state, out = RunState(plan), Terminal()
    clock = iter([0.0, 0.1, 1.0, 2.0])
    monkeypatch.setattr(console_reporter.time, "monotonic", lambda: next(clock) + 100.0)
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
    assert console_reporter.counts_line(state) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (89.4, "89 s"), (90, "1 min 30 s"),
     (5399, "89 min 59 s"), (5400, "1 h 30 min"), (90000, "25 h 0 min")],
)  # fmt: skip
def test_spans(seconds: float, words: str) -> None:
    assert console_reporter.span(seconds) == words


def test_nobody_listens_any_more(here: Path) -> None:
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
