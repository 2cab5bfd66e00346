"""The words of the 5xx codes: resources and containers.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT520",
        "error",
        "a job that can never fit",
        "Slots are counted as soon as `experiments_per_gpu` is given. A job that needs "
        "more GPUs than there are, or no slot at all, would wait for ever.",
        "pbt-compile runs.ant --num_gpus 1 --gpus_per_job 2 --experiments_per_gpu 1",
        "pbt-compile runs.ant --num_gpus 2 --gpus_per_job 2 --experiments_per_gpu 1",
    ),
    Rule(
        "PBT521",
        "error",
        "`gpus` and `num_gpus` disagree",
        "`gpus` is the list to choose from, `num_gpus` how many of it are used; each "
        "GPU is listed once.",
        "pbt-compile runs.ant --gpus 0,2 --num_gpus 4",
        "pbt-compile runs.ant --gpus 0,2,4,6 --num_gpus 4",
    ),
    Rule(
        "PBT522",
        "error",
        "mount shows everything",
        "A job that sees `/` or a home folder can change, and read, everything that is "
        "its owner's.",
        "pbt-compile runs.ant --image ant --mount /home:/home",
        "pbt-compile runs.ant --image ant --mount ./assets:/assets:ro",
    ),
    Rule(
        "PBT523",
        "error",
        "mount is not a pair of paths",
        "The source is absolute, or relative and begins with `./`: a bare name would be"
        " a volume of the engine, and `~` or `$HOME` are not expanded. The target is "
        "absolute and not `/`.",
        "pbt-compile runs.ant --image ant --mount assets:assets",
        "pbt-compile runs.ant --image ant --mount ./assets:/assets",
    ),
    Rule(
        "PBT524",
        "warning",
        "experiment sets the GPU itself",
        "The executor chooses the GPU of each job. An experiment that sets the variable"
        " too wins, and the counting of slots is wrong (D26): an error where slots are "
        "counted.",
        'Experiment("ant", "python train.py", [], env_vars={"CUDA_VISIBLE_DEVICES": "1"})',
        "pbt-compile runs.ant --gpus 1",
    ),
    Rule(
        "PBT525",
        "error",
        "two mounts have one target",
        "Only one of them would be seen inside.",
        "pbt-compile runs.ant --image ant --mount ./a:/data --mount ./b:/data",
        "pbt-compile runs.ant --image ant --mount ./a:/data/a --mount ./b:/data/b",
    ),
    Rule(
        "PBT526",
        "error",
        "user is of no known form",
        "`caller` is who starts the run, `image` what the image says, and numbers are "
        "`uid:gid`; names mean different people inside and outside.",
        "pbt-compile runs.ant --image ant --user trainer",
        "pbt-compile runs.ant --image ant --user 1000:1000",
    ),
    Rule(
        "PBT527",
        "error",
        "not the name of an image",
        "A name of an image has no blanks and begins with a letter or digit.",
        'pbt-compile runs.ant --image "my image"',
        "pbt-compile runs.ant --image my-image:2",
    ),
    Rule(
        "PBT528",
        "error",
        "not the name of a variable",
        "`env_from` holds names; their values are taken from the launcher's environment"
        " when the job starts, so that secrets never enter a spec.",
        "pbt-compile runs.ant --image ant --env_from WANDB-KEY",
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
    Rule(
        "PBT529",
        "warning",
        "variable set twice",
        "What the experiment sets goes before what is taken from the launcher's environment.",
        'Experiment("ant", "python train.py", [], env_vars={"WANDB_MODE": "offline"})\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_MODE",
        "pbt-compile runs.ant --image ant",
    ),
    Rule(
        "PBT530",
        "note",
        "container settings without an image",
        "Without an image jobs are plain processes, and settings of a container mean nothing.",
        "pbt-compile runs.ant --memory 4G",
        "pbt-compile runs.ant --memory 4G --image ant",
    ),
    Rule(
        "PBT531",
        "error",
        "a secret in the environment of an experiment",
        "`env_vars` is written into spec files, which are committed and copied. Leave the secret "
        "out: plain processes inherit what `pbt-run` is started with, and containers take it by "
        "name. A value that only stands for one, such as a path or `offline`, is none.",
        'Experiment("ant", "python train.py", env_vars={"WANDB_API_KEY": "8d7f2c90b1e64a35"})',
        'Experiment("ant", "python train.py", env_vars={"WANDB_MODE": "online"})\n\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
    Rule(
        "PBT532",
        "note",
        "limits that no plain process has",
        "`gpus` of an experiment counts everywhere; `cpus` and `memory` are limits of containers.",
        'Experiment("ant", "python train.py", resources={"memory": "16G"})',
        'Experiment("ant", "python train.py", resources={"memory": "16G"})\n\n'
        "pbt-compile runs.ant --image ant",
    ),
    Rule(
        "PBT533",
        "note",
        "slots that stay empty",
        "`max_parallel` is the most jobs at once whatever the GPUs could hold, and is 4 if it is "
        "not given and no population is larger (D23).",
        "pbt-compile runs.ant --max_parallel 1 --num_gpus 2 --experiments_per_gpu 1",
        "pbt-compile runs.ant --max_parallel 2 --num_gpus 2 --experiments_per_gpu 1",
    ),
)
