"""WHAT A RUN LOOKS LIKE for each place that it can run in: spec in, text out.

Must not read or write anything, nor know who started the compiler. A backend is a module with the
words of `Backend`; each is loaded only where it is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pbt_tui.spec import Processes

NAMES = ("processes", "slurm", "ngc")
"""What `--backend` takes, in the order in which they are written."""
RECORDS = ("ngc/submitted.json",)
"""What stands among the files and is no file of theirs: kept by whoever acts on them."""


class Backend(Protocol):
    """One kind of place. All paths are relative to the folder of the run."""

    OWNED: tuple[str, ...]
    """Patterns of the files that are its own: what is there and not made any more goes."""
    SETTINGS: type | None
    """What may be set for it, a frozen struct; None if policy and container say it all."""

    @staticmethod
    def lacks(given: Mapping[str, Any], spec: Processes) -> str | None:
        """What has to be set before it can be rendered, in words; None if it can."""

    @staticmethod
    def render(spec: Processes, settings: Any) -> dict[str, bytes]:
        """All its files."""

    @staticmethod
    def known(files: Mapping[str, bytes]) -> dict[str, Any]:
        """The settings, by field, that files of an earlier compilation tell of."""
