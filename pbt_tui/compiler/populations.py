"""Jobs in, the populations among them out: upstream's three ways of naming a policy index.

Must not know run modules, files or settings.
"""

from __future__ import annotations

from pbt_tui.errors import Diagnostic
from pbt_tui.spec import Job, Population


def recognise(jobs: list[Job]) -> tuple[list[Job], list[Population], list[Diagnostic]]:
    """The jobs with `population` and `member` filled in, the populations, codes 4xx."""
    raise NotImplementedError
