"""What people type to train in containers: `make demo RUNTIME=docker`, and what the pages say.

With a small population of the same trainer, and the image that is made without a registry.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.runtimes.docker import request
from tests.architecture.codebase import ROOT
from tests.small_population import small
from tests.walkthroughs import walkthrough

PATIENCE = 240.0
PAGES = [page for page in walkthrough.PAGES if "```sh containers" in (ROOT / page).read_text()]


@pytest.fixture(scope="session")
def image(engine: Any) -> str:
    """Made once for all engines of this machine, which takes minutes, then imported."""
    script = ROOT / "docker/build-without-registry"
    done = subprocess.run([script], capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        why = f"no image to train in: {done.stderr.strip()}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    return "pbt-train:latest"


@pytest.fixture
def place(tmp_path: Path, engine: Any) -> Iterator[Path]:
    with walkthrough.place(tmp_path) as folder:
        yield folder
    left = [one["Names"][0] for one in _containers(engine, tmp_path)]
    for name in left:
        engine.remove_container(name, force=True, v=True)
    assert left == []


def _containers(engine: Any, folder: Path) -> list[dict[str, Any]]:
    found = engine.containers(all=True, filters={"label": request.RUNDIR})
    return [one for one in found if one["Labels"][request.RUNDIR].startswith(f"{folder}/")]


@pytest.mark.timeout(1200)
def test_the_demo_trains_in_containers(place: Path, image: str) -> None:
    (place / "examples/swingup_pbt.py").write_text(small())
    (place / "pbt.toml").write_text("pause_between = 0\n")
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--runtime", "docker"], cwd=place,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$ docker/build-without-registry --tag pbt-train\n$ pbt-compile " in done.stdout
    assert len(re.findall(r"started .*: container [0-9a-f]{12}\n", done.stdout)) == 3
    assert "What 3 members learned in 3 generations" in done.stdout
    run_dir = place / "train_dir/swingup_pbt/_pbt_1"
    for log in sorted((run_dir / "logs").iterdir()):
        assert "Restarting self with args" in log.read_text(), "exec in place works in the image"
    events = [json.loads(line) for line in (run_dir / "journal.jsonl").read_text().splitlines()]
    (started,) = (event for event in events if event["event"] == "executor_started")
    assert started["runtime"] == "docker"
    assert started["image_digest"].startswith("sha256:")
    ends = [event["outcome"] for event in events if event["event"] == "attempt_ended"]
    assert ends == ["succeeded"] * 3, "one attempt each, however often a member began anew"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_in_containers_do_what_a_page_says(page: str, place: Path, image: str) -> None:
    able = {walkthrough.CONTAINERS, *walkthrough.here()}
    done = walkthrough.work_through(page, place, able)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


def test_nothing_is_made_where_the_image_is_there(image: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "docker/build-without-registry", "--tag", image, "--cache", tmp_path / "none"],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "none").exists()


def test_the_image_is_what_the_dockerfile_says(image: str, engine: Any) -> None:
    said = (ROOT / "docker/Dockerfile").read_text()
    config = engine.inspect_image(image)["Config"]
    assert set(re.findall(r"^ENV (.*)$", said, re.MULTILINE)) <= set(config["Env"])
    assert config["Cmd"] == json.loads(re.findall(r"^CMD (.*)$", said, re.MULTILINE)[0])
