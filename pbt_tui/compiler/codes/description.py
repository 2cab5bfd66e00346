"""The words of the 1xx codes: the run module and what it describes.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT120",
        "error",
        "the description differs between two loads",
        "The module draws random numbers while it is imported, so no two compilations "
        "agree and nobody can repeat the run (D12). `pbt-run` only warns, and keeps the"
        " first draw in its spec.",
        "seeds = [random.randint(0, 10**6) for _ in range(8)]\npbt-compile runs.kuka",
        "pbt-compile runs.kuka --seed 0      # or write the seeds into the module",
    ),
)
