"""The generation that a task has noted, which it goes on from after its engine started it again.

The functions of `backends.requeue` write it, as a line that begins with `source`:

    source <member> <generation> <frame> <mtime ns> <size> <mtime ns> <size> <name> <path>

These are times and sizes of metadata and weights, the name of the run, and the path of the weights;
`-` stands for none.
"""

from __future__ import annotations

import re

from pbt_tui.journal.events import FileStamp, Source, Stamp

_SOURCE = re.compile(
    r"([0-9]{1,6}) ([0-9]{1,18}) ([0-9]{1,18}) ([0-9]{1,19} [0-9]{1,18}|- -) "
    r"([0-9]{1,19} [0-9]{1,18}) (\S+) (/.*)"
)


def parse(text: str) -> Source | None:
    """The generation that a task noted; None if it is not written as a task writes it."""
    match = _SOURCE.fullmatch(text)
    if match is None:
        return None
    metadata, weights = _stamp(match[4]), _stamp(match[5])
    return Source(
        member=int(match[1]),
        generation=int(match[2]),
        experiment_name=None if match[6] == "-" else match[6].strip("'"),
        frame=int(match[3]),
        checkpoint=match[7],
        stamp=Stamp(metadata, weights),
    )


def _stamp(text: str) -> FileStamp | None:
    if text == "- -":
        return None
    mtime_ns, _, size = text.partition(" ")
    return FileStamp(int(mtime_ns), int(size))
