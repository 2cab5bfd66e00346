"""All commands and screens report the same counts, in every state that the simulation reaches."""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from pbt_tui.cli.console_reporter import ConsoleReporter
from pbt_tui.cli.run_summary import summary
from pbt_tui.journal import JobState, Journal, RunDir, RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.status_text import counts_text
from pbt_tui.observe.snapshot import Snapshot, encode, snapshot
from pbt_tui.spec import Processes
from pbt_tui.spec import encode as encode_spec
from pbt_tui.tui import text_report
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.render import job as render_job
from pbt_tui.tui.render import strips
from pbt_tui.tui.text import Frame, plain
from tests.core import simulation

LIVES = 60
CHUNKS = 4
RUNDIR = RunDir(Path("/run"))
ENDED = re.compile(r"[✗⊘↻] (failed|stopped|lost|refused|interrupted) ")
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


def same_words(state: RunState, events: Sequence[ev.AnyEvent], told: str) -> int:
    """Why attempts ended, as `pbt-run` tells it, is what a job's page says; how many it was."""
    lines = iter([line for line in told.splitlines() if ENDED.match(line)])
    ends = [e for e in events if isinstance(e, ev.AttemptEnded) and e.outcome != "succeeded"]
    pages = {job.spec.id: outcomes(job, state) for job in state.jobs}
    for end in ends:
        outcome, _, reason = pages[end.job][end.attempt - 1].partition(": ")
        line = next(lines)
        assert f" {outcome:<9} {end.job}" in line
        assert f": {reason}" in f"{line};" if reason else line.count(":") <= 1, line
    assert next(lines, None) is None
    return len(ends)


def outcomes(job: JobState, state: RunState) -> list[str]:
    """The last column of the table of attempts on a job's page."""
    lines = render_job.page(job, state, Frame(200, 50, state.at), rundir=RUNDIR, log=())
    text = "\n".join(map(plain, lines))
    return [
        re.findall(rf"^ +{attempt.number} +(?:\S+ +){{3}}(.+)$", text, re.M)[0]
        for attempt in job.attempts
    ]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_surface_tells_the_same(chunk: int, tmp_path: Path) -> None:
    waiting_in_a_queue = ends = 0
    for seed in range(chunk, LIVES, CHUNKS):
        life, violations = simulation.live(seed)
        assert violations == []
        state = RunState(life.spec)
        events, out = life.world.durable, io.StringIO()
        reporter = ConsoleReporter(state, RUNDIR, out)
        for event in events:
            apply(state, event)
            reporter.tell([event])
            true = truth(state)
            place = f"seed {seed}, event {state.seq}"
            assert numbers(counts_text(state)) == true, place
            assert numbers(summary(state, RUNDIR)[0]) == true, place
            assert numbers(plain(strips.counts(state, 160))) == true, place
            waiting_in_a_queue += any(job.shown == "queued" for job in state.jobs)
        reporter.finish()
        ends += same_words(state, events, out.getvalue())
        until = random.Random(seed).randint(1, len(events))
        follower = written(tmp_path / str(seed) / "_pbt", life.spec, events[:until])
        true = truth(follower.state)
        page = text_report.page(follower, follower.state.at, width=160)
        line = next(each for each in page.splitlines() if "% ended" in each)
        assert numbers(line) == true, f"seed {seed}: --once"
        document = encode(snapshot(follower.state, follower.rundir, live=True))
        found = msgspec.json.decode(document, type=Snapshot).counts
        assert msgspec.structs.asdict(found) == true, f"seed {seed}: --once --json"
    assert ends, "nothing ended badly: this proves too little"
    assert waiting_in_a_queue, "no job waited in a queue: this proves too little"
