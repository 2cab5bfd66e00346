"""Rules 6xx: SLURM. Most describe mistakes that `sbatch` accepts without an error."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT601",
        "error",
        "template without a command",
        "No line of the template runs `$CMD`, so every job would be submitted, do nothing and "
        "succeed. The upstream launcher's own template has this defect (D27).",
        "#!/bin/bash\nconda activate ant",
        "#!/bin/bash\nconda activate ant\n$CMD",
    ),
    Rule(
        "PBT602",
        "error",
        "unknown placeholder in a template",
        "The name is almost that of one of the six placeholders, and the shell would read it as "
        "an empty variable; or it is written with braces, as in a template for NGC. Your own "
        "variables and those of SLURM are left alone (D35).",
        "#!/bin/bash\ntimeout $TIME_OUT $CMD",
        "#!/bin/bash\ntimeout $TIMEOUT $CMD",
    ),
    Rule(
        "PBT603",
        "error",
        "template is not a bash script",
        "Line 1 must name bash or sh, with no option but `-l`, and lines must end as on Unix. "
        "sbatch refuses anything else, and the lines that preserve the exit code are bash.",
        "#!/usr/bin/python3\nprint(1)\n$CMD",
        "#!/bin/bash -l\nconda activate ant\n$CMD",
    ),
    Rule(
        "PBT604",
        "error",
        "command inside quotes",
        "`$CMD` expands to separate arguments, so that an argument with a space or a `$` in it "
        "stays one argument (D36). Inside quotes, or after `eval`, a shell would parse the text "
        "again.",
        '#!/bin/bash\nsrun bash -c "$CMD"',
        "#!/bin/bash\nsrun $CMD",
    ),
    Rule(
        "PBT605",
        "warning",
        "job that submits itself again",
        "A second submission does not run an attempt that has already been started, so submitting "
        "again has no effect. With the upstream launcher it repeated for ever, under new ids "
        "(D34). A requeue of `$SLURM_JOB_ID` is an error: in one task of each array that is the "
        "id of the whole array.",
        "#!/bin/bash\ntimeout 4h $CMD\nif [[ $? -eq 124 ]]; then sbatch $FILENAME; fi",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120 --slurm_requeue",
    ),
    Rule(
        "PBT606",
        "warning",
        "directive that SLURM ignores",
        "SLURM reads `#SBATCH` only at the beginning of a line, with one space after it, and "
        "before the first command. It treats all others as comments, and sbatch does not report "
        "them.",
        "#!/bin/bash\nmodule load cuda\n#SBATCH --time=4:00:00\n$CMD",
        "#!/bin/bash\n#SBATCH --time=4:00:00\nmodule load cuda\n$CMD",
    ),
    Rule(
        "PBT620",
        "error",
        "value that cannot be written into a script",
        "A directive is one line without control characters, and SLURM reads at most 1024 bytes "
        "of it. The value of `$TIMEOUT` is one word.",
        "pbt-compile runs.ant --slurm_timeout '4 h'",
        "pbt-compile runs.ant --slurm_timeout 4h",
    ),
    Rule(
        "PBT621",
        "error",
        "early signal that reaches no process",
        "An early signal is written `USR1@120`: USR1, USR2 or HUP, from 1 to 65535 seconds before "
        "the time limit. SLURM sends it to the script, which passes it on. sbatch accepts "
        "`BUSR1@60` without an error. In a template, a signal without `B:` goes only to steps of "
        "srun. TERM is refused because a cancel sends it too, and INT because processes in the "
        "background ignore it.",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal BUSR1@120",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT622",
        "error",
        "early signal not before the limit",
        "SLURM would send the signal when the job begins, or never.",
        "pbt-compile runs.ant --slurm_time 2m --slurm_signal USR1@120",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT623",
        "warning",
        "early signal is too close to the time limit",
        "SLURM checks time limits about twice a minute, and counts in minutes. Allow the time "
        "that a checkpoint takes and one minute more, at least 90 seconds.",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@20",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT624",
        "warning",
        "array larger than SLURM accepts",
        "Unless the site has raised `MaxArraySize`, the highest index of an array is 1000, and "
        "sbatch refuses a higher one. `scontrol show config` shows the limit of your site.",
        "pbt-compile runs.ant --slurm_max_array 5000",
        "pbt-compile runs.ant --slurm_max_array 1000",
    ),
    Rule(
        "PBT625",
        "error",
        "throttle without effect",
        "SLURM reads `%0` as no throttle. Where each job has a script of its own there is no "
        "array to throttle.",
        "pbt-compile runs.ant --slurm_throttle 0",
        "pbt-compile runs.ant --slurm_throttle 8",
    ),
    Rule(
        "PBT626",
        "warning",
        "members that never run together",
        "With a throttle below the size of the population some members wait until others have "
        "ended. Members exchange only with members that have checkpoints, and with fewer than "
        "about half of them nothing is ever exchanged (P2).",
        "pbt-compile runs.ant_pbt --slurm_throttle 4",
        "pbt-compile runs.ant_pbt --slurm_throttle 8",
    ),
    Rule(
        "PBT627",
        "error",
        "time limit of 0",
        "SLURM reads 0 as no time limit.",
        "pbt-compile runs.ant --slurm_time 0",
        "pbt-compile runs.ant --slurm_time 4h",
    ),
    Rule(
        "PBT628",
        "error",
        "no CPU, or no memory",
        "Every job needs a CPU (D38). SLURM reads 0 bytes as all memory of the node.",
        "pbt-compile runs.ant --slurm_memory 0",
        "pbt-compile runs.ant --slurm_memory 32G",
    ),
    Rule(
        "PBT629",
        "error",
        "invalid GPU type",
        "A GPU type is one word, as `sinfo -o %G` shows it between colons. `gpus_per_job` sets "
        "the number of GPUs.",
        "pbt-compile runs.ant --slurm_gpu_type gpu:a100:2",
        "pbt-compile runs.ant --slurm_gpu_type a100 --slurm_gpus_per_job 2",
    ),
    Rule(
        "PBT630",
        "warning",
        "relative folder after a `cd`",
        "The commands contain `train_dir`, which is relative. After the `cd` they would write "
        "below another folder than the one that was created for them (D41). A job starts in the "
        "folder from which it is submitted.",
        "pbt-compile runs.ant --slurm_prologue 'cd ~/project'",
        "pbt-compile runs.ant --slurm_prologue 'cd ~/project' --train_dir /scratch/me/train_dir",
    ),
    Rule(
        "PBT631",
        "note",
        "job name is changed for SLURM",
        "Names of jobs are reduced to letters, digits, `.`, `_` and `-`, because SLURM's tables "
        "and file name patterns give other characters a meaning.",
        'RunDescription("ant %j", [Experiment("ant", "python train.py")])\n'
        "pbt-compile runs.ant --backend slurm",
        'RunDescription("ant_j", [Experiment("ant", "python train.py")])\n'
        "pbt-compile runs.ant --backend slurm",
    ),
    Rule(
        "PBT632",
        "error",
        "mail that is never sent",
        "SLURM sends nothing to an address without events, and sbatch does not report it. Events "
        "are NONE, BEGIN, END, FAIL, REQUEUE, ALL, INVALID_DEPEND, STAGE_OUT, ARRAY_TASKS, "
        "TIME_LIMIT and TIME_LIMIT_50, _80, _90.",
        "pbt-compile runs.ant --slurm_mail_user you@example.org",
        "pbt-compile runs.ant --slurm_mail_user you@example.org --slurm_mail_type END,FAIL",
    ),
    Rule(
        "PBT633",
        "error",
        "container without an image that it can run",
        "`apptainer` and `pyxis` need an image, and none is set; or the image is a file whose "
        "path begins with neither `/` nor `./`, which pyxis would read as the name of an image in "
        "a registry.",
        "pbt-compile runs.ant --slurm_container apptainer",
        "pbt-compile runs.ant --slurm_container apptainer --slurm_image ./trainer.sif",
    ),
    Rule(
        "PBT634",
        "note",
        "image that is not used",
        "Jobs on SLURM run without the image, because no setting says which program runs images "
        "at this site.",
        "pbt-compile runs.ant --image trainer --backend slurm",
        "pbt-compile runs.ant --image trainer --backend slurm --slurm_container pyxis",
    ),
    Rule(
        "PBT635",
        "error",
        "path that cannot be mounted",
        "apptainer and pyxis read lists of mounts, in which `,` and `:` are separators.",
        "pbt-compile runs.ant --image trainer --slurm_container pyxis --mount ./a,b:/b",
        "pbt-compile runs.ant --image trainer --slurm_container pyxis --mount ./ab:/b",
    ),
    Rule(
        "PBT636",
        "error",
        "setting that conflicts with a template",
        "A template is the whole script except for the command. What runs before the command, and "
        "which process gets an early signal, is written in the template itself.",
        "pbt-compile runs.ant --slurm_sbatch_template old.sh --slurm_prologue 'module load cuda'",
        "pbt-compile runs.ant --slurm_prologue 'module load cuda'",
    ),
    Rule(
        "PBT637",
        "note",
        "throttle of several arrays",
        "A throttle applies to one array. Jobs that need different resources, or more jobs than "
        "`max_array`, are split into several arrays, and each array has its own throttle.",
        "pbt-compile runs.ant --slurm_throttle 8 --slurm_max_array 1",
        "pbt-compile runs.ant --slurm_throttle 8",
    ),
    Rule(
        "PBT638",
        "warning",
        "number without a unit, in another unit than SLURM's",
        "A time without a unit is seconds, and a size without a unit is bytes, as everywhere in "
        "this tool. `sbatch` reads the same numbers as minutes and megabytes.",
        "pbt-compile runs.ant --slurm_time 90",
        "pbt-compile runs.ant --slurm_time 90m",
    ),
    Rule(
        "PBT640",
        "error",
        "SLURM refuses the script",
        "`--ask` checked each script with `sbatch --test-only`. The message is the answer of "
        "sbatch.",
        "pbt-compile runs.ant --slurm_partition nope --ask",
        "pbt-compile runs.ant --slurm_partition gpu --ask      # `sinfo` lists them",
    ),
    Rule(
        "PBT641",
        "note",
        "the answer of SLURM",
        "`--ask` checked each script with `sbatch --test-only`, and SLURM would accept it now; or "
        "there is no sbatch on this machine. On most sites the check does not detect a time above "
        "the limit of the partition.",
        "pbt-compile runs.ant --ask",
        "pbt-compile runs.ant --ask --ignore PBT641",
    ),
    Rule(
        "PBT642",
        "warning",
        "GPUs that are not asked of SLURM",
        "`gpus_per_job` is of backend `processes`, and `slurm_gpus_per_job` of SLURM. A launcher "
        "such as `torchrun` starts as many processes on a node as its arguments say, whatever GPUs "
        "SLURM gives the job.",
        'Experiment("ant", "torchrun --nproc_per_node=8 train.py")\n\npbt-compile runs.ant',
        'Experiment("ant", "torchrun --nproc_per_node=8 train.py")\n\n'
        "pbt-compile runs.ant --slurm_gpus_per_job 8",
    ),
)
