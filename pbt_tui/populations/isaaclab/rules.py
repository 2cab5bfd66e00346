"""Rules for Isaac Lab and rl_games: its script accepts the command, members read the objective."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbt_tui.errors import printable
from pbt_tui.populations.contract import CallStyle
from pbt_tui.populations.member import Member, StyleFinding

_TENSORS = ("episode.consecutive_successes",)
"""Objectives that are tensors in Isaac Lab's environments (defect P3)."""


CALL = CallStyle(prefix="", name_arg="--wandb-name", dir_arg="agent.pbt.directory")
"""It has no argument style: the script takes options with dashes and settings without dashes."""
_HINT = f"pass `{CALL.arguments()}, customize_experiment_name=False` to the `RunDescription`"
_OF_UPSTREAM = ("--experiment", "--train_dir")


def check_call(members: Sequence[Member]) -> Iterator[StyleFinding]:
    """Finds arguments that Isaac Lab's script refuses.

    Its argparse reads the options that it knows, then Hydra reads the rest.
    """
    words = [word for word in members[0].job.argv if word.startswith("--")]
    dashed = next((word for word in words if word.startswith("--agent.")), None)
    if dashed is not None:
        name = dashed.partition("=")[0]
        yield StyleFinding(
            f"`{printable(name)}`: Isaac Lab reads agent settings with Hydra, without `--`",
            "PBT417",
            param=name.lstrip("-"),
            hint=_HINT,
        )
    for word in words:
        name = word.partition("=")[0]
        if name in _OF_UPSTREAM:
            message = f"Isaac Lab's script has no option `{name}`"
            yield StyleFinding(message, "PBT418", hint=_HINT)
            return


def check_lab(members: Sequence[Member]) -> Iterator[StyleFinding]:
    """All rules for Isaac Lab's own script."""
    yield from check_call(members)
    yield from check(members)


def check(members: Sequence[Member]) -> Iterator[StyleFinding]:
    """Checks the objective of the first member; all members have the same one."""
    first = members[0]
    name = f"{first.stem}objective"
    given = first.set.get(name)
    if given in _TENSORS:
        yield StyleFinding(
            f"`{given}` is a tensor in Isaac Lab's environments: no member can read it",
            "PBT411",
            param=name,
            hint="put a plain number (`float(…)`) into the infos, and use its name as objective",
        )
    elif given is None:
        yield StyleFinding(
            f"`{name}` is not in the command: rl_games has no default, and Isaac Lab's default "
            "`Episode_Reward/success` does not exist in every task",
            "PBT411",
            "note",
            hint=f"add `{name}=…`, the name of a plain number",
        )
