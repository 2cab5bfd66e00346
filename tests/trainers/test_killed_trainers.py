"""Real trainers are killed while they train, and so is the executor; every member goes on.

One run for each trainer. The seed is printed, and `PBT_SEED` sets it. What is checked, in
`lives_checked.py`: a life goes on from what the member wrote last; it loads what the journal says;
no member begins anew that has written; no two lives of a member overlap; a kill costs at most what
was trained since the last generation.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from tests.architecture.codebase import ROOT
from tests.executor.running import Place, cleaned
from tests.trainers import lives_checked as checked
from tests.trainers.killer import Killer, Member
from tests.trainers.test_trainings import place as copied

pytestmark = [
    pytest.mark.skipif("PBT_TRAINERS" not in os.environ, reason="`make test-trainers` runs these"),
    pytest.mark.timeout(3600),
]
OPTIONS = ("--retries", "5", "--retry_on", "lost,signal", "--retry_delay", "1s")
SEED = int(os.environ.get("PBT_SEED") or random.SystemRandom().randrange(1 << 32))
POLICIES = 4
PERIOD = 500
"""Frames of a policy between two exchanges of Sample-Factory, by the run module."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    copied(tmp_path)
    for each in cleaned(tmp_path):
        each.environ |= {
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }
        yield each


def compiled(place: Place, module: str) -> None:
    place.module = "pbt_tui.cli.compile"
    said = place.pbt(f"runs/{module}.py", "--backend", "processes")
    assert said.code == 0, said.all
    place.module = "pbt_tui.cli.run"


def once(place: Place) -> dict[str, Any]:
    """What `pbt-tui RUN --once --json` prints."""
    place.module = "pbt_tui.cli.tui"
    said = place.pbt("train_dir/r", "--once", "--json")
    place.module = "pbt_tui.cli.run"
    assert said.code == 0, said.all
    read: dict[str, Any] = json.loads(said.out)
    return read


def weights(path: str) -> dict[str, Any]:
    """What a file of weights holds, loaded as a user does."""
    import torch  # late: only this test's environment has it

    loaded: dict[str, Any] = torch.load(path, weights_only=False)
    return loaded


def lived(killer: Killer, own: dict[str, Callable[[], None]]) -> int:
    """Kills members and executors in a random order; returns the exit code of the stop.

    Args:
        killer: Who kills.
        own: Further ways to kill this trainer, by the name under which they are counted.
    """
    for _ in range(2):
        killer.before_the_first_generation()

    def with_a_member() -> None:
        (member,) = killer.ready()

        def die() -> None:
            killer.kill(member, "without an executor")

        killer.kill_executor("a member died without it", die)

    def after_a_member() -> None:
        killer.at_random()
        killer.sleep(1.5)
        killer.kill_executor("right after a member")

    def alone() -> None:
        killer.ready()
        killer.kill_executor("while nothing happened")

    moments = [killer.after_a_write] * 7 + [killer.two_at_once] * 2 + [killer.at_random] * 3
    moments += [with_a_member] * 4 + [after_a_member] * 3 + [alone] * 3
    moments += [moment for moment in own.values() for _ in range(3)]
    killer.draw.shuffle(moments)
    for moment in moments:
        moment()
    needed = {"after a write": (killer.after_a_write, 5)}
    for how, (moment, least) in (needed | {h: (m, 1) for h, m in own.items()}).items():
        while killer.kills[how] < least:  # a busy machine was late
            moment()
    killer.ready(len(killer.members))
    code = killer.stop_and_go_on()
    killer.ready(len(killer.members))
    return code


def count(place: Place, killer: Killer, **more: object) -> None:
    """Prints the figures, and checks that they are those that the tests are about."""
    kills = killer.kills
    members = {how: n for how, n in kills.items() if not how.startswith("executor")}
    print(f"\nkills of members: {sum(members.values())}: {members}")
    print("kills of the executor:", {h: n for h, n in kills.items() if h not in members})
    started, executors = len(place.of(ev.AttemptStarted)), len(place.of(ev.ExecutorStarted))
    print(f"attempts: {started}, executors: {executors}")
    for name, value in more.items():
        print(f"{name.replace('_', ' ')}: {value}")
    assert sum(members.values()) >= 20
    assert sum(n for how, n in kills.items() if how not in members) >= 10
    assert members["before the first generation"] >= 1
    assert members["two at once"] >= 2


