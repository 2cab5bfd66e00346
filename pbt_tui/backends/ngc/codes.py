"""The words of the 7xx codes: job requests for Base Command on NGC.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

_JOB = "pbt-compile runs.ant --backend ngc"
_GANG = "pbt-compile runs.ant_pbt --backend ngc"
_MEET = "--train_dir /mount/train_dir --ngc_workspace team:/mount:RW"

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT701",
        "error",
        "not a job request",
        "A key is unknown, missing, or holds what it must not. NVIDIA's client drops unknown keys "
        "without a word and turns wrong types into text, so a job would be another one than the "
        "file says.",
        '"labels": ["a"], "jobOrder": "2"',
        '"userLabels": ["a"], "jobOrder": 2',
    ),
    Rule(
        "PBT702",
        "error",
        "label that NGC does not take",
        "A label has letters, digits and `_`, no hyphen, begins with a letter, and has at most 256 "
        "characters; one `_` in front makes it a reserved label, two a system label, each in a "
        "list of its own. There are at most 20 of each kind, and each once.",
        '"userLabels": ["sweep-7"]',
        '"userLabels": ["sweep_7"]',
    ),
    Rule(
        "PBT703",
        "error",
        "port that cannot be published",
        "Ports go from 1 to 65535 without 1729. A name has up to 10 letters and digits and needs "
        "protocol TCP or UDP. Each number and each name stands once.",
        f"{_JOB} --ngc_port web:8080/HTTPS",
        f"{_JOB} --ngc_port web:8080/TCP",
    ),
    Rule(
        "PBT704",
        "error",
        "variable that NGC does not take",
        "The name of a variable has 1 to 63 letters, digits, `_`, `.` or `-`, its value at most "
        "2048 characters and no line break, and each name stands once. Longer things belong in a "
        "file of a workspace.",
        'Experiment("ant", "python train.py", env_vars={"NOTE": "two\\nlines"})',
        'Experiment("ant", "python train.py", env_vars={"NOTE": "one line"})',
    ),
    Rule(
        "PBT705",
        "error",
        "secret in plain sight",
        "Spec files are committed and sent. NGC keeps secrets by name, and puts them into the "
        "environment of a job.",
        f"{_JOB} --ngc_env_var WANDB_API_KEY:0123456789abcdef0123456789abcdef",
        f"{_JOB} --ngc_secret WANDB:KEY:WANDB_API_KEY",
    ),
    Rule(
        "PBT706",
        "error",
        "secret that brings nothing, or what another brings",
        "A secret is taken whole (`allKeys`), or with a list of its keys; with neither nothing "
        "arrives, with both it is not said which. Two that set one variable are a mistake.",
        '"userSecretsSpec": [{"name": "WANDB", "allKeys": false}]',
        '"userSecretsSpec": [{"name": "WANDB", "allKeys": true}]',
    ),
    Rule(
        "PBT707",
        "error",
        "mounts that do not go together",
        "Mount points are absolute, and each is used once, the one of the results included. A "
        "dataset has a number (`id`) or a `uuid`, and only by its uuid it may stay unmounted.",
        f"{_JOB} --ngc_workspace team:/results",
        f"{_JOB} --ngc_workspace team:/mount",
    ),
    Rule(
        "PBT708",
        "error",
        "class that this job cannot have",
        "On a part of a GPU (MIG) jobs are `RUNONCE` only. Jobs on several nodes are never "
        "`RESTARTABLE`.",
        f"{_JOB} --ngc_instance dgxa100.mig.1g.5gb.1.norm --ngc_preempt RESUMABLE",
        f"{_JOB} --ngc_instance dgxa100.mig.1g.5gb.1.norm --ngc_preempt RUNONCE",
    ),
    Rule(
        "PBT709",
        "error",
        "keys of several nodes that do not go together",
        "A job on several nodes says how they are started (`arrayType`), how long it runs, and "
        "never waits for more nodes than it has. A part of a GPU (MIG) is never several nodes, "
        "and a place in the network means nothing for one.",
        f"{_JOB} --ngc_replicas 2",
        f"{_JOB} --ngc_replicas 2 --ngc_array_type PYTORCH \\\n"
        "    --ngc_network INFINIBAND --ngc_total_runtime 1D",
    ),
    Rule(
        "PBT710",
        "error",
        "image that NGC does not know by this name",
        "An image is `org/[team/]image[:tag]`, of NVIDIA's own registry and without its address. "
        "A digest would be read as a tag. `pbt-compile` takes `nvcr.io/` off.",
        f"{_JOB} --image docker.io/library/python:3.12",
        f"{_JOB} --image nvcr.io/nvidia/pytorch:23.10-py3",
    ),
    Rule(
        "PBT711",
        "warning",
        "accepted, and better said otherwise",
        "Published job files have it, and it works or does nothing: `publishedContainerPorts` is "
        "an older form, `aceId` is passed over, the ACE is left to whoever submits, an empty "
        "value is left out or sent for nothing, an `arrayType` is for several nodes, and the "
        "client's texts do not agree on what `networkType` is where it is not said.",
        '"publishedContainerPorts": [8888], "datasetMounts": []',
        '"portMappings": [{"containerPort": 8888, "protocol": "HTTPS"}]',
    ),
    Rule(
        "PBT712",
        "error",
        "template that is not one `ngc` line",
        "The original runs its template through a shell. What can be translated is one line "
        "`ngc base-command job run …` or `ngc batch run …` with `{{ experiment_cmd }}` as, or "
        "inside of, its command, and `{{ name }}`. The original leaves other spellings in place, "
        "silently (D42, D45).",
        'ngc batch run --name "{{ nmae }}" --commandline "{{ experiment_cmd }}"',
        'ngc batch run --name "{{ name }}" --commandline "{{ experiment_cmd }}"',
    ),
    Rule(
        "PBT713",
        "error",
        "word of a template that a job request cannot hold",
        "What the shell of the submitting host would have done (`$HOME`, backticks, pipes, D44), "
        "and flags that are no part of a request, cannot be in a file.",
        "ngc batch run --commandline 'cd $HOME && {{ experiment_cmd }}' --waitend",
        "ngc batch run --commandline 'cd /mount && {{ experiment_cmd }}'",
    ),
    Rule(
        "PBT714",
        "warning",
        "template that the original read otherwise",
        "The original takes backslashes and runs of blanks out, inside quotes too, and leaves "
        "`{{name}}` as it is (D43, D45). Here they mean what they say.",
        "ngc batch run --name {{name}} --commandline 'a  b; {{ experiment_cmd }}'",
        "ngc batch run --name {{ name }} --commandline 'a b; {{ experiment_cmd }}'",
    ),
    Rule(
        "PBT720",
        "warning",
        "container setting that has no place in a job request",
        "Base Command knows no mounts from a host, users, limits or variables of the launcher: "
        "there are workspaces, instances and secrets instead.",
        f"{_JOB} --image nvidia/pytorch --mount ./data:/data --env_from WANDB_API_KEY",
        f"{_JOB} --image nvidia/pytorch --ngc_workspace team:/data --ngc_secret WANDB",
    ),
    Rule(
        "PBT721",
        "error",
        "population without a place to meet",
        "Members exchange through one folder. Results are a job's own, so the folder has to be in "
        "a workspace that all members mount read-write; a relative one counts from where the "
        "command goes with `cd`.",
        f"{_GANG} --train_dir ./train_dir",
        f"{_GANG} --train_dir /mount/train_dir --ngc_workspace team:/mount:RW",
    ),
    Rule(
        "PBT722",
        "warning",
        "population of another class than `RESUMABLE`",
        "Members leave checkpoints and can go on: `RESUMABLE`. Those that run once are lost when "
        "they are preempted, and those that restart lose what they had.",
        f"{_GANG} {_MEET} \\\n    --ngc_preempt RESTARTABLE",
        f"{_GANG} {_MEET} \\\n    --ngc_preempt RESUMABLE",
    ),
    Rule(
        "PBT723",
        "error",
        "text without its place",
        "`--ngc_commandline` says where the command of the job stands, with "
        "`{{ experiment_cmd }}`, and `--ngc_name` knows `{{ run }}` and `{{ name }}`. Without the "
        "first no job does its own work, and nothing is put in the place of other words.",
        f"{_JOB} --ngc_commandline 'cd /mount && {{{{ command }}}}'",
        f"{_JOB} --ngc_commandline 'cd /mount && {{{{ experiment_cmd }}}}'",
    ),
)
