"""What the task of a member is told about it, for when its engine starts the task again."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from pbt_tui.backends.requeue import KNOWN_STYLES, Again, again
from pbt_tui.journal.events import Source
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Job


def of_launch(launch: Launch) -> Again | None:
    """The words for one launch; None if the member of it is not continued."""
    on = launch.goes_on
    if on is None:
        return None
    recorded, job = str(on.recorded), launch.spec
    return of_attempt(
        job, on.style, recorded, args=on.args, source=on.source, seen=on.seen, known=on.known
    )


def of_attempt(
    job: Job,
    style: str,
    recorded: str,
    *,
    args: Sequence[str] = (),
    source: Source | None = None,
    seen: int = 0,
    known: bool = False,
) -> Again | None:
    """The words for one attempt, for the backend.

    Args:
        job: The job, with its own command.
        style: Name of the style of its population.
        recorded: The workspace as the spec records it, absolute.
        args: Arguments of the attempt.
        source: What the attempt continues from.
        seen: When the newest generation was written that the executor saw (`Continuation.seen`).
        known: Whether the member had a generation before, in any attempt.

    Returns:
        None for a style whose rules the script does not have.
    """
    if style not in KNOWN_STYLES:
        return None
    told = again(style, recorded, job.argv, member=job.member or 0)
    told = told._replace(args=tuple(args), known=known or source is not None)
    if source is None or source.stamp is None or source.checkpoint is None:
        return told
    metadata, weights = source.stamp.metadata, source.stamp.weights
    if metadata is None or weights is None:
        return told  # the trainer finds its checkpoint itself
    stamp = f"{metadata.mtime_ns} {metadata.size} {weights.mtime_ns} {weights.size}"
    return told._replace(
        floor=max(seen, source.stamp.written),
        generation=source.generation,
        metadata=posixpath.splitext(source.checkpoint)[0] + ".yaml",
        stamp=stamp,
    )
