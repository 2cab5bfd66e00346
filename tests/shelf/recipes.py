"""The history of each stored run, by its name (see `make_runs.py`)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.shelf.make_runs import ONE, QUICK, RAISES, Maker, journal_lines, killed
from tests.shelf.recipes_elsewhere import ELSEWHERE


def finished(folder: Path) -> Maker:
    m = Maker(folder, "process-finished", "three jobs on two GPUs, all succeeded")
    m.jobs(first="ok", second="ok", third="ok")
    m.compile("--gpus", "0,1", "--experiments_per_gpu", "1", "--pause_between", "0")
    assert m.end(m.execute())[0] == 0
    m.ready()
    return m


def failures(folder: Path) -> Maker:
    m = Maker(folder, "process-failures", "every job but one fails, each of another cause")
    m.write("raises.py", RAISES)
    m.jobs(
        fine="ok",
        code="exit 3",
        same="exit 3",
        dies="dies",
        raises="$ python raises.py",
        unknown="$ no-such-trainer --fast",
        closed="$ ./trainer.sh ok",
        memory="out_of_memory",
        late="hangs",
    )
    m.compile(*QUICK, *ONE, "--timeout", "1")
    assert m.end(m.execute())[0] == 4
    m.ready()
    return m


def interrupted(folder: Path, name: str = "process-interrupted", about: str = "") -> Maker:
    said = about or "stopped by a signal: one job done, two were running, two waited"
    m = Maker(folder, name, said)
    m.jobs(done="ok", one="waits", two="waits_exit 2", three="ok", four="ok")
    m.compile(*QUICK, "--max_parallel", "2", "--gpus", "0,1", "--gpus_per_job", "1")
    process = m.execute()
    m.has("attempt_ended")
    m.has("attempt_started", 3)
    m.interrupt(process)
    m.ready()
    return m


def _killed(folder: Path, name: str, about: str) -> Maker:
    """The executor is killed; `ends` and `fails` end without it, `gone` leaves no exit code."""
    m = Maker(folder, name, about)
    m.jobs(ends="waits", fails="waits_exit 3", gone="hangs", waits="ok")
    m.compile(*QUICK, "--max_parallel", "3")
    process = m.execute()
    m.has("attempt_started", 3)
    killed(process)
    handle = next(e for e in m.events() if e.get("job", "").endswith("gone") and "handle" in e)
    os.killpg(int(handle["handle"].split(".")[0]), signal.SIGKILL)
    m.write("go")
    m.until(lambda: len([c for c in _claims(m) if b"\nexit " in c]) == 2)
    return m


def _claims(m: Maker) -> list[bytes]:
    return [path.read_bytes() for path in (m.run / "attempts").iterdir()]


def executor_killed(folder: Path) -> Maker:
    about = "the executor was killed with three attempts active: two have ended, one is lost"
    m = _killed(folder, "process-killed", about)
    m.ready()
    return m


def killed_with_retries(folder: Path) -> Maker:
    about = "the same, and what was lost is tried again"
    m = Maker(folder, "process-killed-retried", about)
    m.jobs(ends="waits", gone="waits", waits="ok")
    m.compile(*QUICK, "--max_parallel", "2", "--retries", "1", "--retry_delay", "0")
    process = m.execute()
    m.has("attempt_started", 2)
    killed(process)
    for event in m.events():
        if event.get("job", "").endswith("gone") and "handle" in event:
            os.killpg(int(event["handle"].split(".")[0]), signal.SIGKILL)
    m.write("go")
    m.until(lambda: [c for c in _claims(m) if b"\nexit " in c])
    m.ready()
    return m


def killed_early(folder: Path) -> Maker:
    about = "the executor was killed between a decision and its effect, in the middle of a line"
    m = Maker(folder, "process-killed-early", about)
    m.jobs(first="ok", second="ok")
    m.compile(*QUICK, *ONE)
    assert m.end(m.execute())[0] == 0
    lines = (m.run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    second = next(i for i, line in enumerate(lines) if b"scheduled" in line and b"second" in line)
    torn = lines[second + 1][:40]
    (m.run / "journal.jsonl").write_bytes(b"".join(lines[: second + 1]) + torn)
    for path in [*(m.run / "attempts").glob("*second*"), *(m.run / "logs").glob("*second*")]:
        path.unlink()
    m.write("ran", "".join(x for x in (m.path / "ran").read_text().splitlines(True) if "fi" in x))
    m.ready()
    return m


def killed_elsewhere(folder: Path) -> Maker:
    about = "the executor of another host was killed: what became of its attempts is not known here"
    m = _killed(folder, "process-killed-elsewhere", about)
    m.ready(elsewhere=True)
    return m


def held(folder: Path) -> Maker:
    m = Maker(folder, "process-held", "held by a person, then stopped; it goes on when released")
    m.jobs(one="waits", two="ok", three="ok")
    m.compile(*QUICK, *ONE)
    process = m.execute()
    m.has("attempt_started")
    m.ask("--hold")
    m.interrupt(process)
    m.ready(ask=["--release"])
    return m


def budget(folder: Path) -> Maker:
    m = Maker(folder, "process-max-failures", "gave up after two failures; the rest is skipped")
    m.jobs(good="ok", bad="exit 1", worse="exit 2", never="ok", nor="ok")
    m.compile(*QUICK, *ONE, "--max_failures", "2")
    assert m.end(m.execute())[0] == 4
    m.ready()
    return m


def fail_fast(folder: Path) -> Maker:
    m = Maker(folder, "process-fail-fast", "the first failure stopped what ran beside it")
    m.jobs(long="waits", bad="exit 1", never="ok")
    m.compile(*QUICK, "--max_parallel", "2", "--fail_fast")
    assert m.end(m.execute())[0] == 4
    m.ready()
    return m


def cancelled(folder: Path) -> Maker:
    about = "of five jobs one was cancelled as it ran, one killed, one cancelled before it began"
    m = Maker(folder, "process-cancelled", about)
    m.jobs(gentle="waits", stubborn="stubborn", unborn="ok", last="waits", fine="ok")
    m.compile(*QUICK, "--max_parallel", "2")
    process = m.execute()
    m.has("attempt_started", 2)
    m.ask("--cancel", "00_unborn")
    m.ask("--cancel", "00_gentle")
    m.ask("--kill", "00_stubborn")
    m.has("attempt_ended", 2)
    m.write("go")
    assert m.end(process)[0] == 4
    m.ready()
    return m


def retries(folder: Path) -> Maker:
    about = "tried again: one job succeeded the third time, one never; stopped before the last one"
    m = Maker(folder, "process-retries", about)
    m.jobs(third="from_the_third", never="exit 9", last="waits")
    policy = ["--retries", "2", "--retry_on", "exit", "--retry_delay", "0"]
    m.compile(*QUICK, *ONE, *policy)
    process = m.execute()
    m.has("attempt_ended", 6)
    m.has("attempt_started", 7)
    m.interrupt(process)
    m.ready()
    return m


def again(folder: Path) -> Maker:
    about = "closed with a failure; what failed is run again when a person asks for it"
    m = Maker(folder, "process-again", about)
    m.jobs(fine="ok", third="from_the_third")
    m.compile(*QUICK, *ONE)
    assert m.end(m.execute())[0] == 4
    assert m.end(m.execute("--failed"))[0] == 4
    m.ready("--failed")
    return m


def suffix(folder: Path) -> Maker:
    m = Maker(folder, "process-suffix", "its folders end in a suffix; stopped after the first job")
    m.jobs(done="ok", last="waits")
    m.compile(*QUICK, *ONE, "--experiment_suffix", "seed_2")
    process = m.execute()
    m.has("attempt_started", 2)
    m.interrupt(process)
    m.ready()
    return m


def older(folder: Path) -> Maker:
    about = "as the first versions wrote their journals: without a field that may be absent"
    m = interrupted(folder, "older-journal", about)

    def bare(event: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in event.items() if v is not None and v != []}

    # `gpus` was there from the beginning, and `exit_code`, also where there was none.
    def old(event: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {k: event[k] for k in ("gpus", "exit_code") if k in event}
        return {**bare(event), **kept}

    journal_lines(m, old)
    return m


def newer(folder: Path) -> Maker:
    about = "as a later version may write its journals: every event has fields that nobody knows"
    m = interrupted(folder, "unknown-fields", about)
    more = {"crc": "0badcafe", "later": {"of": ["another", 1, None]}, "flag": True}

    def change(event: dict[str, Any]) -> dict[str, Any]:
        if event["event"] == "executor_started":
            event = {**event, "gpus": [{**gpu, "later": "x"} for gpu in event["gpus"]]}
        return {**event, **more}

    journal_lines(m, change)
    return m


RECIPES: dict[str, Callable[[Path], Maker]] = {
    "process-finished": finished,
    "process-failures": failures,
    "process-interrupted": interrupted,
    "process-killed": executor_killed,
    "process-killed-retried": killed_with_retries,
    "process-killed-early": killed_early,
    "process-killed-elsewhere": killed_elsewhere,
    "process-held": held,
    "process-max-failures": budget,
    "process-fail-fast": fail_fast,
    "process-cancelled": cancelled,
    "process-retries": retries,
    "process-again": again,
    "process-suffix": suffix,
    "older-journal": older,
    "unknown-fields": newer,
    **ELSEWHERE,
}
