"""Reads the runs below a folder in threads: those that are visible first, then the others.

The threads are daemons. A file system that hangs keeps some of them, but neither the screen nor the
end of the program. What they have read waits until `poll` takes it.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Condition, Thread

from pbt_tui.journal.lock import holder
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.fleet_types import FleetRun
from pbt_tui.tui.fleet.run_reader import RunReader
from pbt_tui.tui.fleet.run_search import FoundRun, RunSearch, label

THREADS = 3
OFTEN, SELDOM, RARELY = 2.0, 15.0, 60.0
"""Seconds between two looks at a run that is visible and has an executor, at one with either of
both, and at any other one. Half of the last pass between two searches."""
_SHARE = 1000
"""A round that took t seconds of processor time is repeated after 1000 t at the earliest, so that
looking at runs that do not change takes 0.1 % of the time."""
PATIENCE = 5.0
"""Seconds after which a run counts as one whose file system does not answer."""


class ListedRun:
    """One line of the list."""

    __slots__ = ("found", "name", "run")

    def __init__(self, found: FoundRun, name: str) -> None:
        self.found = found
        """The run directory."""
        self.name = name
        """Its name in the list."""
        self.run: FleetRun | None = None
        """What was read; None: not yet."""


class RunsReader:
    """Finds and reads the runs below a folder.

    Args:
        root: The folder.
        clock: The wall clock, in Unix seconds.
        who: Asks who holds the lock of a run.
        threads: Number of threads.
        found: Runs that are known to be there, so that the first page has them.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Callable[[], float] = time.time,
        who: Callable[[RunDir], int | None] = lambda rundir: holder(rundir.lock),
        threads: int = THREADS,
        found: Iterable[FoundRun] = (),
    ) -> None:
        self.root = root
        """The folder."""
        self.runs: dict[Path, ListedRun] = {}
        """What is known so far; only `poll` changes it."""
        self.searched = False
        """Whether the folder was searched once."""
        self.cut: str | None = None
        """Why not all of the folder was searched; None: it was."""
        self._clock = clock
        self._who = who
        self._threads = threads
        self._news = Condition()
        # All below is guarded by `_news`.
        self._stopped = False
        self._readers: dict[Path, RunReader] = {}
        self._due: dict[Path, float] = {}
        """When each run is looked at next; a run that a thread reads now has no time."""
        self._heap: list[tuple[float, Path]] = []
        self._visible: tuple[Path, ...] = ()
        self._searching = False
        self._search_at = 0.0
        self._began: dict[Path, float] = {}
        """Runs that a thread reads now, and since when."""
        self._cost = 0.0
        """Seconds that a look at a run that has not changed takes."""
        self._found: list[FoundRun] = []
        self._gone: list[Path] = []
        self._read: dict[Path, FleetRun] = {}
        self._searches = 0
        self._is_new = False
        self._bug: Exception | None = None
        for one in found:
            self.runs[one.path] = ListedRun(one, label(one.path, root))
            self._add(one)

    # -- for the screen ----------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the threads."""
        for number in range(self._threads):
            Thread(target=self._work, name=f"runs-{number}", daemon=True).start()

    def stop(self) -> None:
        """Lets each thread end once it has read what it is reading."""
        with self._news:
            self._stopped = True
            self._news.notify_all()

    def look_at(self, paths: Iterable[Path]) -> None:
        """Says which runs are visible: they are read first, and looked at more often."""
        visible = tuple(paths)
        with self._news:
            if visible != self._visible:
                self._visible = visible
                now = time.monotonic()
                for path in visible:
                    listed = self.runs.get(path)
                    is_live = listed is not None and _has_executor(listed.run)
                    soon = now + (OFTEN if is_live else SELDOM)
                    if self._due.get(path, 0.0) > soon:
                        self._plan(path, soon)
                self._news.notify()

    def again(self, path: Path) -> None:
        """Looks at a run now, and searches the folder."""
        with self._news:
            if path in self._due:
                self._plan(path, 0.0)
            self._search_at = 0.0
            self._news.notify()

    def poll(self) -> bool:
        """Takes what was read since the last call; returns whether anything was."""
        with self._news:
            if self._bug is not None:
                raise self._bug
            if not self._is_new:
                return False
            self._is_new = False
            found, self._found = self._found, []
            gone, self._gone = self._gone, []
            read, self._read = self._read, {}
            self.searched = self._searches > 0
        for one in found:
            self.runs.setdefault(one.path, ListedRun(one, label(one.path, self.root)))
        for path in gone:
            self.runs.pop(path, None)
        for path, run in read.items():
            if path in self.runs:
                self.runs[path].run = run
        return True

    def silent(self) -> set[Path]:
        """The runs whose file system does not answer."""
        since = time.monotonic() - PATIENCE
        with self._news:
            return {path for path, began in self._began.items() if began < since}

    def read_all(self) -> None:
        """Searches and reads everything in this thread, without starting others."""
        search = RunSearch(self.root)
        for found in search:
            reader = RunReader(found, self.root, clock=self._clock, who=self._who)
            listed = ListedRun(found, label(found.path, self.root))
            while listed.run is None:
                listed.run = reader.read()
            self.runs[found.path] = listed
        self.searched, self.cut = True, search.cut

    # -- the threads -------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._news:
                while not self._stopped and (task := self._next()) is None:
                    self._news.wait(self._pause())
                if self._stopped:
                    return
            try:
                if isinstance(task, RunReader):
                    self._look(task)
                else:
                    self._search()
            except Exception as e:  # a bug: the thread of the screen reports it
                with self._news:
                    self._bug = e

    def _next(self) -> RunReader | bool | None:
        """What to do now: a run to read, True to search, None to wait."""
        now = time.monotonic()
        if now >= self._search_at and not self._searching:
            self._searching = True
            return True
        seen = min(((self._due[p], p) for p in self._visible if p in self._due), default=None)
        if seen is not None and seen[0] <= now:
            return self._take(seen[1], now)
        while self._heap and self._heap[0][0] <= now:
            due, path = heapq.heappop(self._heap)
            if self._due.get(path) == due:
                return self._take(path, now)
        return None

    def _take(self, path: Path, now: float) -> RunReader:
        del self._due[path]
        self._began[path] = now
        return self._readers[path]

    def _pause(self) -> float:
        """Seconds until there is something to do."""
        now = time.monotonic()
        times = [] if self._searching else [self._search_at]
        times += [self._due[path] for path in self._visible if path in self._due]
        if self._heap:
            times.append(self._heap[0][0])
        return min(max(min(times, default=now + SELDOM) - now, 0.0), SELDOM)

    def _add(self, found: FoundRun) -> None:
        reader = RunReader(found, self.root, clock=self._clock, who=self._who)
        self._readers[found.path] = reader
        self._plan(found.path, 0.0)

    def _plan(self, path: Path, due: float) -> None:
        self._due[path] = due
        heapq.heappush(self._heap, (due, path))

    def _look(self, reader: RunReader) -> None:
        path = reader.rundir.path
        began = time.thread_time()
        run = reader.read()
        cost = time.thread_time() - began
        with self._news:
            self._began.pop(path, None)
            if path not in self._readers:
                return
            now = time.monotonic()
            if run is None:
                self._plan(path, now)  # the others first, and then the rest of it
                return
            listed = self.runs.get(path)
            if listed is None or listed.run != run:
                self._read[path] = run
                self._is_new = True
            else:
                self._cost = cost if not self._cost else 0.9 * self._cost + 0.1 * cost
            visible = path in self._visible
            least = (RARELY, SELDOM, OFTEN)[visible + _has_executor(run)]
            rounds = len(self._visible) if least == OFTEN else len(self._readers)
            self._plan(path, now + max(least, _SHARE * self._cost * rounds))

    def _search(self) -> None:
        search = RunSearch(self.root)
        began = time.thread_time()
        there: set[Path] = set()
        for found in search:
            there.add(found.path)
            if found.path not in self._readers:
                with self._news:
                    self._add(found)
                    self._found.append(found)
                    self._is_new = True
                    self._news.notify()
        cost = time.thread_time() - began
        with self._news:
            for path in [path for path in self._readers if path not in there]:
                del self._readers[path]
                self._due.pop(path, None)
                self._gone.append(path)
                self._is_new = True
            self._searching = False
            self._searches += 1
            self._is_new = self._is_new or self._searches == 1 or search.cut != self.cut
            self.cut = search.cut
            self._search_at = time.monotonic() + max(RARELY / 2, _SHARE * cost)


def _has_executor(run: FleetRun | None) -> bool:
    return run is None or run.state in ("live", "held")
