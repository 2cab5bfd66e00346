"""Alarms of a population: what is wrong with it, or why nothing happens although nothing is wrong.

Pure: status in, alarms out. Most alarms are for defects that upstream's default settings run into
without a message: P2, P3, P5, P6, P10, R2, R3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from statistics import median

from pbt_tui.observe.idle_reasons import idle_reasons
from pbt_tui.observe.population_status import DEAD, HALTED, NOT_YET, RUNNING, PopulationStatus
from pbt_tui.observe.snapshot_types import Alarm, Code, Level
from pbt_tui.observe.workspaces import Generation

_RESTART = 150.0
"""Seconds without a generation that are normal after a restart (measured: 6 to 114)."""
_SHORTEST = 20.0
"""Seconds without a generation that never raise an alarm."""


def alarms(status: PopulationStatus) -> list[Alarm]:
    """The alarms, the most severe first; notes only if no alarm explains why nothing happens."""
    found = [
        *_never_started(status),
        *_objective_unreadable(status),
        *_stale(status),
        *_cannot_exchange(status),
        *_relaunched(status),
        *_frame_fallback(status),
        *_best_folder(status),
    ]
    if not any(a.code in ("cannot_exchange", "objective_unreadable") for a in found):
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
    if not any(status.generations.values()):
        return []
    absent = status.absent()
    if status.states:
        never = [m for m in absent if status.states.get(m) in NOT_YET]
    else:
        late = max((len(g) for g in status.generations.values()), default=0)
        never = absent if late >= 3 else []
    if not never:
        return []
    return _alarm(
        "never_started",
        "error",
        f"{len(never)} of {status.size} members never started: {_names(never)}",
        never,
    )


def _objective_unreadable(status: PopulationStatus) -> list[Alarm]:
    """P3 and R11: an objective that is a Python object; P4: a file that stays incomplete."""
    tagged = [m for m, steps in status.generations.items() if steps and steps[-1].unreadable]
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
    elif blind := [m for m, log in status.logs.items() if log.blind and not log.well]:
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


def _gone(status: PopulationStatus) -> list[int]:
    """Dead members, which stay in the ranking (R3)."""
    if status.states:
        return [m for m in status.generations if status.states.get(m) in DEAD]
    return [a for alarm in _stale(status) for a in alarm.members]


def _cannot_exchange(status: PopulationStatus) -> list[Alarm]:
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
    present = {m: s[-1].objective for m, s in status.generations.items() if s}
    if not status.trainer.absent_are_worst or not present:
        return found
    places = max(1, ceil(status.settings.worst * status.size))
    absent = status.absent() if _settled(status) else []
    ranked = absent + sorted(present, key=lambda m: present[m] or 0.0)
    worst = ranked[:places]
    gone = set(absent) | set(_gone(status))
    if len(worst) == places and set(worst) <= gone:
        who = ", ".join(_last_seen(status, m) for m in worst[:4])
        found += _alarm(
            "cannot_exchange",
            "error",
            f"selection is blocked: all {places} of the worst places are held by {who}",
            worst,
        )
    return found


def _settled(status: PopulationStatus) -> bool:
    """Whether some member has three generations, so that a missing member is not just late."""
    return max((len(g) for g in status.generations.values()), default=0) >= 3


def _last_seen(status: PopulationStatus, member: int) -> str:
    steps = status.generations.get(member)
    if not steps:
        return f"member {member}, never seen"
    return f"member {member}, last seen {_ago(status.now - steps[-1].at)} ago"


def _ago(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _relaunched(status: PopulationStatus) -> list[Alarm]:
    """P5: a member began again; the others still read the generations from before."""
    members = sorted({e.member for e in status.events if e.kind == "relaunch"})
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
    fallen = []
    if status.trainer.frames_follow_donor:
        for member, steps in status.generations.items():
            lives = {(e.generation, e.at) for e in status.events if e.kind == "relaunch"}
            highest = 0
            for step in steps:
                if step.generation <= 1 or (step.generation, step.at) in lives:
                    highest = step.generation
                elif step.generation <= highest:
                    fallen.append(member)
                    break
                highest = max(highest, step.generation)
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
    wrong: list[int] = []
    for folder in sorted({b.folder for b in status.best}):
        kept = [b for b in status.best if b.folder == folder]
        top = max(b.objective for b in kept)
        until = max(b.at for b in kept)
        seen = [
            g.objective
            for steps in status.generations.values()
            for g in steps
            if g.at < until and g.objective is not None
        ]
        if top < 0 and seen and max(seen) > top + 1e-5 * max(1.0, abs(top)):
            wrong.append(folder)
    if not wrong:
        return []
    folders = ", ".join(f"`best{w}`" for w in wrong[:4])
    return _alarm(
        "best_folder_wrong",
        "warning",
        f"{folders} kept a worse file than there was: negative objectives are sorted as text",
        wrong,
    )


def _stale(status: PopulationStatus) -> list[Alarm]:
    """Members without a generation for three intervals, or ten after a restart."""
    silent: list[int] = []
    over = bool(status.states) and not any(
        state in RUNNING or state in NOT_YET for state in status.states.values()
    )
    for member, steps in status.generations.items():
        state = status.states.get(member)
        if not steps or state == "succeeded" or state in NOT_YET | HALTED:
            continue
        if over and state != "failed":  # it ended with all others
            continue
        if state in DEAD:
            silent.append(member)
            continue
        usual = _usual(status, member)
        if usual is None:
            continue
        last = steps[-1].at
        restarted = any(
            e.member == member and e.kind != "relaunch" and e.generation == steps[-1].generation
            for e in status.events
        )
        allowed = max(10 * usual, _RESTART) if restarted else max(3 * usual, _SHORTEST)
        if status.now - last > allowed:
            silent.append(member)
    if not silent:
        return []
    dead = [m for m in silent if status.states.get(m) in DEAD]
    who = ", ".join(_last_seen(status, m) for m in silent[:4])
    return _alarm("stale_member", "error" if dead else "warning", f"silent: {who}", silent)


def _usual(status: PopulationStatus, member: int) -> float | None:
    """Median seconds between generations: of the member if it has enough, else of all members."""

    def gaps(steps: Sequence[Generation]) -> list[float]:
        return [b.at - a.at for a, b in pairwise(steps)]

    own = gaps(status.generations[member])
    if len(own) >= 3:
        return median(own)
    every = [gap for steps in status.generations.values() for gap in gaps(steps)]
    return median(every) if len(every) >= 3 else None
