"""Keeps a stream of the engine's events open, in a thread.

The stream ends without an error when the engine stops. The thread then opens it again, and lists
the containers once to catch up with missed events.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.runtimes.docker.engine import Engine, Found, Stream
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.worker_pool import AGAIN, WorkerPool


class EventListener:
    """Calls `hear` for each event, and `catch_up` each time the stream was opened."""

    def __init__(
        self,
        engine: Engine,
        engine_id: str,
        labels: Sequence[str],
        pool: WorkerPool,
        *,
        hear: Callable[[Found], None],
        catch_up: Callable[[], None],
    ) -> None:
        self.engine_started = engine.started()
        self._engine = engine
        self._engine_id = engine_id
        self._labels = labels
        self._pool = pool
        self._hear = hear
        self._catch_up = catch_up
        self._open = threading.Event()
        self._stream: Stream | None = None
        self._since = time.time() - 1.0
        pool.thread(self._run)

    def wait(self) -> None:
        """Waits until the stream is open: from then on, no end of a container can be missed.

        Raises `RuntimeUnavailable`.
        """
        end = time.monotonic() + self._pool.patience
        while not self._open.wait(0.1):
            self._pool.check()
            if time.monotonic() >= end:
                raise self._pool.unavailable(EngineUnavailable("its events do not come"))

    def close(self) -> None:
        """Closes the stream."""
        if self._stream is not None:
            self._stream.close()

    def _run(self) -> None:
        silent_from = 0.0
        while not self._pool.closing.is_set():
            try:
                self._stream = self._engine.events(self._labels, self._since)
                if silent_from:
                    self._same_engine()
                self._catch_up()
            except (EngineUnavailable, EngineError) as error:
                silent_from = silent_from or time.monotonic()
                if time.monotonic() >= silent_from + self._pool.patience:
                    raise self._pool.unavailable(error) from error
                self._pool.closing.wait(AGAIN)
                continue
            self._open.set()
            if self._pool.closing.is_set():
                self._stream.close()
            for event in self._stream:
                self._since = float(event.get("time") or self._since)
                self._hear(event)
            silent_from = time.monotonic()
            self._pool.closing.wait(AGAIN / 5)

    def _same_engine(self) -> None:
        """Raises `RuntimeUnavailable` if another engine answers: it has none of the containers."""
        if str(self._engine.info().get("ID") or "") != self._engine_id:
            raise RuntimeUnavailable(
                f"another docker engine answers at `{self._engine.where}`",
                hint="start the one that this run began with",
            )
        self.engine_started = self._engine.started()
