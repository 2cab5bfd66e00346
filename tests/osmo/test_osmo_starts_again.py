"""What a member continues from when OSMO starts its task again, by the command of the task."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.osmo import document_rules, restart, workflow_reading
from pbt_tui.backends.osmo.local.process_list import LocalRun, process_list
from pbt_tui.cli.workflow_target import _shells
from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import answer
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.protocol import GoesOn, Launch
from pbt_tui.spec import Population, Processes
from tests.compiler.compile_specs import job
from tests.executor.running import until
from tests.observe.member_files import Member
from tests.osmo import service_model as service
from tests.osmo.osmo_runs import GOOD, only, settings_of
from tests.osmo.osmo_runs import population as gym
from tests.osmo.test_osmo_words import NAMES, TEXT

SHOW = ("sh", "-c", 'printf "%s\\0" "$@"', "show")


def members(
    place: Path, argv: Sequence[str], env: dict[str, str] | None = None, **more: Any
) -> Processes:
    """A population of two members, whose workspace is that of `Member(place)`."""
    jobs = tuple(
        job(i, population="ant", member=i, argv=tuple(argv), env=env or {}) for i in range(2)
    )
    own = Population("ant", "rl_games", 2, "logs/rl_games", tuple(j.id for j in jobs))
    fields = {**GOOD, "jobs": jobs, "populations": (own,), "train_dir": str(place), **more}
    return gym(2, **fields)


def arrived(spec: Processes, place: Path, **more: Any) -> list[service.Arrived]:
    more = {"reschedule": "75,3006", "mount": (str(place),), **more}
    return service.arrived(service.usual(only(spec, **more)))


def started(one: service.Arrived, quick: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command of a member, without the script that waits for the others."""
    argv = one.argv[one.argv.index(one.name) + (4 if one.lead else 1) :]
    path = os.environ["PATH"] if quick is None else f"{quick}:{os.environ['PATH']}"
    return subprocess.run(argv, env={"PATH": path, **one.env}, capture_output=True, check=False)


def begun(one: service.Arrived) -> subprocess.Popen[bytes]:
    """The same, in a process group of its own, which goes on."""
    argv = one.argv[one.argv.index(one.name) + (4 if one.lead else 1) :]
    env = {"PATH": os.environ["PATH"], **one.env}
    return subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, start_new_session=True)


def told(one: service.Arrived) -> list[str]:
    """The words that its program got."""
    done = started(one)
    assert (done.returncode, done.stderr) == (0, b"")
    return [word.decode() for word in done.stdout.split(b"\0")[:-1]]


def claim(one: service.Arrived) -> Path:
    return Path(one.env[restart.VARIABLE])


@pytest.mark.parametrize("workdir", [None, "here"])
@pytest.mark.parametrize("more", [(), ("{{ lr }}", "it's {% x %}")])
def test_from_the_second_start_on_it_continues(
    tmp_path: Path, workdir: str | None, more: tuple[str, ...]
) -> None:
    place = Member(tmp_path, 0)
    given_ = (*place.argv(*more)[1:],)
    folder = None if workdir is None else str(tmp_path)
    [one, other] = arrived(members(tmp_path, (*SHOW, *given_)), tmp_path, workdir=folder)
    assert claim(one).parent == tmp_path / "ant/_osmo" / service.ID
    assert told(one) == list(given_)
    assert told(one) == list(given_)  # it had written nothing
    place.write(4)
    found = answer(place.question(*more))
    assert told(one) == [*given_, *found.args]
    marks = SharedMarks(str(claim(one).parent.parent / "{{workflow_id}}"), "75")
    assert marks.source(service.ID, one.name, 2) == found.source
    assert marks.source(service.ID, one.name, 3) is None
    assert told(other) == list(given_)
    assert marks.source(service.ID, other.name, 0) is None


def test_all_members_continue_when_they_start_again_with_the_lead(tmp_path: Path) -> None:
    """OSMO kills the commands of the others without notice when it starts the lead again."""
    trains = ("sh", "-c", f'{SHOW[2]}; [ ! -e "$0.waits" ] || exec sleep 600', str(tmp_path / "it"))
    places = [Member(tmp_path, n) for n in range(2)]
    given_ = places[0].argv()[1:]
    tasks = arrived(members(tmp_path, (*trains, *given_)), tmp_path)
    (tmp_path / "it.waits").touch()
    first = [begun(one) for one in tasks]
    starts = [claim(one) for one in tasks]
    until(lambda: all(path.exists() and "start 0" in path.read_text() for path in starts))
    for place, number in zip(places, (4, 6), strict=True):
        place.write(number)
    for process in first:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (tmp_path / "it.waits").unlink()
    for one, place in zip(tasks, places, strict=True):
        assert told(one) == [*given_, *answer(place.question()).args]


