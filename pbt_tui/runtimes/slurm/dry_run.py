"""What the `slurm` runtime would submit: files and calls of `sbatch`, as shell commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pbt_tui.backends.slurm import environment
from pbt_tui.errors import command
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.planned_starts import PlannedStarts
from pbt_tui.runtimes.slurm.runtime import submit_order
from pbt_tui.runtimes.slurm.submissions import made

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A name of a variable as `unset` takes it."""


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    """Commands that write the same files and make the same calls as a run, in the same shell."""
    order = submit_order(context)
    if not starts.first:
        held = starts.held and len(starts.later)
        yield f"# held: {held} are submitted once it is released" if held else "# nothing to submit"
        return
    yield from (f"# {line}" for line in environment.messages(context.environ, order.settings))
    gone = [name for name in environment.dropped(context.environ) if _NAME.fullmatch(name)]
    if gone:
        yield command("unset", *gone)
    run = context.rundir
    folders = [run.attempts, run.logs, order.scripts, order.output]
    yield command("mkdir", "-p", *map(str, dict.fromkeys(folders)))
    launches = {(launch.job, launch.attempt): launch for launch in starts.first}
    for shape, names in order.chunks(list(launches), order.settings.max_array):
        files = order.files(shape, names, launches)
        record = made(context.run_id, names, files)
        yield f"# an array of {len(names)}, each {shape.name}: from {names[0][0]} to {names[-1][0]}"
        for name, text in ((record.manifest, files.manifest), (record.script, files.script)):
            path = command(str(order.scripts / name))
            yield f"cat >{path} <<'END_OF_FILE'"
            yield text.decode().rstrip("\n")
            yield "END_OF_FILE"
        yield command(*order.argv(record))
