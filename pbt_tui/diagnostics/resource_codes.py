"""Rules 5xx: resources and containers."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT520",
        "error",
        "a job that can never start",
        "Slots are counted as soon as `experiments_per_gpu` is given. A job that needs more GPUs "
        "than there are, or for which there is no slot at all, would wait for ever.",
        "pbt-compile runs.ant --num_gpus 1 --gpus_per_job 2 --experiments_per_gpu 1",
        "pbt-compile runs.ant --num_gpus 2 --gpus_per_job 2 --experiments_per_gpu 1 "
        "--slurm_gpus_per_job 2",
    ),
    Rule(
        "PBT521",
        "error",
        "`gpus` and `num_gpus` disagree",
        "`gpus` lists the GPUs to choose from, and `num_gpus` says how many of them are used. "
        "Each GPU is listed once.",
        "pbt-compile runs.ant --gpus 0,2 --num_gpus 4",
        "pbt-compile runs.ant --gpus 0,2,4,6 --num_gpus 4",
    ),
    Rule(
        "PBT522",
        "error",
        "mount exposes `/` or a home folder",
        "A job that sees `/` or a home folder can read and change all files of the owner.",
        "pbt-compile runs.ant --image ant --mount /home:/home",
        "pbt-compile runs.ant --image ant --mount ./assets:/assets:ro",
    ),
    Rule(
        "PBT523",
        "error",
        "mount is not a pair of paths",
        "The source is an absolute path, or a relative path that begins with `./`. The container "
        "engine reads a bare name as a volume, and `~` and `$HOME` are not expanded. The target "
        "is an absolute path other than `/`.",
        "pbt-compile runs.ant --image ant --mount assets:assets",
        "pbt-compile runs.ant --image ant --mount ./assets:/assets",
    ),
    Rule(
        "PBT524",
        "warning",
        "experiment chooses its GPU itself",
        "The executor assigns a GPU to each job. A variable of the experiment overrides the "
        "assignment, and the count of free slots is then wrong (D26). The finding is an error if "
        "slots are counted.",
        'Experiment("ant", "python train.py", [], env_vars={"CUDA_VISIBLE_DEVICES": "1"})',
        "pbt-compile runs.ant --gpus 1",
    ),
    Rule(
        "PBT525",
        "error",
        "two mounts have one target",
        "Only one of the mounts would be visible in the container.",
        "pbt-compile runs.ant --image ant --mount ./a:/data --mount ./b:/data",
        "pbt-compile runs.ant --image ant --mount ./a:/data/a --mount ./b:/data/b",
    ),
    Rule(
        "PBT526",
        "error",
        "invalid user",
        "`caller` is the user who starts the run, `image` is the user that the image sets, and "
        "numbers are `uid:gid`. Other names are refused, because a name may mean different users "
        "inside and outside the container.",
        "pbt-compile runs.ant --image ant --user trainer",
        "pbt-compile runs.ant --image ant --user 1000:1000",
    ),
    Rule(
        "PBT527",
        "error",
        "invalid image name",
        "An image name contains no spaces and begins with a letter or a digit.",
        'pbt-compile runs.ant --image "my image"',
        "pbt-compile runs.ant --image my-image:2",
    ),
    Rule(
        "PBT528",
        "error",
        "invalid variable name",
        "`env_from` lists the names of variables. Their values come from the launcher's "
        "environment when the job starts, so that no secret enters a spec.",
        "pbt-compile runs.ant --image ant --env_from WANDB-KEY",
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
    Rule(
        "PBT529",
        "warning",
        "variable set twice",
        "The value that the experiment sets overrides the value from the launcher's environment.",
        'Experiment("ant", "python train.py", [], env_vars={"WANDB_MODE": "offline"})\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_MODE",
        "pbt-compile runs.ant --image ant",
    ),
    Rule(
        "PBT530",
        "note",
        "container settings without an image",
        "Without an image jobs run as plain processes, and container settings have no effect.",
        "pbt-compile runs.ant --memory 4G",
        "pbt-compile runs.ant --memory 4G --image ant",
    ),
    Rule(
        "PBT531",
        "error",
        "a secret in the environment of an experiment",
        "Spec files contain `env_vars` and are committed and copied. Leave the secret out: plain "
        "processes inherit the environment of `pbt-run`, and containers get the variable by its "
        "name. A value that is not itself the secret, such as a path or `offline`, is allowed.",
        'Experiment("ant", "python train.py", env_vars={"WANDB_API_KEY": "8d7f2c90b1e64a35"})',
        'Experiment("ant", "python train.py", env_vars={"WANDB_MODE": "online"})\n\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
    Rule(
        "PBT532",
        "note",
        "limits that apply only to containers",
        "`gpus` of an experiment always applies. `cpus` and `memory` are limits of containers.",
        'Experiment("ant", "python train.py", resources={"memory": "16G"})',
        'Experiment("ant", "python train.py", resources={"memory": "16G"})\n\n'
        "pbt-compile runs.ant --image ant",
    ),
    Rule(
        "PBT533",
        "note",
        "slots that stay empty",
        "`max_parallel` limits the number of jobs that run at once, even if the GPUs have room "
        "for more. Its default is 4, or the size of the largest population if that is larger "
        "(D23).",
        "pbt-compile runs.ant --max_parallel 1 --num_gpus 2 --experiments_per_gpu 1",
        "pbt-compile runs.ant --max_parallel 2 --num_gpus 2 --experiments_per_gpu 1",
    ),
    Rule(
        "PBT534",
        "warning",
        "mount exposes the system of the host",
        "A job that sees `/etc`, `/proc`, `/sys`, `/dev`, `/usr` or `/var` sees keys and devices "
        "of the host, and it can change what is not mounted with `:ro`. One file of these folders "
        "with `:ro`, such as `/etc/localtime`, is fine.",
        "pbt-compile runs.ant --image ant --mount /etc:/etc:ro",
        "pbt-compile runs.ant --image ant --mount /etc/localtime:/etc/localtime:ro",
    ),
    Rule(
        "PBT535",
        "error",
        "mount of the socket of a container engine",
        "Whoever can write to the socket of the engine can start a container with all of the host "
        "in it: the job is root on the host. `--ignore PBT535` accepts that.",
        "pbt-compile runs.ant --image ant --mount /var/run/docker.sock:/var/run/docker.sock",
        "pbt-compile runs.ant --image ant --mount /var/run/docker.sock:/var/run/docker.sock "
        "--ignore PBT535",
    ),
)
