"""The shim: a fixed shell script between the executor and a job, and how it is started.

Must not contain text of a spec: commands, folders and names are arguments of the script.

The shim claims the attempt, runs the job as its child and records the exit code, also if the
executor has died. It is a shell because a shell starts in a millisecond, a Python interpreter in
ten. Tested with dash, bash and busybox.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping

from pbt_tui.files import permissions
from pbt_tui.runtimes.protocol import Launch

# Arguments: $1 claim, $2 boot id, $3 folder, $4 soft limit of open files, $5 umask of the claim,
# $6 umask of the job, then the command.
# Standard output is the log, standard error is /dev/null (the shell reports on its children there),
# and descriptor 3 is a pipe to the executor.
# - Variables begin with _pbt_: to assign to a variable in the job's environment would change it.
# - Signals are caught, not ignored: so children get the default actions back. They are caught only
#   after the claim, so that a stop before the claim ends the shim.
# - In the subshell `exec` returns only if it fails: then the trap records that the job did not
#   start. (bash drops the trap if a file exists but cannot be executed, so that is tested before.)
# - Whether the executor stopped the job is looked up once, after the job has ended: the order of
#   the two decides, because clocks differ.
# - A full disk may be emptied, and a folder that was moved away may come back: the shim tries to
#   write the code until it succeeds, or until the file has been gone for a minute.
# - At the end it kills its process group: orphans of a dead trainer keep their GPU memory (R8).
SHIM = r"""set -C
umask "$5"
trap : PIPE
read -r _pbt_stat <"/proc/$$/stat" || exit 1
_pbt_self() { _pbt_self="$$.${20}"; }
_pbt_self ${_pbt_stat##*)}
_pbt_claim=$1
echo "$_pbt_self $2 -" >"$1" || exit 0
echo "$_pbt_self" >&3
exec 3>&-
ulimit -S -n "$4"
trap : HUP INT QUIT ALRM TERM USR1 USR2
(
  exec 2>&1
  trap 'echo "refused $?" >>"$_pbt_claim"' EXIT
  cd -- "$3" || exit 125
  umask "$6"
  shift 6
  case ${1-} in
    "" | -*) echo "$1: not found"; exit 127 ;;
    */*) if [ -d "$1" ] || { [ -e "$1" ] && [ ! -x "$1" ]; }; then
      echo "$1: cannot be executed"
      exit 126
    fi ;;
  esac
  exec "$@"
)
_pbt_code="exit $?"
[ ! -e "$1.stop" ] || _pbt_code="$_pbt_code stop"
_pbt_away=0
until echo "$_pbt_code" >>"$1"; do
  [ -e "$1" ] || [ $((_pbt_away += 1)) -lt 60 ] || exit 1
  sleep 1
done
kill -KILL 0
"""

SHELL = "/bin/sh"
NAME = "pbt-shim"
_HOLDABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEFAULT = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Signals to reset: Python and `nohup` ignore some, and a shell cannot catch those that are
ignored when it starts."""


def spawn(launch: Launch, environ: Mapping[str, str], boot: str, tell: int, open_files: int) -> int:
    """Starts the shim of an attempt in a session of its own, and returns its pid.

    Args:
        launch: the attempt.
        environ: the whole environment.
        boot: id of this boot.
        tell: the descriptor to which the shim writes `pid.start` once it has the claim.
        open_files: soft limit of open files for the job.

    Raises:
        NotOurs: if the log is a link.
        OSError: if the system refuses, because of the log, the arguments or a limit.
        ValueError: if an argument or a variable contains a null byte.
    """
    argv = (*_unholdable(launch.env), *launch.argv)
    masks = (permissions.umask_in(launch.claim.parent), permissions.umask())
    log = permissions.open_log(launch.log)
    try:
        return os.posix_spawn(
            SHELL,
            [
                "sh",
                "-c",
                SHIM,
                NAME,
                str(launch.claim),
                boot,
                str(launch.cwd),
                str(open_files),
                *(f"{mask:04o}" for mask in masks),
                *argv,
            ],
            environ,
            file_actions=(
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
                (os.POSIX_SPAWN_DUP2, tell, 3),
            ),
            setsid=True,
            setsigmask=(),
            setsigdef=_DEFAULT,
        )
    finally:
        os.close(log)


def _unholdable(env: Mapping[str, str]) -> tuple[str, ...]:
    """An `env` command for variables with names like `a.b`, which dash does not pass on."""
    odd = tuple(f"{name}={value}" for name, value in env.items() if not _HOLDABLE.fullmatch(name))
    return ("env", *odd) if odd else ()
