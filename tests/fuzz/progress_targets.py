"""The readers of progress: lines of trainers, event files, the user's patterns, and our files."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import msgspec

from pbt_tui.journal import RunDir
from pbt_tui.observe.progress import Progress, Progresses, encode, remaining, series_file
from pbt_tui.observe.progress.event_records import EventRecords
from pbt_tui.observe.progress.event_scalars import scalars
from pbt_tui.observe.progress.event_watcher import EventWatcher
from pbt_tui.observe.progress.log_watcher import LogWatcher
from pbt_tui.observe.progress.log_window import LogWindow
from pbt_tui.observe.progress.own_patterns import reader_of
from pbt_tui.observe.progress.readers import READERS
from pbt_tui.observe.progress.rings import Ring
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.settings.progress_patterns import read_patterns
from tests.fuzz.folders import fresh, put
from tests.fuzz.runner import Target, corpus

KNOWN = [READERS.get(name) for name in READERS.built_in]


def _is_sound(progress: Progress) -> None:
    assert progress.step is None or 0 <= progress.step < 10**19
    assert progress.total is None or 0 <= progress.total < 10**24
    assert progress.share is None or 0 <= progress.share <= 1
    assert progress.fps is None or math.isfinite(progress.fps)
    assert progress.eta is None or math.isfinite(progress.eta.seconds)
    assert progress.line.isprintable()
    data = encode(Progresses(0.0, {"a": progress}))
    assert msgspec.json.decode(data, type=Progresses).jobs["a"] == progress


def _log(data: bytes, folder: Path) -> None:
    path = fresh(folder) / "a.log"
    watcher = LogWatcher(KNOWN)
    ring = Ring()
    for part in (data[: len(data) // 2], data):
        put(path, part)
        progress = watcher.of(path, ("python", "--max_epochs=9", "total_timesteps=99"))
        _is_sound(progress)
        ring.add(float(len(part)), progress)
    assert watcher.problems == []
    remaining.of_job(ring.series())


def _events(data: bytes, folder: Path) -> None:
    path = fresh(folder) / "events.out.tfevents.1"
    put(path, data)
    for first in (None, 1000):
        records = EventRecords(path, first=first)
        while found := records.read():
            for record in found:
                scalars(record)
    EventWatcher().of("a", lambda: [folder], 0.0, 1.0)
    scalars(data)


def _patterns(data: bytes, folder: Path) -> None:
    text, _, lines = data.partition(b"\n")
    found, wrong = read_patterns({"mine": text.decode("utf-8", "replace")}, "f", "")
    assert all(str(one).isprintable() or "\n" in str(one) for one in wrong)
    for one in found:
        reader_of(one).read(LogWindow(lines))


def _series(data: bytes, folder: Path) -> None:
    rundir = RunDir(fresh(folder))
    for path in (rundir.series, rundir.progress):
        put(path, data)
    known = RunProgress(rundir)
    while known.poll():
        pass
    for name in ("a", "b"):
        job = SimpleNamespace(spec=SimpleNamespace(id=name), attempt=None, attempts=[1])
        for found in (known.of(job), known.series(job)):  # type: ignore[arg-type]
            msgspec.json.encode(found)
    for ended in series_file.read_all(rundir.series).values():
        Ring(ended.series).series(8)


TARGETS = (
    Target("progress", _log, corpus("progress")),
    Target("event-files", _events, corpus("event_files")),
    Target("progress-patterns", _patterns, corpus("patterns")),
    Target("series", _series, corpus("series")),
)
