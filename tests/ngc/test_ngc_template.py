"""The upstream launcher's template: converted, or refused with the reason (D42 to D45)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pbt_tui.backends.ngc.template import translate
from tests.ngc.ngc_runs import ROOT, STAND_IN, Service, call, project

AS_IN_THE_WILD = r"""ngc base-command job run \
  --name "ml-model.{{ name }}" \
  --image nvcr.io/acme/vision/trainer:1.0 --instance dgx1v.32g.1.norm \
  --ace acme-ace --org acme --team vision \
  --commandline "cd /workspace/code && pip install -e . && {{ experiment_cmd }}" \
  --result /results --workspace team:/mount:RW --datasetid 77:/data \
  --label pbt,sweep_7 --label _wl___rl --total-runtime 7D --preempt RUNONCE \
  --env-var MODE:fast --secret WANDB:KEY:WANDB_API_KEY --port 6006 --priority HIGH --order 3 \
  --use-image-entrypoint --coscheduling --format_type json
"""


def found(text: str) -> list[tuple[str, str, str]]:
    return [(d.code, d.level, d.message) for d in translate(text).found]


def test_a_template_is_settings() -> None:
    made = translate(AS_IN_THE_WILD)
    assert made.found == []
    assert made.image == "nvcr.io/acme/vision/trainer:1.0"
    assert made.ngc == {
        "name": "ml-model.{{ name }}",
        "instance": "dgx1v.32g.1.norm",
        "ace": "acme-ace",
        "org": "acme",
        "team": "vision",
        "commandline": "cd /workspace/code && pip install -e . && {{ experiment_cmd }}",
        "result": "/results",
        "workspace": ["team:/mount:RW"],
        "datasetid": ["77:/data"],
        "label": ["pbt,sweep_7", "_wl___rl"],
        "total_runtime": "7D",
        "preempt": "RUNONCE",
        "env_var": ["MODE:fast"],
        "secret": ["WANDB:KEY:WANDB_API_KEY"],
        "port": ["6006"],
        "priority": "HIGH",
        "order": "3",
        "use_image_entrypoint": "true",
    }


@pytest.mark.parametrize(
    "line",
    [
        "ngc batch run -n {{ name }} -c '{{ experiment_cmd }}'",
        "/opt/bin/ngc batch run --name={{ name }} --commandline={{ experiment_cmd }}",
        "ngc bc job run --name {{ name }}\n--commandline {{ experiment_cmd }}\n",
        "ngc batch run --name {{  name }} --commandline {{\nexperiment_cmd }}",
    ],
)
def test_spellings_of_the_client(line: str) -> None:
    made = translate(line)
    assert [d for d in made.found if d.level == "error"] == []
    assert made.ngc == {"name": "{{ name }}", "commandline": "{{ experiment_cmd }}"}


CMD = "-c '{{ experiment_cmd }}'"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "PBT712", "is not one command line `ngc base-command job run …`"),
        ("sbatch x.sh", "PBT712", "is not one command line"),
        ("ngc batch list", "PBT712", "is not one command line"),
        ("X=1 ngc batch run " + CMD, "PBT712", "is not one command line"),
        ("# how we do it\nngc batch run " + CMD, "PBT712", "is not one command line"),
        (f"ngc batch run {CMD} --name 'a", "PBT712", "no closing quotation"),
        (f"ngc batch run {CMD} --name", "PBT712", "`--name` has no value"),
        ("ngc batch run --name {{ name }}", "PBT712", "has no `{{ experiment_cmd }}`"),
        (f"ngc batch run {CMD} --name {{{{ nmae }}}}", "PBT712", "`{{ nmae }}` is neither"),
        (f"ngc batch run {CMD} --name {{{{ name", "PBT712", "`{{` is not part of a placeholder"),
        (f"ngc batch run {CMD} --label {{{{ name }}}}", "PBT713", "`--label` cannot differ"),
        (f"ngc batch run {CMD} --waitend", "PBT713", "`--waitend` is not part of a job request"),
        (f"ngc batch run {CMD} --file x.json", "PBT713", "`--file` is not part"),
        (f"ngc batch run {CMD} --clone 12", "PBT713", "`--clone` is not part"),
        (f"ngc batch run {CMD} --shell bash", "PBT713", "`--shell` is not part"),
        ('ngc batch run -c "$HOME/t; {{ experiment_cmd }}"', "PBT713", "`$HOME` is shell syntax"),
        ('ngc batch run -c "`id`{{ experiment_cmd }}"', "PBT713", "a backtick is shell syntax"),
        (f"ngc batch run {CMD} | tee log", "PBT713", "`|` is shell syntax"),
        (f"ngc batch run {CMD} && echo done", "PBT713", "`&` is shell syntax"),
        ("ngc batch run -c 'a  b; {{ experiment_cmd }}'", "PBT714", "a run of blanks inside"),
        (r"ngc batch run -c 'a\tb; {{ experiment_cmd }}'", "PBT714", "a backslash stays;"),
        ("ngc batch run -c '{{experiment_cmd}}'", "PBT714", "`{{experiment_cmd}}` is read as"),
    ],
)
def test_what_cannot_be_translated_is_told(text: str, code: str, said: str) -> None:
    told = found(text)
    assert any(c == code and said in m for c, _, m in told), told
    level = "warning" if code == "PBT714" else "error"
    assert all(how == level for c, how, _ in told if c == code)


def test_single_quotes_mean_the_shell_of_the_job() -> None:
    text = "ngc batch run -c 'cd $HOME && `id`; {{ experiment_cmd }} | tee log'"
    assert found(text) == []
    assert translate(text).ngc["commandline"] == "cd $HOME && `id`; {{ experiment_cmd }} | tee log"


def test_d42_to_d45_through_the_command(tmp_path: Path) -> None:
    project(tmp_path, settings="")
    (tmp_path / "template").write_text(AS_IN_THE_WILD)
    argv = ["runs.ant", "--backend", "ngc", "--ngc_job_template", "template"]
    done = call("compile", tmp_path, *argv, "--train_dir", "/mount/t", "--ngc_print_only", "True")
    assert done.returncode == 0, done.stderr
    one = json.loads((tmp_path / "specs/ant/ngc/00_ant.json").read_text())
    assert one["name"] == "ml-model.00_ant"
    assert one["command"].startswith("cd /workspace/code && pip install -e . && python train.py ")
    assert one["dockerImageName"] == "acme/vision/trainer:1.0"
    # a flag goes over the template, and the template is not needed any more
    done = call("compile", tmp_path, *argv, "--train_dir", "/mount/t", "--ngc_order", "9")
    assert json.loads((tmp_path / "specs/ant/ngc/00_ant.json").read_text())["jobOrder"] == 9
    (tmp_path / "template").unlink()
    assert call("compile", tmp_path, "runs.ant", "--check").returncode == 0
    assert call("compile", tmp_path, *argv).returncode == 2
    (tmp_path / "template").write_text("ngc batch run --name {{ name }} | tee log\n")
    done = call("compile", tmp_path, *argv)
    assert done.returncode == 3
    assert "error[PBT713]: `template`:1: `|` is shell syntax" in done.stderr
    (tmp_path / "template").write_text(AS_IN_THE_WILD.replace("7D", "PT7D"))
    done = call("compile", tmp_path, *argv)
    assert done.returncode == 2
    assert "`template`: `--total-runtime`: expected a duration such as `7D`" in done.stderr


def test_d46_the_launchers_door_submits_and_counts_what_failed(tmp_path: Path) -> None:
    project(tmp_path, settings="")
    service = Service(tmp_path)
    (tmp_path / "template").write_text(AS_IN_THE_WILD)
    argv = [sys.executable, "-m", "pbt_tui.launcher", "--run", "runs.ant", "--backend", "ngc",
            "--ngc_job_template", "template", "--train_dir", "/mount/t"]  # fmt: skip

    def launch(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*argv, *more], cwd=tmp_path, env={**service.env, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    done = launch("--ngc_print_only", "True")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ngc base-command job run --file specs/ant/ngc/") == 3
    assert not (tmp_path / "specs").exists()
    assert service.calls == []
    service.faults("run fail")
    assert launch().returncode == 4
    assert list(service.jobs().values()) == ["ml-model.01_ant", "ml-model.02_ant"]
    assert launch("--ngc_print_only", "perhaps").returncode == 2


def test_the_stand_in_is_told_what_the_client_is_told() -> None:
    """Flags that the client does not have end the stand-in, too."""
    words = [sys.executable, str(STAND_IN), "base-command", "job", "run", "--json"]
    done = subprocess.run(words, env={"NGC_SERVICE": "."}, capture_output=True, check=False)
    assert done.returncode == 2
