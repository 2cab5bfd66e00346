from __future__ import annotations

import fcntl
import json
import random
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.executor.running import until
from tests.ngc.ngc_runs import ROOT, Service, call, command, project, submitted

SUBMIT = ("specs/ant", "--backend", "ngc", "--ngc_limit", "20s")
QUICK = ("specs/ant", "--backend", "ngc", "--ngc_limit", "1s")


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    project(tmp_path)
    done = call("compile", tmp_path, "runs.ant")
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_each_job_is_submitted_once_and_its_id_recorded(here: Path, service: Service) -> None:
    done = call("run", here, *SUBMIT, env=service.env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "00_ant: submitted, id 1000\n01_ant: submitted, id 1001\n02_ant: submitted, id 1002\n"
        "ant: all of 3 jobs are submitted\n"
    )
    assert service.jobs() == {1000: "ant.00_ant", 1001: "ant.01_ant", 1002: "ant.02_ant"}
    assert submitted(here) == {"00_ant": 1000, "01_ant": 1001, "02_ant": 1002}
    assert [line.split()[0] for line in service.calls] == ["list", "run"] * 3
    again = call("run", here, *SUBMIT, env=service.env)
    assert again.returncode == 0
    assert "3 submitted before, see `ngc/submitted.json`" in again.stdout
    assert len(service.calls) == 6


def test_the_record_is_no_file_of_a_compilation(here: Path, service: Service) -> None:
    call("run", here, *SUBMIT, env=service.env)
    assert call("compile", here, "runs.ant", "--check").returncode == 0
    assert call("compile", here, "--validate", "specs").returncode == 0
    assert call("compile", here, "runs.ant").stdout.endswith(" (unchanged)\n")
    assert submitted(here) == {"00_ant": 1000, "01_ant": 1001, "02_ant": 1002}


