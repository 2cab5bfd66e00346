"""The rules of one workflow file, whether `pbt-compile` or a person wrote it: PBT901 to PBT933.

Each rule is about what the service would do with the file, also where it would accept it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pbt_tui.backends.osmo import group_rules, osmo_names, quantities, task_rules
from pbt_tui.backends.osmo.task_rules import at, error_of
from pbt_tui.backends.osmo.workflow import (
    ResourceRequest,
    TimeLimits,
    Workflow,
    all_tasks,
)
from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable

LONGEST_TIMEOUT = 60 * 86400
"""Seconds of the largest time limit, unless the service has another one: larger ones are cut."""


def check(reading: WorkflowReading) -> list[Diagnostic]:
    """The findings about a workflow that has been read, with their lines."""
    if reading.document is None:
        return reading.found
    workflow = reading.document.workflow
    return reading.placed([*reading.found, *of_workflow(workflow, reading)])


def of_workflow(workflow: Workflow, reading: WorkflowReading) -> Iterator[Diagnostic]:
    """The findings about a workflow; their places are pointers.

    Args:
        workflow: The workflow.
        reading: What is known of the service, and of the template.
    """
    if bool(workflow.groups) == bool(workflow.tasks):
        which = "both `groups` and `tasks`" if workflow.groups else "neither `groups` nor `tasks`"
        yield finding("PBT901", f"the workflow has {which}", where=at("/workflow"))
    if workflow.labels:
        message = "OSMO 6.2 and 6.3 refuse a workflow with `labels`"
        hint = "put what identifies it into its name"
        yield finding("PBT913", message, where=at("/workflow/labels"), hint=hint)
    yield from _names(workflow)
    for name, resource in workflow.resources.items():
        yield from _resource(resource, f"/workflow/resources/{task_rules.key(name)}")
    if workflow.timeout is not None:
        yield from _timeouts(workflow.timeout)
    for here, task in all_tasks(workflow):
        yield from task_rules.check(task, here, workflow, reading)
    yield from group_rules.check(workflow, reading)


def _names(workflow: Workflow) -> Iterator[Diagnostic]:
    yield from _name(workflow.name, "/workflow/name", osmo_names.LONGEST)
    named = [
        (f"{here}/name", task.name, "groups" not in here) for here, task in all_tasks(workflow)
    ]
    named += [(f"/workflow/groups/{i}/name", g.name, False) for i, g in enumerate(workflow.groups)]
    seen: dict[str, str] = {}
    for pointer, name, alone in named:
        longest = osmo_names.LONGEST_TASK if alone else osmo_names.LONGEST
        yield from _name(name, pointer, longest)
        if osmo_names.folded(name) in osmo_names.RESERVED:
            message = f"`{printable(name)}` is the name of a container of OSMO"
            yield finding("PBT907", message, where=at(pointer))
        of_task = [osmo_names.group_of(name)] if alone else []
        for one in (name, *of_task):
            folded = osmo_names.folded(one)
            if folded in seen:
                what = f"`{printable(one)}`" if one == name else f"its group `{printable(one)}`"
                message = f"{what} and `{printable(seen[folded])}` are one name for OSMO"
                yield finding("PBT905", message, where=at(pointer))
            seen.setdefault(folded, one)


def _name(name: str, pointer: str, longest: int) -> Iterator[Diagnostic]:
    shown = printable(name[:100])
    if not osmo_names.is_legal(name):
        message = f"`{shown}` is no name: letters, digits, `-` and `_`, beginning with a letter"
        yield finding("PBT904", f"{message}, and ending with a letter or digit", where=at(pointer))
    elif len(name) > longest:
        message = f"`{shown}` has {len(name)} characters: at most {longest} are allowed"
        hint = None if longest == osmo_names.LONGEST else "OSMO adds `-group` to it"
        yield finding("PBT906", message, where=at(pointer), hint=hint)


def _resource(resource: ResourceRequest, here: str) -> Iterator[Diagnostic]:
    for field in ("memory", "storage"):
        text = getattr(resource, field)
        if text is None:
            continue
        if error := error_of(quantities.size, text):
            hint = "write it with `Mi` or `Gi`, such as `32Gi`"
            message = f"`{field}`: `{printable(text[:40])}`: {error}"
            yield finding("PBT914", message, where=at(f"{here}/{field}"), hint=hint)
        elif quantities.size(text) == 0:
            yield finding("PBT914", f"`{field}` is nothing", where=at(f"{here}/{field}"))
    if resource.cpu == 0:
        yield finding("PBT915", "a task needs at least one CPU", where=at(f"{here}/cpu"))


def _timeouts(limits: TimeLimits) -> Iterator[Diagnostic]:
    for field in ("exec_timeout", "queue_timeout"):
        text, pointer = getattr(limits, field), f"/workflow/timeout/{field}"
        if text is None:
            continue
        shown = printable(text[:40])
        if error := error_of(quantities.seconds, text):
            yield finding("PBT923", f"`{shown}`: {error}", where=at(pointer))
        elif quantities.seconds(text) <= 0:
            message = f"`{shown}` is no time: nothing would run"
            yield finding("PBT923", message, where=at(pointer))
        elif quantities.seconds(text) > LONGEST_TIMEOUT:
            message = f"`{shown}` is longer than 60 days: OSMO cuts it to the pool's maximum"
            yield finding("PBT935", message, where=at(pointer))
        elif not quantities.stored_as_one(text):
            message = (
                f"OSMO stores `{shown}` in two units, and `osmo workflow restart` refuses that"
            )
            hint = "write whole days, or fewer than 24 hours, 60 minutes or 60 seconds"
            yield finding("PBT935", message, where=at(pointer), hint=hint)


def validate(data: bytes) -> tuple[Any, list[Diagnostic]]:
    """The workflow in these bytes, and all findings; None: the bytes are no workflow."""
    from pbt_tui.backends.osmo.workflow_reading import read

    reading = read(data)
    return reading.document, check(reading)
