"""The claim of an attempt: only its owner starts the job, and a survey reports its contents."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pbt_tui.errors import RunError
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.process.second_starts import UNWRITTEN
from pbt_tui.runtimes.protocol import Started
from tests.executor.driver import ProcessDriver
from tests.executor.running import until


def test_one_name_starts_once(driver: ProcessDriver) -> None:
    driver.start("sleep", "600")
    driver.start("sleep", "600")
    handle = driver.begin()
    driver.turn(0.2)
    assert len([f for f in driver.all if isinstance(f, Started)]) == 1
    assert driver.rundir.claim("job", 1).read_text().split()[0] == handle


def test_two_shims_on_one_claim_run_one_job(tmp_path: Path) -> None:
    """As after a kill -9 between a start and its record: the loser follows the winner."""
    for i in range(15):
        folder = tmp_path / str(i)
        folder.mkdir()
        one, two = ProcessDriver(folder), ProcessDriver(folder)
        for each in (one, two):
            each.start("sh", "-c", "echo once; exit 5")
        ends = [one.end(), two.end()]
        assert [end.exit_code for end in ends] == [5, 5]
        assert ends[0].handle == ends[1].handle == one.begin() == two.begin()
        assert one.log() == "once\n"
        one.runtime.close()
        two.runtime.close()


def test_losing_to_a_job_that_still_runs_follows_it(tmp_path: Path) -> None:
    one, two = ProcessDriver(tmp_path), ProcessDriver(tmp_path)
    one.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 9")
    handle = one.begin()
    one.runtime.close()
    two.start("sh", "-c", "echo second")
    assert two.begin() == handle
    assert two.ended() is None
    (tmp_path / "go").touch()
    assert two.end().exit_code == 9
    assert two.log() == ""
    two.runtime.close()


def test_what_still_runs_is_not_started_again_without_its_claim(tmp_path: Path) -> None:
    """Its executor died before it recorded the start, and then somebody removed the claim."""
    one, two = ProcessDriver(tmp_path), ProcessDriver(tmp_path)
    one.rundir.journal.touch()
    one.start("sh", "-c", "echo ran >>ran; until [ -e go ]; do sleep 0.02; done", seq=7)
    one.begin()
    until((tmp_path / "ran").exists)
    kept = one.rundir.claim("job", 1)
    aside = kept.rename(tmp_path / "aside")
    with pytest.raises(RunError, match="attempt 1 still runs, and its claim was removed"):
        two.start("sh", "-c", "echo ran >>ran", seq=7)
    aside.rename(kept)
    (tmp_path / "go").touch()
    assert one.end().exit_code == 0
    assert (tmp_path / "ran").read_text() == "ran\n"
    two.start("true", seq=7)  # nobody runs, and the claim tells how it ended
    assert two.end().exit_code == 0
    one.runtime.close()
    two.runtime.close()


def claim(driver: ProcessDriver, text: str, job: str = "job") -> None:
    driver.rundir.claim(job, 1).write_text(text)


def test_survey_of_claims(driver: ProcessDriver) -> None:
    boot = proc.boot_id()
    me = proc.look(os.getpid())
    assert me is not None
    stranger = f"{me.pid}.{int(me.start) + 1}"
    other = "0f0e0d0c-0000-0000-0000-000000000000"
    cases = {
        "reboot": (f"{me.handle} {other}\n", "gone"),
        "reboot-code": (f"{me.handle} {other}\nexit 6\n", "ended"),
        "reused": (f"{stranger} {boot}\n", "gone"),
        "alive": (f"{me.handle} {boot}\n", "alive"),
        "torn": (f"{stranger} {boot}\nexit 1", "gone"),
        "given-up": ("given up\n", "forfeited"),
        "refused": (f"{stranger} {boot}\nrefused 127\nexit 127\n", "ended"),
        "nonsense": ("\xff\nwhat is this\n", "gone"),
    }
    for job, (text, _) in cases.items():
        claim(driver, text, job)
        os.utime(driver.rundir.claim(job, 1), (time.time() - 5, time.time() - 5))
    seen = driver.runtime.survey([(job, 1, None) for job in cases])
    assert {j: s.state for j, s in zip(cases, seen, strict=True)} == {
        job: state for job, (_, state) in cases.items()
    }
    assert seen[1].ended is not None
    assert seen[1].ended.exit_code == 6
    assert seen[1].ended.ended_at < time.time() - 4
    assert seen[6].ended is not None
    assert seen[6].ended.cause == "command_not_found"
    assert driver.runtime.survey([("nowhere", 1, "5.5")])[0].state == "gone"
    driver.runtime._attempts.clear()  # `alive` was this very process: not for the clean-up to kill


def test_a_zombie_counts_as_dead(driver: ProcessDriver) -> None:
    child = subprocess.Popen(["true"])
    until(lambda: (p := proc.look(child.pid)) is not None and p.dead)
    process = proc.look(child.pid)
    assert process is not None
    claim(driver, f"{process.handle} {proc.boot_id()}\n")
    assert driver.runtime.survey([("job", 1, None)])[0].state == "gone"
    child.wait()


def test_an_empty_claim_is_given_a_second(driver: ProcessDriver) -> None:
    claim(driver, "")
    claim(driver, "", "late")
    writer = subprocess.Popen(
        ["sh", "-c", f"sleep 0.2; echo 1.1 other >{driver.rundir.claim('late', 1)}"]
    )
    seen = driver.runtime.survey([("job", 1, None), ("late", 1, None)])
    assert [(s.state, s.handle) for s in seen] == [("forfeited", None), ("gone", "1.1")]
    writer.wait()


def test_losing_to_a_shim_that_died_before_its_word(driver: ProcessDriver) -> None:
    claim(driver, "")
    driver.start("echo", "never")
    with pytest.raises(RunError, match="ended before it could write its claim") as found:
        driver.end()
    assert found.value.exit_code == 5
    assert driver.log() == ""
    driver.runtime._attempts.clear()  # this executor ends: it reports no end of the attempt


def test_an_attempt_that_was_stopped_before_its_shim_wrote_a_word(driver: ProcessDriver) -> None:
    claim(driver, "")
    driver.rundir.stop_mark("job", 1).touch()
    driver.start("echo", "never")
    assert driver.end().lost, "the reason of the stop decides"
    assert driver.log() == ""


def test_a_full_disk_while_an_attempt_starts_costs_no_try(tmp_path: Path) -> None:
    """The shim can make its claim, but has no room to write into it."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("no right to mount")
    try:
        driver = ProcessDriver(tmp_path)
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "filler").write_bytes(bytes(1 << 20))
        driver.start("echo", "never")
        with pytest.raises(RunError, match="ended before it could write its claim"):
            driver.end()
        driver.runtime.close()
        (tmp_path / "filler").unlink()
        again = ProcessDriver(tmp_path)
        (seen,) = again.runtime.survey([("job", 1, None)])
        assert (seen.state, seen.detail) == ("forfeited", UNWRITTEN)
        assert again.log() == ""
        again.runtime.close()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_an_end_is_never_dated_in_the_future(driver: ProcessDriver) -> None:
    claim(driver, "1.1 x\nexit 0\n")
    os.utime(driver.rundir.claim("job", 1), (time.time() + 900, time.time() + 900))
    found = driver.runtime.survey([("job", 1, None)])[0].ended
    assert found is not None
    assert found.ended_at <= time.time()


