"""The words of the 6xx codes: SLURM. Most are of what `sbatch` takes without a word.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT601",
        "error",
        "template without a command",
        "No line of the template runs `$CMD`, so every job would be submitted, do nothing and"
        " succeed. The original's own template was like that (D27).",
        "#!/bin/bash\nconda activate ant",
        "#!/bin/bash\nconda activate ant\n$CMD",
    ),
    Rule(
        "PBT602",
        "error",
        "unknown placeholder in a template",
        "It is nearly one of the six that a template may hold, and would be an empty variable"
        " of the shell; or it is written with braces, as in a template for NGC. Variables of "
        "your own and of SLURM are left alone (D35).",
        "#!/bin/bash\ntimeout $TIME_OUT $CMD",
        "#!/bin/bash\ntimeout $TIMEOUT $CMD",
    ),
    Rule(
        "PBT603",
        "error",
        "template is not a script of bash",
        "Line 1 has to name bash or sh, with `-l` at most, and lines end as on Unix: sbatch "
        "refuses anything else, and the lines that keep the exit code are bash.",
        "#!/usr/bin/python3\nprint(1)\n$CMD",
        "#!/bin/bash -l\nconda activate ant\n$CMD",
    ),
    Rule(
        "PBT604",
        "error",
        "command inside quotes",
        "`$CMD` stands for words, not for a text: an argument with a blank or a `$` in it "
        "stays one argument (D36). Inside quotes, or behind `eval`, it would be text again.",
        '#!/bin/bash\nsrun bash -c "$CMD"',
        "#!/bin/bash\nsrun $CMD",
    ),
    Rule(
        "PBT605",
        "warning",
        "job that submits itself again",
        "An attempt that has been taken is not run by a second submission, so this does "
        "nothing; in the original it went on for ever, under new ids (D34). A requeue by "
        "`$SLURM_JOB_ID` is an error: in one task of each array that is the id of the whole "
        "array.",
        "#!/bin/bash\ntimeout 4h $CMD\nif [[ $? -eq 124 ]]; then sbatch $FILENAME; fi",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120 --slurm_requeue",
    ),
    Rule(
        "PBT606",
        "warning",
        "directive that SLURM does not read",
        "Lines of `#SBATCH` count only at the beginning of a line, with one blank after it, "
        "and before the first command. All others are comments, and sbatch does not say so.",
        "#!/bin/bash\nmodule load cuda\n#SBATCH --time=4:00:00\n$CMD",
        "#!/bin/bash\n#SBATCH --time=4:00:00\nmodule load cuda\n$CMD",
    ),
    Rule(
        "PBT620",
        "error",
        "value that has no place in a script",
        "A directive is one line without control characters, and SLURM takes 1024 bytes of "
        "it; what fills `$TIMEOUT` is one word.",
        "pbt-compile runs.ant --slurm_timeout '4 h'",
        "pbt-compile runs.ant --slurm_timeout 4h",
    ),
    Rule(
        "PBT621",
        "error",
        "early signal that reaches nobody",
        "It is written `USR1@120`: USR1, USR2 or HUP, from 1 to 65535 seconds before the "
        "limit. It goes to the script, which passes it on. sbatch takes `BUSR1@60` without a "
        "word; without `B:`, in a template, it goes to steps of srun alone. TERM comes with a"
        " cancel too, and INT is ignored by what runs in the background.",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal BUSR1@120",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT622",
        "error",
        "early signal not before the limit",
        "It would come when the job begins, or never.",
        "pbt-compile runs.ant --slurm_time 2m --slurm_signal USR1@120",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT623",
        "warning",
        "early signal is late",
        "SLURM looks about twice a minute, and counts in minutes: plan the time that a "
        "checkpoint takes and a minute more, 90 seconds at least.",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@20",
        "pbt-compile runs.ant --slurm_time 4h --slurm_signal USR1@120",
    ),
    Rule(
        "PBT624",
        "warning",
        "arrays larger than SLURM takes",
        "Where the site has not raised `MaxArraySize`, 1000 is the highest index of an array:"
        " sbatch refuses more. `scontrol show config` says what yours is.",
        "pbt-compile runs.ant --slurm_max_array 5000",
        "pbt-compile runs.ant --slurm_max_array 1000",
    ),
    Rule(
        "PBT625",
        "error",
        "throttle that throttles nothing",
        "SLURM takes `%0` for no throttle at all; and a single script for each job has none.",
        "pbt-compile runs.ant --slurm_throttle 0",
        "pbt-compile runs.ant --slurm_throttle 8",
    ),
    Rule(
        "PBT626",
        "warning",
        "members that never run together",
        "With a throttle below the size of a population some members wait until others have "
        "ended. Members exchange only with those that have checkpoints, and below about half "
        "of them nothing is ever exchanged (P2).",
        "pbt-compile runs.ant_pbt --slurm_throttle 4",
        "pbt-compile runs.ant_pbt --slurm_throttle 8",
    ),
    Rule(
        "PBT627",
        "error",
        "time limit of 0",
        "To SLURM 0 is no limit at all.",
        "pbt-compile runs.ant --slurm_time 0",
        "pbt-compile runs.ant --slurm_time 4h",
    ),
    Rule(
        "PBT628",
        "error",
        "no CPU, or no memory",
        "No job runs without a CPU (D38), and 0 bytes are, to SLURM, all memory of the node.",
        "pbt-compile runs.ant --slurm_memory 0",
        "pbt-compile runs.ant --slurm_memory 32G",
    ),
    Rule(
        "PBT629",
        "error",
        "not a type of GPU",
        "A type is one word, as `sinfo -o %G` shows it between colons. The number of GPUs is "
        "`gpus_per_job`.",
        "pbt-compile runs.ant --slurm_gpu_type gpu:a100:2",
        "pbt-compile runs.ant --slurm_gpu_type a100 --slurm_gpus_per_job 2",
    ),
    Rule(
        "PBT630",
        "warning",
        "relative folder after a `cd`",
        "`train_dir` is relative, and stands in the commands; after the `cd` they would write"
        " below another folder than the one that was made for them (D41). Jobs start in the "
        "folder that they are submitted from.",
        "pbt-compile runs.ant --slurm_prologue 'cd ~/project'",
        "pbt-compile runs.ant --slurm_prologue 'cd ~/project' --train_dir /scratch/me/train_dir",
    ),
    Rule(
        "PBT631",
        "note",
        "name that SLURM shows otherwise",
        "Names of jobs are kept to letters, digits, `.`, `_` and `-`: SLURM's own tables and "
        "patterns read other characters as something else.",
        'RunDescription("ant %j", [Experiment("ant", "python train.py")])\n'
        "pbt-compile runs.ant --backend slurm",
        'RunDescription("ant_j", [Experiment("ant", "python train.py")])\n'
        "pbt-compile runs.ant --backend slurm",
    ),
    Rule(
        "PBT632",
        "error",
        "mail that is never sent",
        "An address without events gets nothing, and sbatch does not say so. Events are NONE,"
        " BEGIN, END, FAIL, REQUEUE, ALL, INVALID_DEPEND, STAGE_OUT, ARRAY_TASKS, TIME_LIMIT "
        "and TIME_LIMIT_50, _80, _90.",
        "pbt-compile runs.ant --slurm_mail_user you@example.org",
        "pbt-compile runs.ant --slurm_mail_user you@example.org --slurm_mail_type END,FAIL",
    ),
    Rule(
        "PBT633",
        "error",
        "container without an image that it can run",
        "`apptainer` and `pyxis` run an image, and none is set; or pyxis would take a file for "
        "the name of an image in a registry, because it does not begin with `/` or `./`.",
        "pbt-compile runs.ant --slurm_container apptainer",
        "pbt-compile runs.ant --slurm_container apptainer --slurm_image ./trainer.sif",
    ),
    Rule(
        "PBT634",
        "note",
        "image that is not used",
        "Jobs on SLURM run without the image, because nothing was said about what runs images"
        " at this site.",
        "pbt-compile runs.ant --image trainer --backend slurm",
        "pbt-compile runs.ant --image trainer --backend slurm --slurm_container pyxis",
    ),
    Rule(
        "PBT635",
        "error",
        "path that cannot be shown inside",
        "apptainer and pyxis read lists of mounts, where `,` and `:` mean something else.",
        "pbt-compile runs.ant --image trainer --slurm_container pyxis --mount ./a,b:/b",
        "pbt-compile runs.ant --image trainer --slurm_container pyxis --mount ./ab:/b",
    ),
    Rule(
        "PBT636",
        "error",
        "setting that a template has no place for",
        "A template is the whole script but for the command: what stands before the command, "
        "and who gets an early signal, is its own matter.",
        "pbt-compile runs.ant --slurm_sbatch_template old.sh --slurm_prologue 'module load cuda'",
        "pbt-compile runs.ant --slurm_prologue 'module load cuda'",
    ),
    Rule(
        "PBT637",
        "note",
        "throttle of several arrays",
        "A throttle is that of one array. Where jobs differ in what they need, or are more "
        "than `max_array`, there are several, and each has its own.",
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
        "SLURM refuses it",
        "`--ask` has shown each script to `sbatch --test-only`, and this is what it said.",
        "pbt-compile runs.ant --slurm_partition nope --ask",
        "pbt-compile runs.ant --slurm_partition gpu --ask      # `sinfo` lists them",
    ),
    Rule(
        "PBT641",
        "note",
        "what SLURM says of it",
        "`--ask` has shown each script to `sbatch --test-only`, and it would be taken now; or"
        " there is no sbatch here to be asked. A time over the partition's limit goes "
        "unnoticed on most sites.",
        "pbt-compile runs.ant --ask",
        "pbt-compile runs.ant --ask --ignore PBT641",
    ),
)
