"""`contextlib.suppress` for the child, in which `contextlib` would be a sixth of its start.

Must not know what is suppressed.
"""

from __future__ import annotations


class suppress:  # noqa: N801 - in the place of a function
    """Ends a block at an exception of one of these kinds, and goes on behind it."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self.kinds = kinds

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, self.kinds)
