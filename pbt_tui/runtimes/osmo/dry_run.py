"""What the `osmo` runtime would submit: workflow files and calls of NVIDIA's client."""

from __future__ import annotations

from collections.abc import Iterator

from pbt_tui.errors import command
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.osmo.client import PROGRAM, submit_words
from pbt_tui.runtimes.osmo.runtime import FOLDER, workflow_plan
from pbt_tui.runtimes.planned_starts import PlannedStarts


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    """Commands that write the same files and submit them."""
    plan = workflow_plan(context)
    if not starts.first:
        held = starts.held and len(starts.later)
        yield f"# held: {held} are submitted once it is released" if held else "# nothing to submit"
        return
    folder = context.rundir.path / FOLDER
    yield command("mkdir", "-p", str(folder))
    launches = {(launch.job, launch.attempt): launch for launch in starts.first}
    settings = plan.settings
    for names in plan.pieces(list(launches)):
        record, text = plan.made(names, launches)
        count = f"{len(names)} task{'' if len(names) == 1 else 's'}"
        yield f"# a workflow of {count}: from {names[0][0]} to {names[-1][0]}"
        path = str(folder / f"{record.name}.yaml")
        yield f"cat >{command(path)} <<'END_OF_FILE'"
        yield text.decode().rstrip("\n")
        yield "END_OF_FILE"
        words = submit_words(settings.pool, settings.priority)
        yield command(PROGRAM, "workflow", "submit", path, *words)
