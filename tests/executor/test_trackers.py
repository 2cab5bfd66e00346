"""An attempt goes on in the W&B run and the MLflow run of the attempt before, if a person asks."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.executor.trackers import wandb_id
from pbt_tui.journal import events as ev
from pbt_tui.spec import Job
from tests.executor.running import Place, job

TRAINER = """
import json, os, sys
names = ("WANDB_RUN_GROUP", "WANDB_RUN_ID", "WANDB_RESUME", "WANDB_NAME", "MLFLOW_RUN_ID")
folder = os.environ.get("PBT_ATTEMPT_DIR")
print(json.dumps({name: os.environ.get(name) for name in (*names, "PBT_ATTEMPT_DIR")}))
leaves = sys.argv[1] if len(sys.argv) > 1 else ""
if folder and leaves:
    with open(os.path.join(folder, "mlflow_run_id"), "w") as file:
        file.write(os.environ.get("MLFLOW_RUN_ID") or leaves)
with open("n", "a") as file:
    file.write("x")
sys.exit(0 if os.path.getsize("n") >= int(os.environ.get("ENOUGH", "3")) else 1)
"""
OPTIONS = ("--retries=5", "--retry_on=exit", "--retry_delay=0", "--resume_trackers")
ID = "0123456789abcdef0123456789abcdef"


def trainer(*argv: str, name: str = "j", env: dict[str, str] | None = None) -> Job:
    return job(name, "python", "-c", TRAINER, *argv, env=env)


def printed(place: Place, attempt: int, name: str = "j") -> dict[str, str | None]:
    found: dict[str, str | None] = json.loads(place.rundir.log(name, attempt).read_text())
    return found


def test_without_the_option_nothing_is_set(place: Place) -> None:
    assert (
        place.pbt(place.spec(trainer(ID)), "--retries=5", "--retry_on=exit", "--retry_delay=0").code
        == 0
    )
    assert set(printed(place, 1).values()) == {None}
    assert all(not event.env for event in place.of(ev.AttemptScheduled))
    assert not place.rundir.trackers.exists()


def test_each_attempt_goes_on_in_the_same_runs(place: Place) -> None:
    assert place.pbt(place.spec(trainer(ID)), *OPTIONS).code == 0
    first, second, third = (printed(place, k) for k in (1, 2, 3))
    run_id = place.state().run_id
    assert first["WANDB_RUN_ID"] == f"{run_id}-1-j"
    assert first["WANDB_RESUME"] == "allow"
    assert (first["WANDB_RUN_GROUP"], first["WANDB_NAME"]) == ("r", "j")
    assert first["MLFLOW_RUN_ID"] is None
    assert second["MLFLOW_RUN_ID"] == third["MLFLOW_RUN_ID"] == ID
    assert first["WANDB_RUN_ID"] == second["WANDB_RUN_ID"] == third["WANDB_RUN_ID"]
    folders = {one["PBT_ATTEMPT_DIR"] for one in (first, second, third)}
    assert len(folders) == 3
    said = [event.env for event in place.of(ev.AttemptScheduled)]
    assert [env["PBT_ATTEMPT_DIR"] for env in said] == [
        str(place.rundir.trackers / f"j.{k}") for k in (1, 2, 3)
    ]
    assert second == {k: said[1].get(k) for k in second}


def test_a_later_executor_goes_on_without_being_asked_again(place: Place) -> None:
    target = place.spec(trainer(ID))
    assert place.pbt(target, "--resume_trackers").code == 4
    assert place.pbt("train_dir/r", "--failed").code == 4
    assert printed(place, 2)["WANDB_RUN_ID"] == printed(place, 1)["WANDB_RUN_ID"]
    assert printed(place, 2)["MLFLOW_RUN_ID"] == ID


def test_what_begins_from_scratch_gets_new_runs(place: Place) -> None:
    target = place.spec(trainer(ID, env={"ENOUGH": "9"}))
    assert place.pbt(target, "--resume_trackers").code == 4
    assert place.pbt("train_dir/r", "--retry", "j", "--from_scratch").code == 4
    anew = printed(place, 2)
    assert anew["WANDB_RUN_ID"] == f"{place.state().run_id}-2-j"
    assert anew["MLFLOW_RUN_ID"] is None
    assert place.pbt("train_dir/r", "--retry", "j").code == 4
    assert printed(place, 3)["WANDB_RUN_ID"] == anew["WANDB_RUN_ID"], "the life goes on"


def test_what_the_job_sets_itself_stays(place: Place) -> None:
    mine = {"WANDB_RUN_ID": "mine", "WANDB_NAME": "hers", "MLFLOW_RUN_ID": "own"}
    assert place.pbt(place.spec(trainer(ID, env=mine)), *OPTIONS).code == 0
    for attempt in (1, 2):
        found = printed(place, attempt)
        assert {k: found[k] for k in mine} == mine
        assert found["WANDB_RESUME"] is None, "the job names its run, and says how to resume it"
        assert found["WANDB_RUN_GROUP"] == "r"


@pytest.mark.parametrize(
    "left", ["../../etc", "a b", "x" * 65, "x" * 5000, "", "é", "a\nb", "$(id)"], ids=repr
)
def test_an_id_that_is_none_is_not_passed_on(place: Place, left: str) -> None:
    assert place.pbt(place.spec(trainer(left)), *OPTIONS).code == 0
    assert printed(place, 2)["MLFLOW_RUN_ID"] is None


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_only_a_regular_file_is_read(place: Place, kind: str) -> None:
    (place.path / "elsewhere").write_text(ID)
    make = {
        "link": 'ln -s "$PWD/elsewhere" "$PBT_ATTEMPT_DIR/mlflow_run_id"',
        "fifo": 'mkfifo "$PBT_ATTEMPT_DIR/mlflow_run_id"',
        "folder": 'mkdir "$PBT_ATTEMPT_DIR/mlflow_run_id"',
    }[kind]
    says = 'echo "id=$MLFLOW_RUN_ID"; echo x >>n; [ $(wc -l <n) -ge 2 ]'
    said = place.pbt(place.spec(job("j", f"{make}; {says}")), *OPTIONS)
    assert said.code == 0, said.all
    assert place.rundir.log("j", 2).read_text() == "id=\n"


def test_a_killed_executor_starts_the_same_attempt_with_the_same_variables(place: Place) -> None:
    wait = "import time, os\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
    waiting = job("j", "python", "-c", wait + TRAINER, ID)
    executor = place.start(place.spec(waiting), "--resume_trackers")
    place.wait_for(ev.AttemptStarted, 1)
    executor.send_signal(signal.SIGKILL)
    executor.wait()
    place.write("go")
    assert place.pbt("train_dir/r", "--retries=5", "--retry_on=exit", "--retry_delay=0").code == 0
    events = place.of(ev.AttemptScheduled)
    assert [event.attempt for event in events] == [1, 2, 3]
    assert printed(place, 3)["MLFLOW_RUN_ID"] == ID
    assert len({event.env["WANDB_RUN_ID"] for event in events}) == 1


def test_an_attempt_that_never_started_keeps_its_number(place: Place) -> None:
    """Its decision holds all that it needs: the next executor only carries it out."""
    assert place.pbt(place.spec(trainer(ID)), "--resume_trackers").code == 4
    lines = place.rundir.journal.read_bytes().splitlines(keepends=True)
    decided = next(i for i, line in enumerate(lines) if b"attempt_scheduled" in line)
    place.rundir.journal.write_bytes(b"".join(lines[: decided + 1]))
    for path in place.rundir.attempts.iterdir():
        path.unlink()
    shutil.rmtree(place.rundir.trackers)
    said = place.pbt("train_dir/r", "--retries=5", "--retry_on=exit", "--retry_delay=0")
    assert said.code == 0, said.all
    assert [event.attempt for event in place.of(ev.AttemptScheduled)] == [1, 2]
    assert printed(place, 2)["MLFLOW_RUN_ID"] == ID


def test_a_copied_run_does_not_write_into_the_runs_of_the_original(place: Place) -> None:
    target = place.spec(trainer(ID, env={"ENOUGH": "9"}))
    assert place.pbt(target, "--resume_trackers").code == 4
    before = printed(place, 1)["WANDB_RUN_ID"]
    (place.path / "b").mkdir()
    shutil.copytree(place.path / "train_dir", place.path / "b" / "train_dir")
    rundir = Path("b/train_dir/r")
    assert place.pbt(str(rundir), "--failed", "--rehome").code == 4
    found = json.loads((place.path / rundir / "_pbt" / "logs" / "j.2.log").read_text())
    assert found["WANDB_RUN_ID"] not in (None, before)
    assert found["MLFLOW_RUN_ID"] is None
    assert found["PBT_ATTEMPT_DIR"].startswith(str(place.path / "b"))


def test_a_dry_run_shows_them_and_makes_nothing(place: Place) -> None:
    said = place.pbt(place.spec(trainer(ID)), "--resume_trackers", "--dry_run")
    assert said.code == 0
    assert "WANDB_RESUME=allow" in said.out
    assert not place.rundir.trackers.exists()


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", fullmatch=True)


@given(NAMES, NAMES, st.integers(1, 999), st.integers(1, 999))
def test_ids_are_legal_and_differ(one: str, other: str, first: int, second: int) -> None:
    a, b = wandb_id("5eed1e55", one, first), wandb_id("5eed1e55", other, second)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", a)
    assert (a == b) == ((one, first) == (other, second))


def test_the_folder_is_the_one_of_the_user(place: Place) -> None:
    assert place.pbt(place.spec(trainer(ID)), *OPTIONS).code == 0
    mode = (place.rundir.trackers / "j.1").stat().st_mode & 0o777
    assert mode & 0o002 == 0
    assert os.access(place.rundir.trackers / "j.1", os.W_OK)