def test_what_cannot_be_continued_is_refused(tmp_path: Path) -> None:
    place = Member(tmp_path, 0)
    [one, _] = arrived(members(tmp_path, (*SHOW, *place.argv()[1:])), tmp_path)
    told(one)
    place.write(4, weights=b"")
    quick = tmp_path / "quick"
    quick.mkdir()
    (quick / "sleep").symlink_to("/bin/true")
    done = started(one, quick)
    assert (done.returncode, done.stdout) == (restart.REFUSED, b"")
    assert done.stderr.startswith(b"pbt: cannot be continued: no whole generation in ")


def test_a_task_that_cannot_note_its_start_runs_all_the_same(tmp_path: Path) -> None:
    [one, _] = arrived(members(tmp_path, (*SHOW, "x")), tmp_path)
    (tmp_path / "ant").write_text("a file")
    done = started(one)
    assert (done.returncode, done.stdout) == (0, b"x\0")
    assert f"pbt: cannot write: {claim(one)}\n".encode() in done.stderr


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5), st.dictionaries(NAMES, TEXT, max_size=3))
def test_words_and_variables_arrive_at_each_start(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], env: dict[str, str]
) -> None:
    place = tmp_path_factory.mktemp("any")
    shown = (*SHOW[:2], 'printf "%s\\0" "$@"; exec env -0', "show")
    [one, _] = arrived(members(place, (*shown, *words), env), place)
    for _ in range(2):
        done = started(one)
        assert done.returncode == 0, done.stderr
        found = [text.decode() for text in done.stdout.split(b"\0")[:-1]]
        assert found[: len(words)] == words
        variables = dict(text.partition("=")[::2] for text in found[len(words) :])
        assert {name: variables.get(name) for name in env} == env
        assert not any("pbt_" in name for name in variables)


def test_only_what_osmo_starts_again_has_the_script(tmp_path: Path) -> None:
    spec = members(tmp_path, ("python", "train.py"))
    plain, again = (only(spec, reschedule=which) for which in (None, "75"))
    assert again == only(spec, reschedule="75")
    assert b"_pbt_newest" not in plain
    assert again.count(b"_pbt_newest()") == 2
    toy = msgspec.structs.replace(spec.populations[0], style="toy")
    unknown = msgspec.structs.replace(spec, populations=())
    assert b"_pbt_newest" not in only(unknown, reschedule="75")
    assert restart.of_spec(msgspec.structs.replace(spec, populations=(toy,)), None) == {}
    seen = only(spec, reschedule="75", shared=(str(tmp_path),))
    found = document_rules.check(workflow_reading.read(seen))
    assert {d.code for d in found} == {"PBT929", "PBT932"}


@pytest.mark.parametrize("workdir", [None, "/srv/pbt"])
def test_here_the_executor_continues_it_and_not_the_script(
    tmp_path: Path, workdir: str | None
) -> None:
    spec = members(tmp_path, ("python", "train.py", "x"))
    how = settings_of(reschedule="75", workdir=workdir)
    reading = workflow_reading.read(only(spec, reschedule="75", workdir=workdir))
    run = LocalRun("m", str(tmp_path), shells=_shells(spec, how))
    made, found = process_list(reading, run)
    assert found == []
    for one in made.jobs:
        assert one.argv[-3:] == ("python", "train.py", "x")
        assert restart.VARIABLE not in one.env
        assert not any("_pbt_newest" in word for word in one.argv)


def test_an_attempt_tells_its_script_what_the_executor_chose(tmp_path: Path) -> None:
    place = Member(tmp_path, 0)
    place.write(4)
    found = answer(place.question())
    assert isinstance(found.source, Source)
    spec = members(tmp_path, place.argv())
    plan = WorkflowPlan(spec, settings_of(reschedule="75"), "0123abcd")
    one = spec.jobs[0]
    on = GoesOn("rl_games", place.recorded, tuple(found.args), found.source, found.seen)
    words = (*one.argv, *found.args)
    launch = Launch(one.id, 3, words, {}, tmp_path, tmp_path, tmp_path, (), one, goes_on=on)
    text = plan.made([(one.id, 3)], {(one.id, 3): launch})[1]
    [first] = service.arrived(service.usual(text))
    at = first.argv.index(restart.SCRIPT)
    count = int(first.argv[at + 3])
    assert first.argv[at + 2] == "3"
    again = first.argv[at + 4 : at + 4 + count]
    assert again[:2] == ["rl_games", str(place.recorded)]
    assert again[7] == "4"
    assert again[10:] == list(found.args)
    assert tuple(first.argv[at + 4 + count :]) == one.argv
    # the tasks see a relative folder elsewhere, and a member that is not continued has no script
    moved = msgspec.structs.replace(spec, train_dir="train_dir")
    plan = WorkflowPlan(moved, settings_of(reschedule="75", workdir="/srv/pbt"), "0123abcd")
    text = plan.made([(one.id, 3)], {(one.id, 3): launch})[1]
    assert b" /srv/pbt/train_dir/logs/rl_games " in text
    bare = Launch(one.id, 3, words, {}, tmp_path, tmp_path, tmp_path, (), one)
    assert b"_pbt_newest" not in plan.made([(one.id, 3)], {(one.id, 3): bare})[1]