def test_jobs_that_somebody_else_submitted_are_found_by_their_label(
    here: Path, service: Service
) -> None:
    call("run", here, *SUBMIT, env=service.env)
    (here / "specs/ant/ngc/submitted.json").unlink()
    done = call("run", here, *SUBMIT, env=service.env)
    assert done.returncode == 0
    assert "01_ant: was submitted before, id 1001\n" in done.stdout
    assert len(service.jobs()) == 3
    script = subprocess.run(
        [here / "specs/ant/ngc/submit.sh"], env=service.env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert script.returncode == 0
    assert script.stdout.count("is there already") == 3
    assert len(service.jobs()) == 3


def test_by_hand_with_the_script(here: Path, service: Service) -> None:
    script = ["bash", str(here / "specs/ant/ngc/submit.sh")]
    service.faults("list garbage", "list fail")
    done = subprocess.run(script, env=service.env, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "ngc/00_ant.json: the list of jobs cannot be read, so it is not submitted" in done.stderr
    assert "ngc/01_ant.json: the jobs cannot be listed, so it is not submitted" in done.stderr
    assert list(service.jobs().values()) == ["ant.02_ant"]
    done = subprocess.run(script, env=service.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(service.jobs()) == 3


@pytest.mark.parametrize("fault", ["made_and_failed", "garbage", "partial", "timeout"])
def test_a_job_that_was_made_without_an_answer_is_found(
    here: Path, service: Service, fault: str
) -> None:
    service.faults(f"run {fault}")
    done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 0, done.stdout
    assert "00_ant: was submitted despite the error, id 1000\n" in done.stdout
    assert len(service.jobs()) == 3
    assert submitted(here)["00_ant"] == 1000


def test_failures_are_shown_as_the_client_says_them(here: Path, service: Service) -> None:
    service.faults("run fail")
    done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 4
    assert (
        "00_ant: the client did not submit it: exit code 1\n"
        "  ngc: Client Error: 401 Unauthorized\n"
        "00_ant: it is unknown whether NGC has it: run the same command again to see\n"
        "01_ant: submitted, id 1000\n"
    ) in done.stdout
    assert done.stdout.endswith("ant: not all of 3 jobs are submitted\n")
    assert submitted(here)["00_ant"] is None
    done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 0
    assert len(service.jobs()) == 3


@pytest.mark.parametrize("fault", ["fail", "garbage", "partial", "hang"])
def test_without_a_list_nothing_is_submitted(here: Path, service: Service, fault: str) -> None:
    service.faults(*[f"list {fault}"] * 3)
    done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 4
    assert "00_ant: its label cannot be looked up: " in done.stdout
    assert "\x1b" not in done.stdout
    assert service.jobs() == {}
    assert not any(line.startswith("run") for line in service.calls)


def test_three_failures_in_a_row_are_not_about_one_job(tmp_path: Path, service: Service) -> None:
    project(tmp_path, members=5)
    assert call("compile", tmp_path, "runs.ant").returncode == 0
    service.faults(*["list fail"] * 9)
    done = call("run", tmp_path, *QUICK, env=service.env)
    assert done.returncode == 4
    assert "3 failed in a row: 2 are not tried\n" in done.stdout
    assert len(service.calls) == 3


def test_a_job_that_appears_late_is_waited_for(here: Path, service: Service) -> None:
    argv = ("specs/ant", "--backend", "ngc", "--ngc_limit", "5s")
    service.faults("run late")
    assert call("run", here, *argv, env=service.env).returncode == 4
    assert "ant.00_ant" not in service.jobs().values()
    again = start(here, service, *argv[:-1], "60s")
    assert again.stdout
    told = [again.stdout.readline() for _ in range(2)]
    assert "00_ant: an earlier request got no answer: waiting" in told[1]
    with pytest.raises(subprocess.TimeoutExpired):
        again.wait(1)
    (service.folder / "release").touch()
    out, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "00_ant: was submitted before" in out
    assert sorted(service.jobs().values()) == ["ant.00_ant", "ant.01_ant", "ant.02_ant"]


def start(here: Path, service: Service, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("run", here, *argv), cwd=here, env={**service.env, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _has_come_to(service: Service, calls: int, process: subprocess.Popen[Any]) -> bool:
    return len(service.calls) >= calls or process.poll() is not None


def test_ten_random_kills_make_no_job_twice(tmp_path: Path, service: Service) -> None:
    project(tmp_path, members=8)
    assert call("compile", tmp_path, "runs.ant").returncode == 0
    dice = random.Random()
    seed = dice.randrange(10**6)
    dice.seed(seed)
    service.faults(*(f"run {dice.choice(['slow', 'slow', 'garbage'])}" for _ in range(60)))
    for _ in range(10):
        process = start(tmp_path, service, *QUICK)
        wanted = len(service.calls) + dice.randint(1, 3)
        until(partial(_has_come_to, service, wanted, process))
        try:
            process.wait(dice.random() * 0.3)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=60)
    done = call("run", tmp_path, *QUICK, env=service.env)
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}"
    names = sorted(service.jobs().values())
    assert names == [f"ant.{k:02d}_ant" for k in range(8)], f"seed {seed}"
    assert submitted(tmp_path) == {name.partition(".")[2]: k for k, name in service.jobs().items()}


def test_a_client_that_outlives_its_launcher_is_waited_for(here: Path, service: Service) -> None:
    """What it does may not be on any list yet."""
    service.faults("run held")
    process = start(here, service, *SUBMIT)
    until(lambda: len(service.calls) >= 2)
    process.kill()
    process.wait()
    done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 5
    assert "another submission of this run is under way" in done.stdout
    (service.folder / "release").touch()
    done = call("run", here, *SUBMIT, env=service.env)
    assert done.returncode == 0
    assert len(service.jobs()) == 3


def test_one_at_a_time(here: Path, service: Service) -> None:
    with (here / "specs/ant/ngc/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = call("run", here, *QUICK, env=service.env)
    assert done.returncode == 5
    assert "another submission of this run is under way" in done.stdout
    assert "another process is submitting this run" in done.stderr
    assert service.calls == []


def test_without_a_client_it_says_what_to_run_by_hand(here: Path, service: Service) -> None:
    done = call("run", here, *SUBMIT, "--ngc_client", "no-such-client", env=service.env)
    assert done.returncode == 5
    assert "error: NGC client not found: `no-such-client`\n" in done.stderr
    assert "`bash specs/ant/ngc/submit.sh`" in done.stderr
    done = call("run", here, *SUBMIT, "--ngc_client", str(service.bin / "ngc"), env=service.env)
    assert done.returncode == 0


def test_a_dry_run_shows_the_commands_and_starts_nothing(here: Path, service: Service) -> None:
    for words in (["--dry_run"], ["--ngc_print_only", "True"]):
        done = call("run", here, *SUBMIT, *words, env=service.env)
        assert done.returncode == 0
        lines = done.stdout.splitlines()
        assert len(lines) == 9
        assert lines[2] == (
            "ngc base-command job run --file specs/ant/ngc/00_ant.json --org acme --team no-team "
            "--ace acme-ace --format_type json"
        )
        assert service.calls == []
    assert not (here / "specs/ant/ngc/submitted.json").exists()
    assert call("run", here, *SUBMIT, "--ngc_print_only", "perhaps").returncode == 2
    # and they are what the client takes
    for line in lines[1:3]:
        subprocess.run(["bash", "-c", line], cwd=here, env=service.env, check=True)


def test_a_file_that_was_edited_is_not_submitted(here: Path, service: Service) -> None:
    file = here / "specs/ant/ngc/01_ant.json"
    file.write_text(file.read_text().replace("policy_idx=1", "policy_idx=7"))
    done = call("run", here, *SUBMIT, env=service.env)
    assert done.returncode == 3
    assert "error[PBT820]: `specs/ant/ngc/01_ant.json`:4: is not what" in done.stderr
    assert service.calls == []


def test_a_changed_job_is_another_one(here: Path, service: Service) -> None:
    call("run", here, *SUBMIT, env=service.env)
    call("compile", here, "runs.ant", "--ngc_order", "7")
    done = call("run", here, *SUBMIT, env=service.env)
    assert done.returncode == 0
    assert len(service.jobs()) == 6
    record = json.loads((here / "specs/ant/ngc/submitted.json").read_text())
    assert sorted(entry["id"] for entry in record["submitted"].values()) == list(range(1000, 1006))


def test_a_record_that_cannot_be_read(here: Path, service: Service) -> None:
    (here / "specs/ant/ngc/submitted.json").write_text("{")
    done = call("run", here, *SUBMIT, env=service.env)
    assert done.returncode == 5
    assert "hint: move the file away: `pbt-run` finds the jobs again by their labels" in done.stderr


def test_a_module_is_compiled_written_and_submitted(tmp_path: Path, service: Service) -> None:
    project(tmp_path)
    argv = ("runs.ant", "--backend", "ngc")
    done = call("run", tmp_path, *argv, "--dry_run", env=service.env)
    assert done.returncode == 0, done.stderr
    assert "--file specs/ant/ngc/00_ant.json" in done.stdout
    assert not (tmp_path / "specs").exists()
    done = call("run", tmp_path, *argv, env=service.env)
    assert done.returncode == 0, done.stderr
    assert len(service.jobs()) == 3
    assert call("compile", tmp_path, "runs.ant", "--check").returncode == 0


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("specs/ant", "--detach"), "`--detach` does not go with `--backend ngc`"),
        (("specs/ant", "--failed"), "`--failed` does not go with `--backend ngc`"),
        (("specs/ant", "--cancel"), "`--cancel` does not go with `--backend ngc`"),
        (("specs/ant", "--ngc_limit", "soon"), "`--ngc_limit`: expected a duration"),
        (("specs/none",), "no such file or directory"),
        (("specs/ant", "--image", "a/b"), "`image` is compiled into the job requests"),
        (("specs/ant", "--train_dir", "/x"), "`--train_dir` is for run modules"),
    ],
)
def test_what_cannot_be_obeyed(here: Path, argv: tuple[str, ...], said: str) -> None:
    done = call("run", here, *argv, "--backend", "ngc")
    assert done.returncode == 2
    assert said in done.stderr


def test_a_spec_without_files_for_ngc_says_how_to_make_them(tmp_path: Path) -> None:
    project(tmp_path, settings="")
    call("compile", tmp_path, "runs.ant", "--backend", "processes")
    done = call("run", tmp_path, "specs/ant", "--backend", "ngc")
    assert done.returncode == 2
    assert "nothing is compiled for NGC in `specs/ant`" in done.stderr
    assert "`pbt-compile runs.ant --ngc_org" in done.stderr
