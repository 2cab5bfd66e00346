"""The alarms of populations: what each code means, and what to do.

`pbt-tui` raises an alarm from the files and logs that members write. `pbt-compile --explain CODE`
and `docs/reference/alarms.md` are generated from this module.
"""

from __future__ import annotations

from typing import NamedTuple


class AlarmCode(NamedTuple):
    """One alarm. `levels` lists its possible levels, the usual one first."""

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
        "Other members have written generations, and these members have not started. A population "
        "selects among all its members, so the exchange may wait for ever.",
        "Look at the state of their jobs and retry those that failed. Give the run enough slots, "
        "and a `--max_parallel` of at least the size of the population.",
    ),
    AlarmCode(
        "cannot_exchange",
        ("error",),
        "members cannot take over another member's weights",
        "Exchanges were aborted because the donor's weights could not be loaded; or members that "
        "have ended hold all of the worst ranks, so that no member is ever replaced.",
        "Read the member's log. If PyTorch refuses the file, set "
        "`TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`. If ended members block the selection, retry them.",
    ),
    AlarmCode(
        "objective_unreadable",
        ("error", "warning"),
        "an objective cannot be read",
        "The trainer wrote the objective as a tensor or an array scalar, or the metadata is "
        "damaged. The other members cannot read the objective, so no member is ever replaced.",
        "Let the environment report a plain number, `float(…)`, and use that number as the "
        "objective.",
    ),
    AlarmCode(
        "relaunched",
        ("warning",),
        "a member started again from the beginning",
        "The workspace still holds the generations that the member wrote before. The other "
        "members still select against those.",
        "Continue the member from its newest generation, or start the whole population with "
        "`--fresh` and an empty workspace.",
    ),
    AlarmCode(
        "frame_fallback",
        ("warning",),
        "a member continues from a donor with fewer frames",
        "The member copied a donor with fewer frames, so it writes the same generation numbers a "
        "second time. The name of a file no longer identifies its weights.",
        "No action is needed. Trust the time of a file, not its number.",
    ),
    AlarmCode(
        "best_folder_wrong",
        ("warning",),
        "a `best` folder holds a worse file than one that it deleted",
        "IsaacGymEnvs sorts objectives as text, so it keeps the wrong files if objectives are "
        "negative.",
        "Take the best generation that `pbt-tui` names. Its checkpoint may have been deleted. Use "
        "a positive objective in the next run.",
    ),
    AlarmCode(
        "stale_member",
        ("warning", "note"),
        "a member has stopped writing generations",
        "The member runs, and has written no generation for much longer than usual. After a start "
        "or an exchange it has ten times as long. In a workspace without a run it is a note, "
        "because nobody knows whether the member still runs.",
        "Look at its log and its GPU. Cancel and retry a member that hangs.",
    ),
    AlarmCode(
        "before_start",
        ("note",),
        "no exchange is due yet",
        "The trainer waits for a number of frames before the first exchange, or no member has "
        "written a generation yet.",
        "No action is needed.",
    ),
    AlarmCode(
        "too_few_members",
        ("note",),
        "too few members have written a generation",
        "The trainer exchanges only after more than half of the population has written a "
        "generation.",
        "Wait, or find out why the other members have written none.",
    ),
    AlarmCode(
        "within_threshold",
        ("note",),
        "all members are within the thresholds",
        "No member is so much worse than the best that the trainer would replace it.",
        "No action is needed.",
    ),
    AlarmCode(
        "member_ended",
        ("error",),
        "a member has ended while the others go on",
        "The member's newest attempt failed, and no retry is left. Its newest generation stays in "
        "the ranking: the other members still compare themselves with it, and may copy it.",
        "Read its log, and press `r` in `pbt-tui`: the member goes on from its newest generation.",
    ),
    AlarmCode(
        "rounds_skipped",
        ("error",),
        "members skip the comparison after an exception",
        "Isaac Lab and rl_games catch an exception while they print the table of the population, "
        "and skip the round. Nobody is compared, so nobody is replaced.",
        "Read the exception. Often an objective is no plain number: use `float(…)` where the "
        "environment reports it.",
    ),
    AlarmCode(
        "last_round",
        ("note",),
        "what the last comparison found",
        "Nothing was exchanged lately. These are the numbers of the newest comparison that a "
        "member logged: who may be copied, who may be replaced, and what was missing.",
        "No action is needed.",
    ),
)
"""In the order in which a user should see them."""


def alarm_page(alarm: AlarmCode) -> str:
    """The alarm as Markdown that also reads well in a terminal."""
    return (
        f"# {alarm.code}\n\n{alarm.title[:1].upper()}{alarm.title[1:]}. "
        f"Level: {' or '.join(alarm.levels)}.\n\n{alarm.explanation}\n\n"
        f"## What to do\n\n{alarm.cure}\n"
    )
