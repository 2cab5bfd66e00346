"""`datetime` and `date` that read another clock; lives in the child.

Their methods are compiled and cannot be replaced, so that subclasses take the place of the classes.
Apart from the clock they behave as the classes do: `isinstance`, `repr` and pickles included.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def replace(module: ModuleType, now: Callable[[], float], note: Callable[[str, str], bool]) -> None:
    """Puts the subclasses into `module`, which is `datetime`; `now` is the clock."""
    names: Any = vars(module)
    real_date: Any = names["date"]
    real_datetime: Any = names["datetime"]

    class Like(type):
        """The type of the subclasses: an instance of the class in the library counts as theirs."""

        _real: Any

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, cls._real)

        def __subclasscheck__(cls, subclass: Any) -> bool:
            return issubclass(subclass, cls._real)

    class date(real_date, metaclass=Like):  # type: ignore[misc]  # noqa: N801
        _real = real_date

        @classmethod
        def today(cls) -> Any:
            note("clock", "datetime.date.today")
            return cls.fromtimestamp(now())

        def __repr__(self) -> str:
            return f"datetime.{super().__repr__()}"

    class datetime(real_datetime, metaclass=Like):  # type: ignore[misc]  # noqa: N801
        _real = real_datetime

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            note("clock", "datetime.datetime.now")
            return cls.fromtimestamp(now(), tz)

        @classmethod
        def today(cls) -> Any:
            note("clock", "datetime.datetime.today")
            return cls.fromtimestamp(now())

        @classmethod
        def utcnow(cls) -> Any:
            note("clock", "datetime.datetime.utcnow")
            return cls.fromtimestamp(now(), names["timezone"].utc).replace(tzinfo=None)

        def __repr__(self) -> str:
            return f"datetime.{super().__repr__()}"

    for kind in (date, datetime):
        kind.__module__ = "datetime"
        kind.__qualname__ = kind.__name__
        names[kind.__name__] = kind
