"""Turns what a follower reads into sentences, for `pbt-tui --plain`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from pbt_tui.cli.console_reporter import SILENCE
from pbt_tui.cli.event_words import EventWords, Told
from pbt_tui.cli.plain_populations import PopulationWords
from pbt_tui.cli.run_summary import best, failed, summary
from pbt_tui.journal.events import AnyEvent
from pbt_tui.journal.status_text import counts_text
from pbt_tui.tui import labels
from pbt_tui.tui.journal_follower import JournalFollower

MOST = 20
"""Most lines of one turn that tell one change each; more changes are told as counts."""


class PlainReporter:
    """Turns what a follower reads into lines.

    Args:
        feed: A follower that has read the whole journal.
        clock: The time now, in Unix seconds.
    """

    def __init__(self, feed: JournalFollower, clock: Callable[[], float]) -> None:
        self._feed = feed
        self._clock = clock
        self._quiet_until = 0.0
        self._follow()

    def _follow(self) -> None:
        """Begins with the run that the follower has now: `--fresh` replaces it."""
        feed = self._feed
        self._state = feed.state
        self._status = self._said()
        self._trouble = feed.trouble
        self._changes = Changes()
        self._words = EventWords(feed.state, feed.rundir)
        self._populations = PopulationWords(feed.state, feed.rundir)
        feed.heard = self._hear

    def _hear(self, event: AnyEvent) -> None:
        if self._feed.state is self._state:
            for told in self._words.told([event]):
                self._changes.add(told)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen: the run is closed."""
        return self._feed.state.closed is not None

    def begin(self) -> list[str]:
        """The run as it is: where, who executes it, the counts, failures, the best members."""
        feed, state = self._feed, self._feed.state
        self._quiet_until = time.monotonic() + SILENCE
        rows = self._populations.read(self._now(), live=self._live)
        if feed.workspace:
            head = [f"workspace: {feed.rundir.path}", *best(rows), *self._populations.alarms()]
            return [*head, "following it until Ctrl-C"]
        lines = [f"run `{state.spec.run}`: {feed.rundir.path}", self._status]
        if self.over:
            return [*lines, *self._end()]
        lines += [counts_text(state), *_heard(failed(state, feed.rundir)), *best(rows)]
        lines += self._populations.alarms()
        if self._trouble is not None:
            lines.append(f"warning: {self._trouble}")
        return [*lines, "following it until it is closed; Ctrl-C ends this, not the run"]

    def turn(self) -> list[str]:
        """What has changed since the last turn. Raises what makes the journal unreadable."""
        feed = self._feed
        feed.poll(budget=0.5)
        if feed.error is not None:
            raise feed.error
        if feed.state is not self._state:
            self._follow()
            return ["the run was started anew", *self.begin()]
        lines = self._changes.lines()
        self._changes = Changes()
        lines += self._populations.news(self._now(), live=self._live, last=self.over)
        trouble, status = feed.trouble, self._said()
        if trouble != self._trouble and trouble is not None:
            lines.append(f"warning: {trouble}")
        self._trouble = trouble
        if self.over:
            return lines + self._end()
        if status != self._status:
            self._status = status
            lines.append(status)
        now = time.monotonic()
        if not lines and now >= self._quiet_until and not feed.workspace:
            lines.append(f"progress: {counts_text(feed.state)}")
        if lines:
            self._quiet_until = now + SILENCE
        return lines

    @property
    def _live(self) -> bool:
        return self._feed.holder is not None

    def _now(self) -> float:
        return self._feed.now(self._clock())

    def _end(self) -> list[str]:
        return _heard(summary(self._feed.state, self._feed.rundir))

    def _said(self) -> str:
        """Whether it runs, and who executes it: `status: live, process, pid 12 on node7`."""
        feed = self._feed
        status = labels.run_status(feed.state, feed.holder)[0].partition(" ")[2]  # no glyph
        runtime = feed.state.executor.runtime if feed.state.executor is not None else ""
        who = labels.executor_text(feed.state, feed.holder) if self._live and not self.over else ""
        return "status: " + ", ".join(filter(None, (status, runtime if who else "", who)))


class Changes:
    """The changes of one turn: each of them, or counts where there are many.

    Example:
        >>> changes = Changes()
        >>> for number in range(30):
        ...     changes.add(Told(" ", "started", f"job {number}", ": pid 12"))
        >>> changes.lines()
        ['30 jobs started']
    """

    def __init__(self) -> None:
        self._first: list[Told] = []
        self._alike: dict[tuple[str, str], list[Told]] = {}
        """The first change of each kind."""
        self._counts: dict[tuple[str, str], int] = {}
        self._count = 0

    def add(self, told: Told) -> None:
        """Adds one; of many changes of a kind, it keeps the first."""
        self._count += 1
        if self._count <= MOST:
            self._first.append(told)
        key = told.verb, told.reason if told.who else told.text
        self._counts[key] = self._counts.get(key, 0) + 1
        self._alike.setdefault(key, [told])

    def lines(self) -> list[str]:
        """One line for each change, or for each kind. The cause of a failure is always told."""
        if self._count <= MOST:
            return list(map(sentence, self._first))
        return [
            sentence(told) if count == 1 else _counted(told, count)
            for (told,), count in zip(self._alike.values(), self._counts.values(), strict=True)
        ]


def sentence(told: Told) -> str:
    """One change on one line.

    Args:
        told: The change.

    Example:
        >>> sentence(Told("✗", "failed", "03_ant", " after 12s: exit 1", "/run/logs/03_ant.1.log"))
        '03_ant failed after 12s: exit 1; log: /run/logs/03_ant.1.log'
    """
    line = f"{told.who} {told.verb}{told.text}" if told.who else f"{told.verb}: {told.text}"
    return f"{line}; log: {told.log}" if told.log else line


def _counted(told: Told, count: int) -> str:
    if not told.who:
        return f"{count} times {sentence(told)}"
    if not told.reason:
        return f"{count} jobs {told.verb}"
    return sentence(told._replace(who=f"{count} jobs like {told.who}"))


def _heard(lines: Iterable[str]) -> list[str]:
    """Lines of the summary without glyphs and margins; each failure has its log on its line."""
    found: list[str] = []
    for line in lines:
        if line.startswith("  log: ") and found:
            found[-1] += f"; {line.strip()}"
        else:
            found.append(line.replace("✗ ", "failed: ", 1) if line.startswith("✗ ") else line)
    return found
