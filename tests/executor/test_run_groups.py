"""A retry of a job of a group that has ended runs the whole group again."""

from __future__ import annotations

from msgspec import structs

from pbt_tui.spec import JobGroup, decode, encode
from tests.executor.running import Place, job


def test_a_retry_of_a_job_runs_its_group_again(place: Place) -> None:
    lead = job("lead", "[ -e fixed ] && sleep 0.5; [ -e fixed ]")
    spec = place.path / place.spec(lead, job("other", "sleep 600"), grace=5.0) / "processes.json"
    made = decode(spec.read_bytes())
    group = JobGroup("g", "lead", fails_together=True)
    jobs = tuple(structs.replace(one, group="g") for one in made.jobs)
    spec.write_bytes(encode(structs.replace(made, jobs=jobs, groups=(group,))))
    assert place.pbt(str(spec)).code == 4
    (place.path / "fixed").touch()
    said = place.pbt("train_dir/r", "--retry", "other")
    assert said.code == 0, said.out
    assert {name: len(one.attempts) for name, one in place.jobs().items()} == {
        "lead": 2,
        "other": 2,
    }
