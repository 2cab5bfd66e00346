"""Submits once to a service where a second request would create a second job.

    find: look the key up at the service ─► it has the key: record its id
                                         └► it does not: submit
    submit: save the record ─► send the request ─► save the id
                               └► no answer, or a crash: unknown, so `find` comes first

The record is on disk before the request is sent. After a crash, the next process finds a record
without an id, and looks its key up before it sends the request again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Record = TypeVar("Record")


class SubmitOnce(Generic[Record]):
    """Submits records to one service.

    Args:
        look_up: Returns the record with the id that the service has under its key; None if it has
            none. Raises `EngineUnavailable` if the service does not answer.
        ask: Sends the request and returns the record with the id that the service gave. Raises
            `EngineError` if the service refused, and `EngineUnavailable` if it is unknown whether
            the service accepted.
        save: Writes a record, with or without an id, and syncs it before it returns.
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
        """Looks a record up, and saves it with its id; None if the service never accepted it.

        Raises:
            EngineUnavailable: if the service does not answer.
        """
        found = self._look_up(record)
        if found is not None:
            self._save(found)
        return found

    def submit(self, record: Record) -> Record:
        """Submits a record that `find` has not found, and saves it with its id.

        Raises:
            EngineError: if the service refused.
            EngineUnavailable: if it is unknown whether the service accepted: then call `find`
                before the next `submit`.
        """
        self._save(record)
        found = self._ask(record)
        self._save(found)
        return found
