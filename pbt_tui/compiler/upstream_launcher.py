"""The jobs that the upstream launcher would start for a description, by its own rules.

Must not know our process list: a description in, what upstream makes of it out. The rules are those
of `run_description.py`, `run_processes.py` and `run_slurm.py` of IsaacGymEnvs `aeed298`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.description import Experiment
from pbt_tui.naming import root_of
from pbt_tui.settings.argv import pieces

if TYPE_CHECKING:
    from pbt_tui.compiler.loaded import Loaded, LoadedExperiment

BACKENDS = ("processes", "slurm", "ngc")
MAX_PARALLEL = 4
"""The default of upstream's `--max_parallel`."""


class UpstreamJob(NamedTuple):
    """One job as upstream generates it; `directory` is relative to `train_dir`."""

    command: str
    name: str
    directory: str


def jobs(
    loaded: Loaded, experiment: LoadedExperiment, train_dir: str, suffix: str
) -> Iterator[UpstreamJob]:
    """The jobs of one experiment. `suffix` is that of `--experiment_suffix`.

    Upstream's classes know no style and no placeholder, and write the text `None` for a name of an
    argument that is None. Raises `BadParam` where they raise an error.
    """
    rows = [row | experiment.texts.get(k, {}) for k, row in enumerate(experiment.params)]
    directory = root_of(loaded.run_name, experiment.name, suffix)
    where = os.path.join(train_dir, directory)  # noqa: PTH118 - text, `./` is kept
    made = Experiment(experiment.name, experiment.cmd, rows).generate_experiments(
        str(loaded.experiment_arg), loaded.customize_names, loaded.param_prefix
    )
    for command, name in made:
        yield UpstreamJob(f"{command} {loaded.dir_arg}={where}", name, directory)


def arguments(command: str) -> list[str]:
    """What the local launcher starts: it cuts at each single blank and starts no shell (D15)."""
    return command.split(" ")


def replaced_by_its_interpreter(first: str) -> bool:
    """Whether the local launcher puts its own interpreter in the place of the first word (D24)."""
    return first.startswith("python")


_ESCAPE = re.compile(r"\\.", re.DOTALL)
_EXPANDED = r"\$[A-Za-z_{(\[0-9@*#?$!-]|`"
_IN_QUOTES = re.compile(rf"\\.|({_EXPANDED})", re.DOTALL)
_BARE = re.compile(rf"{_EXPANDED}|[;&|<>()\n*?]|(?<![^\s=:])~|(?<!\S)#|\{{\S*?(?:,|\.\.)\S*?\}}")


def acted_on_by_a_shell(command: str) -> str | None:
    """The first word of a command that a shell does not pass on as it stands; None: there is none.

    The backends `slurm` and `ngc` paste the command into the text of a shell script (D36, D44).
    That a shell splits and unquotes is not meant here.
    """
    text = pieces.sub(_joined, command)
    places: list[int] = []

    def masked(piece: re.Match[str]) -> str:
        if piece[0].startswith('"'):
            inside = _IN_QUOTES.finditer(piece[0])
            places.extend(piece.start() + found.start(1) for found in inside if found[1])
        return "_" * len(piece[0])

    if found := _BARE.search(pieces.sub(masked, text)):
        places.append(found.start())
    return _word_at(text, min(places)) if places else None


def _joined(piece: re.Match[str]) -> str:
    """A piece without the backslashes that continue a line."""
    if piece[0].startswith("'"):
        return piece[0]
    return _ESCAPE.sub(lambda escape: "" if escape[0][1] == "\n" else escape[0], piece[0])


def _word_at(text: str, at: int) -> str:
    """The word of `text` around the position `at`; a line break is shown as Python writes it."""
    start = max(text.rfind(blank, 0, at) for blank in " \t\n") + 1
    return "\\n" if text[at] == "\n" else text[start:].split(maxsplit=1)[0]


def converted(rows: Sequence[dict[str, Any]]) -> dict[int, dict[str, str]]:
    """The values that shuffling a grid changes (D3): index of the row -> name -> upstream's text.

    Upstream shuffles through one NumPy array of all values. Beside a float integers and Booleans
    become floats, and beside an integer Booleans become integers. An array that holds text or None
    gives each value its own text.
    """
    kinds = {type(value) for row in rows for value in row.values()}
    if not kinds <= {bool, int, float} or len(kinds) < 2:
        return {}
    kind = float if float in kinds else int
    return {
        k: changed
        for k, row in enumerate(rows)
        if (changed := {n: str(kind(v)) for n, v in row.items() if type(v) is not kind})
    }
