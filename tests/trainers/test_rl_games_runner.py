"""rl_games' own `runner.py` reads the commands of the example.

It is not in the package of rl_games. `PBT_UPSTREAM` names a checkout, as for `make test-upstream`;
without it this test is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trainers.test_trainings import command, place, row

CHECKOUTS = map(Path, filter(None, os.environ.get("PBT_UPSTREAM", "").split(":")))
RUNNER = next((c / "runner.py" for c in CHECKOUTS if (c / "rl_games").is_dir()), None)
NOT_THE_RUNNER = """
import json
class Runner:
    def load(self, config): self.config = config
    def run(self, args): print(json.dumps([self.config["params"], args]))
"""


@pytest.mark.skipif(
    RUNNER is None or "PBT_TRAINERS" not in os.environ,
    reason="`make test-trainers PBT_UPSTREAM=…` runs this, with a checkout of rl_games",
)
def test_its_parser_reads_the_commands(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    assert RUNNER is not None
    row(record_property, "rl_games", "runner.py", "parsed 2 jobs")
    folder = place(tmp_path)
    shutil.copy(RUNNER, folder / "runner.py")
    package = folder / "rl_games"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "torch_runner.py").write_text(NOT_THE_RUNNER)
    module = folder / "runs/as_it_stands.py"
    module.write_text("from examples.trainers.rl_games import RUN_DESCRIPTION\n")
    file = package / "configs/atari/ppo_pong.yaml"
    file.parent.mkdir(parents=True)
    shutil.copy(folder / "cartpole.yaml", file)
    done = command(folder, "pbt-compile", str(module), "--backend", "processes")
    assert (done.returncode, done.stderr) == (0, "")
    jobs = json.loads((folder / "specs/rl_games/processes.json").read_text())["jobs"]
    for job in jobs:
        done = command(folder, *job["argv"])
        assert done.returncode == 0, done.stderr
        params, args = json.loads(done.stdout.splitlines()[-1])
        assert params["seed"] == job["params"]["seed"]
        assert params["config"]["num_actors"] == job["params"]["num_actors"]
        assert (args["train"], args["wandb_project_name"]) == (True, job["name"])
