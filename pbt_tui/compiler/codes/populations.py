"""The words of the 4xx codes: populations.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT401",
        "error",
        "population larger than what may run at once",
        "Members that never started count as the worst, so a population of which only a part can "
        "run at once never exchanges anything: 4 of 8 members give no exchange in 30 generations.",
        "pbt-compile runs.ant --max_parallel 4      # the population has 8 members",
        "pbt-compile runs.ant --max_parallel 8      # or leave it out: it then fits the population",
    ),
)
