"""The outcome of an attempt, from its exit code and from what the executor asked before.

Must not depend on a runtime: it gets numbers and flags.
"""

from __future__ import annotations

from typing import Literal

from pbt_tui.journal.events import Outcome, Why
from pbt_tui.journal.state import Attempt
from pbt_tui.journal.transitions import Phase
from pbt_tui.spec import Cause, ExitRule, Job

Order = Literal["before", "after"]
"""Whether an attempt ended before or after the executor marked that it stops it."""

_BY_WHY: dict[Why, tuple[Outcome, Cause | None]] = {
    "cancel": ("stopped", "cancelled"),
    "timeout": ("stopped", "timeout"),
    "interrupt": ("interrupted", None),
    "fail_fast": ("interrupted", None),
    "group_end": ("stopped", None),
    "group_again": ("interrupted", None),
}


_CUT_OFF: dict[Phase | None, tuple[Outcome, Cause | None]] = {
    "succeeded": ("succeeded", None),
    "cancelled": ("stopped", "cancelled"),
}
"""What a job is whose group has ended: what the lead was. Otherwise it has failed, and is not tried
again."""


def outcome(
    attempt: Attempt,
    *,
    exit_code: int | None,
    order: Order | None = None,
    refused: bool = False,
    lost: bool = False,
    stopped: Why | None = None,
    rule: ExitRule | None = None,
    lead: Phase | None = None,
) -> tuple[Outcome, Cause | None]:
    """The outcome of an attempt, and the cause if the outcome alone decides it.

    If the attempt ended after the executor marked its stop, the reason of the stop decides and the
    exit code does not: a trainer that writes a checkpoint on SIGTERM and exits with 0 has not
    succeeded. If it ended before, the exit code decides. Dates are not compared: the clock of a
    file server or of an engine is not that of the executor.

    Args:
        attempt: the attempt, which has not ended in the state yet.
        exit_code: exit code of its process; None if unknown.
        order: whether it ended before or after the mark of its stop; None: nobody can tell, and
            the reason of the stop decides.
        refused: whether the runtime could not start it.
        lost: whether it went away without an exit code.
        stopped: the reason, if another program than the executor stopped it.
        rule: what the job says about its exit code.
        lead: the phase of the lead of its group.
    """
    why = attempt.stop_why
    if why is not None and (lost or refused or order != "before"):
        return _CUT_OFF.get(lead, _BY_WHY[why]) if why == "group_end" else _BY_WHY[why]
    if stopped is not None:
        return _BY_WHY[stopped]
    if refused:
        return "refused", None
    if lost:
        return "lost", "lost"
    succeeded = exit_code == 0 if rule is None else rule.then == "succeed"
    return ("succeeded" if succeeded else "failed"), None


def exit_rule(job: Job, exit_code: int | None, signal: int | None) -> ExitRule | None:
    """What a job says about the end of its command; None: nothing, and 0 is success."""
    codes = [code for code in (None if signal is None else 255, exit_code) if code is not None]
    for rule in job.on_exit:
        if any(rule.first <= code <= rule.last for code in codes):
            return rule
    return None
