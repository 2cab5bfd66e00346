"""The shim: a fixed shell script between the executor and a job, and how it is started.

Must not contain text of a spec: commands, folders and names are arguments of the script.

The shim claims the attempt, runs the job as its child and records the exit code, also if the
executor has died. It is a shell because a shell starts in a millisecond, a Python interpreter in
ten. Tested with dash, bash and busybox.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress

from pbt_tui.files import disk, permissions
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks
from pbt_tui.runtimes.protocol import Launch

# Arguments: $1 claim, $2 boot id, mark, pid namespace and journal, $3 folder, $4 soft limit of open
# files, $5 seconds that strays have to exit (empty: they may stay), $6 umask of the claim, $7 umask
# of the job, then the command.
# Standard input is a pipe from the executor: one line, the start time of the shim, is its order to
# begin. (A shell reads a file byte by byte: to find the time in /proc would take it a third of a
# millisecond.) Without the line, the executor has died: then the shim ends, and leaves no trace.
# Standard output is the log, standard error is /dev/null (the shell reports on its children there),
# descriptor 3 is a pipe to the executor, which the job does not get, and descriptor 9 a lock on the
# journal, by which others see that the attempt is alive. Descriptors 4 to 8, and 10 and up for more
# than five GPUs, are slots of the machine (a shell cannot close numbers of two digits).
# - Variables begin with _pbt_: to assign to a variable in the job's environment would change it.
# - Signals are caught, not ignored: so children get the default actions back. They are caught only
#   after the claim, so that a stop before the claim ends the shim.
# - In the subshell `exec` returns only if it fails: then the trap records that the job did not
#   start. (bash drops the trap if a file exists but cannot be executed, so that is tested before.)
# - Whether the executor stopped the job is looked up once, after the job has ended: the order of
#   the two decides, because clocks differ.
# - A full disk may be emptied, and a folder that was moved away may come back: the shim tries to
#   write a refusal or the code until it succeeds. After a minute without the file it ends itself,
#   in the subshell, too: a code without the refusal before it would be told as the job's own.
# - All jobs start in the directory of the run: if it cannot be entered, no job is to blame.
# - The exit code is written first. Then the shim says so on the pipe: the executor ends what the
#   job left. If the executor has died the pipe is broken, and the shim does it: it finds the strays
#   by the mark, or by the session without one, tells the claim how many, sends SIGTERM, and after
#   the grace SIGKILL, until two passes find none.
SHIM = r"""set -C
umask "$6"
trap : PIPE
read -r _pbt_self || exit 0
_pbt_self=$$.$_pbt_self
exec </dev/null
_pbt_claim=$1
echo "$_pbt_self $2" >"$1" || exit 0
echo "$_pbt_self" >&3
_pbt_write() {
  _pbt_away=0
  until echo "$1" >>"$_pbt_claim"; do
    [ -e "$_pbt_claim" ] || [ $((_pbt_away += 1)) -lt 60 ] || kill -KILL $$
    sleep 1
  done
} 2>/dev/null
_pbt_why=
ulimit -S -n "$4"
trap : HUP INT QUIT ALRM TERM USR1 USR2
(
  exec 2>&1 3>&-
  [ "$5" ] || exec 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
  trap '_pbt_write "refused ${_pbt_why:-$?}"' EXIT
  cd -- "$3" || { _pbt_why=away; exit 125; }
  umask "$7"
  shift 7
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
_pbt_write "$_pbt_code"
[ "$5" ] || exit 0
echo >&3 && exit 0
_pbt_mark=${2#* }
_pbt_mark=${_pbt_mark%% *}
_pbt_grace=$5
_pbt_quiet=
_pbt_left() {
  case $_pbt_mark in
    -) set -- "^[0-9]* (.*) [^XZ] [0-9]* [0-9]* $$ " stat ;;
    *) set -- "^Max file locks  *$_pbt_mark " limits ;;
  esac
  _pbt_left=
  for _pbt_pid in $(grep -ls "$1" /proc/[0-9]*/"$2"); do
    _pbt_pid=${_pbt_pid#/proc/}
    _pbt_pid=${_pbt_pid%/*}
    [ "$_pbt_pid" != $$ ] && read -r _pbt_stat <"/proc/$_pbt_pid/stat" || continue
    case ${_pbt_stat##*)} in " Z"* | " X"*) continue ;; esac
    _pbt_left="$_pbt_pid $_pbt_left"
  done
  [ "$_pbt_left" ]
}
_pbt_count() { echo "left $#" >>"$_pbt_claim"; }
_pbt_left || exit 0
sleep 1
_pbt_left || exit 0
_pbt_count $_pbt_left
kill -TERM $_pbt_left
while [ "$_pbt_grace" -gt 0 ]; do
  sleep 1
  _pbt_left || exit 0
  _pbt_grace=$((_pbt_grace - 1))
done
for _pbt_pass in 1 2 3 4 5 6 7 8 9 a b c d e f; do
  if _pbt_left; then
    kill -KILL $_pbt_left
    _pbt_quiet=
  else
    [ -z "$_pbt_quiet" ] || exit 0
    _pbt_quiet=1
  fi
done
"""

SHELL = "/bin/sh"
NAME = "pbt-shim"
_SLOTS = (4, 5, 6, 7, 8, *range(10, 256))
"""The descriptors of the shim for slots of the machine."""
_HOLDABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEFAULT = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
"""Signals to reset: Python and `nohup` ignore some, and a shell cannot catch those that are
ignored when it starts."""


def spawn(
    launch: Launch,
    environ: Mapping[str, str],
    *,
    place: str,
    mark: int | None,
    held: int | None,
    tell: int,
    open_files: int,
    grace: float | None,
) -> tuple[int, int]:
    """Starts the shim of an attempt in a session of its own.

    It waits for its start time, which `begin` tells it.

    Args:
        launch: the attempt.
        environ: the whole environment.
        place: boot id, mark, pid namespace and journal, as the claim holds them.
        mark: the mark of its processes; None: this system has none.
        held: the descriptor with the lock that shows that the attempt is alive; None: no lock.
        tell: the descriptor to which the shim writes `pid.start` once it has the claim, and an
            empty line once the job has ended.
        open_files: soft limit of open files for the job.
        grace: seconds that strays have to exit if the shim has to end them; None: they may stay.

    Returns:
        Its pid, and the descriptor that `begin` takes and closes.

    Raises:
        NotOurs: if the log is a link.
        OSError: if the system refuses, because of the log, the arguments or a limit.
        ValueError: if an argument or a variable contains a null byte.
    """
    argv = ["sh", "-c", SHIM, NAME, str(launch.claim), place, str(launch.cwd), str(open_files)]
    argv += ["" if grace is None else str(math.ceil(grace))]
    masks = (permissions.umask_in(os.path.dirname(launch.claim)), permissions.umask())  # noqa: PTH120
    argv += [f"{mask:04o}" for mask in masks]
    slots = launch.slots.descriptors if launch.slots is not None else ()
    log = permissions.open_log(launch.log)
    above = max(10, *_SLOTS[: len(slots) + 1])  # so that no copy gets the number of another file
    copies: list[int] = []
    order, begin = os.pipe2(os.O_CLOEXEC)
    try:
        try:
            copies += (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in slots)
            with marks.inherited(mark):
                pid = os.posix_spawn(
                    SHELL,
                    [*argv, *_unholdable(launch.env), *launch.argv],
                    environ,
                    file_actions=(
                        (os.POSIX_SPAWN_DUP2, order, 0),
                        (os.POSIX_SPAWN_DUP2, log, 1),
                        *(() if held is None else ((os.POSIX_SPAWN_DUP2, held, 9),)),
                        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_RDWR, 0),
                        (os.POSIX_SPAWN_DUP2, tell, 3),
                        *(
                            (os.POSIX_SPAWN_DUP2, fd, to)
                            for fd, to in zip(copies, _SLOTS, strict=False)
                        ),
                    ),
                    setsid=True,
                    setsigmask=(),
                    setsigdef=_DEFAULT,
                )
        finally:
            os.close(order)
            disk.let_go(log)
            for fd in copies:
                os.close(fd)
    except BaseException:  # without its order, the shim ends
        os.close(begin)
        raise
    return pid, begin


def begin(pid: int, order: int) -> None:
    """Lets a shim claim its attempt and start the job.

    Args:
        pid: the shim.
        order: the descriptor that `spawn` returned; it is closed.
    """
    try:
        start = proc.start_of(pid)
        if start:
            with suppress(OSError):  # it has ended, which its pidfd tells
                os.write(order, start + b"\n")
    finally:
        os.close(order)


def _unholdable(env: Mapping[str, str]) -> tuple[str, ...]:
    """An `env` command for variables with names like `a.b`, which dash does not pass on."""
    odd = tuple(f"{name}={value}" for name, value in env.items() if not _HOLDABLE.fullmatch(name))
    return ("env", *odd) if odd else ()