def test_killed_members_of_rl_games_go_on(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    compiled(place, "killed_rl_games")
    logs = place.path / "train_dir/r/cartpole_/logs/rl_games"
    members = [
        Member(
            f"{i:02d}_cartpole",
            place.path / f"told/member-{i}.jsonl",
            partial(logs.glob, f"*/ws/{i:03d}/0*"),
        )
        for i in range(3)
    ]
    killer = Killer(place, members, SEED, *OPTIONS)

    how = "in the exec"
    in_the_exec = partial(killer.after_a_line, "exec", how, 1.5, but="loaded")
    assert lived(killer, {how: in_the_exec}) == 130
    assert killer.end() == 0, killer.said.read_text()[-4000:]
    for member in members:
        member.look()
    lost = [checked.rl_games(place, member, i) for i, member in enumerate(members)]

    shown = once(place)
    (population,) = shown["populations"]
    exploits = [e for e in population["events"] if e["kind"] == "exploit"]
    said = checked.told_in_logs(place, r"Replacing policy (\d+) with (\d+)\.")
    in_logs = Counter({pair: n for pair, n in said.items() if pair[0] != pair[1]})
    told = Counter((e["member"], e["donor"]) for e in exploits if e["source"] == "log")
    assert told == in_logs
    assert all(e["source"] == "log" for e in exploits), exploits
    names = ("member", "generation", "donor", "donor_generation")
    applied = Counter(tuple(e[n] for n in names) for e in exploits if e["applied"])
    assert applied == checked.copies_of_rl_games(members)
    best = population["best"]
    frame = weights(best["checkpoint"])["frame"]
    assert (frame, frame // checked.INTERVAL) == (best["frame"], best["generation"])
    key = (best["member"], best["generation"], best["frame"], best["objective"])
    assert key in checked.written(members)
    with capsys.disabled():
        count(
            place,
            killer,
            seed=SEED,
            most_frames_lost=max(lost),
            copies_announced=sum(in_logs.values()),
            copies_applied=sum(applied.values()),
            generations_written=len(checked.written(members)),
            wall=f"{time.monotonic() - began:.0f} s",
        )


def test_killed_populations_of_sample_factory_go_on(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    compiled(place, "killed_sample_factory")
    train_dir = place.path / "train_dir/r"
    members = [
        Member(
            f"00_{name}",
            place.path / f"told/00_{name}.jsonl",
            partial(train_dir.glob, f"{name}_/00_{name}/checkpoint_p*/checkpoint_*"),
        )
        for name in ("one", "two")
    ]
    killer = Killer(place, members, SEED, *OPTIONS)

    def in_a_rewrite() -> None:
        slow = place.write("slow")
        killer.after_a_line("rewriting", "while settings were written", 0.2)
        slow.unlink()

    in_a_copy = partial(killer.after_a_line, "copied", "in a copy", 0.05)
    own: dict[str, Callable[[], None]] = {
        "while settings were written": in_a_rewrite,
        "in a copy": in_a_copy,
    }
    assert lived(killer, own) == 130
    assert killer.end() == 0, killer.said.read_text()[-4000:]
    for member in members:
        member.look()
    lost = [checked.sample_factory(place, member, POLICIES) for member in members]

    shown = once(place)
    asked = r"Asking learner (\d+) to load model from (\d+)"
    told: Counter[tuple[int, ...]] = Counter()
    applied = 0
    for population in shown["populations"]:
        exploits = [e for e in population["events"] if e["kind"] == "exploit"]
        told += Counter((e["member"], e["donor"]) for e in exploits if e["source"] == "log")
        applied += sum(e["applied"] is True for e in exploits)
        best = population["best"]
        frame = weights(best["checkpoint"])["env_steps"]
        assert (frame, frame // PERIOD) == (best["frame"], best["generation"])
    assert told == checked.told_in_logs(place, asked)
    copied = [line for m in members for line in m.lines if line["what"] == "copied"]
    with capsys.disabled():
        count(
            place,
            killer,
            seed=SEED,
            most_frames_lost=max(lost),
            copies_announced=sum(told.values()),
            copies_applied=applied,
            copies_recorded=sum(line["loads"] for line in copied),
            wall=f"{time.monotonic() - began:.0f} s",
        )
