from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pbt_tui.compiler import spec_rules
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Mount, Policy, Population, Resources
from tests.compiler.compile_specs import box, gang, job, spec


def found(**more: Any) -> list[tuple[str, str, str | None]]:
    return [(d.code, d.level, d.where.pointer) for d in spec_rules.check(spec(**more))]


def test_nothing_is_wrong_with_what_is_right() -> None:
    jobs, population = gang(4)
    container = box(
        user="1000:1000",
        mounts=(Mount("/data/x", "/x", True), Mount("./y", "/y"), Mount("..", "/z")),
        env_from=("WANDB_API_KEY",),
    )
    assert found(jobs=jobs, populations=(population,), container=container) == []
    assert found(policy=Policy(gpus=("0", "1"), num_gpus=2, experiments_per_gpu=2)) == []
    for run in ("ant", "a b", "größe", "a.b"):
        assert found(run=run) == []


@pytest.mark.parametrize("run", ["", "a/b", ".", "..", ".hidden", "-x", "a\nb", "x" * 201, "a\0"])
def test_run_name_that_is_no_folder(run: str) -> None:
    assert found(run=run) == [("PBT220", "error", "/run")]


@pytest.mark.parametrize("dir_", ["/abs", "../x", "a/../../b", ".."])
def test_directory_that_leaves_train_dir(dir_: str) -> None:
    assert found(jobs=(job(dir=dir_), job(1))) == [("PBT221", "error", "/jobs/0/dir")]
    assert found(jobs=(job(dir="a..b/c"),)) == []


def test_commands_that_nobody_can_start() -> None:
    assert found(jobs=(job(argv=("sh", "a\0b")),)) == [("PBT320", "error", "/jobs/0/argv/1")]
    assert found(jobs=(job(env={"A/B": "\0"}),)) == [("PBT320", "error", "/jobs/0/env/A~1B")]
    assert found(jobs=(job(argv=("sh", "ä" * 65_536)),)) == [("PBT321", "error", "/jobs/0/argv/1")]
    assert found(jobs=(job(argv=("sh", "a" * 131_071)),)) == []
    assert found(jobs=(job(argv=("", "a")),)) == [("PBT322", "error", "/jobs/0/argv")]


def test_p2_population_that_cannot_run_at_once() -> None:
    jobs, population = gang(8)
    [d] = spec_rules.check(
        spec(jobs=jobs, populations=(population,), policy=Policy(max_parallel=4))
    )
    assert str(d) == (
        "error[PBT401]: /populations/0: population `ant` has 8 members, "
        "but `--max_parallel 4` was given\n"
        "hint: pass `--max_parallel 8`, or `--backend slurm`"
    )


def test_population_and_slots() -> None:
    jobs, population = gang(8)

    def slots(**policy: Any) -> list[Diagnostic]:
        value = Policy(max_parallel=8, **policy)
        return spec_rules.check(spec(jobs=jobs, populations=(population,), policy=value))

    assert slots(num_gpus=2) == []
    assert slots(num_gpus=2, experiments_per_gpu=4) == []
    assert slots(num_gpus=8, experiments_per_gpu=1) == []
    [d] = slots(num_gpus=3, experiments_per_gpu=2)
    assert (d.code, d.level) == ("PBT420", "error")
    assert d.message == (
        "the 8 members of population `ant` need 8 slots at once, but there are 6: "
        "`--num_gpus 3`, `--experiments_per_gpu 2`"
    )
    assert d.hint == ("pass `--experiments_per_gpu 3`, a larger `--num_gpus`, or `--backend slurm`")
    [d] = slots(num_gpus=8, gpus_per_job=2, experiments_per_gpu=1)
    assert "need 16 slots at once, but there are 8" in d.message
    assert "PBT420" in [d.code for d in slots(num_gpus=0, experiments_per_gpu=2)]
    assert slots(num_gpus=0, gpus_per_job=0, experiments_per_gpu=2) == []


def test_d23_slots_that_max_parallel_leaves_empty() -> None:
    def slots(count: int, **policy: Any) -> list[tuple[str, str, str | None]]:
        jobs = tuple(job(i) for i in range(count))
        return found(jobs=jobs, policy=Policy(num_gpus=4, **policy))

    idle = [("PBT533", "note", "/policy/max_parallel")]
    assert slots(8, experiments_per_gpu=2) == idle
    assert slots(4, experiments_per_gpu=2) == []
    assert slots(8, experiments_per_gpu=2, max_parallel=8) == []
    assert slots(8, experiments_per_gpu=2, gpus_per_job=2) == []
    assert slots(8) == []


