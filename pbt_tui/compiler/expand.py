"""A description in, jobs out: names, directories and commands exactly as the original makes them.

Must not know files, backends or populations.
"""

from __future__ import annotations

from pbt_tui.compiler.load import Loaded
from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Job


def expand(loaded: Loaded, train_dir: str, suffix: str) -> tuple[list[Job], list[Diagnostic]]:
    """The jobs in upstream's order, and everything found on the way (codes 1xx, 2xx, 3xx)."""
    raise NotImplementedError
