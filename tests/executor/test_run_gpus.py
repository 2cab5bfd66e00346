"""`pbt-run` places jobs and populations on GPUs, and refuses what can never fit."""

from __future__ import annotations

from pbt_tui.journal import events as ev
from tests.executor.running import SEES, WAITS, Place, job


def test_least_busy_gpu_first(place: Place) -> None:
    jobs = [job(f"j{i}", f"{SEES}; {WAITS}") for i in range(4)]
    target = place.spec(*jobs, num_gpus=2, experiments_per_gpu=2)
    executor = place.start(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "0,1"})
    place.wait_for(ev.AttemptStarted, 4)
    place.write("go")
    assert place.end(executor).code == 0
    assert [e.gpus for e in place.of(ev.AttemptScheduled)] == [("0",), ("1",), ("0",), ("1",)]


def test_two_gpus_for_one_job(place: Place) -> None:
    target = place.spec(
        job("one", SEES),
        job("two", SEES, gpus=2),
        num_gpus=2,
        experiments_per_gpu=1,
        max_parallel=1,
    )
    assert place.pbt(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "4,5"}).code == 0
    assert place.log("two") == "4,5/PCI_BUS_ID\n"


def test_a_population_begins_only_when_all_fit(place: Place) -> None:
    members = [job(f"m{i}", f"echo m{i} >>order", population="p", member=i) for i in range(3)]
    target = place.spec(job("solo", f"{WAITS}; echo solo >>order"), *members, max_parallel=3)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    place.write("go")
    assert place.end(executor).code == 0
    order = (place.path / "order").read_text().split()
    assert order[0] == "solo", "two places were free, three are needed"
    assert set(order[1:]) == {"m0", "m1", "m2"}
    starts = place.of(ev.AttemptScheduled)
    (end,) = [e for e in place.of(ev.AttemptEnded) if e.job == "solo"]
    assert all(e.seq > end.seq for e in starts if e.job != "solo")


def test_slots_beyond_the_gpus_are_refused_before_anything(place: Place) -> None:
    target = place.spec(job("j"), num_gpus=3, experiments_per_gpu=2)
    said = place.pbt(target, env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "`--num_gpus 3` was given, but `CUDA_VISIBLE_DEVICES` shows 1 GPU: 0" in said.err
    assert not (place.path / "train_dir").exists(), "nothing is left behind"
    said = place.pbt(target, "--num_gpus", "1", env={**place.environ, "CUDA_VISIBLE_DEVICES": ""})
    assert said.code == 5
    assert not (place.path / "train_dir").exists()


def test_what_can_never_fit_is_refused_by_name(place: Place) -> None:
    members = [job(f"m{i}", population="p", member=i) for i in range(5)]
    target = place.spec(*members, max_parallel=5)
    said = place.pbt(target, "--max_parallel", "4")
    assert said.code == 5
    assert "error[PBT401]: population `p` has 5 members" in said.err
    assert "hint: pass `--max_parallel 5`" in said.err
    greedy = place.spec(
        job("big", gpus=2), job("small"), name="greedy", experiments_per_gpu=1, num_gpus=2
    )
    said = place.pbt(greedy, "--num_gpus=1", env={**place.environ, "CUDA_VISIBLE_DEVICES": "0"})
    assert said.code == 5
    assert "error[PBT520]: job `big`: needs 2 GPUs, there is 1\n" in said.err
    assert not (place.path / "train_dir").exists()