def test_members_with_needs_of_their_own() -> None:
    jobs, population = gang(2)
    jobs = (jobs[0], msgspec.structs.replace(jobs[1], resources=Resources(gpus=2)))
    policy = Policy(num_gpus=2, experiments_per_gpu=1)
    assert found(jobs=jobs, populations=(population,), policy=policy) == [
        ("PBT420", "error", "/populations/0")
    ]


def test_the_slots_hint_is_true() -> None:
    for size in range(1, 12):
        jobs, population = gang(size)
        for gpus in range(1, 6):
            for per_job in range(1, gpus + 1):
                policy = Policy(
                    max_parallel=99, num_gpus=gpus, gpus_per_job=per_job, experiments_per_gpu=1
                )
                for d in spec_rules.check(
                    spec(jobs=jobs, populations=(population,), policy=policy)
                ):
                    assert d.hint is not None
                    n = int(d.hint.partition("experiments_per_gpu ")[2].partition("`")[0])
                    better = Policy(
                        max_parallel=99, num_gpus=gpus, gpus_per_job=per_job, experiments_per_gpu=n
                    )
                    value = spec(jobs=jobs, populations=(population,), policy=better)
                    assert spec_rules.check(value) == [], (size, gpus, per_job, n)


def test_sample_factory_needs_no_slots() -> None:
    population = Population("doom", "sample_factory", 8, "ant/ws", ("00_ant",))
    jobs = (job(0, population="doom"),)
    assert found(jobs=jobs, populations=(population,), policy=Policy(max_parallel=1)) == []


def lab(size: int = 4, workspace: str = "../logs/rl_games") -> Population:
    return Population("ant", "isaaclab", size, workspace, gang(size)[1].members)


def test_p13_members_that_start_in_one_second() -> None:
    def paused(seconds: float, **more: Any) -> list[tuple[str, str, str | None]]:
        value = {"jobs": gang(4)[0], "populations": (lab(),), **more}
        return found(policy=Policy(pause_between=seconds), **value)

    assert paused(0.5) == [("PBT422", "warning", "/populations/0")]
    assert paused(1.0) == []
    assert paused(0.0, jobs=gang(1)[0], populations=(lab(1),)) == []
    assert paused(0.0, populations=(gang(4)[1],)) == []


@pytest.mark.parametrize(
    ("workspace", "mounts", "said"),
    [
        ("/data/ws", (), "is in no mount, so containers do not see it"),
        ("/data/ws", (Mount("/data", "/dat"),), "is in no mount, so containers do not see it"),
        ("/data/ws", (Mount("/data", "/data", True),), "is in a read-only mount"),
        ("/data/ws", (Mount("/data", "/data", True), Mount("/x", "/data/ws")), ""),
        ("/data/ws", (Mount("/data/ws", "/data/ws/"),), ""),
        ("/data/ws", (Mount("/", "/data"),), ""),
        ("../logs", (), ""),
        ("/train/run/ws", (), ""),
    ],
)
def test_workspaces_that_no_container_sees(
    workspace: str, mounts: tuple[Mount, ...], said: str
) -> None:
    jobs, _ = gang(4)
    value = spec(
        jobs=jobs,
        populations=(lab(workspace=workspace),),
        container=box(mounts=mounts),
        train_dir="/train",
    )
    [*found] = [d for d in spec_rules.check(value) if d.code == "PBT423"]
    assert len(found) == bool(said)
    assert all(said in d.message and d.where.pointer == "/populations/0/workspace" for d in found)
    assert not any(d.code == "PBT423" for d in spec_rules.check(spec(populations=(lab(),))))


def test_limits_without_a_container() -> None:
    jobs = tuple(job(i, resources=limits) for i in range(3) for limits in [Resources(memory=1)])
    shared = Resources(cpus=2, memory=1)
    assert len(found(jobs=jobs)) == 3
    [d] = spec_rules.check(spec(jobs=tuple(job(i, resources=shared) for i in range(3))))
    assert (d.code, d.level, d.where.pointer) == ("PBT532", "note", "/jobs/0/resources")
    assert d.message == "without an image nothing limits the job to its `cpus` and `memory`"
    assert found(jobs=jobs, container=box()) == []


def test_gpus() -> None:
    assert found(policy=Policy(gpus=("0", "0"))) == [("PBT521", "error", "/policy/gpus")]
    assert found(policy=Policy(gpus=("0",), num_gpus=2)) == [("PBT521", "error", "/policy/gpus")]
    assert found(policy=Policy(experiments_per_gpu=0)) == [
        ("PBT520", "error", "/policy/experiments_per_gpu")
    ]
    assert found(policy=Policy(experiments_per_gpu=1, gpus_per_job=2)) == [
        ("PBT520", "error", "/policy/gpus_per_job")
    ]
    assert found(policy=Policy(gpus_per_job=2)) == []
    needy = (job(resources=Resources(gpus=4)),)
    assert found(jobs=needy) == []
    assert found(jobs=(job(resources=Resources(gpus=1)),)) == []
    assert found(jobs=needy, policy=Policy(experiments_per_gpu=1)) == [
        ("PBT520", "error", "/jobs/0/resources/gpus")
    ]


