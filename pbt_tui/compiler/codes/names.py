"""The words of the 2xx codes: names and directories.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT220",
        "error",
        "run name cannot name a folder",
        "The run name is the name of a folder below `--out` and below `train_dir`.",
        'RunDescription("ant/first try", experiments=[...])',
        'RunDescription("ant_first_try", experiments=[...])',
    ),
    Rule(
        "PBT221",
        "error",
        "directory leaves `train_dir`",
        "What jobs write stays below `train_dir`: only that folder is shown to "
        "containers, and only there does the monitor look.",
        'RunDescription("ant", experiments=[Experiment("../ant", "python train.py", [])])',
        'RunDescription("ant", experiments=[Experiment("ant", "python train.py", [])])',
    ),
    Rule(
        "PBT222",
        "error",
        "the folder holds the run of another module",
        "Two modules with one run name write their specs and their results into one "
        "place, and mix them (D10).",
        'pbt-compile runs.doom_a      # run name "doom"\n'
        'pbt-compile runs.doom_b      # run name "doom" too',
        "pbt-compile runs.doom_b --experiment_suffix b      # or give it a run name of its own",
    ),
    Rule(
        "PBT223",
        "warning",
        "two process lists share a directory",
        "Jobs of different runs that write into one directory overwrite each other's "
        "results (D10).",
        "pbt-compile --validate specs/ old-specs/",
        "pbt-compile runs.ant --experiment_suffix second",
    ),
)
