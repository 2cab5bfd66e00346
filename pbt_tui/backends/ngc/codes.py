"""Rules 7xx: job requests for Base Command on NGC."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

_JOB = "pbt-compile runs.ant --backend ngc"
_GANG = "pbt-compile runs.ant_pbt --backend ngc"
_MEET = "--train_dir /mount/train_dir --ngc_workspace team:/mount:RW"

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT701",
        "error",
        "invalid job request",
        "A key is unknown or missing, or its value is invalid. NVIDIA's client silently drops "
        "unknown keys and converts wrong types to text, so it would submit another job than the "
        "file describes.",
        '"labels": ["a"], "jobOrder": "2"',
        '"userLabels": ["a"], "jobOrder": 2',
    ),
    Rule(
        "PBT702",
        "error",
        "invalid label",
        "A label consists of letters, digits and `_`, without hyphens, begins with a letter, and "
        "has at most 256 characters. One `_` in front makes it a reserved label and two make it a "
        "system label; each kind has its own list. A list has at most 20 labels, and each label "
        "once.",
        '"userLabels": ["sweep-7"]',
        '"userLabels": ["sweep_7"]',
    ),
    Rule(
        "PBT703",
        "error",
        "port that cannot be published",
        "A port has a number from 1 to 65535, except 1729. A port name has up to 10 letters and "
        "digits, and needs the protocol TCP or UDP. Each number and each name is used once.",
        f"{_JOB} --ngc_port web:8080/HTTPS",
        f"{_JOB} --ngc_port web:8080/TCP",
    ),
    Rule(
        "PBT704",
        "error",
        "variable that NGC does not accept",
        "The name of a variable has 1 to 63 letters, digits, `_`, `.` or `-`, and each name is "
        "used once. A value has at most 2048 characters and no line break. Put longer values into "
        "a file of a workspace.",
        'Experiment("ant", "python train.py", env_vars={"NOTE": "two\\nlines"})',
        'Experiment("ant", "python train.py", env_vars={"NOTE": "one line"})',
    ),
    Rule(
        "PBT705",
        "error",
        "secret in plain text",
        "Spec files are committed and sent. NGC stores secrets by name and puts them into the "
        "environment of a job.",
        f"{_JOB} --ngc_env_var WANDB_API_KEY:0123456789abcdef0123456789abcdef",
        f"{_JOB} --ngc_secret WANDB:KEY:WANDB_API_KEY",
    ),
    Rule(
        "PBT706",
        "error",
        "secret without keys, or in conflict with another",
        "A job takes all keys of a secret (`allKeys`) or those in a list. With neither it gets "
        "nothing, and with both the request is ambiguous. Two secrets must not set the same "
        "variable.",
        '"userSecretsSpec": [{"name": "WANDB", "allKeys": false}]',
        '"userSecretsSpec": [{"name": "WANDB", "allKeys": true}]',
    ),
    Rule(
        "PBT707",
        "error",
        "invalid or conflicting mounts",
        "Mount points are absolute, and each is used once, including that of the results. A "
        "dataset is given by its number (`id`) or its `uuid`. Only a dataset that is given by its "
        "uuid may stay unmounted.",
        f"{_JOB} --ngc_workspace team:/results",
        f"{_JOB} --ngc_workspace team:/mount",
    ),
    Rule(
        "PBT708",
        "error",
        "preemption class that this job cannot have",
        "Jobs on a part of a GPU (MIG) can only be `RUNONCE`. Jobs on several nodes cannot be "
        "`RESTARTABLE`.",
        f"{_JOB} --ngc_instance dgxa100.mig.1g.5gb.1.norm --ngc_preempt RESUMABLE",
        f"{_JOB} --ngc_instance dgxa100.mig.1g.5gb.1.norm --ngc_preempt RUNONCE",
    ),
    Rule(
        "PBT709",
        "error",
        "conflicting keys for several nodes",
        "A job on several nodes sets how its processes are started (`arrayType`) and how long it "
        "runs, and cannot wait for more nodes than it has. A part of a GPU (MIG) cannot span "
        "several nodes. `topologyConstraint` applies only to several nodes.",
        f"{_JOB} --ngc_replicas 2",
        f"{_JOB} --ngc_replicas 2 --ngc_array_type PYTORCH \\\n"
        "    --ngc_network INFINIBAND --ngc_total_runtime 1D",
    ),
    Rule(
        "PBT710",
        "error",
        "invalid image name for NGC",
        "An image is `org/[team/]image[:tag]` in NVIDIA's own registry, without the address of "
        "the registry. NGC would read a digest as a tag. `pbt-compile` removes `nvcr.io/`.",
        f"{_JOB} --image docker.io/library/python:3.12",
        f"{_JOB} --image nvcr.io/nvidia/pytorch:23.10-py3",
    ),
    Rule(
        "PBT711",
        "warning",
        "accepted key that is better written otherwise",
        "The key is common in published job files, and it works or has no effect. "
        "`publishedContainerPorts` is an older form, and `aceId` is ignored. Without `aceName` "
        "the job goes to the ACE that the submitter has configured. The client drops an empty "
        "value or sends it without effect. `arrayType` applies only to several nodes. The "
        "client's documentation contradicts itself on the default of `networkType`.",
        '"publishedContainerPorts": [8888], "datasetMounts": []',
        '"portMappings": [{"containerPort": 8888, "protocol": "HTTPS"}]',
    ),
    Rule(
        "PBT712",
        "error",
        "template that is not one `ngc` line",
        "The upstream launcher runs its template through a shell. `pbt-compile` translates only "
        "one line, `ngc base-command job run …` or `ngc batch run …`, whose command is or "
        "contains `{{ experiment_cmd }}`, and which may use `{{ name }}`. The upstream launcher "
        "silently leaves other spellings in place (D42, D45).",
        'ngc batch run --name "{{ nmae }}" --commandline "{{ experiment_cmd }}"',
        'ngc batch run --name "{{ name }}" --commandline "{{ experiment_cmd }}"',
    ),
    Rule(
        "PBT713",
        "error",
        "part of a template that a job request cannot hold",
        "A file cannot hold what the shell of the submitting host would evaluate (`$HOME`, "
        "backticks, pipes, D44), nor flags that are not part of a request.",
        "ngc batch run --commandline 'cd $HOME && {{ experiment_cmd }}' --waitend",
        "ngc batch run --commandline 'cd /mount && {{ experiment_cmd }}'",
    ),
    Rule(
        "PBT714",
        "warning",
        "template that the upstream launcher reads otherwise",
        "The upstream launcher removes backslashes and repeated spaces, inside quotes too, and "
        "leaves `{{name}}` unchanged (D43, D45). Here backslashes and spaces are kept, and "
        "`{{name}}` is a placeholder.",
        "ngc batch run --name {{name}} --commandline 'a  b; {{ experiment_cmd }}'",
        "ngc batch run --name {{ name }} --commandline 'a b; {{ experiment_cmd }}'",
    ),
    Rule(
        "PBT720",
        "warning",
        "container setting that a job request cannot hold",
        "Base Command has no mounts from a host, no users, no limits and no variables of the "
        "launcher. Use workspaces, instances and secrets instead.",
        f"{_JOB} --image nvidia/pytorch --mount ./data:/data --env_from WANDB_API_KEY",
        f"{_JOB} --image nvidia/pytorch --ngc_workspace team:/data --ngc_secret WANDB",
    ),
    Rule(
        "PBT721",
        "error",
        "population without a shared workspace",
        "Members exchange through one folder. The results folder belongs to a single job, so the "
        "shared folder must be in a workspace that all members mount read-write. A relative path "
        "is resolved in the folder to which the command changes with `cd`.",
        f"{_GANG} --train_dir ./train_dir",
        f"{_GANG} --train_dir /mount/train_dir --ngc_workspace team:/mount:RW",
    ),
    Rule(
        "PBT722",
        "warning",
        "population of another class than `RESUMABLE`",
        "Members write checkpoints and can continue, so their class is `RESUMABLE`. A `RUNONCE` "
        "member is lost when it is preempted, and a `RESTARTABLE` member loses its progress.",
        f"{_GANG} {_MEET} \\\n    --ngc_preempt RESTARTABLE",
        f"{_GANG} {_MEET} \\\n    --ngc_preempt RESUMABLE",
    ),
    Rule(
        "PBT723",
        "error",
        "text without its placeholder",
        "`--ngc_commandline` contains `{{ experiment_cmd }}` where the command of the job "
        "belongs. Without it no job runs its own command. `--ngc_name` may contain `{{ run }}` "
        "and `{{ name }}`. No other placeholder is replaced.",
        f"{_JOB} --ngc_commandline 'cd /mount && {{{{ command }}}}'",
        f"{_JOB} --ngc_commandline 'cd /mount && {{{{ experiment_cmd }}}}'",
    ),
)