def test_what_cannot_be_told_is_unknown(tmp_path: Path) -> None:
    driver = ProcessDriver(tmp_path, elsewhere="other-host")
    claim(driver, "1.1 x\n")
    claim(driver, "1.1 x\nexit 2\n", "over")
    names = [("job", 1, "1.1"), ("over", 1, "1.1")]
    seen = driver.runtime.survey(names)
    assert [(s.state, s.detail) for s in seen] == [("unknown", "other-host"), ("ended", None)]
    driver.rundir.attempts.rename(tmp_path / "away")
    assert {s.state for s in driver.runtime.survey(names)} == {"unknown"}
    driver.runtime.close()


def test_abandoned_is_never_started(driver: ProcessDriver) -> None:
    assert driver.runtime.forfeit("job", 1)
    assert driver.runtime.forfeit("job", 1)
    assert driver.runtime.survey([("job", 1, None)])[0].state == "forfeited"
    end = driver.run("sh", "-c", "echo ran")
    assert end.lost
    assert driver.started() is None
    assert driver.log() == ""


def test_abandoning_what_has_begun_tells_of_it(tmp_path: Path) -> None:
    one, two = ProcessDriver(tmp_path), ProcessDriver(tmp_path)
    one.start("sh", "-c", "exit 8")
    handle = one.begin()
    assert not two.runtime.forfeit("job", 1)
    assert two.end().exit_code == 8
    assert two.begin() == handle
    assert not one.runtime.forfeit("job", 1)
    assert one.end().exit_code == 8
    one.runtime.close()
    two.runtime.close()


def test_abandoning_while_the_shim_is_on_its_way(tmp_path: Path) -> None:
    """Either it was faster and runs to its end, or it never runs: nothing in between."""
    won = i = 0
    while i < 30 or (won == 0 and i < 500):
        i += 1
        folder = tmp_path / str(i)
        folder.mkdir()
        driver = ProcessDriver(folder)
        driver.start("sh", "-c", "echo ran")
        time.sleep(0.0005 * (i % 4))
        if driver.runtime.forfeit("job", 1):
            won += 1
            driver.wait_for_children()
            assert driver.all == []
            assert driver.log() == ""
        else:
            assert driver.end().exit_code == 0
            assert driver.log() == "ran\n"
        driver.runtime.close()
    assert won > 0


def test_read_tells_a_missing_folder_from_a_missing_claim(tmp_path: Path) -> None:
    assert claims.read(tmp_path / "none") is None
    with pytest.raises(OSError, match="No such file"):
        claims.read(tmp_path / "gone" / "none")
