"""Real containers with runtime `docker`: GPU pinning, exit codes, causes, ends and cleanup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes.docker.exit_status import REMOVED
from pbt_tui.runtimes.docker.leftovers import clean, leftovers
from pbt_tui.runtimes.protocol import Ended, Runtime
from pbt_tui.spec import Container, Mount, Policy, Ulimit
from tests.docker.containers_driver import BUSYBOX, Drive, needs
from tests.docker.engines import close, left

FOUR = tuple(Gpu(index) for index in range(4))

TWO_EACH = Policy(experiments_per_gpu=2, num_gpus=4, grace=1.0)


def devices(engine: Any, handle: str) -> list[str]:
    """What the engine itself says the container was given."""
    found = engine.inspect_container(handle)["HostConfig"]["DeviceRequests"] or []
    assert all(one["Count"] == 0 for one in found)
    return [device for one in found for device in one["DeviceIDs"]]


def test_it_is_a_runtime(drive: Drive) -> None:
    runtime: Runtime = drive().prepare().runtime
    assert runtime.name == "docker"
    assert runtime.next_wake() is not None


def test_eight_jobs_sit_two_per_device(drive: Drive, engine: Any) -> None:
    driver = drive(policy=TWO_EACH, known_gpus=FOUR).prepare()
    names = [f"{n:02d}" for n in range(8)]
    for n, name in enumerate(names):
        driver.start("sh", "-c", "echo $NVIDIA_VISIBLE_DEVICES; env", job=name, gpus=(str(n % 4),))
    handles = [driver.begin(name) for name in names]
    assert [devices(engine, handle) for handle in handles] == [[str(n % 4)] for n in range(8)]
    for n, name in enumerate(names):
        assert driver.end(name).exit_code == 0
        seen = driver.log(name)
        assert seen.splitlines()[0] == str(n % 4)
        assert "CUDA_VISIBLE_DEVICES" not in seen


def test_two_devices_one_uuid_and_none(drive: Drive, engine: Any) -> None:
    driver = drive(policy=TWO_EACH, known_gpus=FOUR).prepare()
    given: dict[str, tuple[str, ...]] = {"two": ("1", "3"), "uuid": ("GPU-0-a",), "none": ()}
    for name, gpus in given.items():
        driver.start("sh", "-c", "echo =$NVIDIA_VISIBLE_DEVICES", job=name, gpus=gpus)
    for name, gpus in given.items():
        assert devices(engine, driver.begin(name)) == list(gpus)
        assert driver.end(name).exit_code == 0
        assert driver.log(name) == f"={','.join(gpus)}\n"


def test_without_slots_a_container_gets_every_device_that_is_known(
    drive: Drive, engine: Any
) -> None:
    known = (Gpu(0, "GPU-a"), Gpu(1))
    driver = drive(policy=Policy(experiments_per_gpu=-1), known_gpus=known).prepare()
    driver.start("true", job="all")
    driver.start("true", job="needs-none", needs=needs(gpus=0))
    assert devices(engine, driver.begin("all")) == ["GPU-a", "1"]
    assert devices(engine, driver.begin("needs-none")) == []


def test_a_mask_of_the_jobs_own_is_left_outside(drive: Drive) -> None:
    driver = drive(policy=TWO_EACH, known_gpus=FOUR, environ={"CUDA_VISIBLE_DEVICES": "7"})
    driver.prepare().run("env", env={"CUDA_VISIBLE_DEVICES": "5", "OWN": "1"}, gpus=("2",))
    assert "OWN=1" in driver.log()
    assert "CUDA_VISIBLE_DEVICES" not in driver.log()


def test_the_code_is_the_jobs_own(drive: Drive) -> None:
    driver = drive().prepare()
    codes = (0, 1, 2, 3, 125, 126, 127, 128, 255)
    for code in codes:
        driver.start("sh", "-c", f"echo not found; exit {code}", job=f"{code}")
    for code in codes:
        end = driver.end(f"{code}")
        assert (end.exit_code, end.refused, end.lost, end.cause) == (code, False, False, None)


def test_out_of_memory_is_told_by_the_flag(drive: Drive) -> None:
    driver = drive(container=Container(image=BUSYBOX, network="none", memory=16 << 20)).prepare()
    end = driver.run("sh", "-c", "tail /dev/zero")
    assert (end.exit_code, end.cause) == (137, "oom")
    assert end.detail == "killed by the kernel for memory, limit 16 MiB"


def test_a_childs_death_by_memory_keeps_the_jobs_code(drive: Drive) -> None:
    driver = drive(container=Container(image=BUSYBOX, network="none", memory=16 << 20)).prepare()
    end = driver.run("sh", "-c", "tail /dev/zero; exit 3")
    assert (end.exit_code, end.cause, end.refused) == (3, None, False)


def test_a_missing_command_never_began(drive: Drive) -> None:
    end = drive().prepare().run("no such command", "x")
    assert (end.exit_code, end.refused, end.cause) == (127, True, "command_not_found")
    assert end.detail == "command not found: `no such command`"


def test_a_file_that_is_no_program_never_began(drive: Drive) -> None:
    end = drive().prepare().run("/etc/passwd")
    assert (end.exit_code, end.refused, end.cause) == (126, True, "not_executable")


def test_an_image_that_went_is_missing(drive: Drive, engine: Any) -> None:
    engine.tag(BUSYBOX, "pbt-gone", "test")
    driver = drive(container=Container(image="pbt-gone:test")).prepare()
    engine.remove_image("pbt-gone:test")
    end = driver.run("true")
    assert (end.exit_code, end.refused, end.cause) == (None, True, "image_missing")


def test_killed_from_outside(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    driver.start("sleep", "1000")
    engine.kill(driver.begin(), signal="SIGKILL")
    end = driver.end()
    assert (end.exit_code, end.signal, end.lost, end.cause) == (137, 9, False, None)


def test_what_the_engine_refuses_is_in_its_own_words(drive: Drive, tmp_path: Path) -> None:
    mount = Mount(str(tmp_path / "not there"), "/data")
    end = drive(container=Container(image=BUSYBOX, mounts=(mount,))).prepare().run("true")
    assert (end.exit_code, end.refused, end.cause) == (None, True, None)
    assert end.detail is not None
    assert "not there" in end.detail


def test_a_failed_start_is_removed_when_its_end_is_durable(drive: Drive, engine: Any) -> None:
    limits = (Ulimit("nofile", 10**9, 10**9),)
    driver = drive(container=Container(image=BUSYBOX, ulimits=limits)).prepare()
    end = driver.run("true")
    assert end.refused
    assert end.handle is not None
    driver.runtime.forget("job", 1)
    close(driver)
    assert left(engine, driver.run_id) == []


def test_stopped_gently_and_at_once(drive: Drive) -> None:
    driver = drive().prepare()
    stubborn = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    driver.start("sh", "-c", "trap 'echo saved; exit 0' TERM; echo up; while :; do sleep 0.1; done")
    driver.start("sh", "-c", stubborn, job="stubborn")
    for name in ("job", "stubborn"):
        driver.begin(name)
        driver.wait_for_log("up", name)
        driver.runtime.stop(name, 1, kill=False)
    end = driver.end()
    assert (end.exit_code, driver.log()) == (0, "up\nsaved\n")
    driver.runtime.stop("stubborn", 1, kill=True)
    assert driver.end("stubborn").signal == 9
    assert driver.runtime.stop("stubborn", 1, kill=True), "it is gone: nothing to deliver"


def test_stopped_while_queued_is_never_started(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    names = [f"{n}" for n in range(12)]
    driver.runtime.launch([driver.of("sleep", "1000", job=name) for name in names])
    for name in names:
        assert not driver.ended(name)
        driver.runtime.stop(name, 1, kill=True)
    for name in names:
        while driver.ended(name) is None:
            driver.runtime.stop(name, 1, kill=True)
            driver.turn(0.2)
    unstarted = [driver.end(name) for name in names if driver.started(name) is None]
    assert unstarted
    assert {(end.exit_code, end.handle) for end in unstarted} == {(None, None)}
    for name in names:
        driver.runtime.forget(name, 1)
    close(driver)
    assert left(engine, driver.run_id) == []


def test_entry_point_user_and_stop_signal_of_the_image_are_kept(drive: Drive, entry: str) -> None:
    container = Container(image=entry, network="none", user="image")
    driver = drive(container=container).prepare()
    end = driver.run("id", "-u")
    assert (end.exit_code, driver.log()) == (0, "by the entry point\n1234\n")
    driver.start("sh", "-c", "trap 'exit 5' INT; echo up; while :; do sleep 0.1; done", job="int")
    driver.begin("int")
    driver.wait(lambda: "up" in driver.log("int") or driver.turn(0.05))
    driver.runtime.stop("int", 1, kill=False)
    assert driver.end("int").exit_code == 5
    own = drive(container=Container(image=entry, network="none", entrypoint=())).prepare()
    assert own.run("echo", "bare", job="own").exit_code == 0
    assert own.log("own") == "bare\n"


def test_secrets_go_by_name(drive: Drive, engine: Any) -> None:
    container = Container(image=BUSYBOX, network="none", env_from=("TOKEN",))
    driver = drive(container=container, environ={"TOKEN": "s3cret"}).prepare()
    assert "s3cret" not in repr(driver.runtime.request(driver.of("x")))
    assert driver.run("sh", "-c", "echo $TOKEN").exit_code == 0
    assert driver.log() == "s3cret\n"
    with pytest.raises(RuntimeUnavailable, match="NOT_SET"):
        drive(container=Container(image=BUSYBOX, env_from=("NOT_SET",))).prepare()


def test_removed_behind_our_back_is_lost(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    driver.start("sleep", "1000")
    engine.remove_container(driver.begin(), force=True)
    end = driver.end()
    assert (end.lost, end.cause, end.detail) == (True, "lost", REMOVED)


def test_the_slow_look_finds_what_no_event_told(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    driver.start("sleep", "1000")
    handle = driver.begin()
    driver.runtime._tracker.listening._hear = lambda event: None
    engine.kill(handle)
    engine.wait(handle)
    driver.runtime._poll_at = 0.0
    assert driver.end().signal == 9


def test_a_container_that_only_the_engine_believes_in_is_lost(drive: Drive) -> None:
    """Seen after `kill -9` of containerd, in half of the tries: so its process is put away here."""
    driver = drive().prepare()
    driver.start("sleep", "1000")
    driver.begin()
    lives = driver.runtime._tracker
    lives.catch_up()
    (attempt,) = lives._attempts.values()
    assert attempt.pid > 0, "its process can be seen from here"
    attempt.pid = 2**22
    lives.catch_up()
    assert not driver.runtime.facts()[1:], "one look is not enough"
    lives.catch_up()
    end = driver.end()
    assert end.lost
    assert end.detail == "the engine says that it runs, but its process is gone"


def test_a_wrong_pin_is_refused_before_it_starts(drive: Drive, engine: Any) -> None:
    driver = drive(policy=TWO_EACH, known_gpus=FOUR).prepare()
    create = driver.runtime._there.create

    def other(name: str, body: Any) -> str:
        body["HostConfig"]["DeviceRequests"][0]["DeviceIDs"] = ["0"]
        return create(name, body)

    driver.runtime._there.create = other  # type: ignore[method-assign]
    end = driver.run("true", gpus=("2",))
    assert end.refused
    assert end.detail == "the engine pinned GPU 0 instead of 2"
    assert engine.inspect_container(end.handle)["State"]["StartedAt"].startswith("0001")


def test_sixteen_and_nothing_is_left(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    names = [f"{n:02d}" for n in range(16)]
    driver.runtime.launch(
        [driver.of("sh", "-c", f"exit {n}", job=name) for n, name in enumerate(names)]
    )
    assert [driver.end(name).exit_code for name in names] == list(range(16))
    assert len(left(engine, driver.run_id)) == 16, "kept until their end is durable"
    for name in names:
        driver.runtime.forget(name, 1)
    close(driver)
    assert left(engine, driver.run_id) == []


def test_what_old_runs_left_is_listed_and_cleaned(drive: Drive, engine: Any) -> None:
    driver = drive().prepare()
    driver.start("sleep", "1000", job="runs")
    handle = driver.begin("runs")
    assert driver.run("true", job="ended").exit_code == 0
    close(driver)
    ours = [one for one in leftovers() if one.run_id == driver.run_id]
    assert {(one.job, one.attempt, one.state) for one in ours} == {
        ("runs", 1, "running"),
        ("ended", 1, "exited"),
    }
    assert handle in {one.id for one in ours}
    assert clean([one.id for one in ours], force=True) == {}
    assert left(engine, driver.run_id) == []
    assert clean([handle], force=True) == {}, "gone already"


def test_the_times_are_the_engines(drive: Drive, engine: Any) -> None:
    end: Ended = drive().prepare().run("sleep", "0.1")
    stamp = engine.inspect_container(end.handle)["State"]["FinishedAt"]
    assert abs(end.ended_at % 1 - float("0." + stamp.split(".")[1].rstrip("Z"))) < 1e-3