def test_d26_device_set_by_the_experiment() -> None:
    jobs = (job(env={"CUDA_VISIBLE_DEVICES": "1"}),)
    at = "/jobs/0/env/CUDA_VISIBLE_DEVICES"
    assert found(jobs=jobs) == [("PBT524", "warning", at)]
    assert found(jobs=jobs, policy=Policy(experiments_per_gpu=1)) == [("PBT524", "error", at)]


def test_jobs_that_share_a_dictionary_are_looked_at_once() -> None:
    env = {"CUDA_VISIBLE_DEVICES": "1"}
    assert len(found(jobs=tuple(job(i, env=env) for i in range(5)))) == 1


def test_variable_set_twice() -> None:
    jobs = (job(env={"A": "1"}),)
    assert found(jobs=jobs, container=box(env_from=("A",))) == [
        ("PBT529", "warning", "/jobs/0/env/A")
    ]


@pytest.mark.parametrize(
    "source",
    ["/", "//", "/.", "/home/x/..", "~", "~/", "$HOME", "${HOME}", "/root", "/home/trainer/"],
)
def test_mounts_that_show_everything(source: str) -> None:
    assert found(container=box(mounts=(Mount(source, "/x"),))) == [
        ("PBT522", "error", "/container/mounts/0/source")
    ]


@pytest.mark.parametrize(
    ("source", "read_only", "code"),
    [
        ("/var/run/docker.sock", True, "PBT535"),
        ("/run/docker.sock", False, "PBT535"),
        ("/run/user/1000/podman/podman.sock", False, "PBT535"),
        ("/var/run", True, "PBT535"),
        ("/run/", True, "PBT535"),
        ("/run/containerd/containerd.sock", False, "PBT535"),
        ("/etc", True, "PBT534"),
        ("/usr/../etc/", True, "PBT534"),
        ("/proc", False, "PBT534"),
        ("/dev", True, "PBT534"),
        ("/var/lib/docker", True, "PBT534"),
        ("/etc/passwd", False, "PBT534"),
        ("/etc/localtime", True, None),
        ("/dev/shm", False, None),
        ("/data/etc", False, None),
        ("./etc", False, None),
        ("/var/data", False, None),
    ],
)
def test_mounts_that_expose_the_host(source: str, read_only: bool, code: str | None) -> None:
    levels = {"PBT534": "warning", "PBT535": "error"}
    mounts = (Mount(source, "/x", read_only=read_only),)
    at = "/container/mounts/0/source"
    assert found(container=box(mounts=mounts)) == (
        [] if code is None else [(code, levels[code], at)]
    )


@pytest.mark.parametrize(
    ("source", "target", "part"),
    [
        ("data", "/data", "source"),
        ("~/data", "/data", "source"),
        ("$HOME/data", "/data", "source"),
        ("./data", "data", "target"),
        ("./data", "/", "target"),
        ("./data", "//", "target"),
        ("./data", "/x/..", "target"),
    ],
)
def test_mounts_that_are_no_pair_of_paths(source: str, target: str, part: str) -> None:
    assert found(container=box(mounts=(Mount(source, target),))) == [
        ("PBT523", "error", f"/container/mounts/0/{part}")
    ]


def test_two_mounts_on_one_target() -> None:
    mounts = (Mount("./a", "/x"), Mount("./b", "/x/"))
    assert found(container=box(mounts=mounts)) == [
        ("PBT525", "error", "/container/mounts/1/target")
    ]


@pytest.mark.parametrize("user", ["root", "1000", "1000:", "a:b", "1:1:1", "٣:٣"])
def test_users(user: str) -> None:
    assert found(container=box(user=user)) == [("PBT526", "error", "/container/user")]


@pytest.mark.parametrize("image", ["my image", "-v", "a\nb", "$IMAGE"])
def test_images(image: str) -> None:
    assert found(container=box(image=image)) == [("PBT527", "error", "/container/image")]


def test_images_that_are_fine() -> None:
    for image in ("a", "nvcr.io/nvidia/pytorch:24.01-py3", "localhost:5000/a@sha256:0f"):
        assert found(container=box(image=image)) == []


def test_names_of_variables() -> None:
    assert found(container=box(env_from=("A-B",))) == [("PBT528", "error", "/container/env_from/0")]
