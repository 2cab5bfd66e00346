"""`pbt-run --dry_run` tells what would be started, and starts nothing."""

from __future__ import annotations

import json
import os

from tests.executor.running import ARGV, Place, job


def test_a_dry_run_starts_and_writes_nothing_and_its_lines_do_the_same(place: Place) -> None:
    place.write("show.py", ARGV)
    odd = ("--note=two  words", "--q='", "--d=$HOME", "--star=*", "--new=a\nb", "echo")
    target = place.spec(
        job("a", "python", "show.py", *odd, env={"X": "a b'", "odd.name": "1"}, folder="a_"),
        job("b", "sh", "-c", 'echo "$X|$CUDA_VISIBLE_DEVICES"; pwd', env={"X": "$y"}),
        job("c", "echo", "-e", "x"),
        max_parallel=2,
        experiments_per_gpu=2,
    )  # fmt: skip
    environ = {**place.environ, "CUDA_VISIBLE_DEVICES": "4"}
    shown = place.pbt(target, "--dry_run", env=environ)
    assert shown.code == 0, shown.all
    assert not (place.path / "train_dir").exists()
    assert "# a, attempt 1 on GPU 4, log: " in shown.out
    assert "# 1 more, as places become free\n" in shown.out

    told = place.path / "told"
    place.write("dry.sh", shown.out)
    assert os.system(f"cd / && sh {place.path}/dry.sh >{told}") == 0
    (place.path / "train_dir" / "a_").rmdir()
    (place.path / "train_dir").rmdir()
    assert place.pbt(target, env=environ).code == 0
    done = place.log("a") + place.log("b") + place.log("c")
    assert done == told.read_text()
    assert json.loads(place.log("a")) == list(odd)


def test_a_dry_run_refuses_what_would_be_refused(place: Place) -> None:
    target = place.spec(job("big", gpus=3), num_gpus=3, experiments_per_gpu=1)
    said = place.pbt(
        target, "--num_gpus=1", "--dry_run", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"}
    )
    assert said.code == 5
    assert "job `big`: needs 3 GPUs" in said.err


def test_a_dry_run_of_a_closed_run(place: Place) -> None:
    target = place.spec(job("a"))
    assert place.pbt(target).code == 0
    assert place.pbt(target, "--dry_run").out.endswith("# nothing to start\n")
    assert "# a, attempt 1" in place.pbt(target, "--dry_run", "--fresh").out
