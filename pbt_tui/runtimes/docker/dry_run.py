"""What the `docker` runtime would start: each create request, also as a command.

It asks the engine about the image only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pbt_tui.errors import command, printable
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.docker.client import create
from pbt_tui.runtimes.docker.request import body, docker_run
from pbt_tui.runtimes.planned_starts import PlannedStarts, one_by_one
from pbt_tui.runtimes.protocol import Launch


def show(context: RunContext, starts: PlannedStarts) -> Iterator[str]:
    """The exact create request of each attempt as a comment, and the same as a command."""
    runtime = create(context)
    unknown = runtime.peek()
    if unknown:
        yield f"# {printable(unknown)}"
    dirs = {context.train_dir / job.spec.dir for job in context.state.jobs if job.spec.dir}
    prepared = command("mkdir", "-p", *map(str, sorted({*dirs, *runtime.folders})))
    requests = [runtime.request(launch) for launch in (*starts.first, *starts.later)]
    files = [str(request.claim) for request in requests if request.claim is not None]
    yield f"{prepared} && {command('touch', *files)}" if files else prepared

    def lines(launch: Launch) -> list[str]:
        request = runtime.request(launch)
        document = json.dumps(body(request), separators=(",", ":"))
        return [f"# POST /containers/create?name={request.name} {document}", docker_run(request)]

    yield from one_by_one(starts, lines)
