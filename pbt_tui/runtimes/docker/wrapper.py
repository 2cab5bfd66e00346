"""The wrapper: the fixed shell script that runs a job in its container and records the exit code.

Must not contain text of a spec: log, attempt file and command are arguments of the script. Tested
with dash, bash and busybox.

The engine's init is process 1. It starts the shell, the shell starts a second init, and that one
starts the job:

    /sbin/docker-init           sends every signal to the process group of the shell
      /bin/sh                   catches the signal, and waits for its child
        /sbin/docker-init -s    sends the signal to the job alone
          the job               leads a process group of its own

A shell alone would not do. If it waits for the job, it passes no signal on, and the job loses its
grace time. If it starts the job in the background, POSIX has it ignore SIGINT and SIGQUIT in the
job, and dash and busybox offer no way to undo that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pbt_tui.runtimes.docker.engine import Found

SHELL = "/bin/sh"
INIT = "docker-init"
"""The engine's name of an init that knows `GROUP` and `-s`; another one was configured by the
machine's administrator."""
GROUP = "TINI_KILL_PROCESS_GROUP"
"""The variable that makes the first init send signals to a process group."""

# Arguments: $0 log, $1 attempt file, then the command. The name of the log is $0 because shells
# begin their messages with it (`logs.excuse`).
# - Variables begin with _pbt_: to assign to a variable in the job's environment would change it.
# - Signals are caught, not ignored: so children get the default actions back. They have numbers
#   because not every shell knows every name. A real-time signal ends the container.
# - A container that somebody starts again must not run the job again.
# - Whether the command can start is tested before: the second init reports that as an exit code,
#   and the job may return the same one.
# - Whether the executor stopped the job is looked up once, after the job has ended.
# - If the disk is full, only the engine has the exit code.
# - Descriptor 8 is the pipe by which a keeper outside knows that the container lives (`keeper`). A
#   sandbox may refuse it, and a failing `exec` alone would end the shell.
_LINES = (
    'exec >>"$0" 2>&1',
    "_pbt_claim=$1",
    "shift",
    '_pbt_me="started ${HOSTNAME-}" _pbt_first=',
    '{ read -r _pbt_first <"$_pbt_claim"; } 2>/dev/null',
    '[ "$_pbt_first" != "$_pbt_me" ] || { echo "this container has run already"; exit 125; }',
    "unset TINI_KILL_PROCESS_GROUP",
    '[ -x /sbin/docker-init ] || exec "$@"',
    "trap : 1 2 3 10 12 13 14 15 16 20 21 22 24 25 26 27 28 29 30",
    '_pbt_note() { { echo "$1" >>"$_pbt_claim"; } 2>/dev/null; }',
    '_pbt_no() { echo "$2"; _pbt_note "refused $1"; exit "$1"; }',
    '_pbt_note "$_pbt_me"',
    (
        'case ${1-} in "" | -*) _pbt_no 127 "$1: not found" ;;'
        ' */*) [ -e "$1" ] || _pbt_no 127 "$1: not found";'
        ' [ -x "$1" ] && [ ! -d "$1" ] || _pbt_no 126 "$1: cannot be executed" ;;'
        ' *) command -v "$1" >/dev/null || _pbt_no 127 "$1: not found" ;; esac'
    ),
    '[ ! -p "$_pbt_claim.slots" ] || { command exec 8<>"$_pbt_claim.slots"; } 2>/dev/null || :',
    '/sbin/docker-init -s -- "$@"',
    "_pbt_code=$? _pbt_stop=",
    '[ ! -e "$_pbt_claim.stop" ] || _pbt_stop=" stop"',
    '_pbt_note "exit $_pbt_code$_pbt_stop"',
    'exit "$_pbt_code"',
)
WRAPPER = "; ".join(_LINES)
"""One line, so that a `docker run` command with it is one line."""
LOG_ONLY = 'exec "$@" >>"$0" 2>&1'
"""The wrapper for an init of another kind, and of earlier versions: the job replaces the shell, and
only the engine has the exit code."""


def words(log: Path, claim: Path | None, command: Sequence[str]) -> tuple[str, ...]:
    """The command of a container; `claim`: the attempt file, None for `LOG_ONLY`."""
    if claim is None:
        return (SHELL, "-c", LOG_ONLY, str(log), *command)
    return (SHELL, "-c", WRAPPER, str(log), str(claim), *command)


def writes_log(found: Found) -> bool:
    """Whether a wrapper in this inspected container writes the log; one of another version, too."""
    return _script(found) == LOG_ONLY or _writes_code(found)


def command(found: Found) -> str:
    """The first word of the job's command in an inspected container."""
    arguments = list(found["Config"].get("Cmd") or ())
    return "".join(arguments[4:5] if _writes_code(found) else arguments[3:4])


def _writes_code(found: Found) -> bool:
    return _script(found).startswith(_LINES[0] + "; ")


def _script(found: Found) -> str:
    first = list(found["Config"].get("Cmd") or ())[:2]
    return str(first[1]) if first[:1] == ["-c"] and len(first) == 2 else ""
