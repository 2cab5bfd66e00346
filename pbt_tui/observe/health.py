"""Alarms of a population: what is wrong with it, or why nothing happens although nothing is wrong.

Pure: status in, alarms out, at a cost that does not grow with the number of generations. Most
alarms are for defects that upstream's default settings run into without a message: P2, P3, P5, P6,
P10, R2, R3.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from pbt_tui.observe.idle_reasons import idle_reasons
from pbt_tui.observe.population_status import DEAD, NOT_YET, PopulationStatus
from pbt_tui.observe.silence import ended, silent
from pbt_tui.observe.snapshot_types import Alarm, Code, Level

_NO_EXCHANGE: tuple[Code, ...] = ("cannot_exchange", "objective_unreadable", "rounds_skipped")
"""Alarms that say why nothing is exchanged."""


def alarms(status: PopulationStatus) -> list[Alarm]:
    """The alarms, the most severe first; notes only if no alarm explains why nothing happens."""
    quiet = silent(status)
    found = [
        *_never_started(status),
        *_objective_unreadable(status),
        *_skipped_rounds(status),
        *_ended(status),
        *_stale(status, quiet),
        *_cannot_exchange(status, quiet),
        *_relaunched(status),
        *_frame_fallback(status),
        *_best_folder(status),
    ]
    if not any(a.code in _NO_EXCHANGE for a in found):
        found += idle_reasons(status)
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda a: order[a.level])


def _alarm(code: Code, level: Level, message: str, members: Sequence[int] = ()) -> list[Alarm]:
    return [Alarm(code, level, message, tuple(members))]


def _names(members: Sequence[int]) -> str:
    shown = ", ".join(str(m) for m in members[:6])
    more = f" and {len(members) - 6} more" if len(members) > 6 else ""
    return f"member{'s' if len(members) > 1 else ''} {shown}{more}"


def _never_started(status: PopulationStatus) -> list[Alarm]:
    """P2: some members train while others wait for a slot."""
    if not status.last:
        return []
    absent = [m for m in status.absent() if m not in status.told]
    if status.states:
        never = [m for m in absent if status.states.get(m) in NOT_YET and not _began(status, m)]
    else:
        never = absent if status.longest >= 3 else []
    if not never:
        return []
    return _alarm(
        "never_started",
        "error",
        f"{len(never)} of {status.size} members never started: {_names(never)}",
        never,
    )


def _began(status: PopulationStatus, member: int) -> bool:
    attempt = status.attempts.get(member)
    return attempt is not None and attempt.since is not None


def _objective_unreadable(status: PopulationStatus) -> list[Alarm]:
    """P3 and R11: an objective that is a Python object; P4: a file that stays incomplete."""
    unreadable = {m: newest for m, newest in status.last.items() if newest.unreadable}
    tagged = [m for m, newest in unreadable.items() if newest.written is None]
    found: list[Alarm] = []
    if tagged:
        found += _alarm(
            "objective_unreadable",
            "error",
            f"the objective of {_names(tagged)} is written as a tensor or an array scalar, "
            "which no member can read: nobody is ever replaced; "
            "it must be a plain float where the trainer puts it",
            tagged,
        )
    if strange := [m for m in unreadable if m not in tagged]:
        found += _alarm(
            "objective_unreadable",
            "error",
            f"the objective of {_names(strange)} is no finite number "
            f"(`{unreadable[strange[0]].written}`): a comparison with it says nothing, so nobody "
            "is replaced, or the wrong member",
            strange,
        )
    blind = [m for m, log in status.logs.items() if log.blind and not log.well]
    if blind and not unreadable:
        found += _alarm(
            "objective_unreadable",
            "error",
            f"{_names(sorted(blind))} could read nobody's objective",
            sorted(blind),
        )
    if status.unreadable:
        first = status.unreadable[0]
        members = sorted({u.member for u in status.unreadable if u.member is not None})
        found += _alarm("objective_unreadable", "warning", f"`{first.path}`: {first.why}", members)
    return found


def _skipped_rounds(status: PopulationStatus) -> list[Alarm]:
    """An exception of the trainer, which then skips the round: nobody is compared."""
    skipping = sorted(m for m, log in status.logs.items() if log.skipped)
    if not skipping or status.over:
        return []
    times = sum(status.logs[m].skipped for m in skipping)
    rounds = f"its last {times} rounds" if times > 1 else "its last round"
    if len(skipping) > 1:
        rounds = f"their last rounds ({times})"
    return _alarm(
        "rounds_skipped",
        "error",
        f"{_names(skipping)} skipped {rounds} after an exception: "
        f"{status.logs[skipping[0]].exception}",
        skipping,
    )


def _cannot_exchange(status: PopulationStatus, quiet: Sequence[int]) -> list[Alarm]:
    """P2 and R3: members without a checkpoint or dead ones rank worst; R2: a failed restart."""
    found: list[Alarm] = []
    aborted = sorted(m for m, log in status.logs.items() if log.aborted)
    if aborted:
        times = sum(status.logs[m].aborted for m in aborted)
        found += _alarm(
            "cannot_exchange",
            "error",
            f"{times} exchanges of {_names(aborted)} broke off: the donor's weights could not be "
            "loaded (`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1` lets an older trainer do so)",
            aborted,
        )
    present = {m: newest.objective for m, newest in status.last.items()}
    if not status.trainer.absent_are_worst or not present or status.over:
        return found
    places = max(1, ceil(status.settings.worst * status.size))
    absent = status.absent() if status.longest >= 3 else []
    ranked = absent + sorted(present, key=lambda m: present[m] or 0.0)
    worst = ranked[:places]
    if len(worst) == places and set(worst) <= set(absent) | _gone(status, quiet):
        who = _seen(status, worst)
        found += _alarm(
            "cannot_exchange",
            "error",
            f"selection is blocked: all {places} of the worst places are held by {who}"
            if places > 1
            else f"selection is blocked: the worst place is held by {who}",
            worst,
        )
    return found


def _gone(status: PopulationStatus, quiet: Sequence[int]) -> set[int]:
    """Dead members, which stay in the ranking (R3)."""
    if status.states:
        return {m for m in status.last if status.states.get(m) in DEAD}
    return set(quiet)


def _last_seen(status: PopulationStatus, member: int) -> str:
    newest = status.last.get(member)
    if newest is None:
        return f"member {member}, never seen"
    return f"member {member}, last seen {_ago(status.now - newest.at)} ago"


def _seen(status: PopulationStatus, members: Sequence[int]) -> str:
    """`members 0, 3, 5, last seen 4 min to 9 min ago`; for one member: `member 0, last seen …`."""
    ages = {m: status.now - status.last[m].at for m in members if m in status.last}
    never = [m for m in members if m not in ages]
    parts = []
    if len(ages) == 1:
        parts = [_last_seen(status, m) for m in ages]
    elif ages:
        first, last = _ago(min(ages.values())), _ago(max(ages.values()))
        span = first if first == last else f"{first} to {last}"
        parts = [f"{_names(list(ages))}, last seen {span} ago"]
    if never:
        parts.append(f"{_names(never)}, never seen")
    return ", ".join(parts)


def _ago(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _relaunched(status: PopulationStatus) -> list[Alarm]:
    """P5: a member began again; the others still read the generations from before."""
    members = status.relaunched
    if not members:
        return []
    return _alarm(
        "relaunched",
        "warning",
        f"{_names(members)} began again from the start; the old generations are still read",
        members,
    )


def _frame_fallback(status: PopulationStatus) -> list[Alarm]:
    """P10: a member took the frames of a donor that was behind, and reuses generation numbers."""
    if not status.trainer.frames_follow_donor:
        return []
    fallen = [m for m, known in status.members.items() if known.fell]
    if not fallen:
        return []
    return _alarm(
        "frame_fallback",
        "warning",
        f"{_names(fallen)} went back to a donor's frames: generations are written a second time",
        fallen,
    )


def _best_folder(status: PopulationStatus) -> list[Alarm]:
    """P6: upstream sorts negative objectives as text, keeps the worst and removes better files."""
    wrong = status.wrong_best
    if not wrong:
        return []
    folders = ", ".join(f"`best{w}`" for w in wrong[:4])
    return _alarm(
        "best_folder_wrong",
        "warning",
        f"{folders} kept a worse file than there was: negative objectives are sorted as text",
        wrong,
    )


def _ended(status: PopulationStatus) -> list[Alarm]:
    """Members whose attempt failed while others go on: they stay in the ranking."""
    gone = ended(status)
    if not gone:
        return []
    parts = []
    for member in gone[:4]:
        newest = status.last.get(member)
        how = status.attempts[member].ended if member in status.attempts else None
        if status.states.get(member) == "skipped":
            how = "cannot be continued"
        where = f" at generation {newest.generation}" if newest is not None else ""
        parts.append(f"member {member} {how or 'has ended'}{where}")
    more = f" and {len(gone) - 4} more" if len(gone) > 4 else ""
    one = len(gone) == 1
    counts = ""
    if any(m in status.last for m in gone):
        counts = f"; {'its' if one else 'their'} weights still count"
    them = "it" if one else "them"
    again = f"; `r` continues {them} from there"
    if status.trainer.recipe is None:
        again = f"; `r` starts {them} again"
    return _alarm("member_ended", "error", ", ".join(parts) + more + counts + again, gone)


def _stale(status: PopulationStatus, found: Sequence[int]) -> list[Alarm]:
    """Members without a generation for too long, although they run."""
    if not found:
        return []
    who = _seen(status, found)
    if not status.states:  # of a workspace without a run nobody knows who still runs
        return _alarm("stale_member", "note", f"silent or finished: {who}", found)
    return _alarm("stale_member", "warning", f"silent: {who}", found)
