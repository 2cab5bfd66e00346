"""A ticket: the shell that waits in the queue for an attempt, and then runs it.

It outlives whoever started it. It takes the attempt's name just before it runs the command, so that
of two tickets for one attempt only one does, and it leaves the exit code where it took the name.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from pbt_tui.runtimes.protocol import Launch

SCRIPT = r"""
set -C
claim=$1 ticket=$2 held=$3 folder=$4 boot=$5
shift 5
self=$$.$(cut -d ' ' -f 22 "/proc/$$/stat")
echo "$self" >|"$ticket"
sleep 1
while [ -e "$held" ]; do sleep 0.05; done
echo "$self $boot" >"$claim" || exit 0
rm -f "$ticket"
trap : HUP INT TERM
(trap - HUP INT TERM; cd -- "$folder" && exec "$@")
echo "exit $?" >>"$claim"
"""


def draw(
    launch: Launch, queue: Path, environ: Mapping[str, str], boot: str
) -> subprocess.Popen[bytes]:
    """Starts the shell of an attempt in a session of its own. Raises `OSError`."""
    with launch.log.open("ab") as log:
        return subprocess.Popen(
            words(launch, queue, boot),
            env={**environ, **launch.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def words(launch: Launch, queue: Path, boot: str) -> list[str]:
    """The command line that does it."""
    files = [launch.claim, queue / launch.claim.name, queue / "held", launch.cwd]
    return ["sh", "-c", SCRIPT, "ticket", *map(str, files), boot, *launch.argv]
