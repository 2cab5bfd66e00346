"""Rules 9xx: workflows for OSMO.

Examples of 9xx are compiled for OSMO, with a settings file that holds what OSMO needs. There, text
that begins with `workflow:` or `default-values:` is a workflow file, which is validated.
"""

from __future__ import annotations

from pbt_tui.backends.osmo.document_codes import (
    DOCUMENT_RULES,
    GANG,
    JOB,
    WAITS,
    group_of,
    task_of,
    tasks_of,
)
from pbt_tui.backends.osmo.local.codes import LOCAL_RULES
from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    *DOCUMENT_RULES,
    Rule(
        "PBT929",
        "warning",
        "start again, which the service may not do",
        "RESCHEDULE does nothing unless the administrator has set `max_retry_per_task`, which is "
        "0. Ask for the value of your service; with 0, such a task has failed.",
        f"{JOB} --osmo_reschedule 75",
        JOB,
    ),
    Rule(
        "PBT930",
        "warning",
        "start again after running out of memory",
        "Exit code 3004 stands for an evicted task and for one that ran out of memory. Started "
        "again, the second one runs out of memory again, until no retry is left.",
        f"{JOB} --osmo_reschedule 3001,3004",
        JOB,
    ),
    Rule(
        "PBT931",
        "warning",
        "image without a tag",
        "An image without a tag, or with `latest`, may be another one each time that a pod "
        "starts: OSMO pulls it always. Two members of a population could then run different code.",
        tasks_of('image: "acme/trainer"'),
        tasks_of('image: "acme/trainer:1"'),
    ),
    Rule(
        "PBT932",
        "warning",
        "failures that the state of the workflow hides",
        "With `ignoreNonleadStatus`, which is true unless the file says otherwise, the group ends "
        "as its lead ends: the workflow can be COMPLETED although another task has failed. Look "
        "at the state of each task. In a population this is intended, because a member that fails "
        "must not stop the others; there it is a note.",
        group_of("lead: true", ""),
        group_of("lead: true", "", head="    ignoreNonleadStatus: false\n"),
    ),
    Rule(
        "PBT933",
        "warning",
        "population that the service may preempt",
        "OSMO preempts workflows with priority LOW without notice, and kills the members wherever "
        "they are. A member that trains again from its last generation may be far behind.",
        f"{GANG} --osmo_priority LOW",
        f"{GANG} --osmo_priority NORMAL",
    ),
    Rule(
        "PBT934",
        "warning",
        "group that needs more GPUs than the pool guarantees",
        "The service refuses a group that requests more GPUs than its pool guarantees, unless the "
        "priority is LOW. `--osmo_guarantee` tells the number.",
        f"{GANG} --osmo_guarantee 4",
        f"{GANG} --osmo_guarantee 8",
    ),
    Rule(
        "PBT935",
        "warning",
        "time limit that the service changes",
        "The service cuts a time limit to the maximum of the pool, 60 days by default, and says "
        "nothing. It stores `90m` as `1h30m`, and `osmo workflow restart` refuses that. So "
        "`pbt-compile` writes whole days, fewer than 24 hours, or fewer than 60 minutes or "
        "seconds, and rounds up.",
        f"{JOB} --osmo_timeout 90m",
        f"{JOB} --osmo_timeout 2h",
    ),
    Rule(
        "PBT936",
        "warning",
        "population and other jobs in one workflow",
        "A workflow is cancelled and limited as a whole. A population has a workflow of its own, "
        "so that a stopped sweep does not stop it.",
        group_of("", "lead: true").replace('command: ["python", "train.py"]', WAITS)
        + '\n  - name: "other"\n    tasks:\n  '
        + task_of("c").replace("\n", "\n  "),
        f"{GANG} --strict --ignore PBT932",
    ),
    Rule(
        "PBT937",
        "warning",
        "setting of a container that a workflow cannot hold",
        "OSMO has no place for `user`, `mounts`, `shm_size`, `network` and `ulimits`: the "
        "templates of its pools say these. `--osmo_mount` names folders of the nodes, which are "
        "not those of your machine.",
        f"{JOB} --user 1000:1000",
        JOB,
    ),
    Rule(
        "PBT938",
        "error",
        "text that Kubernetes replaces",
        "In commands and variables, Kubernetes replaces `$(NAME)` by the value of a variable of "
        "the container, and `$$` by `$`. `pbt-compile` doubles each `$`.",
        tasks_of('environment: {"HOME": "/root"}\n    args: ["$(HOME)"]'),
        tasks_of('environment: {"HOME": "/root"}\n    args: ["$$(HOME)"]'),
    ),
    Rule(
        "PBT939",
        "error",
        "command that is too long for a shell",
        "A command with the marks of a template, or with `--osmo_workdir`, is one argument of a "
        "shell on OSMO. Linux passes at most 131,071 bytes in one argument.",
        'Experiment("ant", "python train.py " + " ".join(["{{"] * 30_000))',
        'Experiment("ant", "python train.py " + " ".join(["x"] * 30_000))',
    ),
    Rule(
        "PBT940",
        "error",
        "secret without a credential",
        "`--env_from` names variables whose values are secret: on OSMO they come from credentials "
        "that you have stored with `osmo credential set`. `--osmo_credential NAME` takes each of "
        "them from the key with its name, `NAME:KEY:VARIABLE` one from another key. A credential "
        "gives variables or files, and each variable has one credential.",
        f"{JOB} --env_from WANDB_API_KEY",
        f"{JOB} --env_from WANDB_API_KEY --osmo_credential wandb",
    ),
    Rule(
        "PBT941",
        "warning",
        "word that the service takes for a secret",
        "In the files that it stores, OSMO replaces what looks like a secret by `[MASKED]`: ten "
        "or more characters after `key=`, `token=`, `tokenizer=` and the like. The tasks of a "
        "workflow get the word, but `osmo workflow restart` runs the mask.",
        tasks_of('args: ["tokenizer=bert-base-uncased"]'),
        tasks_of('args: ["--tokenizer", "bert-base-uncased"]'),
    ),
    *LOCAL_RULES,
)
