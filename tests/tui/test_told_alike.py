"""One journal is told in the same numbers everywhere, in every state that the simulation has."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from pbt_tui.cli.console_reporter import summary
from pbt_tui.journal import Journal, RunDir, RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.status_text import counts_text
from pbt_tui.observe.snapshot import Snapshot, encode, snapshot
from pbt_tui.spec import Processes
from pbt_tui.spec import encode as encode_spec
from pbt_tui.tui import text_report
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.render import strips
from pbt_tui.tui.text import plain
from tests.core import simulation

LIVES = 60
CHUNKS = 4
SIX = ("running", "waiting", "succeeded", "failed", "cancelled", "skipped")


def truth(state: RunState) -> dict[str, int]:
    """Counted one by one, by the state that the table shows of each job."""
    of = {"queued": "waiting", "starting": "running", "stopping": "running"}
    found = Counter(of.get(job.shown, job.shown) for job in state.jobs)
    return {word: found[word] for word in SIX}


def numbers(text: str) -> dict[str, int]:
    """The counts that a line of text tells; what it leaves out is 0."""
    found = {word: int(n) for n, word in re.findall(rf"(\d+) ({'|'.join(SIX)})\b", text)}
    return {word: found.get(word, 0) for word in SIX}


def written(path: Path, spec: Processes, events: Sequence[ev.AnyEvent]) -> JournalFollower:
    """A run directory with these events, read as the monitor reads it."""
    rundir = RunDir(path)
    path.mkdir(parents=True)
    rundir.spec.write_bytes(encode_spec(spec))
    journal = Journal(rundir.journal)
    journal.append(list(events))
    journal.close()
    follower = JournalFollower(rundir, who=lambda _: 1)
    follower.read_all()
    return follower


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_surface_counts_alike(chunk: int, tmp_path: Path) -> None:
    waiting_in_a_queue = 0
    for seed in range(chunk, LIVES, CHUNKS):
        life, violations = simulation.live(seed)
        assert violations == []
        state, rundir = RunState(life.spec), RunDir(Path("/run"))
        events = life.world.durable
        for event in events:
            apply(state, event)
            true = truth(state)
            place = f"seed {seed}, event {state.seq}"
            assert numbers(counts_text(state)) == true, place
            assert numbers(summary(state, rundir)[0]) == true, place
            assert numbers(plain(strips.counts(state, 160))) == true, place
            waiting_in_a_queue += any(job.shown == "queued" for job in state.jobs)
        until = random.Random(seed).randint(1, len(events))
        follower = written(tmp_path / str(seed) / "_pbt", life.spec, events[:until])
        true = truth(follower.state)
        page = text_report.page(follower, follower.state.at, width=160)
        line = next(each for each in page.splitlines() if "% ended" in each)
        assert numbers(line) == true, f"seed {seed}: --once"
        document = encode(snapshot(follower.state, follower.rundir, live=True))
        found = msgspec.json.decode(document, type=Snapshot).counts
        assert msgspec.structs.asdict(found) == true, f"seed {seed}: --once --json"
    assert waiting_in_a_queue, "no job waited in a queue: this proves too little"
