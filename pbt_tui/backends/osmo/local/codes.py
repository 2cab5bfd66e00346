"""Rules 950 and up of OSMO: what of a workflow this machine cannot do, or does otherwise.

`pbt-run` finds them, on the machine that runs the workflow. Their examples are workflow files, with
the command that reads them.
"""

from __future__ import annotations

from pbt_tui.backends.osmo.document_codes import tasks_of
from pbt_tui.diagnostics import Rule

_SHOW = "\npbt-run job.yaml --print"
_SIZE = "  resources:\n    default: {{{}}}\n"


def _shown(*more: str, head: str = "") -> str:
    """A workflow with one task for each text, whose process list is shown."""
    return tasks_of(*more, head=head) + _SHOW


LOCAL_RULES: tuple[Rule, ...] = (
    Rule(
        "PBT950",
        "error",
        "part of a workflow that needs a cluster",
        "A task on this machine gets no credentials of a store, uploads nothing and has no rights "
        "of the machine; there are no other nodes to choose from. The hint says what comes "
        "nearest.",
        _shown("privileged: true"),
        _shown("privileged: false"),
    ),
    Rule(
        "PBT951",
        "error",
        "input that this machine does not have",
        "The input of a task is the whole output of a task of a group before: it is a folder of "
        "this machine. Nothing is downloaded, and other workflows are not here.",
        _shown("", 'inputs: [{url: "s3://acme/data"}]'),
        _shown("", 'inputs: [{task: "a"}]'),
    ),
    Rule(
        "PBT952",
        "warning",
        "key that changes nothing on this machine",
        "Platforms, nodes, storage and the queue are those of a cluster. The workflow runs without "
        "them.",
        _shown("", head=_SIZE.format('gpu: 1, platform: "a100"')),
        _shown("", head=_SIZE.format("gpu: 1")),
    ),
    Rule(
        "PBT953",
        "error",
        "file that cannot be made in a container",
        "Files are made in the container before it starts. Their paths are absolute, without `..`, "
        "and neither in a mounted folder, which is one of this machine, nor at, above or below "
        "another file. "
        "`localpath` names a file below the folder of the workflow.",
        _shown('files: [{path: "run.sh", contents: "true"}]'),
        _shown('files: [{path: "/run.sh", contents: "true"}]'),
    ),
    Rule(
        "PBT954",
        "error",
        "folder that cannot be mounted",
        "`volumeMounts` names folders of the machine that runs the task. They have to be there; "
        "`/osmo` in the container is the folder of the service.",
        _shown('volumeMounts: ["/no/such/folder:/data"]'),
        _shown('volumeMounts: ["/tmp:/data"]'),
    ),
    Rule(
        "PBT955",
        "error",
        "more processors than the machine has",
        "The engine starts no container that asks for more processors than the machine has; on a "
        "cluster, the task would wait for a larger node.",
        _shown("", head=_SIZE.format("cpu: 100000")),
        _shown("", head=_SIZE.format("cpu: 1")),
    ),
    Rule(
        "PBT956",
        "error",
        "text that no program can get",
        "A word of a command and a variable end at a NUL character: Linux cannot hand it over.",
        _shown('args: ["a\\0b"]'),
        _shown('args: ["ab"]'),
    ),
    Rule(
        "PBT957",
        "note",
        "folder of this machine that tasks can change",
        "A task reads and writes the folders of `volumeMounts` as the user that runs it. Look at "
        "them before you run a workflow of somebody else.",
        _shown('volumeMounts: ["/tmp:/data"]'),
        _shown(""),
    ),
    Rule(
        "PBT958",
        "note",
        "task that is not started again",
        "RESCHEDULE needs retries: `--retries` here, and `max_retry_per_task` of the service. "
        "Neither has any by default, and such a task has failed.",
        _shown("exitActions: {RESCHEDULE: '75'}"),
        _shown("exitActions: {RESCHEDULE: '75'}") + " --retries 2",
    ),
    Rule(
        "PBT959",
        "warning",
        "members that begin anew after a stop",
        "Members of a population go on from what they have written if their workspace has the same "
        "path inside and outside of the containers.",
        "pbt-compile runs.ant_pbt --backend processes --backend osmo --osmo_mount /tmp:/mnt/team\n"
        "pbt-run specs/ant_pbt/osmo/*.yaml --print",
        "pbt-compile runs.ant_pbt --backend processes --backend osmo --osmo_mount /tmp "
        "--train_dir /tmp/train_dir\npbt-run specs/ant_pbt/osmo/*.yaml --print",
    ),
)
