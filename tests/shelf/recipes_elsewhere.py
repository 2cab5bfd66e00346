"""The stored runs whose jobs are containers, SLURM tasks, or members of a population."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tests.shelf.make_runs import ONE, QUICK, Maker

IMAGE = ["--image", "pbt-busybox:test", "--network", "none"]
SMALL = ["--slurm_gpus_per_job", "0", "--slurm_cpus", "1", "--slurm_memory", "64M"]
FOLLOW = ["--backend", "slurm"]
OFTEN = ["--slurm_poll", "1", "--slurm_poll_pending", "1", "--slurm_poll_floor", "0.5"]
RECORDED = Path(os.environ.get("PBT_RECORDED_RUNS", "recorded"))
"""Recordings of real trainings, of which a part is stored here."""


def docker_finished(folder: Path) -> Maker:
    about = "in containers: one succeeded, one failed, of one the command was not there"
    m = Maker(folder, "docker-finished", about)
    m.jobs(fine="ok", code="exit 3", unknown="$ no-such-trainer --fast")
    m.compile(*QUICK, *ONE, *IMAGE)
    assert m.end(m.execute())[0] == 4
    m.ready()
    return m


def docker_interrupted(folder: Path) -> Maker:
    about = "in containers, stopped by a signal: one job done, one was running, one waited"
    m = Maker(folder, "docker-interrupted", about)
    m.jobs(done="ok", one="waits", two="ok")
    m.compile(*QUICK, *ONE, *IMAGE)
    process = m.execute()
    m.has("attempt_started", 2)
    m.interrupt(process)
    m.ready(needs="docker")
    return m


def slurm_finished(folder: Path) -> Maker:
    m = Maker(folder, "slurm-finished", "in SLURM: one task succeeded, one failed")
    m.jobs(fine="ok", code="exit 3")
    m.about["options"] = FOLLOW
    m.compile(*QUICK, *SMALL, *OFTEN)
    assert m.end(m.execute())[0] == 4
    m.ready()
    return m


def slurm_interrupted(folder: Path) -> Maker:
    about = "in SLURM, stopped by a signal: one task was done, one was running"
    m = Maker(folder, "slurm-interrupted", about)
    m.jobs(done="ok", one="waits")
    m.about["options"] = FOLLOW
    m.compile(*QUICK, *SMALL, *OFTEN)
    process = m.execute()
    m.has("attempt_ended")
    m.has("attempt_started", 2)
    m.interrupt(process)
    m.ready(needs="slurm")
    return m


# -- populations -----------------------------------------------------------------------------------

POPULATION = '''"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

_command = (
{command}
)

RUN_DESCRIPTION = RunDescription(
    "{run}",
    experiments=[Experiment("{name}", _command{params})],
    experiment_arg_name="{experiment}",
    experiment_dir_arg_name="{folder}",
    customize_experiment_name=False,
    param_prefix="{prefix}",
)
'''
STAND_IN = '''"""Stands in for the trainer: says what was recorded of a member, ends when it may."""

import re
import sys
import time
from pathlib import Path

found = re.search(r"policy_idx=(\\d+)", " ".join(sys.argv))
member = found[1] if found else "0"
with Path("ran").open("a") as ran:
    print(f"member{member}", file=ran)
words = Path("recorded", f"{member}.txt")
if words.exists():
    print(words.read_text(), end="", flush=True)
while not Path("go").exists():
    time.sleep(0.1)
'''
_SAID = re.compile(
    r"New pbt iter|PBT it |Loading (?:policy-|state from)|Replacing |justify replacement"
    r"|Not enough |doing well|Aborting restart|Leaders: \[|Asking learner|PBT best_policies"
    r"|PBT run without|Restarting self|PBT job restarted|mutated to value"
)


def _words(m: Maker, member: int, lines: list[str]) -> None:
    kept = [line[:240] for line in lines if _SAID.search(line)]
    m.write(f"recorded/{member}.txt", "".join(f"{line}\n" for line in kept))


def _module(m: Maker, lines: list[str], **more: str) -> None:
    command = "\n".join(f'    "{line} "' for line in lines[:-1]) + f'\n    "{lines[-1]}"'
    m.write(m.module, POPULATION.format(command=command, **more))


def _stopped(m: Maker, members: int, files: list[tuple[str, float, str]]) -> Maker:
    """Starts the run, writes the workspace in its recorded order, then stops the run."""
    process = m.execute()
    m.has("attempt_started", members)
    begin = time.time()
    last = max(at for _, at, _ in files)
    for path, at, text in sorted(files, key=lambda f: f[1]):
        m.write(path, text)
        os.utime(m.path / path, (begin + at / last, begin + at / last))
    time.sleep(3)  # the executor looks at it, and notes what it saw
    m.interrupt(process)
    shutil.rmtree(m.path / "recorded")
    m.ready()
    return m


def isaacgymenvs(folder: Path) -> Maker:
    """From the recorded `isaacgymenvs_4_exploits`: a self-mutation and an exploit."""
    about = "a population of IsaacGymEnvs' style, stopped after some generations"
    m = Maker(folder, "population-isaacgymenvs", about, "cartpole_v1")
    (m.path / "trainer.sh").unlink()
    record = RECORDED / "isaacgymenvs_4_exploits"
    m.write("isaacgymenvs/__init__.py", '"""A stand-in for the real one."""\n')
    m.write("isaacgymenvs/train.py", STAND_IN)
    lines = [
        "python -m isaacgymenvs.train task=Cartpole headless=True pbt=pbt_default",
        "pbt.num_policies=4 pbt.workspace=workspace_cartpole_v1 pbt.initial_delay=12000",
        "pbt.interval_steps=6000 pbt.start_after=12000 pbt.replace_fraction_worst=0.25",
    ]
    params = ', [{"pbt.policy_idx": i} for i in range(4)]'
    _module(m, lines, run="cartpole_v1", name="cartpole_v1", params=params, prefix="",
            experiment="experiment", folder="hydra.run.dir")  # fmt: skip
    m.compile("--gpus", "0,1", "--experiments_per_gpu", "2", "--pause_between", "0",
              "--grace", "5")  # fmt: skip
    for member in range(4):
        text = (record / f"stdout/member{member}.0.txt").read_text()
        _words(m, member, text.splitlines())
    files = []
    for path, ms in json.loads((record / "write_order_ms.json").read_text()):
        if "/workspace_cartpole_v1/" in path and (record / path).is_file():
            files.append((path, ms, (record / path).read_text()))
    return _stopped(m, 4, files)


def isaaclab(folder: Path) -> Maker:
    """From the recorded workspace of the tests of `observe`."""
    about = "a population of Isaac Lab's style, stopped after some generations"
    m = Maker(folder, "population-isaaclab", about, "shadow")
    (m.path / "trainer.sh").unlink()
    m.write("train.py", STAND_IN)
    m.write("isaaclab.sh", '#!/bin/sh\n# Stands in for the real one.\nshift\nexec python3 "$@"\n')
    (m.path / "isaaclab.sh").chmod(0o755)
    lines = [
        "./isaaclab.sh -p train.py --task=Isaac-Repose-Cube-Shadow-Direct-v0 --headless",
        "agent.pbt.enabled=True agent.pbt.num_policies=4 agent.pbt.workspace=shadow_reorient_pbt",
        "agent.params.config.name=shadow_hand agent.pbt.objective=episode.true_objective",
    ]
    params = ', [{"agent.pbt.policy_idx": i} for i in range(4)]'
    _module(m, lines, run="shadow", name="shadow", params=params, prefix="",
            experiment="agent.params.config.full_experiment_name",
            folder="hydra.run.dir")  # fmt: skip
    m.compile(*QUICK, "--max_parallel", "4")
    record = json.loads((Path(__file__).parents[1] / "data/workspaces/isaaclab.json").read_text())
    for member in range(4):
        own = (f"Policy {member}", f"Replacing policy {member} ")
        _words(m, member, [x for x in record["stdout"] if any(word in x for word in own)])
    return _stopped(m, 4, [(path, at, text) for path, at, text in record["files"]])


def sample_factory(folder: Path) -> Maker:
    """From the recorded `sample_factory_resumed`."""
    about = "a population of Sample-Factory's style: four policies in one job, stopped"
    m = Maker(folder, "population-sample-factory", about, "cartpole_pbt")
    (m.path / "trainer.sh").unlink()
    record = RECORDED / "sample_factory_resumed"
    m.write("sf_examples/__init__.py", '"""A stand-in for the real one."""\n')
    m.write("sf_examples/train_gym_env.py", STAND_IN)
    lines = [
        "python -m sf_examples.train_gym_env --env=CartPole-v1 --algo=APPO --device=cpu",
        "--with_pbt=True --num_policies=4 --pbt_target_objective=true_objective",
        "--pbt_replace_reward_gap=0.05",
    ]
    _module(m, lines, run="cartpole_pbt", name="cartpole_pbt",
            params=', [{"seed": 11}]', experiment="--experiment", folder="--train_dir",
            prefix="--")  # fmt: skip
    m.compile(*QUICK, *ONE)
    text = (record / "stderr.txt").read_text()
    m.write("recorded/0.txt", "\n".join(re.findall(r".*(?:Avg episode rew|Fps is).*", text)) + "\n")
    spec = json.loads((m.path / m.about["spec"]).read_text())
    job = spec["jobs"][0]["name"]
    files = []
    for path, ms in json.loads((record / "write_order_ms.json").read_text()):
        if (record / path).is_file() and not path.endswith("sf_log.txt"):
            if ".summary" not in path:
                mine = path.replace("00_cartpole_pbt_see_11", job)
                files.append((mine, ms, (record / path).read_text()))
    return _stopped(m, 1, files)


ELSEWHERE: dict[str, Callable[[Path], Maker]] = {
    "docker-finished": docker_finished,
    "docker-interrupted": docker_interrupted,
    "slurm-finished": slurm_finished,
    "slurm-interrupted": slurm_interrupted,
    "population-isaacgymenvs": isaacgymenvs,
    "population-isaaclab": isaaclab,
    "population-sample-factory": sample_factory,
}
