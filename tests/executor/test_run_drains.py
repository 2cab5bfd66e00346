"""`pbt-run` with GPUs that end jobs: it drains them, tries elsewhere, and says what it did."""

from __future__ import annotations

import shlex

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import Place, job, until

BAD = 'if [ "$CUDA_VISIBLE_DEVICES" = 0 ] && [ ! -e repaired ]; then echo "{}"; exit 1; fi'
SAYS = {
    "gpu_lost": "CUDA error: GPU is lost",
    "cuda_oom": "CUDA error: out of memory",
}


def bad(place: Place, cause: str) -> str:
    """The beginning of a job that GPU 0 ends."""
    place.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
    return BAD.format(SAYS[cause])


@pytest.mark.parametrize("cause", list(SAYS))
def test_a_gpu_whose_jobs_end_at_once_does_not_eat_the_queue(place: Place, cause: str) -> None:
    first = bad(place, cause)
    target = place.spec(
        *(job(f"j{i}", f"{first}; sleep 0.3") for i in range(8)),
        num_gpus=2,
        experiments_per_gpu=1,
        retries=2,
        # After a delay another job comes first: it takes two jobs to tell that a GPU is full.
        retry_delay=0.0 if cause == "gpu_lost" else 0.5,
        retry_on=("gpu_lost", "cuda_oom"),
    )
    said = place.pbt(target)
    assert said.code == 0, said.all
    assert set(place.phases().values()) == {"succeeded"}
    (drained,) = place.of(ev.GpuDrained)
    assert drained.device == "0"
    # Two that GPU 0 ended, and one more where GPU 1 was between two jobs.
    assert 10 <= len(place.of(ev.AttemptScheduled)) <= 12
    assert "! drained   GPU 0: " in said.out
    assert "--undrain 0`" in said.out


def test_a_run_that_fits_no_gpu_ends_and_goes_on_once_it_is_used_again(place: Place) -> None:
    first = bad(place, "gpu_lost")
    members = [job(f"m{i}", f"{first}; true", population="p", member=i) for i in range(2)]
    # The third job keeps GPU 1, so that both others end on GPU 0.
    target = place.spec(
        job("a", first),
        job("keeps", "until [ -e go ]; do sleep 0.02; done"),
        job("b", first),
        *members,
        num_gpus=2,
        experiments_per_gpu=1,
    )
    executor = place.start(target)
    place.wait_for(ev.GpuDrained)
    place.write("go")
    said = place.end(executor)
    assert said.code == 5
    assert "nothing that waits fits the GPUs that are left: GPU 0 was drained: " in said.err
    hint = next(line for line in said.err.splitlines() if line.startswith("hint: "))
    words = shlex.split(hint.split("`")[1])
    assert words[-2:] == ["--undrain", "0"]
    assert place.state().closed is None
    assert place.pbt(*words[1:2]).code == 5, "nothing has changed"
    place.write("repaired")
    said = place.pbt(*words[1:])
    assert {name: place.phases()[name] for name in ("m0", "m1")} == dict.fromkeys(
        ("m0", "m1"), "succeeded"
    ), said.all
    assert place.state().closed == "failures", "two jobs had no try left"


def test_a_person_drains_and_undrains(place: Place) -> None:
    place.environ["CUDA_VISIBLE_DEVICES"] = "0,1"
    waits = "until [ -e go ]; do sleep 0.02; done"
    jobs = [job(f"j{i}", waits) for i in range(3)]
    target = place.spec(*jobs, num_gpus=2, experiments_per_gpu=1, max_parallel=2)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    run = str(place.rundir.path)
    said = place.pbt(run, "--drain", "0,1")
    assert (said.code, said.out) == (0, "accepted: drain GPU 0, 1\n")
    assert "no such GPU: `7`" in place.pbt(run, "--undrain", "7").err
    assert place.pbt(run, "--undrain", "1").code == 0
    assert place.pbt(run, "--drain", " , ").code == 2
    assert place.pbt(run, "--drain", "0", "--hold").code == 2
    place.write("go")
    assert place.end(executor).code == 0
    assert place.of(ev.AttemptScheduled)[-1].gpus == ("1",)
    until(lambda: place.state().closed)
    said = place.pbt(run, "--undrain", "0")
    assert (said.code, said.err) == (0, "nothing to undrain: the run is closed\n")
