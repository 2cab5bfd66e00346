"""Creates the run directories of `runs/`: this ran once, with the first state of version 0.1.0.

They never change, so that every later version has to show them and to resume
them. No test runs this module; it documents their origin. A run with something new to
show gets a new name, is created with

    python -m tests.shelf.make_runs NAME… && python -m tests.shelf.expect NAME…

and from then on stays, too. Docker and SLURM have to be there for theirs: `tests/services/*/up`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.shelf.scrub import scrub
from tests.shelf.stored import RUNS, About, environ

MODULE = '''"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "{run}",
    experiments=[
{jobs}
    ],
)
'''
TRAINER = """\
# What the jobs of a stored run are. The first word says what becomes of one; `go` lets those
# end that wait. Each says its name in `ran` when it begins.
for word; do
  case $word in --experiment=*) name=${word#*=} ;; esac
done
echo "$name" >>ran
echo "$name: $1"
case $1 in
  ok) ;;
  exit) echo "no such task" && exit "$2" ;;
  dies) kill -SEGV $$ ;;
  waits) until [ -e go ]; do sleep 0.1; done ;;
  waits_exit) until [ -e go ]; do sleep 0.1; done && exit "$2" ;;
  stubborn) trap '' TERM INT && until [ -e go ]; do sleep 0.1; done ;;
  hangs) exec sleep 600 ;;
  out_of_memory)
    echo "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    exit 1
    ;;
  from_the_third) [ "$(grep -c "^$name\\$" ran)" -ge 3 ] || exit 1 ;;
esac
echo "trained"
"""
RAISES = '''"""A trainer that raises."""


def train(task: str) -> None:
    raise ValueError(f"no such task: {task}")


train("Antt")
'''
QUICK = ["--gpus_per_job", "0", "--pause_between", "0", "--grace", "5"]
ONE = ["--max_parallel", "1"]


class Maker:
    """The working directory of one run, in which the commands run."""

    def __init__(self, folder: Path, name: str, about: str, run: str = "r") -> None:
        self.path = folder / name
        self.path.mkdir(parents=True)
        self.name = name
        self.module = f"{name.replace('-', '_')}.py"
        self.environ = environ(folder)
        self.run = self.path / "train_dir" / run / "_pbt"
        spec = f"specs/{run}/processes.json"
        relative = str(self.run.relative_to(self.path))
        self.about = {**asdict(About(about, self.module, [], spec, relative))}
        self.run_name = run
        self.write("trainer.sh", TRAINER)

    def write(self, name: str, text: str = "") -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def jobs(self, **words: str) -> None:
        """Writes the module. Experiment name -> arguments of the trainer, or `$` and a command."""
        lines = []
        for name, said in words.items():
            command = said.removeprefix("$ ") if said[0] == "$" else f"sh trainer.sh {said}"
            lines.append(f'        Experiment("{name}", "{command}"),')
        text = MODULE.format(run=self.run_name, jobs="\n".join(lines))
        self.write(self.module, text)

    def compile(self, *options: str) -> None:
        self.about["compile"] = list(options)
        argv = [self.module, *options, "--out", "specs"]
        assert self.end(self.start("compile", *argv))[0] == 0, argv
        if "--experiment_suffix" in options:
            suffix = options[options.index("--experiment_suffix") + 1]
            self.run = self.run.with_name(f"_pbt_{suffix}")
            self.about["run"] = str(self.run.relative_to(self.path))
            self.about["spec"] = f"specs/{self.run_name}_{suffix}/processes.json"

    def start(self, command: str, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", f"pbt_tui.cli.{command}", *args],
            cwd=self.path, env=self.environ, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        out, err = process.communicate(timeout=180)
        print(f"-- {self.name}: {process.args!r}: {process.returncode}\n{out}{err}")
        return process.returncode, out

    def execute(self, *options: str) -> subprocess.Popen[str]:
        folder = str(Path(self.about["spec"]).parent)
        return self.start("run", folder, *self.about["options"], *options)

    def ask(self, *options: str) -> None:
        assert self.end(self.start("run", str(self.run), *options))[0] == 0

    def events(self) -> list[dict[str, Any]]:
        file = self.run / "journal.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]

    def until(self, what: Callable[[], Any]) -> None:
        end = time.monotonic() + 120
        while not what():
            assert time.monotonic() < end, self.events()
            time.sleep(0.05)

    def has(self, event: str, count: int = 1, **fields: Any) -> None:
        """Waits for events of a kind."""
        self.until(
            lambda: (
                sum(
                    e["event"] == event and all(e[k] == v for k, v in fields.items())
                    for e in self.events()
                )
                >= count
            )
        )

    def interrupt(self, process: subprocess.Popen[str]) -> None:
        time.sleep(0.7)  # what was seen of the workspaces is written now and then
        process.send_signal(signal.SIGINT)
        assert self.end(process)[0] == 130

    def ready(self, *resume: str, **more: Any) -> None:
        """Lets waiting jobs end; `resume` are the options that the run needs to end."""
        self.write("go")
        self.about |= {"resume": list(resume), **more}

    def keep(self) -> None:
        scrub(self.path, RUNS / self.name)
        text = json.dumps(self.about, indent=1) + "\n"
        (RUNS / self.name / "about.json").write_text(text)


def chosen(recipes: dict[str, Callable[[Path], Maker]], wanted: list[str]) -> None:
    """Creates these runs, or all."""
    with tempfile.TemporaryDirectory(prefix="shelf.") as folder:
        for name, recipe in recipes.items():
            if not wanted or name in wanted:
                recipe(Path(folder)).keep()


def journal_lines(maker: Maker, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Rewrites a journal as another version would have written it."""
    lines = [json.dumps(change(e), separators=(",", ":")) for e in maker.events()]
    (maker.run / "journal.jsonl").write_text("".join(f"{line}\n" for line in lines))


def killed(process: subprocess.Popen[str]) -> None:
    """Kills without warning, like the kernel: the process writes nothing any more."""
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


if __name__ == "__main__":
    from tests.shelf.recipes import RECIPES

    chosen(RECIPES, sys.argv[1:])
