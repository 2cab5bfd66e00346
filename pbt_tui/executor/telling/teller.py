"""Tells the people who asked for it what happens to a run, while the executor goes on.

Each command and the webhook has a thread of its own, so that neither the executor nor another one
waits for it. What goes wrong is told, and changes nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from pbt_tui.errors import Diagnostic, UsageError, printable
from pbt_tui.executor import signals
from pbt_tui.executor.execute import exit_code
from pbt_tui.executor.telling import commands, webhooks
from pbt_tui.executor.telling.messages import (
    Message,
    best_message,
    body,
    end_message,
    environment,
    failure_message,
    plateau_message,
)
from pbt_tui.journal import RunState, untold
from pbt_tui.journal import events as ev
from pbt_tui.journal.untold import TOPICS, Topic
from pbt_tui.observe.progress import BestObjective, objective_news

_COMMANDS = ("`--on_failure`", "`--on_end`")
"""Names of the threads that run commands."""


VARIABLE = "PBT_TELL"
"""The variable that says what the webhook is told of."""
DEFAULT_TOPICS: tuple[Topic, ...] = ("failure", "best", "end")


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom to tell: what the options and the environment of this start name."""

    on_end: tuple[str, ...] = ()
    """Words of the command for the end; empty: none."""
    on_failure: tuple[str, ...] = ()
    """Words of the command for failures; empty: none."""
    webhook: webhooks.Webhook | None = None
    topics: tuple[Topic, ...] = DEFAULT_TOPICS
    """What the webhook is told of."""

    def missing(self, path: str | None) -> list[Diagnostic]:
        """A warning for each command that `path`, the folders of `PATH`, does not have."""
        from shutil import which

        named = (("on_end", self.on_end), ("on_failure", self.on_failure))
        return [
            Diagnostic("warning", f"`--{option}`: no such command: `{printable(argv[0])}`")
            for option, argv in named
            if argv and which(argv[0], path=path) is None
        ]


def recipients(
    on_end: str | None, on_failure: str | None, address: str | None, tell: str | None = None
) -> Recipients | None:
    """Whom the options and `PBT_WEBHOOK` name; None if they name nobody. Raises `UsageError`.

    Args:
        on_end: The command of `--on_end`; None: none.
        on_failure: The command of `--on_failure`; None: none.
        address: The value of `PBT_WEBHOOK`; None or empty: no webhook.
        tell: The value of `PBT_TELL`; None or empty: `DEFAULT_TOPICS`.
    """
    about = topics(tell) if tell else DEFAULT_TOPICS
    if on_end is None and on_failure is None and not address:
        return None
    return Recipients(
        () if on_end is None else commands.words("on_end", on_end),
        () if on_failure is None else commands.words("on_failure", on_failure),
        webhooks.webhook(address) if address else None,
        about,
    )


def topics(text: str) -> tuple[Topic, ...]:
    """The topics of a value of `PBT_TELL`, with commas between them. Raises `UsageError`.

    Example:
        >>> topics("end, plateau")
        ('plateau', 'end')
    """
    given = {word.strip() for word in text.split(",")}
    known: tuple[str, ...] = TOPICS
    for word in sorted(given.difference(known)):
        raise UsageError(
            f"`{VARIABLE}`: there is nothing like `{printable(word):.40}` to tell",
            hint="a list of `failure`, `best`, `plateau` and `end`, with commas between them",
        )
    return tuple(topic for topic in TOPICS if topic in given)


