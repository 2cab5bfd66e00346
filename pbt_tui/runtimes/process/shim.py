"""The shim: the fixed shell text that stands between us and a job, and how it is started.

Must not hold a word of any spec: commands, folders and names are arguments, never text.

A shell, because it costs a millisecond where an interpreter costs ten, and because it outlives us:
it takes the attempt's name, runs the job as its child and writes the exit code down whether or not
an executor is there to see. Tried with dash, bash and busybox.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping

from pbt_tui.runtimes.protocol import Launch

# $1 claim, $2 boot id, $3 folder, $4 soft limit of open files, then the command. Output is the log,
# errors are nobody's (a shell reports on its children there), descriptor 3 tells the executor.
# - Names begin with _pbt_: an assignment to a name in the job's environment would change that.
# - Signals are caught, not ignored: children get the default back. Caught only once the name is
#   ours, so that a stop before that is still an end.
# - In the subshell `exec` returns only by failing: then the trap says that the job never began.
#   (bash forgets its trap where a file is there but cannot be executed, so that is asked before.)
# - The code is written until it is written (a full disk may be emptied), unless the folder is gone.
# - Last it kills its group, itself included: orphans of a dead trainer keep their GPU memory (R8).
SHIM = r"""set -C
trap : PIPE
read -r _pbt_stat <"/proc/$$/stat" || exit 1
_pbt_self() { _pbt_self="$$.${20}"; }
_pbt_self ${_pbt_stat##*)}
_pbt_claim=$1
echo "$_pbt_self $2" >"$1" || exit 0
echo "$_pbt_self" >&3
exec 3>&-
ulimit -S -n "$4"
trap : HUP INT QUIT ALRM TERM USR1 USR2
(
  exec 2>&1
  trap 'echo "refused $?" >>"$_pbt_claim"' EXIT
  cd -- "$3" || exit 125
  shift 4
  case ${1-} in
    "" | -*) echo "$1: not found"; exit 127 ;;
    */*) if [ -d "$1" ] || { [ -e "$1" ] && [ ! -x "$1" ]; }; then
      echo "$1: cannot be executed"
      exit 126
    fi ;;
  esac
  exec "$@"
)
_pbt_code=$?
until echo "exit $_pbt_code" >>"$1"; do
  [ -e "$1" ] || exit 1
  sleep 1
done
kill -KILL 0
"""

SHELL = "/bin/sh"
NAME = "pbt-shim"
_HOLDABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEFAULT = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Python ignores some and `nohup` others; what is ignored at birth a shell can never catch."""


def spawn(launch: Launch, environ: Mapping[str, str], boot: str, tell: int, open_files: int) -> int:
    """Starts the shim of `launch` in a session of its own; returns its pid.

    `environ` is the whole environment, `tell` the descriptor on which the shim says `pid.start`
    once the name is its own. Raises `OSError` or `ValueError` where the system refuses; the log or
    the arguments are to blame.
    """
    words = (*_unholdable(launch.env), *launch.argv)
    return os.posix_spawn(
        SHELL,
        ["sh", "-c", SHIM, NAME, str(launch.claim), boot, str(launch.cwd), str(open_files), *words],
        environ,
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
            (os.POSIX_SPAWN_OPEN, 1, launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 0, 2),
            (os.POSIX_SPAWN_DUP2, tell, 3),
        ),
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT,
    )


def _unholdable(env: Mapping[str, str]) -> tuple[str, ...]:
    """`env` words for names that are no shell variables (`a.b`): dash does not pass them on."""
    odd = tuple(f"{name}={value}" for name, value in env.items() if not _HOLDABLE.fullmatch(name))
    return ("env", *odd) if odd else ()
