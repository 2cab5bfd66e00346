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
    Rule(
        "PBT420",
        "error",
        "population larger than the slots",
        "All members of a population have to run at once, each in a slot of its own; "
        "slots are GPUs, divided by the GPUs of a job, times the experiments on each "
        "GPU.",
        "pbt-compile runs.ant --num_gpus 2 --experiments_per_gpu 2      # the "
        "population has 8 members",
        "pbt-compile runs.ant --num_gpus 2 --experiments_per_gpu 4",
    ),
    Rule(
        "PBT421",
        "note",
        "`max_parallel` fits the population",
        "The original runs 4 jobs at once unless told otherwise; a larger population "
        "would never exchange anything (P2). So what is not given is made to fit.",
        "pbt-compile runs.ant      # the population has 8 members",
        "pbt-compile runs.ant --max_parallel 8",
    ),
)
