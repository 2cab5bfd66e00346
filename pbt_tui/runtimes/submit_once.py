"""Submitting once to a service where a second request would be a second job.

    find: look it up by its key ─► there: its id is recorded
                                └► not there: submit
    submit: record that we ask ─► ask ─► record the id
                                  └► no answer, or death: nobody knows, so find comes first

Must not know the service, nor the format of a record. The record is on disk before the service is
asked, so whoever comes after a death finds it without an id, and looks it up before it asks again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Record = TypeVar("Record")


class SubmitOnce(Generic[Record]):
    """One way to a service.

    Args:
        look_up: The record with the id that the service has under its key; None where it has none.
            Raises `EngineUnavailable` where the service does not say.
        ask: The record with the id that the service gave it. Raises `EngineUnavailable` where
            nobody can tell whether it was taken, `EngineError` where it was not.
        save: Puts a record on disk before it returns, with its id or without.
    """

    def __init__(
        self,
        *,
        look_up: Callable[[Record], Record | None],
        ask: Callable[[Record], Record],
        save: Callable[[Record], None],
    ) -> None:
        self._look_up = look_up
        self._ask = ask
        self._save = save

    def find(self, record: Record) -> Record | None:
        """The record with its id, on disk; None where the service never took it.

        Raises `EngineUnavailable` where that cannot be told now.
        """
        found = self._look_up(record)
        if found is not None:
            self._save(found)
        return found

    def submit(self, record: Record) -> Record:
        """The record with its id, on disk. To be called where `find` has found nothing.

        Raises `EngineError` where the service would not, and `EngineUnavailable` where it may have:
        then `find` comes before the next `submit`.
        """
        self._save(record)
        found = self._ask(record)
        self._save(found)
        return found
