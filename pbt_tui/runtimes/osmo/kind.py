"""The `osmo` runtime as data: its capabilities, and what the states of a waiting task mean."""

from pbt_tui.runtimes.kind import QueueText, RuntimeKind

WAITING = "WAITING"
"""State of a task that waits, on screens; its reason is the state that OSMO reports."""
SHARES = "SharesWorkflow"
"""Reason of a waiting task that a person stops, and whose workflow has other tasks."""
STOPS = "STOPS WITH ITS WORKFLOW"
"""State, on screens, of such a task that has started."""

_REASONS = {
    "SUBMITTING": "OSMO has it, and has not queued it yet",
    "WAITING": "waits for another group of its workflow",
    "PENDING": "waits in the queue of the pool",
    "PROCESSING": "OSMO prepares its pods",
    "SCHEDULING": "waits until the pool has room for its whole group",
    "INITIALIZING": "its pod pulls the image, or waits for the other members",
    "RESCHEDULED": "ended, and OSMO starts it again",
    "Unanswered": "submitted without an answer: looked up before it is submitted again",
    "Held": "held, and not submitted yet",
    "Busy": "OSMO takes no more requests now",
    "NotLoggedIn": "OSMO refused the login: `osmo login`, or set the token",
    SHARES: "OSMO cancels whole workflows, and other jobs of this one go on",
}
_REASON_PREFIXES = {"Silent": "OSMO does not answer", "Busy": _REASONS["Busy"]}


def workflow_of(handle: str) -> str:
    """The id of the workflow in a handle, `ant-1a2b3c4d-1/t00-ant`."""
    return handle.partition("/")[0]


def _commands(handle: str) -> list[str]:
    workflow, _, task = handle.partition("/")
    logs = f"osmo workflow logs {workflow} -t {task}" if task else f"osmo workflow logs {workflow}"
    return [f"osmo workflow query {workflow}", logs]


KIND = RuntimeKind(
    name="osmo",
    title="OSMO",
    option="--backend osmo",
    create="pbt_tui.runtimes.osmo.runtime:create",
    dry_run="pbt_tui.runtimes.osmo.dry_run:show",
    handle="task",
    handle_text=lambda handle: f"OSMO {handle}",
    local=False,
    in_container=True,
    needs_image=True,
    reached_from_anywhere=True,
    queue=QueueText(
        pending=WAITING,
        reasons=_REASONS,
        reason_prefixes=_REASON_PREFIXES,
        commands=_commands,
        retried="submitted to OSMO again, in a new workflow",
        held="attempts are not submitted to OSMO; what OSMO has is not held",
        released="",
    ),
    backend="osmo",
)
