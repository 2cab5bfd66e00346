"""The alarms of populations: what each code means, and what to do.

`pbt-tui` raises them from what members leave on disk and in their logs. Must not know how one is
found; it holds words. `--explain CODE` and `docs/reference/alarms.md` are made from here.
"""

from __future__ import annotations

from typing import NamedTuple


class AlarmCode(NamedTuple):
    """One alarm. `levels` are those that it can have, the usual one first."""

    code: str
    levels: tuple[str, ...]
    title: str
    explanation: str
    cure: str


ALARMS = (
    AlarmCode(
        "never_started",
        ("error",),
        "members of a population never started",
        "Other members have written generations, and these have not begun. A population selects "
        "among all its members, so the exchange may wait for ever.",
        "Look at the state of their jobs. Retry those that failed; give the run enough slots and "
        "`--max_parallel` for the whole population.",
    ),
    AlarmCode(
        "cannot_exchange",
        ("error",),
        "members cannot take over another member's weights",
        "Exchanges broke off, because the donor's weights could not be loaded, or because members "
        "that have ended hold all of the worst places, so that nobody is ever replaced.",
        "Read the member's log. Where PyTorch refuses the file, set "
        "`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`. Where ended members block the selection, retry "
        "them.",
    ),
    AlarmCode(
        "objective_unreadable",
        ("error", "warning"),
        "an objective cannot be read",
        "The trainer wrote the objective as a tensor or an array scalar, or the metadata is "
        "damaged. Members cannot compare what they cannot read, so nobody is ever replaced.",
        "Let the environment report a plain number, `float(…)`, and name that as the objective.",
    ),
    AlarmCode(
        "relaunched",
        ("warning",),
        "a member began again from the start",
        "The member was started anew beside generations that it had written before. The others "
        "still select against the old ones.",
        "Let the member go on from its newest generation, or start the whole population with "
        "`--fresh` and an empty workspace.",
    ),
    AlarmCode(
        "frame_fallback",
        ("warning",),
        "a member went back to a donor's frames",
        "The member copied a donor with fewer frames, so it writes numbers of generations a second "
        "time. A file name no longer tells which weights it holds.",
        "Nothing has to be done. Trust the time of a file, not its number.",
    ),
    AlarmCode(
        "best_folder_wrong",
        ("warning",),
        "a `best` folder holds a worse file than there was",
        "IsaacGymEnvs sorts objectives as text, so negative ones are kept in the wrong order.",
        "Take the best generation that `pbt-tui` names. Its checkpoint may have been deleted; let "
        "the objective be positive in the next run.",
    ),
    AlarmCode(
        "stale_member",
        ("warning", "error"),
        "a member is silent",
        "The member has written no generation for much longer than usual. It is an error where its "
        "job has ended.",
        "Look at its log and its GPU. Cancel and retry a member that hangs.",
    ),
    AlarmCode(
        "before_start",
        ("note",),
        "the first exchange is still to come",
        "The trainer waits for a number of frames before the first exchange, or no member has "
        "written a generation yet.",
        "Nothing has to be done.",
    ),
    AlarmCode(
        "too_few_members",
        ("note",),
        "too few members have written a generation",
        "The trainer exchanges only once more than half of the population has a generation.",
        "Wait, or see why the other members have none.",
    ),
    AlarmCode(
        "within_threshold",
        ("note",),
        "all members are within the thresholds",
        "No member is so much worse than the best that the trainer would replace it.",
        "Nothing has to be done.",
    ),
)
"""In the order in which a person should see them."""


def alarm_page(alarm: AlarmCode) -> str:
    """The alarm as a piece of Markdown that also reads well in a terminal."""
    return (
        f"# {alarm.code}\n\n{alarm.title[:1].upper()}{alarm.title[1:]}. "
        f"Level: {' or '.join(alarm.levels)}.\n\n{alarm.explanation}\n\n"
        f"## What to do\n\n{alarm.cure}\n"
    )
