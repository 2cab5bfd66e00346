"""`contextlib.suppress` for the child process, of whose start `contextlib` would take a sixth."""

from __future__ import annotations


class suppress:  # noqa: N801 - named like `contextlib.suppress`
    """Ends a block at an exception of one of these types and continues after the block."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self.kinds = kinds

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, self.kinds)