class Teller:
    """Follows one run: `tell` gets its events, `tick` each turn, and `finish` its end.

    Args:
        whom: Whom to tell.
        state: The state of the run, which the executor changes.
        rundir: Path of the run directory.
        environ: Environment of the commands.
        trouble: Called with what went wrong; never in another thread.
        clock: Unix seconds.
    """

    def __init__(
        self,
        whom: Recipients,
        state: RunState,
        rundir: Path,
        environ: Mapping[str, str],
        trouble: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._rundir = rundir
        self._trouble = trouble
        self._clock = clock
        self._cancelled = threading.Event()
        self._problems: SimpleQueue[str] = SimpleQueue()
        self._threads = _threads(whom, environ, self._cancelled, self._problems)
        now = self._now()
        self._untold = untold.begun(state, now)
        self._objectives = objective_news.begun(resumed=state.executor is not None, now=now)

    def tell(self, events: Sequence[ev.AnyEvent]) -> None:
        """Takes a durable batch of events, which the state has folded."""
        self._untold = untold.observed(self._untold, events, self._state)
        self._send()

    def reach(self, best: BestObjective) -> None:
        """Takes the best objective: the one of the executors before, then each better one."""
        self._objectives = objective_news.seen(self._objectives, best, self._now())

    def tick(self, state: RunState) -> None:
        """Sends what is due, and tells what went wrong."""
        self._send()
        self._tell_problems()

    def finish(self) -> None:
        """Waits for what is being told; a signal, or the time limit, ends it."""
        running = [thread for thread in self._threads if thread.is_alive()]
        for thread in running:
            thread.inbox.put(None)
        if running:
            until = time.monotonic() + max(commands.LIMIT, webhooks.LIMIT)
            with signals.caught(self._cancelled.set):
                while (running := [t for t in running if t.is_alive()]) and self._waits(until):
                    running[0].join(0.05)
                self._cancelled.set()
                until = time.monotonic() + 2 * commands.GRACE
                for thread in running:  # a command ends meanwhile; a webhook is left alone
                    thread.join(max(until - time.monotonic(), 0) if thread.name in _COMMANDS else 0)
        self._tell_problems()

    def _waits(self, until: float) -> bool:
        return time.monotonic() < until and not self._cancelled.is_set()

    def _now(self) -> float:
        return max(self._clock(), self._state.at)

    def _send(self) -> None:
        while True:
            topic, failed, self._untold = untold.next_topic(self._untold, self._state, self._now())
            if topic is None:
                break
            if topic == "end":
                message = end_message(self._state, self._rundir, exit_code(self._state))
            else:
                message = failure_message(self._state, self._rundir, failed)
            self._take(message)
        self._send_objectives()

    def _send_objectives(self) -> None:
        """Sends what is due of the best objective; of a closed run nothing is."""
        while self._state.closed is None:
            now = self._now()
            topic, self._objectives = objective_news.next_topic(self._objectives, now)
            best = self._objectives.best
            if topic is None or best is None:
                return
            if topic == "best":
                self._take(best_message(self._state, self._rundir, best))
            else:
                self._take(plateau_message(self._state, self._rundir, best, now))

    def _take(self, message: Message) -> None:
        for thread in self._threads:
            thread.take(message)

    def _tell_problems(self) -> None:
        with suppress(Empty):
            while True:
                self._trouble(self._problems.get_nowait())


class Messenger(threading.Thread):
    """Delivers messages about some topics, one after the other; None in its inbox ends it."""

    def __init__(
        self,
        name: str,
        topics: Sequence[Topic],
        deliver: Callable[[Message], str | None],
        problems: SimpleQueue[str],
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.inbox: SimpleQueue[Message | None] = SimpleQueue()
        self._topics = topics
        self._deliver = deliver
        self._problems = problems

    def take(self, message: Message) -> None:
        """Delivers a message if it is about one of the topics; the first one starts the thread."""
        if message.topic in self._topics:
            self.inbox.put(message)
            if self.ident is None:
                try:
                    self.start()
                except RuntimeError as e:  # no thread is left: the next message tries again
                    self._problems.put(f"{self.name}: {e}")

    def run(self) -> None:
        while (message := self.inbox.get()) is not None:
            try:
                problem = self._deliver(message)
            except Exception as e:
                problem = type(e).__name__  # its text may contain a secret
            if problem is not None:
                self._problems.put(f"{self.name}: {problem}")


def _threads(
    whom: Recipients,
    environ: Mapping[str, str],
    cancelled: threading.Event,
    problems: SimpleQueue[str],
) -> list[Messenger]:
    def command(argv: Sequence[str]) -> Callable[[Message], str | None]:
        return lambda message: commands.run_command(
            argv, {**environ, **environment(message)}, cancelled
        )

    found = []
    if whom.on_failure:
        found.append(Messenger(_COMMANDS[0], ("failure",), command(whom.on_failure), problems))
    if whom.on_end:
        found.append(Messenger(_COMMANDS[1], ("end",), command(whom.on_end), problems))
    if (hook := whom.webhook) is not None:
        found.append(
            Messenger(
                f"`{webhooks.VARIABLE}`",
                whom.topics,
                lambda message: webhooks.post(hook, body(message)),
                problems,
            )
        )
    return found
