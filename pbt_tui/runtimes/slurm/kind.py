"""The `slurm` runtime as data: its capabilities, and what the reasons of SLURM's queue mean."""

from collections.abc import Sequence

from pbt_tui.runtimes.kind import QueueText, RuntimeKind

SUSPENDED = frozenset(["SUSPENDED", "STOPPED"])
"""States of a task that is on a node and does not run: `scontrol suspend`, gang scheduling."""

_REASONS = {
    "BadConstraints": "never starts: no node meets its constraints",
    "BeginTime": "waits after a requeue",
    "Dependency": "waits for another job",
    "JobArrayTaskLimit": "the throttle of its array allows no more running tasks",
    "JobHeldAdmin": "held by an administrator, or with a run that is root's",
    "JobHeldUser": "held, as the whole run (U releases it) or with `scontrol hold`",
    "JobHoldMaxRequeue": "held: requeued too often",
    "Licenses": "waits for a licence",
    "PartitionDown": "its partition starts nothing now",
    "PartitionInactive": "its partition starts nothing now",
    "PartitionNodeLimit": "never starts: more nodes than its partition allows",
    "PartitionTimeLimit": "never starts: more time than its partition allows",
    "Priority": "others in the queue go first",
    "ReqNodeNotAvail": "a node that it needs is down, drained or reserved",
    "Resources": "waits for nodes to become free",
}
_REASON_PREFIXES = {
    "Assoc": "a limit of the account or user",
    "QOS": "a limit of the quality of service",
    "ReqNodeNotAvail": _REASONS["ReqNodeNotAvail"],
    "Nodes_required": _REASONS["ReqNodeNotAvail"],
}


def _commands(handle: str) -> list[str]:
    return [f"scontrol show job {handle}", f"sacct -D -j {handle}"]


def _arrays(handles: Sequence[str]) -> str:
    """`3 tasks of array 67, 1 task of array 70`."""
    counts: dict[str, int] = {}
    for handle in handles:
        array = handle.partition("_")[0]
        counts[array] = counts.get(array, 0) + 1
    parts = [f"{n} task{'' if n == 1 else 's'} of array {array}" for array, n in counts.items()]
    more = [f"{len(parts) - 3} more arrays"] if len(parts) > 4 else parts[3:]
    return ", ".join([*parts[:3], *more])


KIND = RuntimeKind(
    name="slurm",
    title="SLURM",
    option="--backend slurm",
    create="pbt_tui.runtimes.slurm.runtime:create",
    dry_run="pbt_tui.runtimes.slurm.dry_run:show",
    handle="task",
    handle_text=lambda handle: f"SLURM {handle}",
    local=False,
    in_container=True,
    reached_from_anywhere=True,
    queue=QueueText(
        suspended=SUSPENDED,
        reasons=_REASONS,
        reason_prefixes=_REASON_PREFIXES,
        commands=_commands,
        several=_arrays,
        retried="submitted to SLURM again, in a new array of these alone",
        held="attempts in SLURM's queue are held, too",
        released="attempts held in SLURM's queue are released, too",
    ),
    backend="slurm",
    overrides={"files": False},  # arrays, even if the compiler wrote a script per job
    journal_key="slurm",
    submissions="pbt_tui.observe.slurm_submissions:read",
)
