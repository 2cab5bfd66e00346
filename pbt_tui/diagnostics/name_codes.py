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
        "Values are a part of the names of jobs, and a trainer writes to nested folders where a "
        "name holds a slash. Logs and attempts are named by the job's id, which holds none (D8).",
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
    Rule(
        "PBT224",
        "error",
        "the run name is not fixed",
        "The run name is the name of the run directory. A name that holds the time of the import, "
        "a random number, the host name, the user or the git revision is another one the next "
        "time: `pbt-run` does not find the run that it started, and runs all jobs again beside "
        "it. `pbt-run MODULE` refuses such a module too.",
        "import time\n\n"
        'RunDescription(f"ant_{int(time.time())}", [Experiment("ant", "python train.py")])',
        'RunDescription("ant", [Experiment("ant", "python train.py")])\n\n'
        "pbt-compile runs.ant --experiment_suffix trial2",
    ),
    Rule(
        "PBT225",
        "warning",
        "the description depends on where it is compiled",
        "A value holds the host name, the user, the git revision, the home folder or the folder "
        "of this checkout. The compiled files have other bytes in another place, and `--check` "
        "fails there. `pbt-run MODULE` says nothing of it, because it runs the jobs where it "
        "compiles them.",
        'import socket\n\nExperiment("ant", f"python train.py --host={socket.gethostname()}")',
        'Experiment("ant", "python train.py")      # the trainer asks for the host name',
    ),
)
