"""The rules of the groups of a workflow: who leads them, who shares what, and how many fit."""

from __future__ import annotations

from collections.abc import Iterator

from pbt_tui.backends.osmo.lead import GroupPart, part_of
from pbt_tui.backends.osmo.task_rules import at, below_a_mount
from pbt_tui.backends.osmo.workflow import TaskGroup, Workflow, WorkflowTask, all_tasks
from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable


def check(workflow: Workflow, reading: WorkflowReading) -> Iterator[Diagnostic]:
    """The findings about the groups of a workflow."""
    yield from _count(workflow, reading.max_tasks)
    for i, group in enumerate(workflow.groups):
        yield from _group(group, f"/workflow/groups/{i}", reading)
    for i, task in enumerate(workflow.tasks):
        if part_of(task.command, task.args) is not None:
            message = "a member of a population is outside a group: it would meet nobody"
            yield finding("PBT910", message, where=at(f"/workflow/tasks/{i}"))
    populations = [g for g in workflow.groups if _is_population(g)]
    if populations and len(workflow.groups) > len(populations):
        other = next(i for i, g in enumerate(workflow.groups) if g not in populations)
        message = "a population shares its workflow with other jobs: to cancel one is to cancel all"
        yield finding("PBT936", message, where=at(f"/workflow/groups/{other}"))


def _count(workflow: Workflow, most: int) -> Iterator[Diagnostic]:
    count = len(all_tasks(workflow))
    for i, group in enumerate(workflow.groups):
        if len(group.tasks) > most:
            message = f"the group has {len(group.tasks)} tasks, and a workflow at most {most}"
            where = at(f"/workflow/groups/{i}/tasks/{most}")
            yield finding("PBT912", message, where=where, hint="a group cannot be split")
            return
    if count > most:
        message = f"the workflow has {count} tasks: OSMO accepts {most}"
        key = f"tasks/{most}" if workflow.tasks else f"groups/{len(workflow.groups) - 1}"
        hint = "split it, or ask for a larger `max_num_tasks`"
        yield finding("PBT911", message, where=at(f"/workflow/{key}"), hint=hint)


def _is_population(group: TaskGroup) -> bool:
    return any(part_of(task.command, task.args) is not None for task in group.tasks)


def _group(group: TaskGroup, here: str, reading: WorkflowReading) -> Iterator[Diagnostic]:
    if len(group.tasks) < 2:
        return
    leads = [i for i, task in enumerate(group.tasks) if task.lead is True]
    if len(leads) != 1:
        pointer = f"{here}/tasks/{leads[1]}/lead" if leads else f"{here}/tasks"
        message = f"the group has {len(leads)} leads: exactly one task has `lead: true`"
        yield finding("PBT908", message, where=at(pointer))
        return
    lead = leads[0]
    parts = [part_of(task.command, task.args) for task in group.tasks]
    if any(parts):
        yield from _population(group, here, lead, parts, reading)
    elif not _meet(group, reading.shared):
        message = "the tasks of this group share no mount and name no host of each other"
        hint = "jobs of a sweep belong under `tasks`: here, the end of the lead kills the others"
        where = at(f"{here}/tasks")
        yield finding("PBT910", message, where=where, hint=hint, level="warning")
        return
    if group.ignoreNonleadStatus is not False:
        waits = parts[lead] is not None and parts[lead].role == "waiter"  # type: ignore[union-attr]
        message = "how the other tasks end does not change how the group ends: it may be COMPLETED"
        hint = "look at each task"
        if not waits:
            where = at(f"{here}/tasks/{lead}/lead")
            level = "note" if any(parts) else None
            yield finding("PBT932", message, where=where, hint=hint, level=level)  # type: ignore[arg-type]


def _population(
    group: TaskGroup, here: str, lead: int, parts: list[GroupPart | None], reading: WorkflowReading
) -> Iterator[Diagnostic]:
    """PBT909 where the lead does not wait for each member, PBT919 where members do not meet."""
    leading = parts[lead]
    if leading is None or leading.role not in ("lead", "waiter"):
        message = f"lead `{printable(group.tasks[lead].name)}` does not wait for the others"
        hint = "its end is the end of the group: OSMO kills the other members"
        yield finding("PBT909", message, where=at(f"{here}/tasks/{lead}"), hint=hint)
        return
    for name, flag in (
        ("barrier", group.barrier),
        ("ignoreNonleadStatus", group.ignoreNonleadStatus),
    ):
        if flag is False:
            message = (
                "members would train alone until the others have begun"
                if name == "barrier"
                else "a member that fails would kill the population"
            )
            yield finding("PBT909", message, where=at(f"{here}/{name}"), hint="leave it out")
    for i, (task, part) in enumerate(zip(group.tasks, parts, strict=True)):
        yield from _member(task, part, leading, f"{here}/tasks/{i}", reading, leads=i == lead)
    if not leading.limit.isdecimal() or int(leading.limit[:9]) == 0:
        message = f"`{printable(leading.limit[:40])}` is no number of seconds to wait"
        yield finding("PBT909", message, where=at(f"{here}/tasks/{lead}/args/5"))
    names = {task.name for i, task in enumerate(group.tasks) if i != lead}
    pointer = f"{here}/tasks/{lead}/args/7"
    for missing in sorted(names - {*leading.others}):
        message = f"the lead does not wait for `{printable(missing)}`"
        yield finding("PBT909", message, where=at(pointer))
    for strange in sorted({*leading.others} - names):
        message = f"the lead waits for `{printable(strange)}`, which is no task of the group"
        yield finding("PBT909", message, where=at(pointer))


def _member(
    task: WorkflowTask,
    part: GroupPart | None,
    leading: GroupPart,
    here: str,
    reading: WorkflowReading,
    *,
    leads: bool,
) -> Iterator[Diagnostic]:
    if part is None or part.role == "changed":
        how = "has a changed script" if part is not None else "leaves no mark when it has ended"
        message = f"task `{printable(task.name)}` {how}: the lead would take it for dead"
        yield finding("PBT909", message, where=at(f"{here}/args"))
        return
    if not leads and part.role != "member":
        message = f"task `{printable(task.name)}` waits for others, too"
        yield finding("PBT909", message, where=at(f"{here}/args"))
        return
    if part.name != task.name:
        message = f"its mark is that of `{printable(part.name[:80])}`"
        yield finding("PBT909", message, where=at(f"{here}/args/4"))
    if part.marks != leading.marks:
        message = "its marks are in another folder than those of the lead"
        yield finding("PBT909", message, where=at(f"{here}/args/3"))
    elif not below_a_mount(part.marks, task, reading.shared):
        message = f"`{printable(part.marks[:200])}` is below no mount of this task"
        hint = "the members exchange files there: it has to be the same folder for all"
        yield finding("PBT919", message, where=at(f"{here}/args/3"), hint=hint)


def _meet(group: TaskGroup, shared: tuple[str, ...]) -> bool:
    """Whether the tasks of a group could talk to each other."""
    if shared:
        return True
    common = set.intersection(*({*task.volumeMounts} for task in group.tasks))
    words = [w for t in group.tasks for w in (*t.command, *t.args, *t.environment.values())]
    words += [f.contents or "" for t in group.tasks for f in t.files]
    return bool(common) or any("{{host:" in word.replace(" ", "") for word in words)
