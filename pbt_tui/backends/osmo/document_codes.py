"""Rules 901 to 928 of OSMO: errors of a workflow file. `codes` says how to read the examples."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

JOB = "pbt-compile runs.ant --backend osmo"
GANG = "pbt-compile runs.ant_pbt --backend osmo"
_HEAD = 'workflow:\n  name: "ant"\n'
_TASK = '    image: "acme/trainer:1"\n    command: ["python", "train.py"]'
_TIMES = '  timeout:\n    exec_timeout: "{}"\n'
_LARGE = "  resources:\n    default: {{{}}}\n"
_SHARE = '\n    volumeMounts: ["/mnt/team"]'


def tasks_of(*more: str, head: str = "", names: tuple[str, ...] = ("a", "b")) -> str:
    """A workflow with one task for each text, which is a line of its task."""
    tasks = [task_of(name, line) for name, line in zip(names, more, strict=False)]
    return _HEAD + head + "  tasks:\n" + "\n".join(tasks)


def task_of(name: str, line: str = "") -> str:
    text = f'  - name: "{name}"\n{_TASK}'
    if line.partition(":")[0] in ("image", "command"):
        kept = [
            row
            for row in text.split("\n")
            if not row.startswith(f"    {line.split(':', maxsplit=1)[0]}:")
        ]
        text = "\n".join(kept)
    return f"{text}\n    {line}" if line else text


def group_of(*more: str, head: str = "", share: str = _SHARE) -> str:
    """A workflow with one group, and one task in it for each text."""
    tasks = [task_of(name, line) + share for name, line in zip("ab", more, strict=False)]
    inner = "\n".join(tasks).replace("\n", "\n  ")
    return f'{_HEAD}  groups:\n  - name: "both"\n{head}    tasks:\n  {inner}'


WAITS = 'command: ["/bin/sh", "-c", "# pbt lead, changed by hand"]'

DOCUMENT_RULES: tuple[Rule, ...] = (
    Rule(
        "PBT901",
        "error",
        "invalid workflow file",
        "The file is not YAML, its sections do not begin a line, or a key is unknown, missing or "
        "of another type. The service cuts the file at `workflow:` and `default-values:` in column "
        "0 before it reads YAML; a file in JSON has no such line.",
        tasks_of('cmd: ["python"]'),
        tasks_of('args: ["--seed", "1"]'),
    ),
    Rule(
        "PBT902",
        "error",
        "text that the service would run as a template",
        "The service renders each file with Jinja, once or twice: quotes of YAML and `{% raw %}` "
        "do not protect a word. What `pbt-compile` writes has no two characters of a mark side by "
        "side: a shell of the task puts such words together. In a file of your own, a variable "
        "needs a default value, and any other code is refused here.",
        tasks_of('args: ["--lr", "{{ lr }}"]'),
        tasks_of("""command: ["/bin/sh", "-c", "exec python train.py --lr '{''{ lr }}'"]"""),
    ),
    Rule(
        "PBT903",
        "error",
        "token that stands for nothing",
        "The service replaces `{{workflow_id}}`, `{{output}}`, `{{input:N}}` and `{{host:TASK}}`. "
        "A host is that of a task in the same group. `{{uuid}}`, and tokens of tasks and inputs "
        "that do not exist, reach the program as they are written.",
        tasks_of('args: ["--master", "{{host:b}}"]'),
        group_of('args: ["--master", "{{host:b}}"]', "lead: true").replace(
            "    tasks:", "    ignoreNonleadStatus: false\n    tasks:"
        ),
    ),
    Rule(
        "PBT904",
        "error",
        "name that OSMO does not accept",
        "The name of a workflow, group or task has letters, digits, `-` and `_`. It begins with a "
        "letter and ends with a letter or digit.",
        tasks_of("", names=("00_ant",)),
        tasks_of("", names=("t00-ant",)),
    ),
    Rule(
        "PBT905",
        "error",
        "two names that are one",
        "All names of tasks and groups in a file differ after they were made lower case, with `-` "
        "for `_`. The service makes a group `<task>-group` for each task outside a group; its "
        "name counts, too.",
        tasks_of("", "", names=("ant_1", "Ant-1")),
        tasks_of("", "", names=("ant-1", "ant-2")),
    ),
    Rule(
        "PBT906",
        "error",
        "name that is too long",
        "A name has at most 64 characters, and that of a task outside a group 58: the service "
        "adds `-group` to it for its group. The service may have another limit "
        "(`max_name_length`).",
        tasks_of("", names=("a" * 59,)),
        tasks_of("", names=("a" * 58,)),
    ),
    Rule(
        "PBT907",
        "error",
        "name of a container of OSMO",
        "OSMO starts the containers `osmo-ctrl` and `osmo-init` beside that of a task. It refuses "
        "a task with the first name, and would start one with the second name wrongly.",
        tasks_of("", names=("osmo-init",)),
        tasks_of("", names=("init",)),
    ),
    Rule(
        "PBT908",
        "error",
        "group without exactly one lead",
        "The end of the lead is the end of its group. A group of several tasks has one task with "
        "`lead: true`.",
        group_of("", "", head="    ignoreNonleadStatus: false\n"),
        group_of("lead: true", "", head="    ignoreNonleadStatus: false\n"),
    ),
    Rule(
        "PBT909",
        "error",
        "lead that does not wait for the members",
        "When the lead ends, the service kills the other tasks of the group and reports them as "
        "ended with it. In a population, the lead has to wait until each member has left its mark "
        "in the shared folder. The scripts that `pbt-compile` writes do this; they must not be "
        "changed, each member needs its own mark, and the lead has to name all others.",
        group_of(WAITS, "lead: true", head="    ignoreNonleadStatus: false\n"),
        GANG,
    ),
    Rule(
        "PBT910",
        "error",
        "population without its group, or a sweep in one",
        "A member of a population needs its group: outside of it, the lead does not wait for it. "
        "In a group, the end of the lead kills the other tasks, and all start together or not at "
        "all. So tasks that share no mount and name no host of each other may be jobs of a sweep, "
        "which belong under `tasks`; this is a warning.",
        tasks_of('command: ["/bin/sh", "-c", "# pbt member"]'),
        GANG,
    ),
    Rule(
        "PBT911",
        "error",
        "more tasks than a workflow may have",
        "The service accepts 20 tasks in one workflow, unless its administrator has set "
        "`max_num_tasks`. `pbt-compile` splits a sweep, at `--osmo_max_tasks` tasks. Where that "
        "is not 20, a comment in the file says so.",
        tasks_of("", "", head="").replace('  name: "ant"', '  # max_tasks: 1\n  name: "ant"', 1),
        tasks_of("").replace('  name: "ant"', '  # max_tasks: 1\n  name: "ant"', 1),
    ),
    Rule(
        "PBT912",
        "error",
        "population that is larger than a workflow",
        "The members of a population start together, in one group, and a group cannot be split. "
        "With `--osmo_lead task`, the task that waits for them is one more.",
        f"{GANG} --osmo_max_tasks 4",
        f"{GANG} --osmo_max_tasks 8",
    ),
    Rule(
        "PBT913",
        "error",
        "labels that OSMO does not have yet",
        "OSMO 6.2 and 6.3 refuse a workflow with `labels`: they are new in 6.4. The name of a "
        "workflow is what all versions find it by.",
        tasks_of("", head='  labels:\n    run: "ant"\n'),
        tasks_of(""),
    ),
    Rule(
        "PBT914",
        "error",
        "size without a unit that all read alike",
        "OSMO reads `G` as 2^30 bytes and Kubernetes as 10^9; Kubernetes refuses `GiB`; a number "
        "without a unit is bytes. All read `Ki`, `Mi`, `Gi` and `Ti` alike.",
        tasks_of("", head=_LARGE.format('memory: "32G"')),
        tasks_of("", head=_LARGE.format('memory: "32Gi"')),
    ),
    Rule(
        "PBT915",
        "error",
        "number of CPUs that OSMO refuses",
        "A task requests whole CPUs, and at least one.",
        tasks_of("", head=_LARGE.format("cpu: 0.5")),
        tasks_of("", head=_LARGE.format("cpu: 1")),
    ),
    Rule(
        "PBT916",
        "error",
        "job that needs a GPU and requests none",
        "The command names a GPU as its device, and the resource of the task has no `gpu`. The "
        "container would see no GPU.",
        tasks_of('args: ["device=cuda:0"]', head=_LARGE.format("cpu: 1, gpu: 0")),
        tasks_of('args: ["device=cuda:0"]', head=_LARGE.format("cpu: 1, gpu: 1")),
    ),
    Rule(
        "PBT917",
        "error",
        "invalid or conflicting mounts",
        "A mount is `SRC` or `SRC:DST`, both absolute paths below `/`: a folder of the node, and "
        "where the task sees it. Each place is used once. The platform has to allow the source.",
        f"{JOB} --osmo_mount data",
        f"{JOB} --osmo_mount /mnt/team --osmo_mount /mnt/data",
    ),
    Rule(
        "PBT918",
        "error",
        "mount with an option",
        "OSMO has no read-only mounts of the node, and refuses `:ro` and every other third part.",
        f"{JOB} --osmo_mount /mnt/data:/data:ro",
        f"{JOB} --osmo_mount /mnt/team --osmo_mount /mnt/data:/data",
    ),
    Rule(
        "PBT919",
        "error",
        "folder that the members do not share",
        "The members of a population exchange files below `train_dir`. It has to be an absolute "
        "path below a mount that each of them has: one of `--osmo_mount`, or one that the pool "
        "itself makes and `--osmo_shared` names. What a job writes anywhere else is lost with its "
        "pod, so for a sweep this is a warning.",
        f"{GANG} --train_dir ./train_dir",
        f"{GANG} --train_dir /mnt/team/train_dir",
    ),
    Rule(
        "PBT920",
        "error",
        "variable that does not reach the program",
        "The name of a variable has letters, digits, `_`, `-` and `.`, and does not begin with a "
        "digit. OSMO sets `OSMO_CONFIG_FILE_DIR`, and `NVIDIA_VISIBLE_DEVICES` of a task without "
        "GPU. A credential must not set the same variable. Where a shell starts the program, the "
        "name has to be one of a shell, and not one that shells set themselves.",
        tasks_of('environment: {"2X": "1"}'),
        tasks_of('environment: {"X2": "1"}'),
    ),
    Rule(
        "PBT921",
        "error",
        "secret in plain text",
        "Workflow files are committed and sent, and everybody who may look at the workflow can "
        "read them. OSMO stores credentials by name. In files that it stores it masks what looks "
        "like a secret, and `osmo workflow restart` then runs the mask.",
        tasks_of('environment: {"WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567"}'),
        tasks_of('credentials: {"wandb": {"WANDB_API_KEY": "key"}}'),
    ),
    Rule(
        "PBT922",
        "error",
        "invalid exit codes",
        "An action is COMPLETE, FAIL or RESCHEDULE, with exit codes such as `75,3001-3006`. A "
        "code belongs to one action: the first one wins, silently. A program ends with 0 to 255, "
        "and the service itself with 256, 257, 1001 and above.",
        tasks_of('exitActions: {"COMPLETE": "0-75", "RESCHEDULE": "75"}'),
        tasks_of('exitActions: {"COMPLETE": "0-74"}'),
    ),
    Rule(
        "PBT923",
        "error",
        "time limit that is none",
        "A time limit is one number with `d`, `h`, `m` or `s`, or a duration of ISO 8601, and "
        "more than nothing.",
        tasks_of("", head=_TIMES.format("10h5m")),
        tasks_of("", head=_TIMES.format("10h")),
    ),
    Rule(
        "PBT924",
        "error",
        "text that YAML changes",
        "Without quotes, YAML reads `yes` and `on` as booleans, `010` as 8, `1_0` as 10 and "
        "`12:30` as 750, and the program gets that. Of a key that is there twice, it keeps the "
        "last one. Neither the client nor the service says anything.",
        tasks_of("args: [--start, 12:30]"),
        tasks_of('args: ["--start", "12:30"]'),
    ),
    Rule(
        "PBT925",
        "error",
        "image that OSMO cannot read",
        "An image is `[registry[:port]/]name[:tag][@digest]`, in lower case. A registry is "
        "`localhost`, has a dot in its name, or a port.",
        tasks_of('image: "acme/Trainer:1"'),
        tasks_of('image: "acme/trainer:1"'),
    ),
    Rule(
        "PBT926",
        "error",
        "resource that the workflow does not have",
        "Each task requests one of the `resources` of the workflow, and without a name the one "
        "that is called `default`. If the workflow has `resources`, but none with this name, the "
        "service refuses it.",
        tasks_of('resource: "gpu"', head=_LARGE.format("gpu: 1")),
        tasks_of('resource: "default"', head=_LARGE.format("gpu: 1")),
    ),
    Rule(
        "PBT927",
        "error",
        "container with the rights of its node",
        "`privileged` and `hostNetwork` are refused unless the administrator allows them for the "
        "platform. `pbt-compile` never writes them: training needs neither.",
        tasks_of("privileged: true"),
        tasks_of("privileged: false"),
    ),
    Rule(
        "PBT928",
        "error",
        "file that a task cannot get",
        "A file has a path outside `/osmo`, once in each task, and either `contents` or "
        "`localpath`. It becomes a Secret of Kubernetes, which holds less than a MiB. Put larger "
        "files on a mount.",
        tasks_of('files: [{path: "/osmo/run.sh", contents: "true"}]'),
        tasks_of('files: [{path: "/tmp/run.sh", contents: "true"}]'),
    ),
)
