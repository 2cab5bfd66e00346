"""Records the output of the commands for a stored run, step by step.

    python -m tests.shelf.expect [NAME…]

rewrites `expected.json`. The output for a stored run may change only as the CHANGELOG
says: read the diff. Steps that need an engine keep their recorded output if none answers.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.shelf.stored import LIMIT, RUNS, Said, Stored, happened, names, timeless

Step = dict[str, Any]


def reachable(need: str) -> bool:
    """Whether the engine or cluster that the run needs is available."""
    return not need or {"docker": "DOCKER_HOST", "slurm": "SLURM_CONF"}[need] in os.environ


def looked_at(run: Stored) -> Step:
    """Output of commands that only read: they start nothing and change no byte."""
    before = contents(run)
    once = run.command("tui", "--once", str(run.run), environ=run.alone)
    data = run.command("tui", "--once", "--json", str(run.run), environ=run.alone)
    dry = run.command("run", str(run.run), *run.about.options, "--dry_run", environ=run.alone)
    assert contents(run) == before
    return {
        "once": _whole(run, once),
        "json": {"code": data.code, "document": json.loads(run.plain(data.out))},
        "dry_run": _whole(run, dry),
    }


def resumed(run: Stored, target: str | None = None) -> Step:
    """Resumes the run to its end, by its directory or by `target`: output, events and files."""
    before = len(run.events())
    asked = [*run.about.options, *run.about.resume]
    process = run.start("run", target or str(run.run), *asked)
    if run.about.ask:
        _until(lambda: any(e["event"] == "executor_started" for e in run.events()[before:]))
        answer = run.command("run", str(run.run), *run.about.ask)
        assert answer.code == 0, answer
    said = run.end(process)
    after = run.command("tui", "--once", "--json", str(run.run), environ=run.alone)
    found = json.loads(run.plain(after.out))
    return {
        "code": said.code,
        "said": timeless(run.plain(said.out)),
        "complained": timeless(run.plain(said.err)),
        "happened": happened(run.events()[before:]),
        "ran": run.ran(),
        "state": found["state"],
        "counts": found["counts"],
        "jobs": [[j["id"], j["state"], j["attempt"], j["exit_code"]] for j in found["jobs"]],
    }


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def without(run: Stored) -> Step:
    """Without the engine that the run needs: `pbt-run` refuses, and changes nothing."""
    before = run.events()
    said = run.command("run", str(run.run), *run.about.options, environ=run.alone)
    assert run.events() == before
    return _whole(run, said)


def changed(run: Stored) -> Step:
    """With a spec that differs in one job: `pbt-run` refuses, and names that job."""
    target = other_spec(run)
    before = contents(run)
    said = run.command("run", target, *run.about.options, environ=run.alone)
    assert contents(run) == before
    return _whole(run, said)


def other_spec(run: Stored) -> str:
    """The stored spec with another environment for its last job."""
    spec = run.path / run.about.spec
    text = spec.read_text()
    at = text.rindex('"env":{}')
    other = run.path / "changed" / spec.parent.name
    other.mkdir(parents=True)
    (other / spec.name).write_text(text[:at] + text[at:].replace("{}", '{"MORE":"1"}', 1))
    return str(other.relative_to(run.path))


def contents(run: Stored) -> dict[str, bytes]:
    """Every file; of a journal only the complete lines."""
    found = {}
    for path in run.files():
        data = path.read_bytes()
        if path.name == "journal.jsonl":
            data = data[: data.rfind(b"\n") + 1]
        found[str(path.relative_to(run.path))] = data
    return found


def _whole(run: Stored, said: Said) -> Step:
    return {
        "code": said.code,
        "out": run.plain(said.out).splitlines(),
        "err": run.plain(said.err).splitlines(),
    }


def expected(name: str) -> dict[str, Step]:
    found: dict[str, Step] = json.loads((RUNS / name / "expected.json").read_text())
    return found


def _write(name: str) -> None:
    path = RUNS / name / "expected.json"
    with tempfile.TemporaryDirectory(prefix="shelf.") as folder:
        run = Stored(name, Path(folder, "look"), here=False)
        steps = {"looked_at": looked_at(run), "changed": changed(run)}
        if run.about.needs:
            steps["without"] = without(run)
        if reachable(run.about.needs):
            steps["resumed"] = resumed(Stored(name, Path(folder, "resume"), here=True))
        elif path.exists():
            steps["resumed"] = expected(name)["resumed"]
    path.write_text(json.dumps(steps, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    for each in sys.argv[1:] or names():
        _write(each)
