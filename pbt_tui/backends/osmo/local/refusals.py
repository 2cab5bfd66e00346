"""What of a workflow this machine cannot do: refused with a reason, or left out with a warning."""

from __future__ import annotations

from collections.abc import Iterator

from pbt_tui.backends.osmo.task_rules import at, key
from pbt_tui.backends.osmo.workflow import Workflow, WorkflowTask, all_tasks
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable

OF_A_CLUSTER = frozenset(("PBT911", "PBT912", "PBT913", "PBT927", "PBT938"))
"""Rules about a service, a pool or Kubernetes, which have no meaning here."""
_TASK = (
    ("credentials", "no store of credentials is here", "pass variables by name: `--env_from NAME`"),
    ("outputs", "nothing is uploaded from here", "what is written to `{{output}}` stays"),
    ("checkpoint", "nothing is uploaded from here", "write to a folder of `volumeMounts`"),
    ("kpis", "no service collects numbers here", "`pbt-tui` reads them from logs and trackers"),
    ("privileged", "containers get no rights of the machine", "leave it out"),
    ("hostNetwork", "groups have a network of their own", "name a task with `{{host:TASK}}`"),
    ("downloadType", "nothing is downloaded here", "leave it out"),
    ("cacheSize", "nothing is downloaded here", "leave it out"),
)  # fmt: skip


def check(workflow: Workflow) -> Iterator[Diagnostic]:
    """The findings; their places are pointers."""
    yield from _inputs(workflow)
    for here, task in all_tasks(workflow):
        yield from _of_task(task, here)
    for name, resource in workflow.resources.items():
        here = f"/workflow/resources/{key(name)}"
        if resource.topology:
            message = "`topology` is not possible on this machine: it has no other nodes"
            yield finding("PBT950", message, where=at(f"{here}/topology"), hint="leave it out")
        for field in ("platform", "nodesExcluded", "storage"):
            if getattr(resource, field):
                message = f"`{field}` changes nothing on this machine"
                yield finding("PBT952", message, where=at(f"{here}/{field}"))
    if workflow.timeout is not None and workflow.timeout.queue_timeout is not None:
        message = "`queue_timeout` changes nothing on this machine: nothing waits in a queue"
        yield finding("PBT952", message, where=at("/workflow/timeout/queue_timeout"))


def _inputs(workflow: Workflow) -> Iterator[Diagnostic]:
    """Inputs that are not the output of a task of a group before."""
    units = [group.tasks for group in workflow.groups] or [(task,) for task in workflow.tasks]
    unit_of = {task.name: i for i, tasks in enumerate(units) for task in tasks}
    for here, task in all_tasks(workflow):
        for i, one in enumerate(task.inputs):
            place, shown = f"{here}/inputs/{i}", printable((one.task or "")[:100])
            hint = None
            if one.task is None:
                place = f"{place}/{'dataset' if one.url is None else 'url'}"
                message = "nothing is downloaded to this machine"
                hint = "mount a folder of this machine that has the data, with `volumeMounts`"
            elif ":" in one.task:
                message = f"`{shown}` is a task of another workflow, which is not on this machine"
                hint = "mount the folder that has its output, with `volumeMounts`"
            elif one.task not in unit_of:
                message = f"the workflow has no task `{shown}`"
            elif unit_of[one.task] >= unit_of[task.name]:
                message = f"`{shown}` is not in a group before this one"
                hint = "OSMO asks for that, too: move its group up"
            elif one.regex:
                place = f"{place}/regex"
                message = f"all files of the output of `{shown}` are there"
                hint = "leave `regex` out, and choose the files in the command"
            else:
                continue
            yield finding("PBT951", message, where=at(place), hint=hint)


def _of_task(task: WorkflowTask, here: str) -> Iterator[Diagnostic]:
    for field, why, hint in _TASK:
        if getattr(task, field) not in (None, False, "false", (), {}):
            message = f"`{field}` is not possible on this machine: {why}"
            yield finding("PBT950", message, where=at(f"{here}/{field}"), hint=hint)
    for i, file in enumerate(task.files):
        if file.localpath is not None and (
            file.localpath.startswith("/") or ".." in file.localpath.split("/")
        ):
            message = "`localpath` is not below the folder of the workflow"
            yield finding("PBT953", message, where=at(f"{here}/files/{i}/localpath"))
