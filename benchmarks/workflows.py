"""From a workflow file of OSMO to its first container, against the same jobs as our own spec."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.containing import IMAGE, engine
from benchmarks.executing import RUN
from benchmarks.measure import command, left_out, paired, row, title, versions
from pbt_tui.journal import RunDir, Tail
from pbt_tui.journal import events as ev

TASKS, ROUNDS = 8, 7
_TASK = """
  - name: t{n}
    image: {image}
    command: [sleep, "1000"]
    args: []
    environment: {{SEED: "{n}", OUT: "{{{{output}}}}"}}
    resource: default
    files:
    - path: /etc/run/settings.yaml
      contents: "seed: {n}"
"""


def main(_: int) -> None:
    title(f"workflow files of OSMO on this machine, {TASKS} tasks")
    with engine() as host, tempfile.TemporaryDirectory() as folder:
        if host is None:
            left_out("no docker engine is there, and none can be brought up")
            return
        versions({"docker": machine.said(["docker", "version", "-f", "{{.Server.Version}}"])})
        here = Path(folder)
        _alone(here)
        _template(here)


def _alone(here: Path) -> None:
    workflow = here / "bench.yaml"
    workflow.write_text(_text("bench"))
    _compare(here, workflow, "to the first container start / the same jobs as our own spec")


def _template(here: Path) -> None:
    """With code in the file, which Jinja renders in a process of its own."""
    workflow = here / "code.yaml"
    workflow.write_text(_text("code") + "  {% if true %}{% endif %}\n")
    _compare(here, workflow, "the same with code of a template / our own spec", "")


def _text(name: str) -> str:
    tasks = "".join(_TASK.format(n=n, image=IMAGE) for n in range(TASKS))
    return f"workflow:\n  name: {name}\n  tasks:\n{tasks}"


def _compare(here: Path, workflow: Path, what: str, target: str = "<= 1.2x") -> None:
    spec = here / "spec" / "processes.json"
    spec.parent.mkdir(exist_ok=True)
    argv = [*RUN, str(workflow), "--print"]
    said = subprocess.run(argv, cwd=here, capture_output=True, check=True)
    spec.write_bytes(said.stdout)
    name = workflow.stem
    argv = [*RUN, str(workflow), "--fresh"]
    command(f"{name}, workflow", argv)
    command(f"{name}, spec", [*RUN, str(spec), "--fresh"])
    mine, other, ratio = paired(
        lambda: _first_start(here, name, argv),
        lambda: _first_start(here, name, [*RUN, str(spec), "--fresh"]),
        ROUNDS,
    )
    figure = f"{mine * 1000:.0f} / {other * 1000:.0f} ms = {ratio:.2f}x"
    row(what, figure, target, (ratio,) if target else ())


def _first_start(here: Path, name: str, argv: list[str]) -> float:
    """Seconds from the start of the command to that of the first container; then it is stopped."""
    nowhere: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    journal = RunDir.of(here / "train_dir", name, "").journal
    began = time.time()
    child = subprocess.Popen([*argv, "--grace", "0"], cwd=here, **nowhere)
    try:
        while True:
            started = [e.at for e in _starts(journal) if e.at > began]
            if started:
                return min(started) - began
            assert child.poll() is None
            time.sleep(0.05)
    finally:
        child.terminate()
        child.wait()


def _starts(journal: Path) -> list[ev.AttemptStarted]:
    if not journal.exists():
        return []
    return [e for e in Tail(journal).read_all() if isinstance(e, ev.AttemptStarted)]
