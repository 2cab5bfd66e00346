"""The script of a member that OSMO may start again: it then continues from its newest generation.

OSMO starts a task again with the same command (exit action RESCHEDULE). So the command of a member
is a bash script around the job's own: it notes each start in a file beside the marks of the members
(`lead`), and from the second start on it looks for the newest generation (`backends.requeue`).

The path of that file is in a variable, because it has the token for the id of the workflow, which a
word of a command that a shell puts together could not have. Without the variable, or if the file
cannot be written, the script runs the command of the first start.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pbt_tui.backends.requeue import FUNCTIONS, KNOWN_STYLES, Again, again
from pbt_tui.spec import Population, Processes

VARIABLE = "_pbt_claim"
"""Variable with the path of the file that notes the starts of a task."""
ENDING = ".starts"
"""Ending of that file; its name is that of the task."""
REFUSED = 74
"""Exit code of a member that has generations, of which none can be continued."""
_ALL_WEIGHTS = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
_HEAD = "# pbt: a member that continues when OSMO starts it again"

SCRIPT = f"""{_HEAD}
{FUNCTIONS}
export -n {VARIABLE}
_pbt_attempt=$1 _pbt_restarts=0 _pbt_told='' _pbt_env=()
_pbt_again=("${{@:3:$2}}")
_pbt_command=("${{@:3+$2}}")
[[ ! ${{{_ALL_WEIGHTS}+there}} ]] || _pbt_env=({_ALL_WEIGHTS}="${_ALL_WEIGHTS}")
if [[ ${VARIABLE} ]] && mkdir -p -- "${{{VARIABLE}%/*}}" && : >>"${VARIABLE}"; then
  _pbt_restarts=$(grep -c '^start ' "${VARIABLE}")
  _pbt_go_on
  if [[ $_pbt_told == refused* ]]; then
    echo "pbt: ${{_pbt_told#* }}" >&2
    exit {REFUSED}
  fi
  echo "start $_pbt_restarts" >>"${VARIABLE}"
  [[ ! $_pbt_told ]] || echo "$_pbt_told" >>"${VARIABLE}"
else
  [[ ! ${VARIABLE} ]] || echo "pbt: cannot write: ${VARIABLE}" >&2
  _pbt_merge "${{_pbt_again[@]:10}}"
fi
[[ ! ${{_pbt_env[0]+there}} ]] || export "${{_pbt_env[@]}}"
exec -- "${{_pbt_command[@]}}"
"""


class ContinuedAttempt(NamedTuple):
    """What the script of one attempt is told."""

    attempt: int
    """Number of the attempt within the job."""
    again: Again
    """What the task needs to know to find the newest generation."""


def of_spec(spec: Processes, workdir: str | None) -> dict[str, ContinuedAttempt]:
    """What the script of each member is told, by the id of the job, before any attempt.

    Args:
        spec: The run.
        workdir: Folder in which commands start; None: that of the image.
    """
    found = {}
    populations = {name: p for p in spec.populations for name in p.members}
    for job in spec.jobs:
        population = populations.get(job.id)
        if population is not None and population.style in KNOWN_STYLES:
            folder = workspace(spec, population, workdir)
            told = again(population.style, folder, job.argv, member=job.member or 0)
            found[job.id] = ContinuedAttempt(1, told)
    return found


def workspace(spec: Processes, population: Population, workdir: str | None) -> str:
    """The workspace of a population as its tasks see it."""
    root = posixpath.join(workdir or "", spec.train_dir)
    return posixpath.normpath(posixpath.join(root, population.workspace))


def words(told: ContinuedAttempt, argv: Sequence[str]) -> list[str]:
    """The command of a member."""
    more = told.again.words()
    return ["bash", "-c", SCRIPT, "pbt", str(told.attempt), str(len(more)), *more, *argv]


def variables(marks: str, task: str) -> Mapping[str, str]:
    """The variables of the script; the path has the token for the id of the workflow."""
    return {VARIABLE: posixpath.join(marks, f"{task}{ENDING}")}


def without(command: Sequence[str]) -> list[str]:
    """A command without the script, whose place another one has that starts tasks again.

    Example:
        >>> told = ContinuedAttempt(1, Again("rl_games", "/w"))
        >>> without(["env", *words(told, ["python", "train.py"])])
        ['env', 'python', 'train.py']
    """
    made = [*command]
    if SCRIPT not in made:
        return made
    at = made.index(SCRIPT)
    count = made[at + 3] if len(made) > at + 3 else ""
    if at < 2 or not count.isdecimal() or not count.isascii() or len(count) > 6:
        return made
    return made[: at - 2] + made[at + 4 + int(count) :]
