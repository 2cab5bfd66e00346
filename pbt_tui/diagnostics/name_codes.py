"""Rules 2xx: names and directories."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT201",
        "error",
        "two jobs have the same name and directory",
        "One of the jobs overwrites the results of the other. With the upstream launcher's SLURM "
        "backend both jobs even run the command of the second one (D9).",
        'EXPERIMENTS = [Experiment("ant", "python train.py --a=1"), Experiment("ant", '
        '"python train.py --a=2")]',
        'EXPERIMENTS = [Experiment("ant1", "python train.py --a=1"), Experiment("ant2", '
        '"python train.py --a=2")]',
    ),
    Rule(
        "PBT202",
        "warning",
        "a name with a slash",
        "Parameter values become part of job names unchanged, and a trainer creates a folder for "
        "each part of a name with slashes. This project names its own files after the id of the "
        "job, which has no slash (D8).",
        'Experiment("ant", "python train.py", [{"checkpoint": "runs/best.pth"}])',
        'Experiment("ant", "python train.py --checkpoint=runs/best.pth")',
    ),
    Rule(
        "PBT203",
        "error",
        "a name with control characters",
        "A line break or an escape character in a name ends up in paths, logs and terminals.",
        'Experiment("ant", "python train.py", [{"note": "a\\tb"}])',
        'Experiment("ant", "python train.py", [{"note": "a-b"}])',
    ),
    Rule(
        "PBT204",
        "warning",
        "a name of more than 100 characters",
        "The job keeps the name that the upstream launcher gives it. Its id is cut, and contains "
        "a digest so that it stays unique.",
        'Experiment("ant", "python train.py", [{"note": "x" * 100}])',
        'Experiment("ant", "python train.py", [{"note": "x"}])',
    ),
    Rule(
        "PBT205",
        "error",
        "a name too long for a file system",
        "Trainers create a folder with this name, and the name of a folder has at most 255 bytes "
        "(D8).",
        'Experiment("ant", "python train.py", [{"note": "x" * 300}])',
        'Experiment("ant", "python train.py", [{"note": "x"}])',
    ),
    Rule(
        "PBT220",
        "error",
        "run name is not a valid folder name",
        "The run name becomes the name of a folder below `--out` and below `train_dir`.",
        'RunDescription("ant/first try", [Experiment("ant", "python train.py")])',
        'RunDescription("ant_first_try", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT221",
        "error",
        "directory is outside `train_dir`",
        "Jobs write below `train_dir` only: containers mount only that folder, and the monitor "
        "reads only that folder.",
        'Experiment("../ant", "python train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT222",
        "error",
        "the folder holds the run of another module",
        "Two modules with the same run name write their specs and their results into one folder, "
        "and mix them (D10).",
        'pbt-compile runs.doom_a      # run name "doom"\n'
        'pbt-compile runs.doom_b      # run name "doom" too',
        "pbt-compile runs.doom_a\n"
        "pbt-compile runs.doom_b --experiment_suffix b      # or give it a run name of its own",
    ),
    Rule(
        "PBT223",
        "warning",
        "two process lists share a directory",
        "Jobs of different runs that write into one directory overwrite each other's "
        "results (D10).",
        "pbt-compile runs.ant\npbt-compile runs.ant --out old\npbt-compile --validate specs old",
        "pbt-compile runs.ant\npbt-compile runs.ant --out old --experiment_suffix old\n"
        "pbt-compile --validate specs old",
    ),
)
