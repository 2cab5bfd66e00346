"""`pbt-run` killed, its engine restarted: the same containers, their true codes, none run twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker import request as containers
from tests.docker.docked import GATE, Births, Docked, placed, told
from tests.docker.engines import bring_up, take_down
from tests.executor.running import job, until

KILLS, JOBS = 10, 16
CODES = {f"j{n:02}": (0, 3, 0, 77, 1, 0, 130, 255)[n % 8] for n in range(JOBS)}


def spec(docked: Docked, gated: int, dice: random.Random, **policy: Any) -> str:
    """Sixteen jobs; the last `gated` wait for a file."""
    waits = {name: f"sleep {dice.uniform(0.2, 2.0):.1f}" for name in CODES}
    waits |= dict.fromkeys(sorted(CODES)[-gated:], GATE)
    made = [told(name, f"{waits[name]}; exit {code}") for name, code in CODES.items()]
    usual: dict[str, Any] = {"num_gpus": 4, "experiments_per_gpu": 2, "max_parallel": 8}
    return docked.spec(*made, **{**usual, **policy})


def killed(docked: Docked, target: str, dice: random.Random) -> None:
    """One executor that dies: most while they work, some while they start."""
    before = len(docked.of(ev.ExecutorStarted))
    executor = docked.start(target, stdout=subprocess.DEVNULL)
    if dice.random() < 0.8:
        until(lambda: len(docked.of(ev.ExecutorStarted)) > before)
    time.sleep(dice.random() * 0.7)
    executor.kill()
    assert executor.wait() == -signal.SIGKILL, "it ended before it was killed"


def assert_once_each(docked: Docked, births: Births) -> None:
    """Every attempt ran in one container: as the engine, the journal, and the jobs say."""
    handles, ends = docked.handles(), docked.ended()
    run_id = docked.of(ev.RunOpened)[0].run_id
    named = {containers.container_name(run_id, *name): name for name in ends}
    twice = {name: ids for name, ids in births.by_name.items() if len(ids) > 1}
    assert twice == {}, {name: docked.ran(named[name][0]) for name in twice}
    ids = {named[name]: one for name, (one,) in births.by_name.items()}
    assert ids.keys() == ends.keys()
    assert handles.items() <= ids.items(), "some ended before their start was written down"
    for name, found in docked.jobs().items():
        ran = docked.ran(name)
        began = [ids[name, a.number][:12] for a in found.attempts]
        # What is lost may have been so before it could say a word.
        sure = [ids[e.job, e.attempt][:12] for e in ends.values() if e.outcome != "lost"]
        assert len(set(ran)) == len(ran)
        assert set(sure) & set(began) <= set(ran) <= set(began)


def test_ten_kills_over_sixteen_containers(docked: Docked) -> None:
    dice = random.Random(20240229)
    target = spec(docked, 4, dice)
    with Births(docked) as births:
        for _ in range(KILLS):
            killed(docked, target, dice)
            if docked.rundir.is_run():
                target = str(docked.rundir.path)
        assert docked.state().closed is None, "it must have been killed in the middle"
        docked.write("go")
        said = docked.pbt(target)
        assert said.code == 4, said.all
        ends = docked.ended()
        assert {name: e.exit_code for name, e in ends.items()} == {
            (name, 1): code for name, code in CODES.items()
        }
        assert {e.outcome for e in ends.values()} == {"succeeded", "failed"}
        assert_once_each(docked, births)
        assert docked.listed() == []
        again = docked.pbt(target)
        assert again.code == 4
        assert_once_each(docked, births)


# -- an engine of our own, to be restarted -------------------------------------------------------


@pytest.fixture(scope="module", params=["live", "stopping"])
def own(request: pytest.FixtureRequest, engine: object) -> Iterator[tuple[bool, dict[str, str]]]:
    """Whether its containers outlive it; its environment."""
    live = request.param == "live"
    folder = tempfile.mkdtemp(prefix="pbt-docker-restart.")
    try:
        lines = bring_up("--dir", folder, "--no-install", *(["--live-restore"] if live else []))
    except RuntimeError as error:
        pytest.skip(f"no second docker engine, so restarts were not tried: {error}")
    yield live, lines
    take_down(folder)


@pytest.fixture
def there(own: tuple[bool, dict[str, str]], tmp_path: Path) -> Iterator[Docked]:
    yield from placed(tmp_path, own[1]["DOCKER_HOST"])


def restart(own: tuple[bool, dict[str, str]]) -> None:
    live, lines = own
    options = ["--live-restore"] if live else []
    bring_up("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install", "--restart", *options)


@pytest.mark.parametrize("executor", ["lives", "is_dead"])
def test_an_engine_restarts(own: tuple[bool, dict[str, str]], there: Docked, executor: str) -> None:
    live, _ = own
    dice = random.Random(7)
    target = spec(there, 8, dice, retries=1, retry_delay=0.1)
    with Births(there) as births:
        run = there.start(target)
        # None is being started: of such an engine itself loses track, and nobody can tell. The last
        # jobs hold all places; what became of the first on a busy engine is told at the end.
        until(
            lambda: (
                {*gated(8)} <= (begun := there.handles()).keys()
                and len(births.by_name) >= len(begun)
            )
        )
        if executor == "is_dead":
            run.kill()
            run.communicate()
        restart(own)
        there.write("go")
        said = there.end(run) if executor == "lives" else there.pbt(str(there.rundir.path))
        assert said.code == 4, said.all
        last = {name: found.attempts[-1].exit_code for name, found in there.jobs().items()}
        assert last == CODES
        lost = [name for name, e in there.ended().items() if e.outcome == "lost"]
        if live:
            assert lost == []
        else:
            assert sorted(lost) == gated(8)
            assert {there.ended()[one].detail for one in lost} == {"the engine was restarted"}
        assert_once_each(there, births)
        assert there.listed() == []


def gated(count: int) -> list[tuple[str, int]]:
    return [(name, 1) for name in sorted(CODES)[-count:]]


def test_another_engine_is_not_asked(
    own: tuple[bool, dict[str, str]], there: Docked, engine: object, tmp_path: Path
) -> None:
    first = there.start(there.spec(job("j", GATE)))
    there.wait_for(ev.AttemptStarted)
    first.kill()
    first.communicate()
    before = there.of(ev.AttemptEnded, ev.AttemptScheduled, ev.AttemptStarted)
    where = str(there.rundir.path)
    said = there.pbt(where, env={**there.environ, "DOCKER_HOST": os.environ["DOCKER_HOST"]})
    assert said.code == 5, said.all
    assert "and another answers at" in said.err
    assert there.of(ev.AttemptEnded, ev.AttemptScheduled, ev.AttemptStarted) == before
    there.write("go")
    said = there.pbt(where)
    assert said.code == 0, said.all
